#include "model/decoder/pixels/stored_range.h"

#include <gtest/gtest.h>

namespace hilum::model {
namespace {

constexpr PixelEncoding ten_bits{.bits_allocated = 16, .bits_stored = 10, .high_bit = 9, .is_signed = false};
constexpr PixelEncoding ten_signed{.bits_allocated = 16, .bits_stored = 10, .high_bit = 9, .is_signed = true};

std::vector<int> values(std::vector<std::uint16_t> samples, const CodedRange& coded,
                        const PixelEncoding& encoding, std::size_t clamped) {
    const auto fitted = fit_samples(samples, coded, encoding);
    EXPECT_EQ(fitted.clamped, clamped);
    std::vector<int> result;
    for (const auto word : samples) result.push_back(fitted.encoding.value(word));
    return result;
}

TEST(StoredRange, ClampsOvershootToWhite) {
    EXPECT_EQ(values({0, 1023, 1024, 1100, 4095}, {.precision = 12, .lossless = false}, ten_bits, 3),
              (std::vector{0, 1023, 1023, 1023, 1023}));
}

TEST(StoredRange, ClampsSignedValuesAtBothEnds) {
    EXPECT_EQ(
        values({511, 512, 2047, 0xE00, 0xDFF, 0xFFF}, {.precision = 12, .lossless = false}, ten_signed, 3),
        (std::vector{511, 511, 511, -512, -512, -1}));
    EXPECT_EQ(values({0xFFFF, 0xFC00, 0x0400}, {.precision = 16, .is_signed = true}, ten_signed, 2),
              (std::vector{-1, -512, 511}));
}

TEST(StoredRange, TakesNegativeValuesWhoseSignWasNotExtended) {
    EXPECT_EQ(values({0x3FF, 0x200, 0xFFFF, 0x1FF}, {.precision = 16}, ten_signed, 0),
              (std::vector{-1, -512, -1, 511}));
}

TEST(StoredRange, ReducesModuloThePrecision) {
    EXPECT_EQ(values({0xF3FF, 0x1001}, {.precision = 10}, ten_bits, 0), (std::vector{1023, 1}));
}

TEST(StoredRange, LeavesFewerBitsThanAreStored) {
    EXPECT_EQ(values({255, 0}, {.precision = 8}, ten_bits, 0), (std::vector{255, 0}));
    EXPECT_EQ(values({255, 127}, {.precision = 8}, ten_signed, 0), (std::vector{-1, 127}));
}

TEST(StoredRange, LeavesWordsThatWereEncodedWhole) {
    const PixelEncoding upper{.bits_allocated = 16, .bits_stored = 10, .high_bit = 15, .is_signed = false};
    EXPECT_EQ(values({0xFFC0, 0x0040, 0x003F}, {.precision = 16}, upper, 0), (std::vector{1023, 1, 0}));
    EXPECT_EQ(values({1023, 1100}, {.precision = 10}, upper, 0), (std::vector{1023, 76}));
}

}  // namespace
}  // namespace hilum::model
