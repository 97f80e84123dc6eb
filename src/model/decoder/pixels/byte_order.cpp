#include "model/decoder/pixels/byte_order.h"

#include <fmt/format.h>

namespace hilum::model {
namespace {

std::uint16_t swapped(std::uint16_t word) {
    return static_cast<std::uint16_t>(word << 8 | word >> 8);
}

}  // namespace

std::span<const std::uint16_t> in_smoother_byte_order(const StoredPixels& pixels,
                                                      std::vector<std::uint16_t>& storage,
                                                      ImageNotes& notes) {
    const auto as_they_are = [](std::uint16_t word) { return int{word}; };
    const auto other = [](std::uint16_t word) { return int{swapped(word)}; };
    const bool swap = roughness(pixels.words, other) < roughness(pixels.words, as_they_are);
    add_note(notes, "byte_order",
             fmt::format("The pixel data is OB in Explicit VR Big Endian; its words were read as {} endian.",
                         swap ? "big" : "little"));
    if (!swap) return pixels.words;
    storage.reserve(pixels.words.size());
    for (const auto word : pixels.words) storage.push_back(swapped(word));
    return storage;
}

}  // namespace hilum::model
