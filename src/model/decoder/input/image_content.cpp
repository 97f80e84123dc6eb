#include "model/decoder/input/image_content.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace hilum::model {
namespace {

// Collimated and rotated radiographs have up to two thirds of black around them.
constexpr double emptiest = 0.98;

}  // namespace

std::optional<NotAnalysed> check_content(const std::vector<std::uint32_t>& word_counts,
                                         const PixelEncoding& encoding, const Grayscale& grayscale) {
    // Several words may hold one stored value; padding counts as one value.
    std::vector<std::uint64_t> of_value(std::size_t{1} << encoding.bits_stored, 0);
    std::uint64_t all = 0, padding = 0;
    for (std::size_t word = 0; word < word_counts.size(); ++word) {
        const int stored = encoding.value(static_cast<std::uint32_t>(word));
        all += word_counts[word];
        if (grayscale.is_padding(stored))
            padding += word_counts[word];
        else
            of_value[static_cast<std::size_t>(stored - encoding.lowest())] += word_counts[word];
    }
    const std::uint64_t commonest = *std::ranges::max_element(of_value);
    const std::uint64_t shown = all - padding;
    if (commonest == shown)
        return NotAnalysed{"blank", "The image is blank: all of its pixels have the same value."};
    if (static_cast<double>(std::max(commonest, padding)) > emptiest * static_cast<double>(all))
        return NotAnalysed{"nearly_empty",
                           "The image is nearly empty: almost all of its pixels have the same value."};
    return {};
}

std::optional<NotAnalysed> check_intensities(const std::vector<std::uint32_t>& word_counts,
                                             const std::vector<float>& table) {
    std::optional<float> shown;
    for (std::size_t word = 0; word < word_counts.size(); ++word) {
        if (word_counts[word] == 0) continue;
        if (shown && *shown != table[word]) return {};
        shown = table[word];
    }
    return NotAnalysed{"blank", "The image is blank: its lookup table or window shows nothing of it."};
}

}  // namespace hilum::model
