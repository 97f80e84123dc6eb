#include "model/decoder/pixels/jpeg2000/jpeg2000_codec.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"
#include "unit/model/decoder/pixels/jpeg2000_encoding.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

using test::Jpeg2000Encoding;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t plenty = 1'000'000;

class Jpeg2000Codec : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        prepare_dcmtk();
        register_decoders();
    }

    DcmDataset& dataset() { return *format->getDataset(); }

    void describe(const Jpeg2000Encoding& encoding) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), encoding.rows, encoding.columns);
        const int allocated = encoding.precision > 8 ? 16 : 8;
        put(DCM_BitsAllocated, allocated);
        put(DCM_BitsStored, encoding.precision);
        put(DCM_HighBit, encoding.precision - 1);
        put(DCM_PixelRepresentation, encoding.is_signed ? 1 : 0);
        put(DCM_SamplesPerPixel, encoding.components);
        if (encoding.components == 3) photometric("YBR_RCT");
    }
    void put(const DcmTagKey& tag, int value) {
        dataset().putAndInsertUint16(tag, static_cast<Uint16>(value));
    }
    void photometric(const char* interpretation) {
        dataset().putAndInsertString(DCM_PhotometricInterpretation, interpretation);
    }

    // As it would come in: written and read again.
    void set_fragments(const std::vector<Bytes>& fragments, const std::vector<std::uint32_t>& offsets = {},
                       E_TransferSyntax syntax = EXS_JPEG2000LosslessOnly) {
        test::put_fragments(dataset(), fragments, offsets, syntax);
        ASSERT_TRUE(format->saveFile((folder / "image.dcm").c_str(), syntax).good());
        auto loaded = load_dicom_file(folder / "image.dcm");
        ASSERT_TRUE(loaded) << loaded.error().message;
        format = std::move(*loaded);
    }
    void set_image(const Jpeg2000Encoding& encoding, E_TransferSyntax syntax = EXS_JPEG2000LosslessOnly) {
        describe(encoding);
        set_fragments({test::encode_jpeg2000(encoding)}, {}, syntax);
    }

    // The stored values of the first frame, as the rest of the decoder sees them.
    std::vector<int> values() {
        const auto pixels = decode_pixels(dataset(), plenty);
        if (!pixels) {
            ADD_FAILURE() << pixels.error().message;
            return {};
        }
        stored = pixels->pixels.encoding;
        std::vector<int> found;
        for (const auto byte : pixels->pixels.bytes) found.push_back(stored.value(byte));
        for (const auto word : pixels->pixels.words) found.push_back(stored.value(word));
        return found;
    }
    std::string refusal() {
        const auto pixels = decode_pixels(dataset(), plenty);
        if (pixels) return "";
        EXPECT_EQ(pixels.error().code, "undecodable");
        return pixels.error().message;
    }
    std::vector<std::uint16_t> decoded_words() {
        EXPECT_TRUE(dataset().chooseRepresentation(EXS_LittleEndianExplicit, nullptr).good());
        const Uint16* words = nullptr;
        unsigned long count = 0;
        EXPECT_TRUE(dataset().findAndGetUint16Array(DCM_PixelData, words, &count).good());
        return {words, words + count};
    }

    test::TemporaryFolder folder;
    std::unique_ptr<DcmFileFormat> format;
    PixelEncoding stored;
};

TEST_F(Jpeg2000Codec, GivesTheStoredValuesBitForBit) {
    for (const auto syntax : {EXS_JPEG2000LosslessOnly, EXS_JPEG2000})
        for (const int precision : {8, 10, 12, 16})
            for (const bool is_signed : {false, true}) {
                const Jpeg2000Encoding image{
                    .rows = 47, .columns = 41, .precision = precision, .is_signed = is_signed};
                set_image(image, syntax);
                EXPECT_EQ(values(), test::test_samples(image)) << precision << is_signed;
                EXPECT_EQ(stored.bits_stored, precision);
                EXPECT_EQ(stored.is_signed, is_signed);
            }
}

TEST_F(Jpeg2000Codec, DecodesLossyWithinTolerance) {
    const Jpeg2000Encoding image{.rows = 200, .columns = 160, .ratio = 5};
    set_image(image, EXS_JPEG2000);
    const auto found = values(), expected = test::test_samples(image);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 4096 / 50.0);
}

TEST_F(Jpeg2000Codec, JoinsTheFragmentsOfOneFrame) {
    const Jpeg2000Encoding image;
    describe(image);
    const auto whole = test::encode_jpeg2000(image);
    std::vector<Bytes> fragments;
    for (std::size_t i = 0; i < whole.size(); i += 100)
        fragments.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(i),
                               whole.begin() + static_cast<std::ptrdiff_t>(std::min(i + 100, whole.size())));
    ASSERT_GT(fragments.size(), 5U);
    set_fragments(fragments);
    EXPECT_EQ(values(), test::test_samples(image));
}

// Three frames, the second of two fragments; each has other pixels.
class Jpeg2000Frames : public Jpeg2000Codec {
  protected:
    Jpeg2000Frames() {
        samples = test::test_samples(image);
        for (int frame = 0; frame < 3; ++frame) {
            auto shifted = samples;
            for (auto& sample : shifted) sample = (sample + 100 * frame) % 4096;
            expected.insert(expected.end(), shifted.begin(), shifted.end());
            auto bytes = test::encode_jpeg2000(image, shifted);
            if (bytes.size() % 2 != 0) bytes.push_back(0);
            offsets.push_back(offset);
            offset += static_cast<std::uint32_t>(bytes.size() + (frame == 1 ? 16 : 8));
            const auto half = bytes.begin() + (frame == 1 ? 500 : 0);
            if (frame == 1) fragments.emplace_back(bytes.begin(), half);
            fragments.emplace_back(half, bytes.end());
        }
        describe(image);
        dataset().putAndInsertString(DCM_NumberOfFrames, "3");
    }
    const Jpeg2000Encoding image;
    std::vector<int> samples;
    std::vector<std::uint16_t> expected;
    std::vector<Bytes> fragments;
    std::vector<std::uint32_t> offsets;
    std::uint32_t offset = 0;
};

TEST_F(Jpeg2000Frames, AreFoundByTheOffsetTable) {
    set_fragments(fragments, offsets);
    EXPECT_EQ(decoded_words(), expected);
}

TEST_F(Jpeg2000Frames, AreFoundWhereTheOffsetTableIsEmptyOrWrong) {
    set_fragments(fragments);
    EXPECT_EQ(decoded_words(), expected);
    for (const auto& wrong : {std::vector<std::uint32_t>{0, 1, 2}, {0, offsets[1]}}) {
        describe(image);
        dataset().putAndInsertString(DCM_NumberOfFrames, "3");
        set_fragments(fragments, wrong);
        EXPECT_EQ(decoded_words(), expected);
    }
}

TEST_F(Jpeg2000Frames, AreDecodedOneByOne) {
    set_fragments(fragments, offsets);
    DcmElement* element = nullptr;
    ASSERT_TRUE(dataset().findAndGetElement(DCM_PixelData, element).good());
    std::vector<std::uint16_t> frame(samples.size());
    for (const Uint32 i : {2U, 0U, 1U}) {
        Uint32 fragment = 0;
        OFString photometric;
        ASSERT_TRUE(dynamic_cast<DcmPixelData*>(element)
                        ->getUncompressedFrame(&dataset(), i, fragment, frame.data(),
                                               static_cast<Uint32>(frame.size() * 2), photometric)
                        .good());
        EXPECT_TRUE(std::equal(frame.begin(), frame.end(),
                               expected.begin() + static_cast<std::ptrdiff_t>(i * frame.size())));
        EXPECT_EQ(photometric, "MONOCHROME2");
        EXPECT_EQ(fragment, (std::array{2U, 4U, 5U}[i]));
    }
}

TEST_F(Jpeg2000Frames, ThatAreMissingAreAnError) {
    fragments.pop_back();
    fragments.pop_back();
    set_fragments(fragments);
    EXPECT_NE(refusal().find("fewer frames"), std::string::npos);
    describe(image);
    dataset().putAndInsertString(DCM_NumberOfFrames, "2");
    fragments.back() = Bytes(1000, 0);
    fragments.emplace_back(10, 0);
    set_fragments(fragments);
    EXPECT_NE(refusal().find("where its frames begin"), std::string::npos);
}

TEST_F(Jpeg2000Codec, TakesTheSignFromThePixelRepresentation) {
    // Signed values encoded as if they were not, as bits of two's complement.
    Jpeg2000Encoding image{.precision = 13, .is_signed = true};
    const auto values_meant = test::test_samples(image);
    auto bits = values_meant;
    std::ranges::for_each(bits, [](int& value) { value &= 0x1FFF; });
    describe(image);
    image.is_signed = false;
    set_fragments({test::encode_jpeg2000(image, bits)});
    EXPECT_EQ(values(), values_meant);
    // And in words with room for more bits.
    image.is_signed = true;
    describe(image);
    put(DCM_BitsStored, 16);
    put(DCM_HighBit, 15);
    image.is_signed = false;
    set_fragments({test::encode_jpeg2000(image, bits)});
    EXPECT_EQ(values(), values_meant);
}

TEST_F(Jpeg2000Codec, TakesUnsignedValuesFromASignedCodestream) {
    Jpeg2000Encoding image{.precision = 12, .is_signed = false};
    const auto values_meant = test::test_samples(image);
    auto bits = values_meant;
    std::ranges::for_each(bits, [](int& value) { value = value >= 2048 ? value - 4096 : value; });
    describe(image);
    image.is_signed = true;
    set_fragments({test::encode_jpeg2000(image, bits)});
    EXPECT_EQ(values(), values_meant);
}

TEST_F(Jpeg2000Codec, KeepsBitsStoredWhereTheValuesFit) {
    Jpeg2000Encoding image{.precision = 12};
    const auto samples = test::test_samples(image);
    describe(image);
    image.precision = 16;  // as some encoders always say
    set_fragments({test::encode_jpeg2000(image, samples)});
    EXPECT_EQ(values(), samples);
    EXPECT_EQ(stored.bits_stored, 12);
    EXPECT_EQ(stored.high_bit, 11);
    image.precision = 12;
    describe(image);
    put(DCM_BitsStored, 16);
    put(DCM_HighBit, 15);
    set_fragments({test::encode_jpeg2000(image, samples)});
    EXPECT_EQ(values(), samples);
    EXPECT_EQ(stored.bits_stored, 16);
}

TEST_F(Jpeg2000Codec, ClampsWhatBitsStoredCannotHold) {
    for (const auto syntax : {EXS_JPEG2000LosslessOnly, EXS_JPEG2000})
        for (const bool is_signed : {false, true}) {
            Jpeg2000Encoding image{.precision = 12, .is_signed = is_signed};
            auto samples = test::test_samples(image);
            describe(image);
            const int highest = is_signed ? 2047 : 4095, lowest = is_signed ? -2048 : 0;
            for (auto& sample : samples) sample += sample > highest - 600 ? 600 : 0;
            if (is_signed) samples[7] = -2300;
            image.precision = 14;
            set_fragments({test::encode_jpeg2000(image, samples)}, {}, syntax);
            for (auto& sample : samples) sample = std::clamp(sample, lowest, highest);
            EXPECT_EQ(values(), samples) << is_signed;
            EXPECT_EQ(stored.bits_stored, 12);
            EXPECT_EQ(stored.high_bit, 11);
        }
}

TEST_F(Jpeg2000Codec, LeavesBitsAtTheUpperEndOfTheWord) {
    Jpeg2000Encoding image{.precision = 12};
    const auto samples = test::test_samples(image);
    auto words = samples;
    std::ranges::for_each(words, [](int& word) { word <<= 4; });
    describe(image);
    put(DCM_HighBit, 15);
    image.precision = 16;
    set_fragments({test::encode_jpeg2000(image, words)});
    EXPECT_EQ(values(), samples);
    image.precision = 12;  // only the values themselves are encoded
    describe(image);
    put(DCM_HighBit, 15);
    set_fragments({test::encode_jpeg2000(image, samples)});
    EXPECT_EQ(values(), samples);
}

TEST_F(Jpeg2000Codec, DecodesColourPixelByPixelAsRgb) {
    for (const auto* const interpretation : {"RGB", "YBR_RCT", "YBR_ICT", "YBR_FULL"}) {
        const std::string before = interpretation;
        const Jpeg2000Encoding image{
            .components = 3, .precision = 8, .component_transformation = before != "YBR_FULL"};
        describe(image);
        photometric(interpretation);
        set_fragments({test::encode_jpeg2000(image)});
        const auto words = decoded_words();
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(words.data());
        const auto samples = test::test_samples(image);
        EXPECT_TRUE(std::equal(samples.begin(), samples.end(), bytes));
        EXPECT_EQ(text_of(dataset(), DCM_PhotometricInterpretation), before == "YBR_FULL" ? before : "RGB");
        EXPECT_EQ(integer_of(dataset(), DCM_PlanarConfiguration), 0);
    }
}

TEST_F(Jpeg2000Codec, NamesTheReasonWhyItRefuses) {
    const Jpeg2000Encoding image;
    const auto expect_refusal = [&](const Bytes& bytes, const std::string& words) {
        set_fragments({bytes});
        const auto message = refusal();
        EXPECT_NE(message.find(words), std::string::npos) << message;
    };
    const auto good = test::encode_jpeg2000(image);
    describe(image);
    expect_refusal({good.begin(), good.begin() + 700}, "cut off");
    describe(image);
    expect_refusal(Bytes(100, 0x55), "damaged");
    describe(image);
    expect_refusal({}, "damaged");
    describe(image);
    put(DCM_Rows, image.rows + 1);
    expect_refusal(good, "not of the size");
    describe(image);
    put(DCM_BitsAllocated, 8);
    put(DCM_BitsStored, 8);
    put(DCM_HighBit, 7);
    expect_refusal(good, "12 bits a sample");
    Jpeg2000Encoding colour = image;
    colour.components = 3;
    describe(image);
    expect_refusal(test::encode_jpeg2000(colour), "3 components");
}

TEST_F(Jpeg2000Codec, LetsNoEnvironmentStartThreads) {
    ::setenv("OPJ_NUM_THREADS", "4", 1);
    register_jpeg2000_decoder();
    EXPECT_EQ(::getenv("OPJ_NUM_THREADS"), nullptr);
}

TEST_F(Jpeg2000Codec, DoesNotEncode) {
    test::fill_radiograph(*(format = std::make_unique<DcmFileFormat>())->getDataset(), 8, 8);
    EXPECT_TRUE(dataset().chooseRepresentation(EXS_JPEG2000LosslessOnly, nullptr).bad());
}

}  // namespace
}  // namespace hilum::model
