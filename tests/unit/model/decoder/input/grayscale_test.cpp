#include "model/decoder/input/grayscale.h"

#include <gmock/gmock.h>

#include <cmath>

namespace hilum::model {
namespace {

constexpr PixelEncoding twelve_bits{
    .bits_allocated = 16, .bits_stored = 12, .high_bit = 11, .is_signed = false};
constexpr PixelEncoding signed_eight_bits{
    .bits_allocated = 8, .bits_stored = 8, .high_bit = 7, .is_signed = true};

StoredPixels pixels_of(const std::vector<std::uint16_t>& words, PixelEncoding encoding = twelve_bits) {
    return {.rows = 1,
            .columns = static_cast<int>(words.size()),
            .encoding = encoding,
            .bytes = {},
            .words = words};
}

std::optional<ValueRange> range_of(const StoredPixels& pixels, const Grayscale& grayscale) {
    return model::range_of(pixels.word_counts(), pixels.encoding, grayscale);
}

TEST(PixelEncoding, IgnoresTheBitsAboveThoseStored) {
    EXPECT_EQ(twelve_bits.value(0xF123), 0x123);
}

TEST(PixelEncoding, TakesTheValueFromBelowTheHighBit) {
    const PixelEncoding left_aligned{
        .bits_allocated = 16, .bits_stored = 12, .high_bit = 15, .is_signed = false};
    EXPECT_EQ(left_aligned.value(0xABCF), 0xABC);
}

TEST(PixelEncoding, ExtendsTheSignFromTheHighestBitStored) {
    const PixelEncoding signed_twelve{
        .bits_allocated = 16, .bits_stored = 12, .high_bit = 11, .is_signed = true};
    EXPECT_EQ(signed_twelve.value(0x0FFF), -1);
    EXPECT_EQ(signed_twelve.value(0x0800), -2048);
    EXPECT_EQ(signed_twelve.value(0x07FF), 2047);
    EXPECT_EQ(signed_twelve.lowest(), -2048);
    EXPECT_EQ(signed_twelve.highest(), 2047);
}

TEST(PixelEncoding, UsesAllSixteenBits) {
    const PixelEncoding sixteen{.bits_allocated = 16, .bits_stored = 16, .high_bit = 15, .is_signed = true};
    EXPECT_EQ(sixteen.value(0x8000), -32768);
    EXPECT_EQ(sixteen.value(0x7FFF), 32767);
}

// PS3.3 C.11.2.1.2.1 with its own example: c = 2048, w = 4096 maps 0 to black and 4095 to white.
TEST(Window, LinearMapsItsEndsToBlackAndWhite) {
    const Window window{2048, 4096, VoiLutFunction::linear};
    EXPECT_DOUBLE_EQ(window.apply(0), 0);
    EXPECT_DOUBLE_EQ(window.apply(4095), 1);
    EXPECT_DOUBLE_EQ(window.apply(2047.5), 0.5);
    EXPECT_DOUBLE_EQ(window.apply(1000), 1000 / 4095.0);
    EXPECT_DOUBLE_EQ(window.apply(-5), 0);
    EXPECT_DOUBLE_EQ(window.apply(9999), 1);
}

TEST(Window, LinearOfWidthOneIsAThreshold) {
    const Window window{100, 1, VoiLutFunction::linear};
    EXPECT_DOUBLE_EQ(window.apply(99), 0);
    EXPECT_DOUBLE_EQ(window.apply(99.5), 0);
    EXPECT_DOUBLE_EQ(window.apply(100), 1);
}

TEST(Window, LinearExactHasNoHalfPixels) {
    const Window window{2048, 4096, VoiLutFunction::linear_exact};
    EXPECT_DOUBLE_EQ(window.apply(0), 0);
    EXPECT_DOUBLE_EQ(window.apply(2048), 0.5);
    EXPECT_DOUBLE_EQ(window.apply(4096), 1);
    EXPECT_DOUBLE_EQ(window.apply(1024), 0.25);
}

TEST(Window, SigmoidIsHalfAtItsCenterAndNeverQuiteBlack) {
    const Window window{2048, 4096, VoiLutFunction::sigmoid};
    EXPECT_DOUBLE_EQ(window.apply(2048), 0.5);
    EXPECT_DOUBLE_EQ(window.apply(4096), 1 / (1 + std::exp(-2.0)));
    EXPECT_GT(window.apply(0), 0);
}

TEST(Window, ValidityDependsOnTheFunction) {
    EXPECT_FALSE((Window{0, 0.5, VoiLutFunction::linear}.valid()));
    EXPECT_TRUE((Window{0, 0.5, VoiLutFunction::linear_exact}.valid()));
    EXPECT_FALSE((Window{0, 0, VoiLutFunction::sigmoid}.valid()));
}

TEST(LookupTable, HoldsItsEndsBeyondItsRange) {
    const LookupTable table{10, {100, 200, 300}, 16};
    EXPECT_EQ(table.at(-4), 100);
    EXPECT_EQ(table.at(10), 100);
    EXPECT_EQ(table.at(11.4), 200);
    EXPECT_EQ(table.at(99), 300);
}

TEST(LookupTable, StartsBelowZeroForSignedValues) {
    const LookupTable table{-2, {1, 2, 3, 4}, 16};
    EXPECT_EQ(table.at(-1), 2);
    EXPECT_EQ(table.at(1), 4);
}

TEST(RangeOf, IsOfTheModalityValuesWithoutPadding) {
    Grayscale grayscale;
    grayscale.slope = 0.5;
    grayscale.intercept = -100;
    grayscale.padding = PaddingRange{4000, 4095};
    const std::vector<std::uint16_t> words{400, 1000, 4000, 4095, 600};
    const auto range = range_of(pixels_of(words), grayscale);
    ASSERT_TRUE(range);
    EXPECT_DOUBLE_EQ(range->lowest, 100);
    EXPECT_DOUBLE_EQ(range->highest, 400);
}

TEST(RangeOf, IsEmptyWhenAllIsPadding) {
    Grayscale grayscale;
    grayscale.padding = PaddingRange{0, 0};
    const std::vector<std::uint16_t> words{0, 0};
    EXPECT_FALSE(range_of(pixels_of(words), grayscale));
}

TEST(RangeOf, FollowsAModalityLutThatIsNotMonotonic) {
    Grayscale grayscale;
    grayscale.modality_lut = LookupTable{0, {50, 900, 10}, 16};
    const std::vector<std::uint16_t> words{0, 1, 2};
    const auto range = range_of(pixels_of(words), grayscale);
    ASSERT_TRUE(range);
    EXPECT_DOUBLE_EQ(range->lowest, 10);
    EXPECT_DOUBLE_EQ(range->highest, 900);
}

TEST(RangeOf, TellsWhetherTheModalityTransformationFalls) {
    const std::vector<std::uint16_t> words{2, 0, 1};
    const auto falls = [&](const Grayscale& grayscale, PixelEncoding encoding = twelve_bits) {
        return range_of(pixels_of(words, encoding), grayscale).value().falling;
    };
    Grayscale grayscale;
    EXPECT_FALSE(falls(grayscale));
    grayscale.slope = -0.5;
    EXPECT_TRUE(falls(grayscale));
    grayscale.modality_lut = LookupTable{0, {10, 40, 90, 0, 0}, 16};
    EXPECT_FALSE(falls(grayscale)) << "what the table has behind the values that occur means nothing";
    grayscale.modality_lut = LookupTable{0, {90, 95, 10, 99}, 16};
    EXPECT_TRUE(falls(grayscale));
    grayscale.padding = PaddingRange{2, 2};
    EXPECT_FALSE(falls(grayscale)) << "nor what it has for padding";
}

TEST(RangeOf, OrdersSignedValuesBySign) {
    const std::vector<std::uint16_t> words{0x0FFF, 1};  // -1, 1
    const PixelEncoding signed_twelve{
        .bits_allocated = 16, .bits_stored = 12, .high_bit = 11, .is_signed = true};
    EXPECT_FALSE(range_of(pixels_of(words, signed_twelve), {}).value().falling);
}

TEST(Grayscale, KnowsAVoiLutThatFallsOverTheValues) {
    Grayscale grayscale;
    EXPECT_FALSE(grayscale.voi_lut_falls({0, 3}));
    grayscale.voi_lut = LookupTable{0, {0, 9, 7, 3}, 9};
    EXPECT_FALSE(grayscale.voi_lut_falls({0, 3}));
    EXPECT_TRUE(grayscale.voi_lut_falls({1, 3}));
}

TEST(IntensityTable, MinmaxSpreadsWhatOccurs) {
    const auto table = intensity_table(twelve_bits, {}, Intensity::minmax, {100, 300});
    EXPECT_FLOAT_EQ(table[100], 0);
    EXPECT_FLOAT_EQ(table[200], 0.5);
    EXPECT_FLOAT_EQ(table[300], 1);
}

TEST(IntensityTable, MinmaxOfANegativeSlopeTurnsTheImageAround) {
    Grayscale grayscale;
    grayscale.slope = -1;
    grayscale.intercept = 1000;
    const auto table = intensity_table(twelve_bits, grayscale, Intensity::minmax, {700, 900});
    EXPECT_FLOAT_EQ(table[100], 1);
    EXPECT_FLOAT_EQ(table[300], 0);
}

TEST(IntensityTable, InversionMakesLowValuesWhiteButPaddingStaysBlack) {
    Grayscale grayscale;
    grayscale.inverted = true;
    grayscale.padding = PaddingRange{0, 0};
    const auto table = intensity_table(twelve_bits, grayscale, Intensity::minmax, {100, 300});
    EXPECT_FLOAT_EQ(table[100], 1);
    EXPECT_FLOAT_EQ(table[300], 0);
    EXPECT_FLOAT_EQ(table[0], 0);
}

TEST(IntensityTable, StoredRangeIsThatOfTheBitsStored) {
    Grayscale grayscale;
    grayscale.slope = 3;  // its size is not looked at
    const auto table = intensity_table(twelve_bits, grayscale, Intensity::stored_range, {100, 300});
    EXPECT_FLOAT_EQ(table[0], 0);
    EXPECT_FLOAT_EQ(table[4095], 1);
    EXPECT_FLOAT_EQ(table[0xF000 | 1000], 1000 / 4095.0F);
}

// A device that stores the negative says so by a falling modality transformation.
TEST(IntensityTable, StoredRangeIsTurnedWhereTheModalityTransformationFalls) {
    Grayscale grayscale;
    grayscale.slope = -1;
    grayscale.padding = PaddingRange{5, 5};
    const std::vector<std::uint16_t> words{100, 300, 5};
    const auto range = range_of(pixels_of(words), grayscale).value();
    auto table = intensity_table(twelve_bits, grayscale, Intensity::stored_range, range);
    EXPECT_FLOAT_EQ(table[0], 1);
    EXPECT_FLOAT_EQ(table[4095], 0);
    EXPECT_FLOAT_EQ(table[5], 0) << "padding";
    grayscale.inverted = true;
    table = intensity_table(twelve_bits, grayscale, Intensity::stored_range, range);
    EXPECT_FLOAT_EQ(table[4095], 1) << "MONOCHROME1 turns it once more";
}

TEST(IntensityTable, StoredRangeOfSignedPixelsStartsBelowZero) {
    const auto table = intensity_table(signed_eight_bits, {}, Intensity::stored_range, {-5, 5});
    EXPECT_FLOAT_EQ(table[0x80], 0);
    EXPECT_FLOAT_EQ(table[0x7F], 1);
    EXPECT_FLOAT_EQ(table[0], 128 / 255.0F);
}

TEST(IntensityTable, WindowAppliesToModalityValues) {
    Grayscale grayscale;
    grayscale.slope = 0.5;
    grayscale.intercept = -100;
    grayscale.window = Window{200, 100, VoiLutFunction::linear_exact};
    const auto table = intensity_table(twelve_bits, grayscale, Intensity::window, {0, 1000});
    EXPECT_FLOAT_EQ(table[600], 0.5);
    EXPECT_FLOAT_EQ(table[500], 0);
    EXPECT_FLOAT_EQ(table[700], 1);
}

TEST(IntensityTable, VoiLutPrecedesTheWindowAndIsScaledByItsBits) {
    Grayscale grayscale;
    grayscale.window = Window{2, 100, VoiLutFunction::linear};
    grayscale.voi_lut = LookupTable{0, {0, 511, 1023}, 1023};
    const auto table = intensity_table(twelve_bits, grayscale, Intensity::window, {0, 2});
    EXPECT_FLOAT_EQ(table[0], 0);
    EXPECT_FLOAT_EQ(table[1], 511 / 1023.0F);
    EXPECT_FLOAT_EQ(table[2], 1);
}

TEST(IntensityTable, WindowWithoutAnyIsMinmax) {
    EXPECT_EQ(intensity_table(twelve_bits, {}, Intensity::window, {7, 99}),
              intensity_table(twelve_bits, {}, Intensity::minmax, {7, 99}));
}

}  // namespace
}  // namespace hilum::model
