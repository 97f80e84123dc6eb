#include "model/decoder/input/padding.h"

#include <gtest/gtest.h>

#include <string>

namespace hilum::model {
namespace {

constexpr int rows = 4, columns = 5;

class Padding : public testing::Test {
  protected:
    Padding() { grayscale.padding = PaddingRange{65535, 65535}; }

    // Words between 100 and 119, with these in the first row.
    StoredPixels bordered(std::uint16_t border) {
        words.clear();
        for (int i = 0; i < rows * columns; ++i) words.push_back(static_cast<std::uint16_t>(100 + i));
        std::fill_n(words.begin(), columns, border);
        return {.rows = rows, .columns = columns, .encoding = encoding, .bytes = {}, .words = words};
    }
    std::string told() {
        std::string codes;
        for (const auto& note : notes) codes += note.code;
        notes.clear();
        return codes;
    }
    ValueRange range(const StoredPixels& pixels) const {
        return range_of(pixels.word_counts(), pixels.encoding, grayscale).value();
    }

    PixelEncoding encoding{.bits_allocated = 16, .bits_stored = 12, .high_bit = 11};
    Grayscale grayscale;
    std::vector<std::uint16_t> words;
    ImageNotes notes;
};

TEST_F(Padding, BeyondTheBitsStoredIsAWholeWord) {
    const auto pixels = bordered(0xFFFF);
    words[12] = 4095;
    settle_padding(grayscale, pixels, notes);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(range(pixels).highest, 4095) << "white that is none of it stays";
    const auto table = intensity_table(encoding, grayscale, Intensity::stored_range, range(pixels));
    EXPECT_EQ(table[0xFFFF], 0);
    EXPECT_EQ(table[4095], 1);
    words[12] = 112;
    EXPECT_EQ(range(pixels).highest, 119);
}

TEST_F(Padding, BeyondTheBitsStoredMayBeNegative) {
    encoding.is_signed = true;
    grayscale.padding = PaddingRange{-32768, -32768};
    const auto pixels = bordered(0x8000);
    words[12] = 0;  // the stored bits of the padding
    settle_padding(grayscale, pixels, notes);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(range(pixels).lowest, 0);
    EXPECT_TRUE(grayscale.is_padding(0x8000, encoding));
    EXPECT_FALSE(grayscale.is_padding(0, encoding));
}

TEST_F(Padding, MayHaveARangeOfWhichBitsStoredHoldAPart) {
    grayscale.padding = PaddingRange{4000, 65535};
    const auto pixels = bordered(0xFFFF);
    words[12] = 4000;
    settle_padding(grayscale, pixels, notes);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(range(pixels).highest, 119);
}

TEST_F(Padding, ThatBecameTheNearestValueIsKnownByAnEdge) {
    const auto pixels = bordered(4095);
    settle_padding(grayscale, pixels, notes);
    EXPECT_EQ(told(), "padding");
    EXPECT_EQ(range(pixels).highest, 119);
    encoding.is_signed = true;
    grayscale.padding = PaddingRange{-32768, -32700};
    settle_padding(grayscale, bordered(0xF800), notes);
    EXPECT_EQ(told(), "padding");
    EXPECT_TRUE(grayscale.is_padding(0xF800, encoding));
}

TEST_F(Padding, ThatDoesNotOccurMakesNoWhiteBlack) {
    const auto pixels = bordered(4095);
    words[2] = 102;
    settle_padding(grayscale, pixels, notes);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(range(pixels).highest, 4095);
}

TEST_F(Padding, IsNoWholeWordWhereAnOverlayIsDeclared) {
    encoding.has_overlay = true;
    const auto pixels = bordered(0xF000 | 900);
    grayscale.padding = PaddingRange{60000, 65535};
    settle_padding(grayscale, pixels, notes);
    EXPECT_EQ(told(), "");
    EXPECT_EQ(range(pixels).highest, 900);
}

}  // namespace
}  // namespace hilum::model
