// A radiograph to decode, in whatever transfer syntax a test wants.
#pragma once

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrlerp.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"
#include "support/temporary_folder.h"
#include "unit/model/decoder/pixels/jpeg_ls_bytes.h"
#include "unit/model/decoder/pixels/test_encoders.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {

inline constexpr int rows = 48, columns = 40;
inline constexpr std::uint64_t plenty = 1'000'000;

class RadiographDecoder : public testing::Test {
  protected:
    static void SetUpTestSuite() { test::register_codecs(); }
    void SetUp() override {
        test::fill_radiograph(dataset(), rows, columns);
        reload(EXS_LittleEndianExplicit);
    }

    DcmDataset& dataset() { return *format->getDataset(); }

    // Compressed, written and read again, as it would come in.
    void compress(E_TransferSyntax syntax) {
        const DJ_RPLossless jpeg;
        const DcmRLERepresentationParameter rle;
        const DcmRepresentationParameter* parameter = &rle;
        if (syntax == EXS_JPEGProcess14SV1) parameter = &jpeg;
        if (syntax == EXS_JPEGLSLossless)
            test::put_fragments(
                dataset(), {test::encode_jpeg_ls({rows, columns, 12}, test::rising_pixels(rows, columns))},
                {}, syntax);
        else
            ASSERT_TRUE(dataset().chooseRepresentation(syntax, parameter).good());
        reload(syntax);
    }
    void reload(E_TransferSyntax syntax) {
        ASSERT_TRUE(format->saveFile((folder / "image.dcm").c_str(), syntax).good());
        auto loaded = load_dicom_file(folder / "image.dcm");
        ASSERT_TRUE(loaded) << loaded.error().message;
        format = std::move(*loaded);
    }

    std::string refusal(std::uint64_t max_pixels = plenty) {
        const auto pixels = decode_pixels(dataset(), max_pixels);
        return pixels ? "" : pixels.error().code;
    }

    // The frame's compressed bytes, in one fragment.
    std::vector<std::uint8_t> frame() {
        DcmPixelItem* item = nullptr;
        Uint8* bytes = nullptr;
        EXPECT_TRUE(fragments()->getItem(item, 1).good() && item->getUint8Array(bytes).good());
        return {bytes, bytes + item->getLength()};
    }
    // A compressed image whose frame is `bytes`, and so much padding.
    void compress(E_TransferSyntax syntax, std::vector<std::uint8_t> bytes, std::size_t padding = 0) {
        format = std::make_unique<DcmFileFormat>();
        test::fill_radiograph(dataset(), rows, columns);
        compress(syntax);
        bytes.resize(bytes.size() + padding + bytes.size() % 2, 0);
        DcmPixelItem* item = nullptr;
        ASSERT_TRUE(fragments()->getItem(item, 1).good());
        ASSERT_TRUE(item->putUint8Array(bytes.data(), bytes.size()).good());
        reload(syntax);
    }
    DcmPixelSequence* fragments() {
        DcmElement* element = nullptr;
        DcmPixelSequence* sequence = nullptr;
        EXPECT_TRUE(dataset().findAndGetElement(DCM_PixelData, element).good());
        EXPECT_TRUE(dynamic_cast<DcmPixelData*>(element)
                        ->getEncapsulatedRepresentation(dataset().getOriginalXfer(), nullptr, sequence)
                        .good());
        return sequence;
    }

    test::TemporaryFolder folder;
    std::unique_ptr<DcmFileFormat> format = std::make_unique<DcmFileFormat>();
};

}  // namespace hilum::model
