#include "model/decoder/pixels/evidence/byte_order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/model/decoder/pixels/evidence/soft_picture.h"

namespace hilum::model {
namespace {

using test::Words;

class ByteOrderOfWords : public testing::Test {
  protected:
    // The words as they are read where the transfer syntax tells their order.
    Words read(const Words& words, const PixelEncoding& encoding, int columns = 60) {
        auto pixels = test::pixels_of(words, static_cast<int>(words.size()) / columns, columns);
        pixels.encoding = encoding;
        storage.clear();
        notes.clear();
        const auto result = in_smoother_byte_order(pixels, ByteOrder::told, storage, notes);
        return {result.begin(), result.end()};
    }
    std::string noted() const { return notes.empty() ? "" : notes.front().code; }

    const Words soft = test::soft_picture(50, 60);
    const PixelEncoding plain{.bits_allocated = 16, .bits_stored = 12, .high_bit = 11};
    std::vector<std::uint16_t> storage;
    ImageNotes notes;
};

TEST_F(ByteOrderOfWords, IsTheOneInWhichNeighboursAreAlike) {
    EXPECT_EQ(read(test::with_swapped_bytes(soft), plain), soft);
    EXPECT_EQ(noted(), "byte_order");
    EXPECT_EQ(read(soft, plain), soft);
    EXPECT_EQ(noted(), "");
}

TEST_F(ByteOrderOfWords, OfSignedSamplesIsFoundToo) {
    PixelEncoding with_sign = plain;
    with_sign.is_signed = true;
    Words around_zero = soft;
    for (auto& word : around_zero) word = static_cast<std::uint16_t>(word - 2048);
    EXPECT_EQ(read(test::with_swapped_bytes(around_zero), with_sign), around_zero);
    EXPECT_EQ(noted(), "byte_order");
    EXPECT_EQ(read(around_zero, with_sign), around_zero);
    EXPECT_EQ(noted(), "");
}

// Scaled by 256, or garbage or an overlay above the samples: all of these are as they should be.
TEST_F(ByteOrderOfWords, IsBelievedWhereSamplesLieElsewhereInTheirWords) {
    Words upper_byte, lower_byte, garbage = soft, left = soft;
    test::Noise noise;
    for (const auto word : soft) upper_byte.push_back(static_cast<std::uint16_t>(word >> 4 << 8));
    for (const auto word : soft) lower_byte.push_back(static_cast<std::uint16_t>(word >> 4));
    for (auto& word : garbage) word = static_cast<std::uint16_t>(word | noise.below(16) << 12);
    for (auto& word : left) word = static_cast<std::uint16_t>(word << 4);
    const PixelEncoding eight_above{.bits_allocated = 16, .bits_stored = 8, .high_bit = 15},
        eight{.bits_allocated = 16, .bits_stored = 8, .high_bit = 7},
        twelve_above{.bits_allocated = 16, .bits_stored = 12, .high_bit = 15};
    EXPECT_EQ(read(upper_byte, eight_above), upper_byte);
    EXPECT_EQ(read(lower_byte, eight), lower_byte);
    EXPECT_EQ(read(garbage, plain), garbage);
    EXPECT_EQ(read(left, twelve_above), left);
    EXPECT_TRUE(notes.empty());
}

TEST_F(ByteOrderOfWords, IsBelievedWherePixelsAreNoEvidence) {
    Words ramp, clipped, two_greys;
    for (int i = 0; i < 3000; ++i) two_greys.push_back(i % 10 == 0 ? 0 : 0x0100);
    for (int i = 0; i < 3000; ++i) ramp.push_back(static_cast<std::uint16_t>(i * 3 % 4096));
    for (const auto word : soft) clipped.push_back(word < 2040 ? 0 : 4095);
    const Words flat(3000, 0x0102), few = test::with_swapped_bytes(test::soft_picture(4, 60));
    for (const Words& words : {ramp, clipped, two_greys, flat, few, test::noise_picture(50, 60, 4096),
                               test::noise_picture(50, 60, 65536)}) {
        EXPECT_EQ(read(words, plain), words);
        EXPECT_EQ(noted(), "");
    }
}

TEST_F(ByteOrderOfWords, IsFoundInWordsThatLieInTheStorage) {
    storage = test::with_swapped_bytes(soft);
    StoredPixels pixels = test::pixels_of(storage, 50, 60);
    EXPECT_TRUE(std::ranges::equal(in_smoother_byte_order(pixels, ByteOrder::told, storage, notes), soft));
}

}  // namespace
}  // namespace hilum::model
