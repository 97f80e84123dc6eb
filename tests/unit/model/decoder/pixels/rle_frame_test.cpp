#include "model/decoder/pixels/rle_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hilum::model {
namespace {

// Two segments of 8 pixels each: 5 times the same and 3 literal ones; 8 times the same behind a no-operation.
std::vector<std::uint8_t> two_segments() {
    std::vector<std::uint8_t> frame(64, 0);
    frame[0] = 2;
    frame[4] = 64;
    frame[8] = 70;
    frame.insert(frame.end(), {252, 1, 2, 7, 8, 9});
    frame.insert(frame.end(), {128, 249, 3});
    return frame;
}

TEST(RleFrame, UnpacksToWords) {
    const auto words = unpack_rle_frame(two_segments(), 1, 2, 8);
    ASSERT_TRUE(words);
    EXPECT_EQ(*words, (std::vector<std::uint16_t>{0x103, 0x103, 0x103, 0x103, 0x103, 0x703, 0x803, 0x903}));
}

TEST(RleFrame, UnpacksPlanesToPixels) {
    const auto samples = unpack_rle_frame(two_segments(), 2, 1, 8);
    ASSERT_TRUE(samples);
    EXPECT_EQ(*samples, (std::vector<std::uint16_t>{1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 7, 3, 8, 3, 9, 3}));
}

TEST(RleFrame, MayHaveSamplesTooMany) {
    const auto whole = unpack_rle_frame(two_segments(), 1, 2, 8);
    for (const std::size_t pixels : {1U, 5U, 6U, 7U}) {
        const auto words = unpack_rle_frame(two_segments(), 1, 2, pixels);
        ASSERT_TRUE(words) << pixels;
        EXPECT_TRUE(std::equal(words->begin(), words->end(), whole->begin())) << pixels;
        EXPECT_EQ(words->size(), pixels);
    }
}

TEST(RleFrame, NeedsAllOfItsPixels) {
    EXPECT_FALSE(unpack_rle_frame(two_segments(), 1, 2, 9));
}

TEST(RleFrame, NeedsAsManySegmentsAsAPixelHasBytes) {
    EXPECT_FALSE(unpack_rle_frame(two_segments(), 1, 1, 8));
    EXPECT_FALSE(unpack_rle_frame(two_segments(), 3, 1, 8));
    EXPECT_FALSE(unpack_rle_frame(two_segments(), 8, 2, 8));
}

TEST(RleFrame, IsRefusedWhenCutOffAnywhere) {
    const auto whole = two_segments();
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(unpack_rle_frame(std::span(whole).first(size), 1, 2, 8)) << size;
}

TEST(RleFrame, IsRefusedWithSegmentsInTheHeaderOrBeyondTheEnd) {
    for (const auto& [index, value] :
         {std::pair{4, 8}, std::pair{4, 72}, std::pair{8, 200}, std::pair{11, 255}}) {
        auto frame = two_segments();
        frame[static_cast<std::size_t>(index)] = static_cast<std::uint8_t>(value);
        EXPECT_FALSE(unpack_rle_frame(frame, 1, 2, 8)) << index << " " << value;
    }
}

}  // namespace
}  // namespace hilum::model
