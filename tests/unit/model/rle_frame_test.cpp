#include "model/rle_frame.h"

#include <gtest/gtest.h>

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

TEST(RleFrame, IsCompleteWithAllOfItsPixels) {
    EXPECT_TRUE(rle_frame_is_complete(two_segments(), 2, 8));
    EXPECT_FALSE(rle_frame_is_complete(two_segments(), 2, 9));
}

TEST(RleFrame, NeedsAsManySegmentsAsAPixelHasBytes) {
    EXPECT_FALSE(rle_frame_is_complete(two_segments(), 1, 8));
    EXPECT_FALSE(rle_frame_is_complete(two_segments(), 3, 8));
}

TEST(RleFrame, IsNotCompleteWhenCutOffAnywhere) {
    const auto whole = two_segments();
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(rle_frame_is_complete(std::span(whole).first(size), 2, 8)) << size;
}

TEST(RleFrame, IsNotCompleteWithSegmentsInTheHeaderOrBeyondTheEnd) {
    for (const auto& [index, value] :
         {std::pair{4, 8}, std::pair{4, 72}, std::pair{8, 200}, std::pair{11, 255}}) {
        auto frame = two_segments();
        frame[static_cast<std::size_t>(index)] = static_cast<std::uint8_t>(value);
        EXPECT_FALSE(rle_frame_is_complete(frame, 2, 8)) << index << " " << value;
    }
}

}  // namespace
}  // namespace hilum::model
