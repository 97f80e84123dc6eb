#include "model/decoder/radiograph_decoder.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "dicom/transfer_syntaxes.h"
#include "unit/model/decoder/radiograph_decoder_fixture.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

TEST_F(RadiographDecoder, GivesTheSamePixelsFromEachTransferSyntax) {
    const auto expected = test::rising_pixels(rows, columns);
    for (const auto syntax : {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit,
                              EXS_DeflatedLittleEndianExplicit}) {
        reload(syntax);
        const auto pixels = decode_pixels(dataset(), plenty);
        ASSERT_TRUE(pixels) << pixels.error().message;
        EXPECT_TRUE(std::ranges::equal(pixels->pixels.words, expected)) << DcmXfer(syntax).getXferName();
    }
    for (const auto syntax : {EXS_RLELossless, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        compress(syntax);
        const auto pixels = decode_pixels(dataset(), plenty);
        ASSERT_TRUE(pixels) << pixels.error().message;
        EXPECT_TRUE(std::ranges::equal(pixels->pixels.words, expected)) << DcmXfer(syntax).getXferName();
        EXPECT_EQ(pixels->pixels.rows, rows);
        EXPECT_EQ(pixels->pixels.columns, columns);
        EXPECT_EQ(pixels->pixels.encoding.bits_stored, 12);
    }
}

// Those of compressed pixels are decoded; what is none of any codec is refused as damaged, not as unknown.
TEST_F(RadiographDecoder, HasACodecForEveryTransferSyntaxThatIsNegotiated) {
    for (const auto& syntax : transfer_syntaxes()) {
        const DcmXfer known(std::string(syntax.uid).c_str());
        ASSERT_NE(known.getXfer(), EXS_Unknown) << syntax.name;
        if (!known.isEncapsulated()) continue;
        EXPECT_EQ(syntax.encoding, DatasetEncoding::explicit_little_endian) << syntax.name;
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        test::put_fragments(dataset(), {std::vector<std::uint8_t>(100, 0x55)}, {}, known.getXfer());
        reload(known.getXfer());
        EXPECT_EQ(refusal(), "undecodable") << syntax.name;
    }
}

TEST_F(RadiographDecoder, ReadsEightBitsOfABigEndianWord) {
    std::vector<std::uint8_t> bytes(rows * columns);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    dataset().putAndInsertUint16(DCM_BitsAllocated, 8);
    dataset().putAndInsertUint16(DCM_BitsStored, 8);
    dataset().putAndInsertUint16(DCM_HighBit, 7);
    dataset().putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
    reload(EXS_BigEndianExplicit);
    const auto pixels = decode_pixels(dataset(), plenty);
    ASSERT_TRUE(pixels) << pixels.error().message;
    EXPECT_TRUE(std::ranges::equal(pixels->pixels.bytes, bytes));
}

TEST_F(RadiographDecoder, TakesTheFirstOfSeveralFrames) {
    auto two = test::rising_pixels(rows, columns);
    const auto first = two;
    two.insert(two.end(), first.size(), 7);
    dataset().putAndInsertString(DCM_NumberOfFrames, "2");
    dataset().putAndInsertUint16Array(DCM_PixelData, two.data(), two.size());
    reload(EXS_LittleEndianExplicit);
    const auto pixels = decode_pixels(dataset(), plenty);
    ASSERT_TRUE(pixels) << pixels.error().message;
    EXPECT_TRUE(std::ranges::equal(pixels->pixels.words, first));
}

TEST_F(RadiographDecoder, RefusesMorePixelsThanItMayDecode) {
    EXPECT_EQ(refusal(rows * columns), "");
    EXPECT_EQ(refusal(rows * columns - 1), "too_large");
    dataset().putAndInsertString(DCM_NumberOfFrames, "2147483647");
    EXPECT_EQ(refusal(200'000'000), "too_large");
}

TEST_F(RadiographDecoder, RefusesASmallFileThatUnpacksToAHugeImage) {
    compress(EXS_RLELossless);
    dataset().putAndInsertUint16(DCM_Rows, 65535);
    dataset().putAndInsertUint16(DCM_Columns, 65535);
    EXPECT_EQ(refusal(200'000'000), "too_large");
}

TEST_F(RadiographDecoder, RefusesAFrameOfMorePixelsThanDetectorsHave) {
    compress(EXS_RLELossless);
    dataset().putAndInsertUint16(DCM_Rows, 7072);  // x 7072 = 50,013,184
    dataset().putAndInsertUint16(DCM_Columns, 7072);
    EXPECT_EQ(refusal(200'000'000), "too_large");
    dataset().putAndInsertUint16(DCM_Columns, 7070);
    EXPECT_EQ(refusal(200'000'000), "undecodable");  // as the frame is shorter
}

// DCMTK would fill up what is missing.
TEST_F(RadiographDecoder, RefusesAJpegStreamThatEndsEarly) {
    compress(EXS_JPEGProcess14SV1);
    const auto whole = frame();
    for (const std::size_t length : {whole.size() / 2, whole.size() * 9 / 10}) {
        auto cut = std::vector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        cut.insert(cut.end(), {0xFF, 0xD9});
        compress(EXS_JPEGProcess14SV1, cut);
        EXPECT_EQ(refusal(), "undecodable") << length;
    }
    compress(EXS_JPEGProcess14SV1, whole, 10);  // padding is no damage
    EXPECT_EQ(refusal(), "");
}

TEST_F(RadiographDecoder, RefusesAProcessOfJpegThatItsTransferSyntaxDoesNotHave) {
    compress(EXS_JPEGProcess14SV1);
    auto stream = frame();
    const std::uint8_t lossless[] = {0xFF, 0xC3};
    const auto header = std::ranges::search(stream, lossless).begin();
    ASSERT_NE(header, stream.end());
    struct Kind {
        std::uint8_t marker;
        const char *code, *words;
    };
    for (const auto& [marker, code, words] : {Kind{0xC2, "unsupported_compression", "progressive JPEG"},
                                              Kind{0xC7, "unsupported_compression", "hierarchical JPEG"},
                                              Kind{0xC9, "unsupported_compression", "arithmetic coding"},
                                              Kind{0xF7, "undecodable", "transfer syntax"}}) {
        header[1] = marker;
        compress(EXS_JPEGProcess14SV1, stream);
        const auto pixels = decode_pixels(dataset(), plenty);
        ASSERT_FALSE(pixels);
        EXPECT_EQ(pixels.error().code, code);
        EXPECT_NE(pixels.error().message.find(words), std::string::npos) << pixels.error().message;
    }
}

TEST_F(RadiographDecoder, RefusesMoreFragmentsThanDcmtkCanWalkThrough) {
    for (const auto& [count, expected] : {std::pair{10'000, ""}, std::pair{200'000, "too_large"}}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        compress(EXS_JPEGLSLossless);
        for (int i = 0; i < count; ++i)
            fragments()->insert(new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB)));
        EXPECT_EQ(refusal(), expected);
    }
}

TEST_F(RadiographDecoder, RefusesARunLengthStreamThatIsTooShort) {
    compress(EXS_RLELossless);
    dataset().putAndInsertUint16(DCM_Rows, 1000);
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(RadiographDecoder, RefusesAJpegStreamOfAnotherSizeThanTheImage) {
    for (const auto syntax : {EXS_JPEGProcess14SV1, EXS_JPEGLSLossless}) {
        for (const auto& [tag, value] : {std::pair{DCM_Rows, rows - 1}, std::pair{DCM_Rows, rows + 1},
                                         std::pair{DCM_Columns, columns / 2}}) {
            format = std::make_unique<DcmFileFormat>();
            test::fill_radiograph(dataset(), rows, columns);
            compress(syntax);
            dataset().putAndInsertUint16(tag, static_cast<Uint16>(value));
            EXPECT_EQ(refusal(), "undecodable");
        }
    }
}

TEST_F(RadiographDecoder, RefusesWhatHasLessPixelDataThanItSays) {
    const auto pixels = test::rising_pixels(rows, columns);
    dataset().putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size() - 1);
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(RadiographDecoder, RefusesAnImageWithoutPixelsOrSize) {
    dataset().putAndInsertUint16(DCM_Rows, 0);
    EXPECT_EQ(refusal(), "undecodable");
    dataset().putAndInsertUint16(DCM_Rows, rows);
    delete dataset().remove(DCM_PixelData);
    EXPECT_EQ(refusal(), "undecodable");
    delete dataset().remove(DCM_BitsStored);
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(RadiographDecoder, ReadsNoFramesAsOne) {
    dataset().putAndInsertString(DCM_NumberOfFrames, "0");
    const auto image = decode_pixels(dataset(), plenty);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_TRUE(std::ranges::equal(image->pixels.words, test::rising_pixels(rows, columns)));
    EXPECT_EQ(image->notes.front().code, "frames");
    dataset().putAndInsertString(DCM_NumberOfFrames, "-1");
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(RadiographDecoder, JoinsTheFragmentsOfItsOneFrame) {
    for (const auto syntax : {EXS_RLELossless, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        compress(syntax);
        const auto whole = frame();
        const auto middle = whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 4 * 2);
        test::put_fragments(dataset(), {{whole.begin(), middle}, {middle, whole.end()}}, {}, syntax);
        reload(syntax);
        const auto image = decode_pixels(dataset(), plenty);
        ASSERT_TRUE(image) << image.error().message;
        EXPECT_TRUE(std::ranges::equal(image->pixels.words, test::rising_pixels(rows, columns)));
    }
}

TEST_F(RadiographDecoder, RefusesFragmentsWhereNativePixelsBelong) {
    compress(EXS_JPEGProcess14SV1);
    std::vector<std::vector<std::uint8_t>> one{frame()};
    format = std::make_unique<DcmFileFormat>();
    test::fill_radiograph(dataset(), rows, columns);
    delete dataset().remove(DCM_PixelData);
    reload(EXS_LittleEndianExplicit);
    test::put_fragments(dataset(), one, {}, EXS_LittleEndianExplicit);
    const auto image = decode_pixels(dataset(), plenty);
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, "undecodable");
    EXPECT_NE(image.error().message.find("says that it is not"), std::string::npos) << image.error().message;
}

// An icon is decompressed by nobody, whatever it is.
TEST_F(RadiographDecoder, LeavesIconsAlone) {
    for (const auto syntax :
         {EXS_RLELossless, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless, EXS_LittleEndianExplicit}) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        if (syntax == EXS_LittleEndianExplicit)
            reload(syntax);
        else
            compress(syntax);
        DcmItem* icon = nullptr;
        ASSERT_TRUE(dataset().findOrCreateSequenceItem(DCM_IconImageSequence, icon, -2).good());
        auto* const sequence = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
        for (const char* bytes : {"", "no stream of any codec "}) {
            auto* const item = new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB));
            item->putUint8Array(reinterpret_cast<const Uint8*>(bytes), std::strlen(bytes));
            sequence->insert(item);
        }
        auto* const pixel_data = new DcmPixelData(DCM_PixelData);
        pixel_data->putOriginalRepresentation(syntax, nullptr, sequence);
        icon->insert(pixel_data, true);
        const auto image = decode_pixels(dataset(), plenty);
        ASSERT_TRUE(image) << image.error().message;
        EXPECT_TRUE(std::ranges::equal(image->pixels.words, test::rising_pixels(rows, columns)));
    }
}

TEST_F(RadiographDecoder, FindsTheOrderOfBytesInBigEndianWords) {
    std::vector<std::uint16_t> smooth(rows * columns);
    for (std::size_t i = 0; i < smooth.size(); ++i) smooth[i] = static_cast<std::uint16_t>(i / 2 + i % 7);
    for (const bool big : {false, true}) {
        std::vector<std::uint8_t> bytes;
        for (const unsigned word : smooth) {
            bytes.push_back(static_cast<std::uint8_t>(big ? word >> 8 : word));
            bytes.push_back(static_cast<std::uint8_t>(big ? word : word >> 8));
        }
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        auto* const pixel_data = new DcmPixelData(DcmTag(DCM_PixelData, EVR_OB));
        pixel_data->setVR(EVR_OB);
        ASSERT_TRUE(pixel_data->putUint8Array(bytes.data(), bytes.size()).good());
        dataset().insert(pixel_data, true);
        reload(EXS_BigEndianExplicit);
        const auto image = decode_pixels(dataset(), plenty);
        ASSERT_TRUE(image) << image.error().message;
        EXPECT_TRUE(std::ranges::equal(image->pixels.words, smooth)) << big;
        EXPECT_EQ(image->notes.empty() ? "" : image->notes.front().code, "byte_order");
    }
}

TEST_F(RadiographDecoder, LeavesBitsOfNativeWordsThatAreNotStored) {
    auto words = test::rising_pixels(rows, columns);
    words[3] |= 0x8000;  // an overlay's
    dataset().putAndInsertUint16Array(DCM_PixelData, words.data(), words.size());
    reload(EXS_LittleEndianExplicit);
    const auto image = decode_pixels(dataset(), plenty);
    ASSERT_TRUE(image);
    EXPECT_EQ(image->pixels.encoding.value(image->pixels.words[3]), 9);
    EXPECT_TRUE(image->notes.empty());
}

TEST_F(RadiographDecoder, RefusesKindsOfPixelsThatItDoesNotKnow) {
    for (const auto& [photometric, samples] :
         {std::pair{"HSV", 3}, std::pair{"RGB", 1}, std::pair{"MONOCHROME2", 3}, std::pair{"", 1}}) {
        dataset().putAndInsertString(DCM_PhotometricInterpretation, photometric);
        dataset().putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(samples));
        EXPECT_EQ(refusal(), "photometric_interpretation") << photometric;
    }
}

TEST_F(RadiographDecoder, RefusesOtherBitDepthsThanEightAndSixteen) {
    for (const int allocated : {0, 1, 12, 32, 64}) {
        dataset().putAndInsertUint16(DCM_BitsAllocated, static_cast<Uint16>(allocated));
        EXPECT_EQ(refusal(), "bit_depth") << allocated;
    }
    dataset().putAndInsertUint16(DCM_BitsAllocated, 16);
    dataset().putAndInsertUint16(DCM_BitsStored, 17);
    EXPECT_EQ(refusal(), "bit_depth");
    dataset().putAndInsertUint16(DCM_BitsStored, 12);
    dataset().putAndInsertUint16(DCM_HighBit, 10);
    EXPECT_EQ(refusal(), "bit_depth");
    dataset().putAndInsertUint16(DCM_HighBit, 16);
    EXPECT_EQ(refusal(), "bit_depth");
}

}  // namespace
}  // namespace hilum::model
