// Pixel data that is not as the header says.
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/model/decoder/pixels/evidence/soft_picture.h"
#include "unit/model/decoder/radiograph_decoder_fixture.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

using Words = std::vector<std::uint16_t>;
using Bytes = std::vector<std::uint8_t>;

// As smooth as can be: rising evenly from 0 to `top`.
template <typename Word = std::uint16_t>
std::vector<Word> smooth(int top) {
    std::vector<Word> words;
    for (int i = 0; i < rows * columns; ++i)
        words.push_back(static_cast<Word>(i * top / (rows * columns - 1)));
    return words;
}

class PixelDataDefect : public RadiographDecoder {
  protected:
    void bits(int allocated, int stored) {
        dataset().putAndInsertUint16(DCM_BitsAllocated, static_cast<Uint16>(allocated));
        dataset().putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(stored));
        dataset().putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(stored - 1));
    }
    void fill(const Words& words) {
        dataset().putAndInsertUint16Array(DCM_PixelData, words.data(), words.size());
        reload(EXS_LittleEndianExplicit);
    }
    void fill(const Bytes& bytes) {
        dataset().putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
        reload(EXS_LittleEndianExplicit);
    }
    // Decodes; the codes of what is told.
    std::vector<std::string> told() {
        image = decode_pixels(dataset(), plenty);
        EXPECT_TRUE(image) << image.error().message;
        std::vector<std::string> codes;
        for (const auto& note : image.value().notes) codes.push_back(note.code);
        return codes;
    }
    std::vector<int> values() const {
        std::vector<int> all;
        const auto& pixels = image->pixels;
        for (const auto word : pixels.words) all.push_back(pixels.encoding.value(word));
        for (const auto byte : pixels.bytes) all.push_back(pixels.encoding.value(byte));
        return all;
    }
    template <typename Word>
    static std::vector<int> capped(const std::vector<Word>& words, int most) {
        std::vector<int> all;
        for (const int word : words) all.push_back(std::min(word, most));
        return all;
    }
    std::string refusal_message() {
        const auto refused = decode_pixels(dataset(), plenty);
        return refused ? "" : refused.error().code + ": " + refused.error().message;
    }

    const std::vector<std::string> nothing, samples{"samples"}, longer{"pixel_data_length"}, frames{"frames"},
        byte_order{"byte_order"};
    Analysable<DecodedImage> image{DecodedImage{}};
};

// A wrapped grey would be an edge that nobody has.
TEST_F(PixelDataDefect, OfBitsStoredThatAreTooFewIsClampedAndTold) {
    const auto words = smooth(1500);
    for (const auto syntax : {EXS_LittleEndianExplicit, EXS_BigEndianExplicit, EXS_RLELossless}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        bits(16, 10);
        fill(words);
        if (syntax == EXS_RLELossless)
            compress(syntax);
        else
            reload(syntax);
        EXPECT_EQ(told(), samples);
        EXPECT_EQ(values(), capped(words, 1023)) << DcmXfer(syntax).getXferName();
    }
}

TEST_F(PixelDataDefect, OfBitsStoredThatAreTooFewForBytesIsClampedToo) {
    const auto bytes = smooth<std::uint8_t>(180);
    bits(8, 7);
    fill(bytes);
    EXPECT_EQ(told(), samples);
    EXPECT_EQ(values(), capped(bytes, 127));
}

TEST_F(PixelDataDefect, OfBitsStoredThatAreTooFewForMostSamplesIsRefused) {
    bits(16, 10);
    fill(smooth(4095));
    EXPECT_NE(refusal_message().find("more bits than its header says"), std::string::npos);
    compress(EXS_RLELossless);
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(PixelDataDefect, OfAnOverlayOrGarbageAboveTheHighBitIsReadWithoutIt) {
    const auto words = smooth(4095);
    Words with_overlay = words, with_garbage = words;
    for (std::size_t i = 400; i < 900; ++i) with_overlay[i] |= 0x1000;
    for (auto& word : with_garbage) word |= 0xF000;
    for (const Words& stored : {with_overlay, with_garbage})
        for (const auto syntax : {EXS_LittleEndianExplicit, EXS_RLELossless}) {
            format = std::make_unique<DcmFileFormat>();
            test::fill_radiograph(dataset(), rows, columns);
            fill(stored);
            if (syntax == EXS_RLELossless) compress(syntax);
            EXPECT_EQ(told(), nothing);
            EXPECT_EQ(values(), capped(words, 4095)) << DcmXfer(syntax).getXferName();
        }
}

TEST_F(PixelDataDefect, IsNoSignThatWasExtended) {
    Words words = smooth(900);
    for (auto& word : words) word = static_cast<std::uint16_t>(word - 450);
    bits(16, 10);
    dataset().putAndInsertUint16(DCM_PixelRepresentation, 1);
    fill(words);
    EXPECT_EQ(told(), nothing);
    EXPECT_EQ(values().front(), -450);
    EXPECT_EQ(values().back(), 450);
}

TEST_F(PixelDataDefect, OfMoreBytesThanTheHeaderSaysIsTold) {
    const auto words = smooth(4095);
    fill(words);
    EXPECT_EQ(told(), nothing);
    for (const std::size_t surplus : {std::size_t{1}, words.size(), 3 * words.size()}) {
        Words more = words;
        for (std::size_t i = 0; i < surplus; ++i) more.push_back(words[i % words.size()]);
        fill(more);
        EXPECT_EQ(told(), longer) << surplus;
        EXPECT_EQ(values(), capped(words, 4095));
    }
}

TEST_F(PixelDataDefect, OfAByteThatMakesItsLengthEvenIsNone) {
    bits(8, 8);
    dataset().putAndInsertUint16(DCM_Rows, rows - 1);
    dataset().putAndInsertUint16(DCM_Columns, columns - 1);
    auto bytes = smooth<std::uint8_t>(200);
    bytes.resize((rows - 1) * (columns - 1) + 1);
    ASSERT_EQ(bytes.size() % 2, 0U);
    fill(bytes);
    EXPECT_EQ(told(), nothing);
}

// RLE of such words has the segment of the lower bytes first.
TEST_F(PixelDataDefect, OfWordsInTheOtherByteOrderIsReadAndTold) {
    const auto soft = test::soft_picture(rows, columns);
    const auto swapped = test::with_swapped_bytes(soft);
    for (const auto syntax : {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit,
                              EXS_DeflatedLittleEndianExplicit, EXS_RLELossless})
        for (const Words& words : {swapped, soft}) {
            format = std::make_unique<DcmFileFormat>();
            test::fill_radiograph(dataset(), rows, columns);
            dataset().putAndInsertUint16Array(DCM_PixelData, words.data(), words.size());
            if (syntax == EXS_RLELossless)
                compress(syntax);
            else
                reload(syntax);
            EXPECT_EQ(told(), words == soft ? nothing : byte_order) << DcmXfer(syntax).getXferName();
            EXPECT_EQ(values(), capped(soft, 4095)) << DcmXfer(syntax).getXferName();
        }
}

TEST_F(PixelDataDefect, OfUnsignedSamplesThatTheHeaderCallsSignedIsReadAndTold) {
    const auto soft = test::soft_picture(rows, columns);
    for (const auto syntax : {EXS_LittleEndianExplicit, EXS_RLELossless, EXS_JPEGProcess14SV1}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        fill(soft);
        if (syntax != EXS_LittleEndianExplicit) compress(syntax);
        dataset().putAndInsertUint16(DCM_PixelRepresentation, 1);
        EXPECT_EQ(told(), std::vector<std::string>{"pixel_representation"});
        EXPECT_EQ(values(), capped(soft, 4095)) << DcmXfer(syntax).getXferName();
        EXPECT_EQ(integer_of(dataset(), DCM_PixelRepresentation), 0) << "for padding and lookup tables";
    }
}

TEST_F(PixelDataDefect, OfAHighBitAboveItsSamplesIsReadAndTold) {
    const auto soft = test::soft_picture(rows, columns);
    fill(soft);
    dataset().putAndInsertUint16(DCM_HighBit, 15);
    EXPECT_EQ(told(), std::vector<std::string>{"bit_depth"});
    EXPECT_EQ(values(), capped(soft, 4095));
}

TEST_F(PixelDataDefect, OfExchangedRowsAndColumnsIsRefused) {
    dataset().putAndInsertUint16(DCM_Rows, columns);
    dataset().putAndInsertUint16(DCM_Columns, rows);
    fill(test::soft_picture(rows, columns));
    EXPECT_NE(refusal_message().find("Rows and Columns are exchanged"), std::string::npos);
    compress(EXS_RLELossless);
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(PixelDataDefect, OfRowsThatArePaddedIsReadWithoutTheirPadding) {
    constexpr int odd = columns - 1;
    Bytes bytes, padded;
    for (const auto word : test::soft_picture(rows, odd)) {
        bytes.push_back(static_cast<std::uint8_t>(word >> 4));
        padded.push_back(bytes.back());
        if (bytes.size() % odd == 0) padded.push_back(0);
    }
    bits(8, 8);
    dataset().putAndInsertUint16(DCM_Columns, odd);
    fill(padded);
    EXPECT_EQ(told(), (std::vector<std::string>{"pixel_data_length", "pixel_data_length"}));
    EXPECT_EQ(values(), capped(bytes, 255));
}

// Bytes out of words are stripes, colours as grey three squeezed images in one.
TEST_F(PixelDataDefect, OfWordsOrColoursWhereTheHeaderSaysBytesIsRefused) {
    const auto bytes = smooth<std::uint8_t>(200);
    for (const auto& [times, words] : {std::pair{2, "twice as long"}, std::pair{3, "three times as long"}}) {
        Bytes all;
        for (int i = 0; i < times; ++i) all.insert(all.end(), bytes.begin(), bytes.end());
        bits(8, 8);
        fill(all);
        EXPECT_NE(refusal_message().find(words), std::string::npos) << refusal_message();
        std::fill(all.begin() + static_cast<std::ptrdiff_t>(bytes.size()), all.end(), std::uint8_t{0});
        fill(all);
        EXPECT_EQ(told(), longer) << "padding";
        EXPECT_EQ(values(), capped(bytes, 255));
    }
    Words colours;
    for (int i = 0; i < 3 * rows * columns; ++i) colours.push_back(static_cast<std::uint16_t>(i % 4096));
    bits(16, 12);
    fill(colours);
    EXPECT_NE(refusal_message().find("three times as long"), std::string::npos);
}

TEST_F(PixelDataDefect, OfMoreCompressedFramesThanTheHeaderSaysIsTold) {
    const auto expected = capped(test::rising_pixels(rows, columns), 4095);
    for (const auto syntax : {EXS_JPEGLSLossless, EXS_JPEGProcess14SV1, EXS_RLELossless}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        compress(syntax);
        const auto one = frame();
        const auto second = static_cast<std::uint32_t>(one.size() + one.size() % 2 + 8);
        test::put_fragments(
            dataset(), {one, one},
            syntax == EXS_RLELossless ? std::vector<std::uint32_t>{0, second} : std::vector<std::uint32_t>{},
            syntax);
        reload(syntax);
        EXPECT_EQ(told(), frames) << DcmXfer(syntax).getXferName();
        EXPECT_EQ(values(), expected);
        const auto middle = one.begin() + static_cast<std::ptrdiff_t>(one.size() / 4 * 2);
        test::put_fragments(dataset(), {{one.begin(), middle}, {middle, one.end()}}, {0}, syntax);
        reload(syntax);
        EXPECT_EQ(told(), nothing) << "its one frame in two fragments";
    }
}

}  // namespace
}  // namespace hilum::model
