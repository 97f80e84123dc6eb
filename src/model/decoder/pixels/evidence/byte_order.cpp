#include "model/decoder/pixels/evidence/byte_order.h"

#include <fmt/format.h>

#include "model/decoder/pixels/evidence/smoothness.h"

namespace hilum::model {
namespace {

std::uint16_t swapped(std::uint16_t word) {
    return static_cast<std::uint16_t>(word << 8 | word >> 8);
}

// Against whole words, and against their stored bits alone: those above may be garbage, which is rough.
bool are_clearly_swapped(const StoredPixels& pixels) {
    const auto sample = sample_rows(pixels);
    const auto& encoding = pixels.encoding;
    const auto number = [&](std::uint16_t word) {
        return encoding.is_signed ? int{static_cast<std::int16_t>(word)} : int{word};
    };
    const auto other = roughness_of(sample, [&](std::uint16_t word) { return number(swapped(word)); });
    return is_much_smoother(other, roughness_of(sample, number)) &&
           is_much_smoother(other,
                            roughness_of(sample, [&](std::uint16_t word) { return encoding.value(word); }));
}

bool are_rather_swapped(const StoredPixels& pixels) {
    return roughness(pixels.words, [](std::uint16_t word) { return int{swapped(word)}; }) <
           roughness(
               pixels.words, [](std::uint16_t word) { return int{word}; });
}

}  // namespace

std::span<const std::uint16_t> in_smoother_byte_order(const StoredPixels& pixels, ByteOrder order,
                                                      std::vector<std::uint16_t>& storage,
                                                      ImageNotes& notes) {
    const bool told = order == ByteOrder::told;
    const bool swap = told ? are_clearly_swapped(pixels) : are_rather_swapped(pixels);
    if (!told)
        add_note(
            notes, "byte_order",
            fmt::format("The pixel data is OB in Explicit VR Big Endian; its words were read as {} endian.",
                        swap ? "big" : "little"));
    if (!swap) return pixels.words;
    if (told)
        add_note(
            notes, "byte_order",
            "The words of the pixel data have their bytes in the other order than they should: they were "
            "read in that in which neighbouring pixels are alike.");
    std::vector<std::uint16_t> words;
    words.reserve(pixels.words.size());
    for (const auto word : pixels.words) words.push_back(swapped(word));
    storage = std::move(words);  // where `pixels` may lie
    return storage;
}

}  // namespace hilum::model
