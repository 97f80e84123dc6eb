#include "model/decoder/input/grayscale_attributes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/logging.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/intended_use/text_pattern.h"

namespace hilum::model {
namespace {

constexpr std::size_t most_surplus_entries = 1;
constexpr unsigned long most_windows = 16;  // that are looked through

bool pixels_are_signed(DcmItem& dataset) {
    return integer_of(dataset, DCM_PixelRepresentation).value_or(0) == 1;
}

// An element that is US or SS, by what goes over the wire: implicit transfer syntaxes leave open which.
std::optional<int> us_or_ss(DcmItem& item, const DcmTagKey& tag, bool as_signed) {
    const auto value = integer_of(item, tag);
    if (!value) return {};
    const auto word = static_cast<std::uint16_t>(*value);
    return as_signed ? static_cast<int>(static_cast<std::int16_t>(word)) : static_cast<int>(word);
}

// ---- from stored values to modality values ----

// Beyond what any device measures, and such that all that is computed from it stays finite.
constexpr double largest_rescale = 1e30;

Analysable<void> read_rescale(DcmItem& dataset, Grayscale& grayscale, ImageNotes& notes) {
    for (const auto& [tag, value] : {std::pair{DCM_RescaleSlope, &grayscale.slope},
                                     std::pair{DCM_RescaleIntercept, &grayscale.intercept}}) {
        if (!has_value(dataset, tag)) continue;
        const auto number = number_of(dataset, tag);
        if (!number || std::abs(*number) > largest_rescale) return undecodable("its rescale is no number");
        *value = *number;
    }
    if (grayscale.slope == 0) {
        grayscale.slope = 1;
        add_note(notes, "rescale", "The Rescale Slope is 0, which would show nothing: it was not used.");
    }
    return {};
}

// ---- lookup tables ----

// The table in an item of a Modality or VOI LUT Sequence. A surplus of entries is as wrong as a lack.
tl::expected<FoundTable, std::string> table_of(DcmItem& item, bool signed_input) {
    auto found = read_lookup_table(item, DCM_LUTDescriptor, DCM_LUTData, signed_input);
    if (found && found->surplus > most_surplus_entries)
        return tl::unexpected(fmt::format("it has data for {} entries, and describes {}",
                                          found->table.entries.size() + found->surplus,
                                          found->table.entries.size()));
    return found;
}

void note_mended(const FoundTable& found, const char* code, const char* name, ImageNotes& notes) {
    if (found.last_is_held)
        add_note(notes, code,
                 fmt::format("The {} lacks its last entry, for which the one before it stands.", name));
}

Analysable<void> read_modality_lut(DcmItem& dataset, Grayscale& grayscale, ImageNotes& notes) {
    const auto items = items_of(dataset, DCM_ModalityLUTSequence);
    if (items.empty()) return {};
    const auto found = table_of(*items.front(), pixels_are_signed(dataset));
    if (found) {
        note_mended(*found, "modality_lut", "Modality LUT", notes);
        grayscale.modality_lut = found->table;
    } else if (has_value(*items.front(), DCM_LUTData)) {
        return undecodable("its Modality LUT cannot be used: " + found.error());
    } else {
        add_note(notes, "modality_lut", "The Modality LUT was not used: " + found.error() + ".");
    }
    return {};
}

void note_bits(const FoundTable& found, ImageNotes& notes) {
    if (found.needed_bits == found.described_bits) return;
    add_note(notes, "voi_lut",
             fmt::format("The VOI LUT says that its entries have {} bits; its largest, {}, needs {}, and was "
                         "taken for white.",
                         found.described_bits, found.table.white, found.needed_bits));
}

// What the rescale makes of stored values.
ValueRange possible_values(DcmItem& dataset, const Grayscale& grayscale) {
    const auto bits = std::clamp<long long>(integer_of(dataset, DCM_BitsStored).value_or(16), 1, 16);
    PixelEncoding encoding;
    encoding.bits_stored = static_cast<int>(bits);
    encoding.is_signed = pixels_are_signed(dataset);
    const double one = grayscale.modality_value(encoding.lowest()),
                 other = grayscale.modality_value(encoding.highest());
    return {std::min(one, other), std::max(one, other), false};
}

// How much of the values lies within the table's input, if that begins at `first`.
double mapped_length(const LookupTable& table, long first, const ValueRange& values) {
    const auto begin = static_cast<double>(first), end = begin + static_cast<double>(table.entries.size());
    return std::min(end, values.highest) - std::max(begin, values.lowest);
}

// What the modality transformation puts out is signed when it can be negative (PS3.3 C.11.2.1.1); but it may
// be so of few values, or of none, and the table is for the others.
void settle_first_mapped(LookupTable& table, DcmItem& dataset, const Grayscale& grayscale) {
    const ValueRange values = possible_values(dataset, grayscale);
    const long as_unsigned = static_cast<std::uint16_t>(table.first_mapped);
    if (mapped_length(table, as_unsigned, values) > mapped_length(table, table.first_mapped, values))
        table.first_mapped = as_unsigned;
}

void read_voi_lut(DcmItem& dataset, Grayscale& grayscale, ImageNotes& notes) {
    const bool negative_values = !grayscale.modality_lut && (pixels_are_signed(dataset) ||
                                                             grayscale.intercept < 0 || grayscale.slope < 0);
    for (DcmItem* const item : items_of(dataset, DCM_VOILUTSequence)) {
        const auto found = table_of(*item, negative_values);
        if (!found) {
            add_note(notes, "voi_lut", "A VOI LUT was not used: " + found.error() + ".");
            continue;
        }
        note_mended(*found, "voi_lut", "VOI LUT", notes);
        note_bits(*found, notes);
        grayscale.voi_lut = found->table;
        if (negative_values) settle_first_mapped(*grayscale.voi_lut, dataset, grayscale);
        return;
    }
}

// ---- windows ----

VoiLutFunction voi_lut_function_of(DcmItem& dataset, ImageNotes& notes) {
    const std::string function = normal(text_of(dataset, DCM_VOILUTFunction, 0));
    if (function == "SIGMOID") return VoiLutFunction::sigmoid;
    if (function == "LINEAR_EXACT") return VoiLutFunction::linear_exact;
    if (!function.empty() && function != "LINEAR")
        add_note(notes, "window",
                 fmt::format("The VOI LUT Function {} is not known: LINEAR was used.", loggable(function)));
    return VoiLutFunction::linear;
}

// What is narrower than 1 is meant for values between integers, which LINEAR_EXACT is for.
bool is_too_narrow_for_linear(const Window& window) {
    return window.function == VoiLutFunction::linear && window.width > 0 && window.width < 1;
}

// The window of that number, from 0, where the standard allows it.
std::optional<Window> window_of(DcmItem& dataset, unsigned long index, VoiLutFunction function) {
    const auto center = number_of(dataset, DCM_WindowCenter, index),
               width = number_of(dataset, DCM_WindowWidth, index);
    if (!center || !width) return {};
    Window window{*center, *width, function};
    if (is_too_narrow_for_linear(window)) window.function = VoiLutFunction::linear_exact;
    if (!window.valid()) return {};
    return window;
}

// None of a value that is longer than number_of() reads.
unsigned long count_values(DcmItem& dataset, const DcmTagKey& tag) {
    DcmElement* element = nullptr;
    if (dataset.findAndGetElement(tag, element).bad() || element->getLengthField() > longest_value) return 0;
    return element->getVM();
}

void read_window(DcmItem& dataset, Grayscale& grayscale, ImageNotes& notes) {
    if (!has_value(dataset, DCM_WindowCenter) && !has_value(dataset, DCM_WindowWidth)) return;
    const VoiLutFunction function = voi_lut_function_of(dataset, notes);
    const unsigned long count = std::min(
        {count_values(dataset, DCM_WindowCenter), count_values(dataset, DCM_WindowWidth), most_windows});
    for (unsigned long i = 0; i < count; ++i) {
        const auto window = window_of(dataset, i, function);
        if (!window) continue;
        if (grayscale.window) {
            grayscale.further_windows.push_back(*window);
            continue;
        }
        grayscale.window = window;
        if (i > 0)
            add_note(notes, "window",
                     fmt::format("The center or width of the first window is no valid number: window {} was "
                                 "used.",
                                 i + 1));
    }
    if (!grayscale.window)
        add_note(notes, "window", "The window was not used: its center or width is no valid number.");
    else if (grayscale.window->function != function)
        add_note(notes, "window",
                 "The window is narrower than 1, which the function LINEAR does not allow: LINEAR_EXACT was "
                 "used.");
}

// ---- padding and polarity ----

std::optional<PaddingRange> padding_of(DcmItem& dataset) {
    const bool is_signed = pixels_are_signed(dataset);
    const auto value = us_or_ss(dataset, DCM_PixelPaddingValue, is_signed);
    if (!value) return {};
    const int limit = us_or_ss(dataset, DCM_PixelPaddingRangeLimit, is_signed).value_or(*value);
    return PaddingRange{std::min(*value, limit), std::max(*value, limit)};
}

bool shape_decides(DcmItem& dataset, const std::vector<PolarityRule>& polarity) {
    const std::string manufacturer = normal(text_of(dataset, DCM_Manufacturer));
    const std::string model = normal(text_of(dataset, DCM_ManufacturerModelName));
    const auto rule = std::ranges::find_if(polarity, [&](const PolarityRule& one) {
        return fits(normal(one.manufacturer), manufacturer) && fits(normal(one.model), model);
    });
    return rule != polarity.end() && rule->follow == "presentation_lut_shape";
}

// MONOCHROME1 goes with INVERSE, MONOCHROME2 with IDENTITY (PS3.3 C.8.11.3.1.2).
bool inverted(DcmItem& dataset, const std::vector<PolarityRule>& polarity, ImageNotes& notes) {
    const std::string photometric = text_of(dataset, DCM_PhotometricInterpretation);
    const bool by_photometric = photometric == "MONOCHROME1";
    const std::string shape = normal(text_of(dataset, DCM_PresentationLUTShape));
    if (shape != "INVERSE" && shape != "IDENTITY") {
        if (!shape.empty())
            add_note(
                notes, "polarity",
                fmt::format("The Presentation LUT Shape {} is not known and was not used.", loggable(shape)));
        return by_photometric;
    }
    const bool by_shape = shape == "INVERSE";
    if (by_photometric == by_shape) return by_shape;
    const bool shape_wins = shape_decides(dataset, polarity);
    add_note(
        notes, "polarity",
        fmt::format("Photometric Interpretation {} and Presentation LUT Shape {} contradict each other: {}",
                    photometric, shape,
                    shape_wins ? "the shape decided, as the site's configuration says."
                               : "Photometric Interpretation decided."));
    return shape_wins ? by_shape : by_photometric;
}

}  // namespace

Analysable<Grayscale> read_grayscale(DcmDataset& dataset, const std::vector<PolarityRule>& polarity,
                                     ImageNotes& notes) {
    Grayscale grayscale;
    if (auto read = read_rescale(dataset, grayscale, notes); !read) return tl::unexpected(read.error());
    if (auto read = read_modality_lut(dataset, grayscale, notes); !read) return tl::unexpected(read.error());
    read_voi_lut(dataset, grayscale, notes);
    read_window(dataset, grayscale, notes);
    grayscale.padding = padding_of(dataset);
    grayscale.inverted = inverted(dataset, polarity, notes);
    return grayscale;
}

}  // namespace hilum::model
