#include "model/grayscale_attributes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dicom/dataset_reading.h"

namespace hilum::model {
namespace {

constexpr std::size_t longest_table = 4 * 65536;  // bytes, twice what 65536 entries need

bool pixels_are_signed(DcmItem& dataset) {
    return integer_of(dataset, DCM_PixelRepresentation).value_or(0) == 1;
}

// An element that is US or SS, by what goes over the wire: implicit transfer syntaxes leave open which.
std::optional<int> us_or_ss(DcmItem& item, const DcmTagKey& tag, unsigned long index, bool as_signed) {
    const auto value = integer_of(item, tag, index);
    if (!value) return {};
    const auto word = static_cast<std::uint16_t>(*value);
    return as_signed ? static_cast<int>(static_cast<std::int16_t>(word)) : static_cast<int>(word);
}

// Entries of 8 bits may be packed two to a word, low byte first (PS3.3 C.11.1.1.1).
std::vector<std::uint16_t> entries_of(const Uint16* words, unsigned long count, std::size_t entries) {
    std::vector<std::uint16_t> result;
    if (count >= entries)
        result.assign(words, words + entries);
    else if (count == (entries + 1) / 2)
        for (std::size_t i = 0; i < entries; ++i) result.push_back((words[i / 2] >> (i % 2 * 8)) & 0xFF);
    return result;
}

// Beyond what any device measures, and such that all that is computed from it stays finite.
constexpr double largest_rescale = 1e30;

Analysable<void> read_rescale(DcmItem& dataset, Grayscale& grayscale) {
    for (const auto& [tag, value] : {std::pair{DCM_RescaleSlope, &grayscale.slope},
                                     std::pair{DCM_RescaleIntercept, &grayscale.intercept}}) {
        if (text_of(dataset, tag).empty()) continue;
        const auto number = number_of(dataset, tag);
        if (!number || std::abs(*number) > largest_rescale) return undecodable("its rescale is no number");
        *value = *number;
    }
    if (grayscale.slope == 0) return undecodable("its rescale slope is 0");
    return {};
}

VoiLutFunction voi_lut_function_of(DcmItem& dataset) {
    const std::string function = text_of(dataset, DCM_VOILUTFunction);
    if (function == "SIGMOID") return VoiLutFunction::sigmoid;
    if (function == "LINEAR_EXACT") return VoiLutFunction::linear_exact;
    return VoiLutFunction::linear;
}

std::optional<Window> window_of(DcmItem& dataset) {
    const auto center = number_of(dataset, DCM_WindowCenter), width = number_of(dataset, DCM_WindowWidth);
    if (!center || !width) return {};
    const Window window{*center, *width, voi_lut_function_of(dataset)};
    if (!window.valid()) return {};
    return window;
}

std::optional<PaddingRange> padding_of(DcmItem& dataset) {
    const bool is_signed = pixels_are_signed(dataset);
    const auto value = us_or_ss(dataset, DCM_PixelPaddingValue, 0, is_signed);
    if (!value) return {};
    const int limit = us_or_ss(dataset, DCM_PixelPaddingRangeLimit, 0, is_signed).value_or(*value);
    return PaddingRange{std::min(*value, limit), std::max(*value, limit)};
}

bool inverted(DcmItem& dataset) {
    const std::string shape = text_of(dataset, DCM_PresentationLUTShape);
    if (!shape.empty()) return shape == "INVERSE";
    return text_of(dataset, DCM_PhotometricInterpretation) == "MONOCHROME1";
}

}  // namespace

Analysable<LookupTable> read_lookup_table(DcmItem& item, const DcmTagKey& descriptor, const DcmTagKey& data,
                                          bool signed_input) {
    const auto damaged = [] { return undecodable("a lookup table is damaged"); };
    const auto count = us_or_ss(item, descriptor, 0, false);
    const auto first = us_or_ss(item, descriptor, 1, signed_input);
    const auto bits = us_or_ss(item, descriptor, 2, false);
    DcmElement* element = nullptr;
    Uint16* words = nullptr;
    if (!count || !first || !bits || *bits < 8 || *bits > 16 || item.findAndGetElement(data, element).bad() ||
        element->getLengthField() > longest_table || element->getUint16Array(words).bad() || words == nullptr)
        return damaged();
    const std::size_t entries = *count == 0 ? 65536 : static_cast<std::size_t>(*count);
    LookupTable table{*first, entries_of(words, element->getLength() / 2, entries), *bits};
    if (table.entries.empty()) return damaged();
    return table;
}

Analysable<Grayscale> read_grayscale(DcmDataset& dataset) {
    Grayscale grayscale;
    if (auto read = read_rescale(dataset, grayscale); !read) return tl::unexpected(read.error());
    if (const auto items = items_of(dataset, DCM_ModalityLUTSequence); !items.empty()) {
        const auto table =
            read_lookup_table(*items.front(), DCM_LUTDescriptor, DCM_LUTData, pixels_are_signed(dataset));
        if (!table) return tl::unexpected(table.error());
        grayscale.modality_lut = *table;
    }
    if (const auto items = items_of(dataset, DCM_VOILUTSequence); !items.empty()) {
        // What the modality transformation puts out is signed when it can be negative (PS3.3 C.11.2.1.1).
        const bool negative_values =
            !grayscale.modality_lut &&
            (pixels_are_signed(dataset) || grayscale.intercept < 0 || grayscale.slope < 0);
        const auto table = read_lookup_table(*items.front(), DCM_LUTDescriptor, DCM_LUTData, negative_values);
        if (!table) return tl::unexpected(table.error());
        grayscale.voi_lut = *table;
    }
    grayscale.window = window_of(dataset);
    grayscale.padding = padding_of(dataset);
    grayscale.inverted = inverted(dataset);
    return grayscale;
}

}  // namespace hilum::model
