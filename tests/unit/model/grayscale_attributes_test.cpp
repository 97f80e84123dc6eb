#include "model/grayscale_attributes.h"

#include <gtest/gtest.h>

#include "unit/model/test_radiograph.h"

namespace hilum::model {
namespace {

class GrayscaleAttributes : public testing::Test {
  protected:
    GrayscaleAttributes() { test::fill_radiograph(dataset, 4, 6); }
    Grayscale read() { return read_grayscale(dataset).value(); }
    DcmItem& lookup_table(const DcmTagKey& sequence, std::vector<Uint16> descriptor,
                          std::vector<Uint16> data) {
        DcmItem* item = nullptr;
        dataset.findOrCreateSequenceItem(sequence, item, 0);
        item->putAndInsertUint16Array(DcmTag(DCM_LUTDescriptor, EVR_US), descriptor.data(),
                                      descriptor.size());
        item->putAndInsertUint16Array(DcmTag(DCM_LUTData, EVR_OW), data.data(), data.size());
        return *item;
    }
    DcmDataset dataset;
};

TEST_F(GrayscaleAttributes, AreNeutralWhereTheImageSaysNothing) {
    const auto grayscale = read();
    EXPECT_EQ(grayscale.slope, 1);
    EXPECT_EQ(grayscale.intercept, 0);
    EXPECT_FALSE(grayscale.window || grayscale.voi_lut || grayscale.modality_lut || grayscale.padding);
    EXPECT_FALSE(grayscale.inverted);
}

TEST_F(GrayscaleAttributes, RefuseARescaleThatIsNoNumber) {
    for (const char* slope : {"abc", "NaN", "inf", "1e308", "-1e308", "0"}) {
        dataset.putAndInsertString(DCM_RescaleSlope, slope);
        EXPECT_EQ(read_grayscale(dataset).error().code, "undecodable") << slope;
    }
    dataset.putAndInsertString(DCM_RescaleSlope, "2");
    for (const char* intercept : {"abc", "1e308"}) {
        dataset.putAndInsertString(DCM_RescaleIntercept, intercept);
        EXPECT_EQ(read_grayscale(dataset).error().code, "undecodable") << intercept;
    }
    dataset.putAndInsertString(DCM_RescaleIntercept, "");
    EXPECT_EQ(read().slope, 2);
    EXPECT_EQ(read().intercept, 0);
}

TEST_F(GrayscaleAttributes, TakeTheFirstWindowAndItsFunction) {
    dataset.putAndInsertString(DCM_WindowCenter, "100\\200");
    dataset.putAndInsertString(DCM_WindowWidth, "50\\70");
    dataset.putAndInsertString(DCM_VOILUTFunction, "SIGMOID");
    const auto window = read().window;
    ASSERT_TRUE(window);
    EXPECT_EQ(window->center, 100);
    EXPECT_EQ(window->width, 50);
    EXPECT_EQ(window->function, VoiLutFunction::sigmoid);
}

TEST_F(GrayscaleAttributes, IgnoreAWindowThatTheStandardDoesNotAllow) {
    dataset.putAndInsertString(DCM_WindowCenter, "100");
    dataset.putAndInsertString(DCM_WindowWidth, "0");
    EXPECT_FALSE(read().window);
}

TEST_F(GrayscaleAttributes, InvertByPresentationLutShapeBeforePhotometricInterpretation) {
    dataset.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME1");
    EXPECT_TRUE(read().inverted);
    dataset.putAndInsertString(DCM_PresentationLUTShape, "IDENTITY");
    EXPECT_FALSE(read().inverted);
    dataset.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME2");
    dataset.putAndInsertString(DCM_PresentationLUTShape, "INVERSE");
    EXPECT_TRUE(read().inverted);
}

TEST_F(GrayscaleAttributes, OrderThePaddingRangeAndReadItsSign) {
    dataset.putAndInsertUint16(DCM_PixelRepresentation, 1);
    dataset.putAndInsertUint16(DcmTag(DCM_PixelPaddingValue, EVR_US), 0xF830);  // -2000
    dataset.putAndInsertUint16(DcmTag(DCM_PixelPaddingRangeLimit, EVR_US), 0xF801);
    const auto padding = read().padding;
    ASSERT_TRUE(padding);
    EXPECT_EQ(padding->lowest, -2047);
    EXPECT_EQ(padding->highest, -2000);
}

TEST_F(GrayscaleAttributes, ReadLookupTables) {
    lookup_table(DCM_ModalityLUTSequence, {3, 5, 16}, {10, 20, 30});
    lookup_table(DCM_VOILUTSequence, {2, 0, 12}, {0, 4095});
    const auto grayscale = read();
    ASSERT_TRUE(grayscale.modality_lut && grayscale.voi_lut);
    EXPECT_EQ(grayscale.modality_value(6), 20);
    EXPECT_EQ(grayscale.voi_lut->at(1), 4095);
    EXPECT_EQ(grayscale.voi_lut->bits_per_entry, 12);
}

TEST_F(GrayscaleAttributes, UnpackEntriesOfEightBits) {
    lookup_table(DCM_VOILUTSequence, {3, 0, 8}, {0x2010, 0x0030});
    EXPECT_EQ(read().voi_lut->entries, (std::vector<std::uint16_t>{0x10, 0x20, 0x30}));
}

TEST_F(GrayscaleAttributes, RefuseALookupTableThatIsTooShort) {
    lookup_table(DCM_VOILUTSequence, {100, 0, 12}, {0, 4095});
    EXPECT_EQ(read_grayscale(dataset).error().code, "undecodable");
}

TEST_F(GrayscaleAttributes, RefuseARescaleThatMakesAllPixelsEqual) {
    dataset.putAndInsertString(DCM_RescaleSlope, "0");
    EXPECT_EQ(read_grayscale(dataset).error().code, "undecodable");
}

}  // namespace
}  // namespace hilum::model
