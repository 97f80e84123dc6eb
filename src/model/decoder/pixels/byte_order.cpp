#include "model/decoder/pixels/byte_order.h"

#include <fmt/format.h>

#include <cstdlib>

namespace hilum::model {
namespace {

std::uint16_t swapped(std::uint16_t word) {
    return static_cast<std::uint16_t>(word << 8 | word >> 8);
}

template <typename Order>
std::uint64_t roughness(const StoredPixels& pixels, Order order) {
    std::uint64_t sum = 0;
    for (std::size_t i = 1; i < pixels.words.size(); ++i)
        sum += static_cast<std::uint64_t>(std::abs(order(pixels.words[i]) - order(pixels.words[i - 1])));
    return sum;
}

}  // namespace

std::span<const std::uint16_t> in_smoother_byte_order(const StoredPixels& pixels,
                                                      std::vector<std::uint16_t>& storage,
                                                      ImageNotes& notes) {
    const auto as_they_are = [](std::uint16_t word) { return int{word}; };
    const auto other = [](std::uint16_t word) { return int{swapped(word)}; };
    const bool swap = roughness(pixels, other) < roughness(pixels, as_they_are);
    add_note(notes, "byte_order",
             fmt::format("The pixel data is OB in Explicit VR Big Endian; its words were read as {} endian.",
                         swap ? "big" : "little"));
    if (!swap) return pixels.words;
    storage.reserve(pixels.words.size());
    for (const auto word : pixels.words) storage.push_back(swapped(word));
    return storage;
}

}  // namespace hilum::model
