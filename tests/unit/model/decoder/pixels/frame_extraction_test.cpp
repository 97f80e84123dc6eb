#include "model/decoder/pixels/frame_extraction.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrlerp.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"
#include "support/temporary_folder.h"
#include "unit/model/decoder/pixels/jpeg2000_encoding.h"
#include "unit/model/decoder/pixels/jpeg_ls_bytes.h"
#include "unit/model/decoder/pixels/test_encoders.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::uint16_t>;

constexpr int rows = 48, columns = 40, frames = 3;
constexpr std::uint64_t pixels_of_frame = rows * columns;

Words pixels_of(int frame) {
    Words pixels = test::rising_pixels(rows, columns);
    std::ranges::for_each(pixels, [&](std::uint16_t& word) { word = (word * 7 + 1000 * frame) % 4096; });
    return pixels;
}

// An image of three frames, written and read again before each look at it.
class FrameExtraction : public testing::Test {
  protected:
    static void SetUpTestSuite() { test::register_codecs(); }
    void SetUp() override { fill(); }

    DcmDataset& dataset() { return *format->getDataset(); }
    void put(const DcmTagKey& tag, int value) {
        dataset().putAndInsertUint16(tag, static_cast<Uint16>(value));
    }
    void fill() {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        dataset().putAndInsertString(DCM_NumberOfFrames, std::to_string(frames).c_str());
        Words all;
        for (int frame = 1; frame <= frames; ++frame) {
            const Words one = pixels_of(frame);
            all.insert(all.end(), one.begin(), one.end());
        }
        dataset().putAndInsertUint16Array(DCM_PixelData, all.data(), all.size());
        save(EXS_LittleEndianExplicit);
    }
    // Every pixel of 8 bits; frame n has `samples` + n - 1 throughout.
    void fill_bytes(const char* photometric, int samples_per_pixel, int columns_of_frame,
                    const Bytes& samples, int repetitions) {
        put(DCM_Columns, columns_of_frame);
        put(DCM_SamplesPerPixel, samples_per_pixel);
        put(DCM_PlanarConfiguration, 0);
        put(DCM_BitsAllocated, 8);
        put(DCM_BitsStored, 8);
        put(DCM_HighBit, 7);
        dataset().putAndInsertString(DCM_PhotometricInterpretation, photometric);
        Bytes all;
        for (int frame = 0; frame < frames; ++frame)
            for (int i = 0; i < repetitions; ++i)
                for (const auto sample : samples) all.push_back(static_cast<std::uint8_t>(sample + frame));
        dataset().putAndInsertUint8Array(DCM_PixelData, all.data(), all.size());
        save(EXS_LittleEndianExplicit);
    }
    void save(E_TransferSyntax syntax) {
        ASSERT_TRUE(format->saveFile((folder / "image.dcm").c_str(), syntax).good());
        reload();
    }
    void reload() {
        auto loaded = load_dicom_file(folder / "image.dcm");
        ASSERT_TRUE(loaded) << loaded.error().message;
        format = std::move(*loaded);
    }
    void compress(E_TransferSyntax syntax) {
        const DJ_RPLossless jpeg;
        const DcmRLERepresentationParameter rle;
        const DcmRepresentationParameter* parameter = &rle;
        if (syntax == EXS_JPEGProcess14SV1) parameter = &jpeg;
        fill();
        if (syntax == EXS_JPEGLSLossless)
            test::put_fragments(dataset(), jpeg_ls_fragments(), {}, syntax);
        else
            ASSERT_TRUE(dataset().chooseRepresentation(syntax, parameter).good());
        save(syntax);
    }

    // The fragments of each frame, one each as encoders write them.
    std::vector<Bytes> fragments_of(E_TransferSyntax syntax) {
        compress(syntax);
        DcmElement* element = nullptr;
        DcmPixelSequence* sequence = nullptr;
        EXPECT_TRUE(dataset().findAndGetElement(DCM_PixelData, element).good());
        EXPECT_TRUE(dynamic_cast<DcmPixelData*>(element)
                        ->getEncapsulatedRepresentation(syntax, nullptr, sequence)
                        .good());
        std::vector<Bytes> fragments;
        for (unsigned long i = 1; i < sequence->card(); ++i) {
            DcmPixelItem* item = nullptr;
            Uint8* bytes = nullptr;
            EXPECT_TRUE(sequence->getItem(item, i).good() && item->getUint8Array(bytes).good());
            fragments.emplace_back(bytes, bytes + item->getLength());
        }
        return fragments;
    }
    static std::vector<Bytes> jpeg_ls_fragments() {
        std::vector<Bytes> fragments;
        for (int frame = 1; frame <= frames; ++frame)
            fragments.push_back(test::encode_jpeg_ls({rows, columns, 12}, pixels_of(frame)));
        return fragments;
    }
    static std::vector<Bytes> jpeg2000_fragments() {
        std::vector<Bytes> fragments;
        for (int frame = 1; frame <= frames; ++frame) {
            const Words pixels = pixels_of(frame);
            fragments.push_back(test::encode_jpeg2000({}, {pixels.begin(), pixels.end()}));
            if (fragments.back().size() % 2 != 0) fragments.back().push_back(0);
        }
        return fragments;
    }
    void set_fragments(const std::vector<Bytes>& fragments, const std::vector<std::uint32_t>& offsets,
                       E_TransferSyntax syntax) {
        fill();
        test::put_fragments(dataset(), fragments, offsets, syntax);
        save(syntax);
    }

    void expect_every_frame(const char* what) {
        for (const int frame : {2, 3, 1}) {
            reload();
            const auto image = decode_pixels(dataset(), pixels_of_frame, frame);
            ASSERT_TRUE(image) << what << ": " << image.error().message;
            EXPECT_TRUE(std::ranges::equal(image->pixels.words, pixels_of(frame))) << what << " " << frame;
            EXPECT_EQ(number_of_frames(dataset()), 1);
        }
    }
    void expect_refusal(int frame, const std::string& code, const std::string& words) {
        const auto image = decode_pixels(dataset(), pixels_of_frame, frame);
        ASSERT_FALSE(image);
        EXPECT_EQ(image.error().code, code);
        EXPECT_NE(image.error().message.find(words), std::string::npos) << image.error().message;
    }

    test::TemporaryFolder folder;
    std::unique_ptr<DcmFileFormat> format;
};

// The halves of each frame's fragment as fragments of their own, and where the frames begin among them.
struct Halves {
    std::vector<Bytes> fragments;
    std::vector<std::uint32_t> offsets;
};

Halves halved(const std::vector<Bytes>& whole) {
    Halves halves;
    std::uint32_t offset = 0;
    for (const Bytes& frame : whole) {
        const auto middle = frame.begin() + static_cast<std::ptrdiff_t>(frame.size() / 4 * 2);
        halves.fragments.emplace_back(frame.begin(), middle);
        halves.fragments.emplace_back(middle, frame.end());
        halves.offsets.push_back(offset);
        offset += static_cast<std::uint32_t>(frame.size() + 16);
    }
    return halves;
}

TEST_F(FrameExtraction, TakesEveryFrameOfNativePixelData) {
    for (const auto syntax : {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit,
                              EXS_DeflatedLittleEndianExplicit}) {
        fill();
        save(syntax);
        expect_every_frame(DcmXfer(syntax).getXferName());
    }
}

TEST_F(FrameExtraction, FindsFramesOfAnOddNumberOfBytes) {
    constexpr int odd_columns = 41;
    put(DCM_Rows, 47);
    fill_bytes("MONOCHROME2", 1, odd_columns, {10}, 47 * odd_columns);
    for (const auto syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
        save(syntax);
        for (const int frame : {3, 2, 1}) {
            reload();
            const auto image = decode_pixels(dataset(), pixels_of_frame * 2, frame);
            ASSERT_TRUE(image) << image.error().message;
            ASSERT_EQ(image->pixels.bytes.size(), 47U * odd_columns);
            for (const int value : image->pixels.bytes)
                ASSERT_EQ(value, 9 + frame) << DcmXfer(syntax).getXferName();
        }
        reload();
    }
}

TEST_F(FrameExtraction, TakesEveryFrameOfAColourImage) {
    struct Kind {
        const char* photometric;
        Bytes samples;
        int repetitions;
    };
    for (const auto& [photometric, samples, repetitions] :
         {Kind{"RGB", {60, 60, 60}, rows * columns}, Kind{"YBR_FULL", {60, 128, 128}, rows * columns},
          Kind{"YBR_FULL_422", {60, 60, 128, 128}, rows * columns / 2}}) {
        fill();
        fill_bytes(photometric, 3, columns, samples, repetitions);
        for (const int frame : {3, 1, 2}) {
            reload();
            const auto image = decode_pixels(dataset(), pixels_of_frame * 3, frame);
            ASSERT_TRUE(image) << image.error().message;
            for (const int value : image->pixels.words) ASSERT_EQ(value, 59 + frame) << photometric;
        }
    }
}

TEST_F(FrameExtraction, TakesEveryFrameThatIsAFragment) {
    for (const auto syntax : {EXS_RLELossless, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless}) {
        const auto fragments = fragments_of(syntax);
        ASSERT_EQ(fragments.size(), 3U);
        expect_every_frame(DcmXfer(syntax).getXferName());
        set_fragments(fragments, {}, syntax);
        expect_every_frame("without an offset table");
    }
    set_fragments(jpeg2000_fragments(), {}, EXS_JPEG2000LosslessOnly);
    expect_every_frame("JPEG 2000");
}

TEST_F(FrameExtraction, JoinsTheFragmentsOfAFrame) {
    for (const auto syntax : {EXS_JPEGProcess14SV1, EXS_JPEGLSLossless, EXS_JPEG2000LosslessOnly}) {
        const auto [fragments, offsets] =
            halved(syntax == EXS_JPEG2000LosslessOnly ? jpeg2000_fragments() : fragments_of(syntax));
        set_fragments(fragments, offsets, syntax);
        expect_every_frame("with an offset table");
        set_fragments(fragments, {}, syntax);
        expect_every_frame("without an offset table");
        set_fragments(fragments, {0, offsets[1] + 2, offsets[2]}, syntax);
        expect_every_frame("with a wrong offset table");
    }
    const auto [fragments, offsets] = halved(fragments_of(EXS_RLELossless));
    set_fragments(fragments, offsets, EXS_RLELossless);
    expect_every_frame("RLE, as the standard forbids it");
}

TEST_F(FrameExtraction, RefusesWhatDoesNotTellWhereItsFramesBegin) {
    const auto [fragments, offsets] = halved(fragments_of(EXS_RLELossless));
    set_fragments(fragments, {}, EXS_RLELossless);
    expect_refusal(2, "undecodable", "does not tell where its frames begin");
    const auto last_fragment = static_cast<std::uint32_t>(offsets[2] + 8 + fragments[4].size());
    for (const auto& wrong : {std::vector<std::uint32_t>{0, 0, offsets[2]},  // frames overlap
                              {0, offsets[2], offsets[1]},                   // out of order
                              {offsets[1], offsets[2], last_fragment},       // fragments before the first
                              {0, offsets[1], 4'000'000'000U},               // behind the end
                              {0, offsets[1]}}) {                            // too few
        set_fragments(fragments, wrong, EXS_RLELossless);
        expect_refusal(2, "undecodable", "offset table");
    }
}

TEST_F(FrameExtraction, RefusesAFrameThatTheImageDoesNotHave) {
    for (const int frame : {-1, 0, 4}) expect_refusal(frame, "undecodable", "none of the number");
    auto fragments = fragments_of(EXS_JPEGProcess14SV1);
    fragments.pop_back();
    set_fragments(fragments, {}, EXS_JPEGProcess14SV1);
    expect_refusal(1, "undecodable", "fewer frames");
}

TEST_F(FrameExtraction, RefusesLessPixelDataThanTheHeaderSays) {
    dataset().putAndInsertString(DCM_NumberOfFrames, "4");
    expect_refusal(1, "undecodable", "less pixel data");
    expect_refusal(4, "undecodable", "less pixel data");
}

TEST_F(FrameExtraction, RefusesMoreFramesOrFragmentsThanItLooksThrough) {
    dataset().putAndInsertString(DCM_NumberOfFrames, "20001");
    expect_refusal(1, "too_large", "frames");
    set_fragments(std::vector<Bytes>(30'000, Bytes(2, 0)), {}, EXS_RLELossless);
    expect_refusal(1, "too_large", "fragments");
}

TEST_F(FrameExtraction, LeavesAnImageOfOneFrameAsItIs) {
    delete dataset().remove(DCM_NumberOfFrames);
    EXPECT_TRUE(keep_frame(dataset(), 1, pixels_of_frame * 2));
    EXPECT_FALSE(dataset().tagExists(DCM_NumberOfFrames));
    EXPECT_EQ(keep_frame(dataset(), 2, pixels_of_frame * 2).error().code, "undecodable");
}

}  // namespace
}  // namespace hilum::model
