#include "model/decoder/pixels/evidence/sample_bits.h"

#include <gtest/gtest.h>

#include "unit/model/decoder/pixels/evidence/soft_picture.h"

namespace hilum::model {
namespace {

using test::Words;

class SampleBits : public testing::Test {
  protected:
    int high_bit_of(const Words& words, const PixelEncoding& encoding) {
        notes.clear();
        const int high_bit = right_justified(words, encoding, notes).high_bit;
        EXPECT_EQ(notes.size(), high_bit == encoding.high_bit ? 0U : 1U);
        EXPECT_TRUE(notes.empty() || notes.front().code == "bit_depth");
        return high_bit;
    }
    // Of words of 60 columns.
    bool unsigned_ones(const Words& words, int bits = 12, int shift = 0) {
        notes.clear();
        const bool found = are_unsigned(sample_rows(words, 60), shift, bits, notes);
        EXPECT_EQ(notes.empty() ? "" : notes.front().code, found ? "pixel_representation" : "");
        return found;
    }

    const Words soft = test::soft_picture(50, 60);
    const PixelEncoding upper{.bits_allocated = 16, .bits_stored = 12, .high_bit = 15};
    ImageNotes notes;
};

TEST_F(SampleBits, LieAtTheLowerEndWhereAllWordsFitThere) {
    EXPECT_EQ(high_bit_of(soft, upper), 11);
    PixelEncoding fourteen = upper;
    fourteen.high_bit = 13;
    EXPECT_EQ(high_bit_of(soft, fourteen), 11);
    StoredPixels bytes;
    const std::vector<std::uint8_t> low{1, 2, 63, 7};
    bytes.bytes = low;
    bytes.encoding = {.bits_allocated = 8, .bits_stored = 6, .high_bit = 7};
    EXPECT_EQ(right_justified(bytes, notes).high_bit, 5);
}

TEST_F(SampleBits, LieWhereHighBitSaysElse) {
    Words left = soft, dark = soft, beyond = soft;
    for (auto& word : left) word = static_cast<std::uint16_t>(word << 4);
    for (auto& word : dark) word = static_cast<std::uint16_t>(word >> 4 << 4);  // all below 4096
    beyond[7] = 4096;
    EXPECT_EQ(high_bit_of(left, upper), 15);
    EXPECT_EQ(high_bit_of(dark, upper), 15) << "the bits that High Bit shifts out are not used";
    EXPECT_EQ(high_bit_of(beyond, upper), 15);
    PixelEncoding overlay = upper;
    overlay.has_overlay = true;
    EXPECT_EQ(high_bit_of(soft, overlay), 15) << "they may be the overlay's";
}

TEST_F(SampleBits, MayBeSignedAndExtended) {
    PixelEncoding encoding = upper;
    encoding.is_signed = true;
    EXPECT_EQ(high_bit_of({0xF800, 0xFFFF, 3, 2047}, encoding), 11);
    EXPECT_EQ(high_bit_of({0x800, 0xFFF, 3, 2047}, encoding), 11);
    EXPECT_EQ(high_bit_of({0xF7FF, 0xFFFF, 3, 2047}, encoding), 15);
    encoding.is_signed = false;
    EXPECT_EQ(high_bit_of({0xF800, 0xFFFF, 3, 2047}, encoding), 15);
}

TEST_F(SampleBits, AreUnsignedWhereTheSignTearsNeighboursApart) {
    Words left = soft, whole, bytes;
    for (auto& word : left) word = static_cast<std::uint16_t>(word << 4);
    for (const auto word : soft) whole.push_back(static_cast<std::uint16_t>(word * 16 + word % 16));
    for (const auto word : soft) bytes.push_back(static_cast<std::uint16_t>(word >> 4));
    EXPECT_TRUE(unsigned_ones(soft));
    EXPECT_TRUE(unsigned_ones(left, 12, 4));
    EXPECT_TRUE(unsigned_ones(whole, 16));
    EXPECT_TRUE(unsigned_ones(bytes, 8));
}

TEST_F(SampleBits, AreSignedWhereTheyCrossZeroOrKeepToOneHalf) {
    Words around_zero, extended, below_half, above_half;
    for (const int word : soft) {
        around_zero.push_back(static_cast<std::uint16_t>((word - 2048) & 0xFFF));
        extended.push_back(static_cast<std::uint16_t>(word - 2048));
        below_half.push_back(static_cast<std::uint16_t>(word / 2));
        above_half.push_back(static_cast<std::uint16_t>(2048 + word / 2));
    }
    for (const Words& words : {around_zero, extended, below_half, above_half})
        EXPECT_FALSE(unsigned_ones(words));
    EXPECT_FALSE(unsigned_ones(extended, 16));
}

TEST_F(SampleBits, AreSignedWherePixelsAreNoEvidence) {
    test::Noise noise;
    Words clipped, clipped_with_noise, ramp;
    for (const auto word : soft) {
        clipped.push_back(word < 2040 ? 0x800 : 0x7FF);
        clipped_with_noise.push_back(
            static_cast<std::uint16_t>(word < 2040 ? 0x810 + noise.below(40) : 0x7D0 + noise.below(40)));
    }
    for (int i = 0; i < 3000; ++i) ramp.push_back(static_cast<std::uint16_t>(i * 3 % 4096));
    const Words flat(3000, 2047), few = test::soft_picture(4, 60);
    for (const Words& words :
         {clipped, clipped_with_noise, ramp, flat, few, test::noise_picture(50, 60, 4096)})
        EXPECT_FALSE(unsigned_ones(words));
}

}  // namespace
}  // namespace hilum::model
