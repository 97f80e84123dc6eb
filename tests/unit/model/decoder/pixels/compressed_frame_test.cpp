#include "model/decoder/pixels/compressed_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "unit/model/decoder/pixels/evidence/soft_picture.h"
#include "unit/model/decoder/pixels/jpeg2000_encoding.h"
#include "unit/model/decoder/pixels/jpeg_bytes.h"
#include "unit/model/decoder/pixels/jpeg_ls_bytes.h"
#include "unit/model/decoder/pixels/test_encoders.h"

namespace hilum::model {
namespace {

using Bytes = std::vector<std::uint8_t>;
using test::JpegImage;

ImageDescription described(const JpegImage& image, int bits_stored, int bits_allocated = 16) {
    return {.rows = image.rows,
            .columns = image.columns,
            .samples_per_pixel = 1,
            .encoding = {.bits_allocated = bits_allocated,
                         .bits_stored = bits_stored,
                         .high_bit = bits_stored - 1,
                         .is_signed = false}};
}

class CompressedFrame : public testing::Test {
  protected:
    static void SetUpTestSuite() { test::register_codecs(); }

    // Words, or none and `refusal`.
    std::vector<int> decode(Bytes stream, E_TransferSyntax syntax, const ImageDescription& image) {
        refusal = {};
        notes.clear();
        const auto frame = decode_frame(stream, syntax, image, notes);
        if (frame) return {frame->words.begin(), frame->words.end()};
        refusal = frame.error();
        return {};
    }
    std::string noted() const { return notes.empty() ? "" : notes.front().code; }

    // What is left of it when it ends anywhere, be it filled with zeros or ended by a marker, is refused, or
    // has all of its pixels (but the last `unproved` ones); without its end marker alone it has them.
    void expect_whole_or_refused(const Bytes& whole, E_TransferSyntax syntax, const ImageDescription& image,
                                 std::ptrdiff_t unproved = 0) {
        const auto expected = decode(whole, syntax, image);
        ASSERT_FALSE(expected.empty()) << refusal.message;
        EXPECT_EQ(noted(), "");
        int refused = 0;
        for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
            const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            Bytes filled = part, ended = part;
            filled.resize(whole.size() + 200, 0);
            ended.insert(ended.end(), {0xFF, 0xD9});
            for (const Bytes& bytes : {part, filled, ended}) {
                const auto pixels = decode(bytes, syntax, image);
                refused += pixels.empty() ? 1 : 0;
                EXPECT_TRUE(pixels.empty() ||
                            std::equal(expected.begin(), expected.end() - unproved, pixels.begin()))
                    << size << " of " << whole.size();
            }
        }
        EXPECT_GT(refused, static_cast<int>(whole.size() * 3) - 12);
        for (const std::size_t padding : {0U, 1U, 2U, 40U}) {
            Bytes without(whole.begin(), whole.end() - 2);
            without.resize(without.size() + padding, 0);
            EXPECT_EQ(decode(without, syntax, image), expected) << padding << refusal.message;
            EXPECT_EQ(noted(), "end_of_image");
        }
    }

    NotAnalysed refusal;
    ImageNotes notes;
};

std::vector<int> texture(const JpegImage& image) {
    std::vector<int> pixels;
    for (int i = 0; i < image.rows * image.columns; ++i)
        pixels.push_back((i * 37 + i / image.columns * 11) % (1 << image.precision));
    return pixels;
}

Bytes jpeg_ls(const JpegImage& image, const std::vector<int>& pixels) {
    return test::encode_jpeg_ls({image.rows, image.columns, image.precision}, pixels);
}

TEST_F(CompressedFrame, OfJpegLosslessIsWholeOrRefused) {
    for (const int precision : {8, 12, 16}) {
        const JpegImage image{.rows = 9, .columns = 7, .precision = precision};
        const auto pixels = texture(image);
        const auto stream = test::jpeg_lossless_of(image, pixels);
        EXPECT_EQ(decode(stream, EXS_JPEGProcess14SV1, described(image, precision)), pixels);
        expect_whole_or_refused(stream, EXS_JPEGProcess14SV1, described(image, precision));
    }
}

TEST_F(CompressedFrame, OfBaselineAndExtendedJpegIsWholeOrRefused) {
    for (const int precision : {8, 12}) {
        const JpegImage image{.rows = 24, .columns = 16, .precision = precision};
        const auto stream = test::jpeg_of_blocks(image, {200, 100, 90, 250, 1, 17});
        const auto pixels = decode(stream, EXS_JPEGProcess2_4, described(image, precision));
        ASSERT_EQ(pixels.size(), 24U * 16) << refusal.message;
        EXPECT_EQ(pixels[0], 200);
        EXPECT_EQ(pixels[15], 100);
        EXPECT_EQ(pixels.back(), 17);
        expect_whole_or_refused(stream, EXS_JPEGProcess2_4, described(image, precision));
    }
}

TEST_F(CompressedFrame, OfBaselineUnderTheUidOfJpegLosslessIsRead) {
    const JpegImage image{.rows = 8, .columns = 16, .precision = 8};
    const auto pixels =
        decode(test::jpeg_of_blocks(image, {200, 100}), EXS_JPEGProcess14SV1, described(image, 8, 8));
    ASSERT_FALSE(pixels.empty()) << refusal.message;
    EXPECT_EQ(pixels[0], 200);
}

TEST_F(CompressedFrame, HasOvershootClampedToWhite) {
    const JpegImage image{.rows = 8, .columns = 24, .precision = 12};
    const auto pixels =
        decode(test::jpeg_of_blocks(image, {1023, 1040, 500}), EXS_JPEGProcess2_4, described(image, 10));
    ASSERT_FALSE(pixels.empty()) << refusal.message;
    EXPECT_EQ(pixels[0], 1023);
    EXPECT_EQ(pixels[8], 1023);
    EXPECT_EQ(pixels[16], 500);
    EXPECT_EQ(noted(), "samples");
}

TEST_F(CompressedFrame, WithMostSamplesBeyondTheBitsStoredIsRefused) {
    const JpegImage image{.rows = 8, .columns = 24, .precision = 12};
    decode(test::jpeg_of_blocks(image, {3000, 1040, 500}), EXS_JPEGProcess2_4, described(image, 10));
    EXPECT_EQ(refusal.code, "undecodable");
    EXPECT_NE(refusal.message.find("more bits than its header says"), std::string::npos) << refusal.message;
}

// A lossless codec keeps an overlay in the words, which was no grey and is none.
TEST_F(CompressedFrame, OfALosslessCodecIsReadWithoutAnOverlayAboveItsSamples) {
    const JpegImage image{.rows = 8, .columns = 8, .precision = 16};
    std::vector<int> pixels(64), stored;
    for (int i = 0; i < 64; ++i) pixels[static_cast<std::size_t>(i)] = 20 * i;
    stored = pixels;
    for (std::size_t i = 20; i < 28; ++i) stored[i] |= 0x1000;
    EXPECT_EQ(decode(test::jpeg_lossless_of(image, stored), EXS_JPEGProcess14SV1, described(image, 12)),
              pixels);
    EXPECT_EQ(noted(), "");
    EXPECT_EQ(decode(jpeg_ls(image, stored), EXS_JPEGLSLossless, described(image, 12)), pixels);
    EXPECT_EQ(noted(), "");
    const auto clamped = decode(jpeg_ls(image, pixels), EXS_JPEGLSLossless, described(image, 10));
    EXPECT_EQ(noted(), "samples") << "what makes the image smoother is no overlay";
    ASSERT_EQ(clamped.size(), 64U);
    EXPECT_EQ(clamped[51], 1020);
    EXPECT_EQ(clamped[52], 1023);
}

// A ramp of 12 bits in words of 16, with something above it in the middle.
constexpr JpegImage ramp_image{.rows = 48, .columns = 40, .precision = 16};

std::vector<int> ramp(int first) {
    std::vector<int> pixels(48 * 40);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = first + 2 * static_cast<int>(i);
    return pixels;
}

std::vector<int> stored_with_overlay(std::vector<int> pixels) {
    for (auto& pixel : pixels) pixel &= 0xFFF;
    for (std::size_t i = 500; i < 900; ++i) pixels[i] |= 0x1000;
    return pixels;
}

Bytes jpeg2000(const std::vector<int>& pixels, bool is_signed = false) {
    return test::encode_jpeg2000({.precision = 16, .is_signed = is_signed}, pixels);
}

// JPEG 2000 under the UID of any may be lossless (PS3.5 8.2.4): its codestream tells.
TEST_F(CompressedFrame, OfReversibleJpeg2000IsLosslessUnderEitherUid) {
    const auto pixels = ramp(0);
    const auto stream = jpeg2000(stored_with_overlay(pixels));
    for (const auto syntax : {EXS_JPEG2000LosslessOnly, EXS_JPEG2000}) {
        EXPECT_EQ(decode(stream, syntax, described(ramp_image, 12)), pixels) << refusal.message;
        EXPECT_EQ(noted(), "");
    }
}

TEST_F(CompressedFrame, OfALosslessCodecHasTheSignsOfItsStoredBits) {
    std::vector<int> words, stored;
    for (const int value : ramp(-1920)) {
        words.push_back(value & 0xFFFF);
        stored.push_back(value & 0xFFF);
    }
    auto image = described(ramp_image, 12);
    image.encoding.is_signed = true;
    for (const bool declared : {false, true}) {
        image.encoding.has_overlay = declared;
        for (const auto& coded : {stored, stored_with_overlay(stored)}) {
            EXPECT_EQ(decode(jpeg2000(coded), EXS_JPEG2000LosslessOnly, image), words);
            EXPECT_EQ(noted(), "");
            EXPECT_EQ(decode(jpeg2000(coded), EXS_JPEG2000, image), words);
            EXPECT_EQ(noted(), "");
            EXPECT_EQ(decode(test::jpeg_lossless_of(ramp_image, coded), EXS_JPEGProcess14SV1, image), words);
            EXPECT_EQ(noted(), "");
            EXPECT_EQ(decode(jpeg_ls(ramp_image, coded), EXS_JPEGLSLossless, image), words);
            EXPECT_EQ(noted(), "");
        }
    }
}

TEST_F(CompressedFrame, OfSignedSamplesBeyondTheBitsStoredIsClampedWhereTheyAreItsOwn) {
    auto image = described(ramp_image, 12);
    image.encoding.is_signed = true;
    const auto values = decode(jpeg2000(ramp(-1000), true), EXS_JPEG2000LosslessOnly, image);
    EXPECT_EQ(noted(), "samples");
    ASSERT_EQ(values.size(), 48U * 40) << refusal.message;
    EXPECT_EQ(values.front(), -1000 & 0xFFFF);
    EXPECT_EQ(values.back(), 2047);
}

TEST_F(CompressedFrame, OfUnsignedSamplesThatTheHeaderCallsSignedIsReadAsUnsigned) {
    const auto soft = test::soft_picture(48, 40);
    const std::vector<int> pixels(soft.begin(), soft.end());
    for (const int precision : {12, 16}) {
        const JpegImage coded{.rows = 48, .columns = 40, .precision = precision};
        auto image = described(coded, 12);
        image.encoding.is_signed = true;
        EXPECT_EQ(decode(test::jpeg_lossless_of(coded, pixels), EXS_JPEGProcess14SV1, image), pixels);
        EXPECT_EQ(noted(), "pixel_representation") << precision;
        EXPECT_EQ(decode(jpeg_ls(coded, pixels), EXS_JPEGLSLossless, image), pixels);
        EXPECT_EQ(noted(), "pixel_representation") << precision;
        EXPECT_EQ(decode(test::encode_jpeg2000({.precision = precision}, pixels), EXS_JPEG2000, image),
                  pixels);
        EXPECT_EQ(noted(), "pixel_representation") << precision;
    }
}

TEST_F(CompressedFrame, OfALosslessCodecIsRightJustifiedWhateverHighBitSays) {
    const auto soft = test::soft_picture(48, 40);
    const std::vector<int> pixels(soft.begin(), soft.end());
    auto image = described(ramp_image, 12);
    image.encoding.high_bit = 15;
    EXPECT_EQ(decode(test::jpeg_lossless_of(ramp_image, pixels), EXS_JPEGProcess14SV1, image), pixels);
    EXPECT_EQ(noted(), "bit_depth");
    std::vector<int> upper = pixels;
    for (auto& pixel : upper) pixel *= 16;
    EXPECT_EQ(decode(test::jpeg_lossless_of(ramp_image, upper), EXS_JPEGProcess14SV1, image), upper);
    EXPECT_EQ(noted(), "");
}

// As much white as 8 bits can be, not a sixteenth of it.
TEST_F(CompressedFrame, OfALossyCodecHasAsManyBitsAsTheCodecSays) {
    const JpegImage image{.rows = 8, .columns = 16, .precision = 8};
    for (const int high_bit : {11, 15}) {
        auto twelve = described(image, 12);
        twelve.encoding.high_bit = high_bit;
        auto stream = test::jpeg_of_blocks(image, {200, 100});
        notes.clear();
        const auto frame = decode_frame(stream, EXS_JPEGProcess1, twelve, notes);
        ASSERT_TRUE(frame) << frame.error().message;
        EXPECT_EQ(frame->encoding.highest(), 255);
        EXPECT_EQ(frame->encoding.value(frame->words[0]), 200);
        EXPECT_EQ(noted(), "bit_depth");
    }
}

TEST_F(CompressedFrame, OfEightBitsInSixteenAllocatedIsRead) {
    const JpegImage image{.rows = 9, .columns = 7, .precision = 8};
    const auto pixels = texture(image);
    EXPECT_EQ(decode(test::jpeg_lossless_of(image, pixels), EXS_JPEGProcess14SV1, described(image, 8)),
              pixels);
    EXPECT_EQ(decode(test::jpeg_lossless_of(image, pixels), EXS_JPEGProcess14SV1, described(image, 12)),
              pixels);
}

// Some encoders write -180 where 76 is meant, as both give the same eight bits.
TEST_F(CompressedFrame, OfDifferencesModuloThePrecisionIsRead) {
    for (const int precision : {8, 12}) {
        const JpegImage image{.rows = 9, .columns = 7, .precision = precision};
        const auto pixels = texture(image);
        const int span = 1 << precision;
        const auto stream = test::jpeg_lossless(image, [&](int i) {
            const auto at = static_cast<std::size_t>(i);
            const int before = i == 0 ? span / 2 : pixels[i % 7 == 0 ? at - 7 : at - 1];
            const int difference = pixels[at] - before;
            return difference > 0 ? difference - span : difference;
        });
        EXPECT_EQ(decode(stream, EXS_JPEGProcess14SV1, described(image, precision)), pixels)
            << refusal.message;
        EXPECT_EQ(noted(), "");
    }
}

// Its largest difference has a code of 17 bits, which its table of codes cannot tell.
TEST_F(CompressedFrame, WhoseHuffmanTableOverflowedIsRead) {
    const JpegImage image{.rows = 4, .columns = 4, .precision = 16};
    Bytes stream = test::jpeg_head(0xC3, image);
    Bytes table(17, 1);
    table[0] = 0;
    for (std::uint8_t category = 0; category < 16; ++category) table.push_back(category);
    test::append(stream, test::jpeg_segment(0xC4, table));
    test::append(stream, test::jpeg_segment(0xDA, {1, 1, 0, 1, 0, 0}));
    test::JpegBits bits;
    for (int i = 0; i < 16; ++i) {
        if (i == 5 || i == 6)
            bits.put(0x1FFFE, 17);
        else
            bits.put(0, 1);  // no difference
    }
    test::append(stream, bits.take());
    test::append(stream, {0xFF, 0xD9});
    std::vector<int> pixels(16, 32768);
    pixels[5] = 0;
    EXPECT_EQ(decode(stream, EXS_JPEGProcess14SV1, described(image, 16)), pixels) << refusal.message;
    stream.erase(stream.end() - 3);  // cut off it is as damaged as any
    decode(stream, EXS_JPEGProcess14SV1, described(image, 16));
    EXPECT_EQ(refusal.code, "undecodable");
}

TEST_F(CompressedFrame, OfJpegLsIsWholeOrRefused) {
    for (const int precision : {8, 12, 16}) {
        const JpegImage image{.rows = 9, .columns = 7, .precision = precision};
        const auto pixels = texture(image);
        const auto stream = jpeg_ls(image, pixels);
        EXPECT_EQ(decode(stream, EXS_JPEGLSLossless, described(image, precision)), pixels) << refusal.message;
        // CharLS does not miss the bits of the last sample.
        expect_whole_or_refused(stream, EXS_JPEGLSLossless, described(image, precision), 1);
    }
}

TEST_F(CompressedFrame, OfJpegLsWithRestartIntervalsIsRead) {
    const JpegImage image{.rows = 8, .columns = 7, .precision = 12},
        half{.rows = 4, .columns = 7, .precision = 12};
    const auto pixels = texture(image);
    const std::vector<int> upper(pixels.begin(), pixels.begin() + 28),
        lower(pixels.begin() + 28, pixels.end());
    const auto coded = [&](const std::vector<int>& part) {
        const auto whole = jpeg_ls(half, part);
        const Bytes scan{0xFF, 0xDA, 0, 8};
        const auto begin = std::ranges::search(whole, scan).begin() + 10;
        Bytes bytes(begin, whole.end() - 2);
        if (bytes.back() == 0xFF) bytes.pop_back();  // fill
        return bytes;
    };
    Bytes stream = test::jpeg_head(0xF7, image);
    test::append(stream, test::jpeg_segment(0xDD, {0, 4}));
    test::append(stream, test::jpeg_segment(0xDA, {1, 1, 0, 0, 0, 0}));
    test::append(stream, coded(upper));
    test::append(stream, {0xFF, 0xD0});
    test::append(stream, coded(lower));
    test::append(stream, {0xFF, 0xD9});
    EXPECT_EQ(decode(stream, EXS_JPEGLSLossless, described(image, 12)), pixels) << refusal.message;
}

TEST_F(CompressedFrame, OfJpegLsInColoursIsReadPixelByPixel) {
    using enum charls::interleave_mode;
    ImageDescription colour = described({5, 4, 8}, 8, 8);
    colour.samples_per_pixel = 3;
    std::vector<int> planes(60), pixels(60);
    for (int i = 0; i < 20; ++i)
        for (int c = 0; c < 3; ++c)
            planes[static_cast<std::size_t>(c * 20 + i)] = pixels[static_cast<std::size_t>(i * 3 + c)] =
                (i * 7 + c * 50) % 256;
    for (const auto mode : {none, line, sample}) {
        const auto stream = test::encode_jpeg_ls({5, 4, 8, 3, mode}, mode == none ? planes : pixels);
        EXPECT_EQ(decode(stream, EXS_JPEGLSLossless, colour), pixels) << refusal.message;
    }
}

TEST_F(CompressedFrame, OfAnotherSizeThanTheImageIsRefused) {
    const JpegImage image{.rows = 9, .columns = 7, .precision = 12};
    for (const auto& [stream, syntax] :
         {std::pair{test::jpeg_lossless_of(image, texture(image)), EXS_JPEGProcess14SV1},
          std::pair{jpeg_ls(image, texture(image)), EXS_JPEGLSLossless}}) {
        for (const JpegImage& other : {JpegImage{10, 7, 12}, JpegImage{9, 8, 12}}) {
            decode(stream, syntax, described(other, 12));
            EXPECT_EQ(refusal.code, "undecodable");
        }
        decode(stream, syntax, described(image, 8, 8));
        EXPECT_EQ(refusal.code, "undecodable");
    }
}

}  // namespace
}  // namespace hilum::model
