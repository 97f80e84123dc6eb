#include "model/decoder/input/grayscale.h"

#include <algorithm>
#include <cmath>

namespace hilum::model {

double Window::apply(double value) const {
    switch (function) {
        case VoiLutFunction::sigmoid:
            return 1 / (1 + std::exp(-4 * (value - center) / width));
        case VoiLutFunction::linear_exact:
            return std::clamp((value - center) / width + 0.5, 0.0, 1.0);
        case VoiLutFunction::linear:
            break;
    }
    if (width == 1) return value > center - 0.5 ? 1 : 0;
    return std::clamp((value - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0);
}

double Grayscale::modality_value(int stored) const {
    return modality_lut ? modality_lut->at(stored) : stored * slope + intercept;
}

bool Grayscale::is_padding(std::uint32_t word, const PixelEncoding& encoding) const {
    if (!padding) return false;
    if (padding->has(encoding.value(word))) return true;
    const bool can_be_stored = padding->lowest >= encoding.lowest() && padding->highest <= encoding.highest();
    return !can_be_stored && !encoding.has_overlay && padding->has(encoding.whole_value(word));
}

bool Grayscale::voi_lut_falls(const ValueRange& range) const {
    return voi_lut && voi_lut->at(range.lowest) > voi_lut->at(range.highest);
}

std::optional<ValueRange> range_of(const std::vector<std::uint32_t>& word_counts,
                                   const PixelEncoding& encoding, const Grayscale& grayscale) {
    std::optional<ValueRange> range;
    int lowest_stored = 0, highest_stored = 0;
    for (std::size_t word = 0; word < word_counts.size(); ++word) {
        const auto bits = static_cast<std::uint32_t>(word);
        if (word_counts[word] == 0 || grayscale.is_padding(bits, encoding)) continue;
        const int stored = encoding.value(bits);
        const double value = grayscale.modality_value(stored);
        if (!range) {
            range = ValueRange{value, value};
            lowest_stored = highest_stored = stored;
        }
        range->lowest = std::min(range->lowest, value);
        range->highest = std::max(range->highest, value);
        lowest_stored = std::min(lowest_stored, stored);
        highest_stored = std::max(highest_stored, stored);
    }
    // Of what occurs: the tail of a Modality LUT may be filled with anything.
    if (range)
        range->falling = grayscale.modality_value(lowest_stored) > grayscale.modality_value(highest_stored);
    return range;
}

namespace {

double within(double value, double lowest, double highest) {
    return highest > lowest ? std::clamp((value - lowest) / (highest - lowest), 0.0, 1.0) : 0.0;
}

double voi_intensity(const Grayscale& grayscale, double value, const ValueRange& range) {
    if (grayscale.voi_lut) return within(grayscale.voi_lut->at(value), 0, grayscale.voi_lut->white);
    if (grayscale.window) return grayscale.window->apply(value);
    return within(value, range.lowest, range.highest);
}

double intensity_of(const PixelEncoding& encoding, const Grayscale& grayscale, Intensity intensity,
                    int stored, const ValueRange& range) {
    switch (intensity) {
        case Intensity::stored_range: {
            const double value = within(stored, encoding.lowest(), encoding.highest());
            return range.falling ? 1 - value : value;
        }
        case Intensity::window:
            return voi_intensity(grayscale, grayscale.modality_value(stored), range);
        case Intensity::minmax:
            break;
    }
    return within(grayscale.modality_value(stored), range.lowest, range.highest);
}

}  // namespace

std::vector<float> intensity_table(const PixelEncoding& encoding, const Grayscale& grayscale,
                                   Intensity intensity, const ValueRange& range) {
    // One computation for each stored value, which several words may hold.
    std::vector<float> of_value(std::size_t{1} << encoding.bits_stored);
    for (int stored = encoding.lowest(); stored <= encoding.highest(); ++stored) {
        const double value = intensity_of(encoding, grayscale, intensity, stored, range);
        of_value[static_cast<std::size_t>(stored - encoding.lowest())] =
            static_cast<float>(grayscale.inverted ? 1 - value : value);
    }
    std::vector<float> table(encoding.words());
    for (std::size_t word = 0; word < table.size(); ++word) {
        const auto bits = static_cast<std::uint32_t>(word);
        const auto value = static_cast<std::size_t>(encoding.value(bits) - encoding.lowest());
        table[word] = grayscale.is_padding(bits, encoding) ? 0.0F : of_value[value];
    }
    return table;
}

}  // namespace hilum::model
