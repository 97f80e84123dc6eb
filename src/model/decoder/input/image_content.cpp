#include "model/decoder/input/image_content.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace hilum::model {
namespace {

// Collimated and rotated radiographs have up to two thirds of black around them.
constexpr double emptiest = 0.98;
// Of 256. A window of the wrong unit leaves one or two, one of this image's hundred.
constexpr std::size_t fewest_greys = 8;

using WordCounts = std::vector<std::uint32_t>;

// What people see of an image.
struct Greys {
    std::size_t number = 0;  // of 256
    double commonest = 0;    // share of the pixels that have the commonest one, padding left out

    bool is_little() const { return number < fewest_greys || commonest > emptiest; }
    // An image that is little as such, a collimated one or a drawing, is not the table's fault.
    bool is_less_than(const Greys& plain) const {
        return (number < fewest_greys && 2 * number <= plain.number) ||
               (commonest > emptiest && plain.commonest <= emptiest);
    }
};

Greys greys_of(const WordCounts& word_counts, const PixelEncoding& encoding, const Grayscale& grayscale,
               const std::vector<float>& table) {
    std::array<std::uint64_t, 256> counts{};
    std::uint64_t all = 0;
    for (std::size_t word = 0; word < word_counts.size(); ++word) {
        if (word_counts[word] == 0 || grayscale.is_padding(static_cast<std::uint32_t>(word), encoding))
            continue;
        counts[static_cast<std::size_t>(std::clamp(table[word], 0.0F, 1.0F) * 255.0F + 0.5F)] +=
            word_counts[word];
        all += word_counts[word];
    }
    return {static_cast<std::size_t>(std::ranges::count_if(counts, [](auto count) { return count > 0; })),
            static_cast<double>(*std::ranges::max_element(counts)) / static_cast<double>(all)};
}

// Puts the next VOI transformation in the place of one that shows nothing.
void give_way(Grayscale& grayscale, ImageNotes& notes) {
    if (grayscale.voi_lut) {
        grayscale.voi_lut.reset();
        return add_note(notes, "voi_lut",
                        "The VOI LUT shows practically nothing of the image and was not used.");
    }
    add_note(notes, "window", "A window shows practically nothing of the image and was not used.");
    grayscale.window.reset();
    if (grayscale.further_windows.empty()) return;
    grayscale.window = grayscale.further_windows.front();
    grayscale.further_windows.erase(grayscale.further_windows.begin());
}

}  // namespace

std::optional<NotAnalysed> check_content(const std::vector<std::uint32_t>& word_counts,
                                         const PixelEncoding& encoding, const Grayscale& grayscale) {
    // Several words may hold one stored value; padding counts as one value.
    std::vector<std::uint64_t> of_value(std::size_t{1} << encoding.bits_stored, 0);
    std::uint64_t all = 0, padding = 0;
    for (std::size_t word = 0; word < word_counts.size(); ++word) {
        const auto bits = static_cast<std::uint32_t>(word);
        all += word_counts[word];
        if (grayscale.is_padding(bits, encoding))
            padding += word_counts[word];
        else
            of_value[static_cast<std::size_t>(encoding.value(bits) - encoding.lowest())] += word_counts[word];
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

Grayscale with_visible_voi(Grayscale grayscale, const WordCounts& word_counts, const PixelEncoding& encoding,
                           const ValueRange& range, ImageNotes& notes) {
    const auto greys = [&](Intensity intensity) {
        return greys_of(word_counts, encoding, grayscale,
                        intensity_table(encoding, grayscale, intensity, range));
    };
    std::optional<Greys> plain;
    while (grayscale.voi_lut || grayscale.window) {
        const Greys shown = greys(Intensity::window);
        if (!shown.is_little()) break;
        if (!plain) plain = greys(Intensity::minmax);
        if (!shown.is_less_than(*plain)) break;
        give_way(grayscale, notes);
    }
    return grayscale;
}

std::optional<NotAnalysed> check_intensities(const std::vector<std::uint32_t>& word_counts,
                                             const std::vector<float>& table) {
    std::optional<float> shown;
    for (std::size_t word = 0; word < word_counts.size(); ++word) {
        if (word_counts[word] == 0) continue;
        if (shown && *shown != table[word]) return {};
        shown = table[word];
    }
    return NotAnalysed{"blank",
                       "The image is blank: its modality lookup table or palette shows nothing of it."};
}

}  // namespace hilum::model
