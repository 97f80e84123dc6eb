#include "model/decoder/pixels/jpeg2000/jpeg2000_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "unit/model/decoder/pixels/jpeg2000_encoding.h"

namespace hilum::model {
namespace {

using test::Jpeg2000Encoding;
using Codestream = std::vector<std::uint8_t>;

Jpeg2000Expectation expectation(const Jpeg2000Encoding& encoding) {
    return {.rows = encoding.rows, .columns = encoding.columns, .components = encoding.components};
}

int value_of(std::uint16_t sample, bool is_signed) {
    return is_signed ? static_cast<std::int16_t>(sample) : sample;
}

int largest_difference(const Jpeg2000Image& image, const std::vector<int>& expected) {
    EXPECT_EQ(image.samples.size(), expected.size());
    int largest = 0;
    for (std::size_t i = 0; i < std::min(expected.size(), image.samples.size()); ++i)
        largest =
            std::max(largest, std::abs(value_of(image.samples[i], image.header.is_signed) - expected[i]));
    return largest;
}

std::string refusal(const Codestream& codestream, const Jpeg2000Expectation& expected) {
    const auto begin = std::chrono::steady_clock::now();
    const auto image = decode_jpeg2000(codestream, expected);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    return image ? "" : image.error().code;
}

TEST(Jpeg2000Stream, DecodesLosslessBitForBit) {
    for (const int precision : {1, 8, 10, 12, 14, 16})
        for (const bool is_signed : {false, true}) {
            if (precision == 1 && is_signed) continue;
            Jpeg2000Encoding encoding{.precision = precision, .is_signed = is_signed};
            std::vector<int> samples = test::test_samples(encoding);
            if (precision == 1) std::ranges::for_each(samples, [](int& sample) { sample &= 1; });
            const auto image =
                decode_jpeg2000(test::encode_jpeg2000(encoding, samples), expectation(encoding));
            ASSERT_TRUE(image) << image.error().message;
            EXPECT_EQ(image->header.precision, precision);
            EXPECT_EQ(image->header.is_signed, is_signed);
            EXPECT_EQ(largest_difference(*image, samples), 0) << precision << is_signed;
        }
}

TEST(Jpeg2000Stream, DecodesLossyWithinTolerance) {
    for (const int precision : {8, 12, 16})
        for (const bool is_signed : {false, true}) {
            const Jpeg2000Encoding encoding{
                .rows = 256, .columns = 200, .precision = precision, .is_signed = is_signed, .ratio = 5};
            const auto image = decode_jpeg2000(test::encode_jpeg2000(encoding), expectation(encoding));
            ASSERT_TRUE(image) << image.error().message;
            EXPECT_LE(largest_difference(*image, test::test_samples(encoding)),
                      std::max(4, (1 << precision) / 50));
        }
}

TEST(Jpeg2000Stream, DecodesTilesLayersAndColour) {
    for (const int tile_side : {0, 32, 64})
        for (const int layers : {1, 4})
            for (const bool transformation : {false, true}) {
                const Jpeg2000Encoding encoding{.rows = 100,
                                                .columns = 75,
                                                .components = 3,
                                                .precision = 8,
                                                .tile_side = tile_side,
                                                .layers = layers,
                                                .component_transformation = transformation};
                const auto image = decode_jpeg2000(test::encode_jpeg2000(encoding), expectation(encoding));
                ASSERT_TRUE(image) << image.error().message;
                EXPECT_EQ(largest_difference(*image, test::test_samples(encoding)), 0);
            }
}

TEST(Jpeg2000Stream, DecodesACodestreamInAJp2File) {
    const Jpeg2000Encoding encoding{.jp2 = true};
    const auto file = test::encode_jpeg2000(encoding);
    const auto image = decode_jpeg2000(file, expectation(encoding));
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(largest_difference(*image, test::test_samples(encoding)), 0);
    const Codestream without_codestream(file.begin(), file.begin() + 40);
    EXPECT_EQ(refusal(without_codestream, expectation(encoding)), "malformed");
}

TEST(Jpeg2000Stream, TakesPaddingBehindTheEndAndDoesWithoutTheEndMarker) {
    const Jpeg2000Encoding encoding;
    auto codestream = test::encode_jpeg2000(encoding);
    codestream.push_back(0);
    EXPECT_EQ(refusal(codestream, expectation(encoding)), "");
    codestream.resize(codestream.size() - 3);
    EXPECT_EQ(refusal(codestream, expectation(encoding)), "");
    codestream.push_back(0);
    EXPECT_EQ(refusal(codestream, expectation(encoding)), "");
    codestream.insert(codestream.end(), 4, 0);
    EXPECT_EQ(refusal(codestream, expectation(encoding)), "");
}

// As a device pads its streams, with a comment segment before the end marker (ISO/IEC 15444-1 A.9.2).
TEST(Jpeg2000Stream, PassesOverCommentsBeforeTheEndMarker) {
    const Jpeg2000Encoding image;
    const auto whole = test::encode_jpeg2000(image);
    const Codestream comment{0xFF, 0x64, 0, 0x0B, 0, 1, 'P', 'A', 'D', 'D', 'I', 'N', 'G'}, end{0xFF, 0xD9};
    const auto with = [&](const std::vector<Codestream>& parts) {
        Codestream bytes(whole.begin(), whole.end() - 2);
        for (const auto& part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
        return bytes;
    };
    const auto values = decode_jpeg2000(whole, expectation(image)).value().samples;
    for (const auto& bytes : {with({comment, end}), with({comment, comment, end, {0, 0}})}) {
        const auto decoded = decode_jpeg2000(bytes, expectation(image));
        ASSERT_TRUE(decoded) << decoded.error().message;
        EXPECT_EQ(decoded->samples, values);
    }
    for (const auto& bytes : {with({comment, {0xFF, 0x65, 0, 2}, end}), with({comment, whole})})
        EXPECT_FALSE(decode_jpeg2000(bytes, expectation(image)));
}

TEST(Jpeg2000Stream, RefusesAStreamThatIsCutOffAnywhere) {
    for (const int tile_side : {0, 32}) {
        const Jpeg2000Encoding encoding{.tile_side = tile_side, .layers = 2};
        const auto codestream = test::encode_jpeg2000(encoding);
        for (std::size_t length = 0; length < codestream.size() - 2; ++length)
            EXPECT_NE(refusal({codestream.begin(), codestream.begin() + static_cast<std::ptrdiff_t>(length)},
                              expectation(encoding)),
                      "")
                << length << " of " << codestream.size();
        const Codestream half(codestream.begin(),
                              codestream.begin() + static_cast<std::ptrdiff_t>(codestream.size() / 2));
        EXPECT_EQ(refusal(half, expectation(encoding)), "truncated");
    }
}

TEST(Jpeg2000Stream, RefusesACutOffTileThatClaimsToBeWhole) {
    const Jpeg2000Encoding encoding{.rows = 128, .columns = 128};
    auto codestream = test::encode_jpeg2000(encoding);
    const std::uint8_t sot[] = {0xFF, 0x90, 0, 10};
    const auto tile = std::search(codestream.begin(), codestream.end(), std::begin(sot), std::end(sot));
    codestream.resize(codestream.size() / 2);
    const auto length = static_cast<std::size_t>(codestream.end() - tile);
    for (int i = 0; i < 4; ++i) tile[6 + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    codestream.push_back(0xFF);
    codestream.push_back(0xD9);
    EXPECT_EQ(refusal(codestream, expectation(encoding)), "malformed");
}

TEST(Jpeg2000Stream, RefusesAnotherImageThanExpected) {
    const Jpeg2000Encoding encoding;
    const auto codestream = test::encode_jpeg2000(encoding);
    auto expected = expectation(encoding);
    ++expected.rows;
    EXPECT_EQ(refusal(codestream, expected), "wrong_size");
    expected.rows = encoding.columns, expected.columns = encoding.rows;
    EXPECT_EQ(refusal(codestream, expected), "wrong_size");
    expected = expectation(encoding);
    expected.components = 3;
    EXPECT_EQ(refusal(codestream, expected), "components");
    expected = expectation(encoding);
    expected.most_bits = 8;
    EXPECT_EQ(refusal(codestream, expected), "precision");
}

TEST(Jpeg2000Stream, RefusesGarbage) {
    const Jpeg2000Encoding encoding;
    const auto good = test::encode_jpeg2000(encoding);
    std::mt19937 random(1);
    for (int turn = 0; turn < 300; ++turn) {
        Codestream garbage(1000);
        for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random());
        EXPECT_EQ(refusal(garbage, expectation(encoding)), "malformed");
        std::ranges::copy_n(good.begin(), static_cast<std::ptrdiff_t>(random() % 200), garbage.begin());
        EXPECT_NE(refusal(garbage, expectation(encoding)), "");
    }
    EXPECT_EQ(refusal({}, expectation(encoding)), "malformed");
}

TEST(Jpeg2000Stream, SurvivesDamagedBytes) {
    const Jpeg2000Encoding encoding{.tile_side = 32, .layers = 2};
    const auto good = test::encode_jpeg2000(encoding);
    std::mt19937 random(2);
    for (int turn = 0; turn < 2000; ++turn) {
        auto damaged = good;
        for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
        refusal(damaged, expectation(encoding));
    }
}

}  // namespace
}  // namespace hilum::model
