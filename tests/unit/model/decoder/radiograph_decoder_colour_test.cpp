#include <gtest/gtest.h>

#include "model/decoder/radiograph_decoder.h"
#include "unit/model/decoder/radiograph_decoder_fixture.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

class ColourImage : public RadiographDecoder {
  protected:
    // Every pixel the same, of 8 bits.
    void fill(const char* photometric, const std::vector<std::uint8_t>& frame) {
        dataset().putAndInsertString(DCM_PhotometricInterpretation, photometric);
        dataset().putAndInsertUint16(DCM_SamplesPerPixel, 3);
        dataset().putAndInsertUint16(DCM_PlanarConfiguration, 0);
        dataset().putAndInsertUint16(DCM_BitsAllocated, 8);
        dataset().putAndInsertUint16(DCM_BitsStored, 8);
        dataset().putAndInsertUint16(DCM_HighBit, 7);
        dataset().putAndInsertUint8Array(DCM_PixelData, frame.data(), frame.size());
        reload(EXS_LittleEndianExplicit);
    }
    static std::vector<std::uint8_t> repeated(const std::vector<std::uint8_t>& pixels, int times) {
        std::vector<std::uint8_t> frame;
        for (int i = 0; i < times; ++i) frame.insert(frame.end(), pixels.begin(), pixels.end());
        return frame;
    }
    void expect_grey(int value, int tolerance = 0) {
        const auto image = decode_pixels(dataset(), plenty);
        ASSERT_TRUE(image) << image.error().message;
        EXPECT_TRUE(image->colour);
        ASSERT_EQ(image->pixels.words.size(), static_cast<std::size_t>(rows * columns));
        EXPECT_EQ(image->pixels.encoding.bits_stored, 8);
        for (const int word : image->pixels.words) ASSERT_NEAR(word, value, tolerance);
    }
};

TEST_F(ColourImage, BecomesItsLuminance) {
    fill("RGB", repeated({200, 100, 50}, rows * columns));
    expect_grey(124);  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
}

TEST_F(ColourImage, OfLuminanceAndChrominanceIsItsLuminance) {
    fill("YBR_FULL", repeated({124, 86, 182}, rows * columns));
    expect_grey(124, 1);
    fill("YBR_FULL_422", repeated({124, 124, 86, 182}, rows * columns / 2));
    expect_grey(124, 1);
}

TEST_F(ColourImage, WithMoreSamplesThanItsNameIsReadByItsLength) {
    fill("YBR_FULL_422", repeated({124, 86, 182}, rows * columns));
    expect_grey(124, 1);
    fill("YBR_FULL_422", repeated({124, 86, 182}, rows * columns * 3 / 4));  // neither: as it says
    EXPECT_EQ(refusal(), "");
    fill("YBR_FULL_422", std::vector<std::uint8_t>(rows * columns * 2 - 2, 9));
    EXPECT_EQ(refusal(), "undecodable");
}

TEST_F(ColourImage, OfRunLengthsInTwoFragmentsIsRead) {
    fill("RGB", repeated({200, 100, 50}, rows * columns));
    compress(EXS_RLELossless);
    const auto whole = frame();
    const auto middle = whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 4 * 2);
    test::put_fragments(dataset(), {{whole.begin(), middle}, {middle, whole.end()}}, {}, EXS_RLELossless);
    reload(EXS_RLELossless);
    expect_grey(124);
}

TEST_F(ColourImage, OfAPaletteIsLookedUp) {
    std::vector<std::uint16_t> ramp(256);
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<std::uint16_t>((255 - i) * 257);
    const Uint16 descriptor[] = {256, 0, 16};
    for (const auto& [lut, data] :
         {std::pair{DCM_RedPaletteColorLookupTableDescriptor, DCM_RedPaletteColorLookupTableData},
          std::pair{DCM_GreenPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableData},
          std::pair{DCM_BluePaletteColorLookupTableDescriptor, DCM_BluePaletteColorLookupTableData}}) {
        dataset().putAndInsertUint16Array(lut, descriptor, 3);
        dataset().putAndInsertUint16Array(data, ramp.data(), ramp.size());
    }
    fill("PALETTE COLOR", std::vector<std::uint8_t>(rows * columns, 55));
    dataset().putAndInsertUint16(DCM_SamplesPerPixel, 1);
    const auto image = decode_pixels(dataset(), plenty);
    ASSERT_TRUE(image) << image.error().message;
    const double white = (1 << image->pixels.encoding.bits_stored) - 1;
    EXPECT_NEAR(image->pixels.words[7] / white, 200 / 255.0, 0.005);
    dataset().putAndInsertUint16Array(DCM_GreenPaletteColorLookupTableData, ramp.data(), 127);
    EXPECT_EQ(refusal(), "undecodable");  // DCMTK would show it
}

TEST_F(ColourImage, WithLessPixelDataThanItSaysIsRefused) {
    fill("RGB", std::vector<std::uint8_t>(rows * columns * 3 - 2, 9));
    EXPECT_EQ(refusal(), "undecodable");
}

}  // namespace
}  // namespace hilum::model
