#include "model/decoder/input/padding.h"

#include <fmt/format.h>

#include <algorithm>

namespace hilum::model {
namespace {

bool occurs(const Grayscale& grayscale, const StoredPixels& pixels) {
    const auto word_counts = pixels.word_counts();
    for (std::size_t word = 0; word < word_counts.size(); ++word)
        if (word_counts[word] > 0 && grayscale.is_padding(static_cast<std::uint32_t>(word), pixels.encoding))
            return true;
    return false;
}

bool fills_an_edge(int value, const StoredPixels& pixels) {
    const auto is_there = [&](int row, int column) {
        return pixels.encoding.value(pixels.word(row, column)) == value;
    };
    const int last_row = pixels.rows - 1, last_column = pixels.columns - 1;
    bool top = true, bottom = true, left = true, right = true;
    for (int column = 0; column <= last_column; ++column) {
        top = top && is_there(0, column);
        bottom = bottom && is_there(last_row, column);
    }
    for (int row = 0; row <= last_row; ++row) {
        left = left && is_there(row, 0);
        right = right && is_there(row, last_column);
    }
    return top || bottom || left || right;
}

}  // namespace

void settle_padding(Grayscale& grayscale, const StoredPixels& pixels, ImageNotes& notes) {
    if (!grayscale.padding) return;
    const PaddingRange told = *grayscale.padding;
    const int lowest = pixels.encoding.lowest(), highest = pixels.encoding.highest();
    const bool some_can_be_stored = told.lowest <= highest && told.highest >= lowest;
    if (some_can_be_stored || occurs(grayscale, pixels)) return;
    const int nearest = told.lowest > highest ? highest : lowest;
    if (!fills_an_edge(nearest, pixels)) return;
    grayscale.padding = PaddingRange{nearest, nearest};
    add_note(notes, "padding",
             fmt::format("The Pixel Padding Value is beyond what {} bits stored can hold: {}, which fills an "
                         "edge of the image, was taken for it.",
                         pixels.encoding.bits_stored, nearest));
}

}  // namespace hilum::model
