#include "model/decoder/input/grayscale_attributes.h"

#include <gtest/gtest.h>

#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

class GrayscaleAttributes : public testing::Test {
  protected:
    GrayscaleAttributes() { test::fill_radiograph(dataset, 4, 6); }
    Analysable<Grayscale> try_to_read() {
        notes.clear();
        return read_grayscale(dataset, polarity, notes);
    }
    Grayscale read() { return try_to_read().value(); }
    // Codes of what is told after a reading.
    std::vector<std::string> told() {
        read();
        std::vector<std::string> codes;
        for (const auto& note : notes) codes.push_back(note.code);
        return codes;
    }
    void window(const char* center, const char* width, const char* function = nullptr) {
        dataset.putAndInsertString(DCM_WindowCenter, center);
        dataset.putAndInsertString(DCM_WindowWidth, width);
        if (function != nullptr) dataset.putAndInsertString(DCM_VOILUTFunction, function);
    }
    void polarities(const char* photometric_interpretation, const char* presentation_lut_shape) {
        dataset.putAndInsertString(DCM_PhotometricInterpretation, photometric_interpretation);
        dataset.putAndInsertString(DCM_PresentationLUTShape, presentation_lut_shape);
    }
    DcmItem& lookup_table(const DcmTagKey& sequence, std::vector<Uint16> descriptor, std::vector<Uint16> data,
                          long number = 0) {
        DcmItem* item = nullptr;
        dataset.findOrCreateSequenceItem(sequence, item, number);
        item->putAndInsertUint16Array(DcmTag(DCM_LUTDescriptor, EVR_US), descriptor.data(),
                                      descriptor.size());
        item->putAndInsertUint16Array(DcmTag(DCM_LUTData, EVR_OW), data.data(), data.size());
        return *item;
    }
    DcmDataset dataset;
    std::vector<PolarityRule> polarity;
    ImageNotes notes;
};

TEST_F(GrayscaleAttributes, AreNeutralWhereTheImageSaysNothing) {
    const auto grayscale = read();
    EXPECT_EQ(grayscale.slope, 1);
    EXPECT_EQ(grayscale.intercept, 0);
    EXPECT_FALSE(grayscale.window || grayscale.voi_lut || grayscale.modality_lut || grayscale.padding);
    EXPECT_FALSE(grayscale.inverted);
}

TEST_F(GrayscaleAttributes, RefuseARescaleThatIsNoNumber) {
    for (const char* slope : {"abc", "NaN", "inf", "1e308", "-1e308"}) {
        dataset.putAndInsertString(DCM_RescaleSlope, slope);
        EXPECT_EQ(try_to_read().error().code, "undecodable") << slope;
    }
    dataset.putAndInsertString(DCM_RescaleSlope, "2");
    for (const char* intercept : {"abc", "1e308"}) {
        dataset.putAndInsertString(DCM_RescaleIntercept, intercept);
        EXPECT_EQ(try_to_read().error().code, "undecodable") << intercept;
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

TEST_F(GrayscaleAttributes, TakeTheFirstWindowThatIsValid) {
    window("abc\\200\\300", "50\\0\\70");
    ASSERT_TRUE(read().window);
    EXPECT_EQ(read().window->center, 300);
    EXPECT_EQ(read().window->width, 70);
    EXPECT_EQ(told(), std::vector<std::string>{"window"});
    window("100\\200", "50\\70");
    EXPECT_EQ(told(), std::vector<std::string>{});
}

TEST_F(GrayscaleAttributes, KeepTheOtherValidWindows) {
    window("100\\abc\\200\\300", "50\\60\\0\\70");
    const auto grayscale = read();
    EXPECT_EQ(grayscale.window.value().center, 100);
    ASSERT_EQ(grayscale.further_windows.size(), 1U);
    EXPECT_EQ(grayscale.further_windows[0].center, 300);
    EXPECT_EQ(grayscale.further_windows[0].width, 70);
    EXPECT_TRUE(notes.empty());
}

TEST_F(GrayscaleAttributes, TellOfAWindowThatIsNotUsed) {
    for (const auto& [center, width] : {std::pair{"abc", "50"}, std::pair{"100", ""}, std::pair{"", "50"},
                                        std::pair{"100", "-5"}, std::pair{"1.2.3", "50"}}) {
        window(center, width);
        EXPECT_FALSE(read().window) << center << " " << width;
        EXPECT_EQ(told(), std::vector<std::string>{"window"}) << center << " " << width;
    }
}

TEST_F(GrayscaleAttributes, ReadDecimalCommasAsPoints) {
    dataset.putAndInsertString(DCM_RescaleSlope, "1,5");
    dataset.putAndInsertString(DCM_RescaleIntercept, "-0,25");
    window("0,5", "0,9", "LINEAR_EXACT");
    const auto grayscale = read();
    EXPECT_EQ(grayscale.slope, 1.5);
    EXPECT_EQ(grayscale.intercept, -0.25);
    ASSERT_TRUE(grayscale.window);
    EXPECT_EQ(grayscale.window->center, 0.5);
    EXPECT_EQ(grayscale.window->width, 0.9);
    EXPECT_EQ(told(), std::vector<std::string>{});
}

TEST_F(GrayscaleAttributes, ApplyALinearWindowNarrowerThan1AsLinearExact) {
    for (const char* function : {"LINEAR", "", "linear"}) {
        window("0.3", "0.4", function);
        const auto read_window = read().window;
        ASSERT_TRUE(read_window) << function;
        EXPECT_EQ(read_window->function, VoiLutFunction::linear_exact);
        EXPECT_DOUBLE_EQ(read_window->apply(0.3), 0.5);
        EXPECT_EQ(told(), std::vector<std::string>{"window"});
    }
    window("0.3", "0.4", "SIGMOID");
    EXPECT_EQ(read().window->function, VoiLutFunction::sigmoid);
    EXPECT_EQ(told(), std::vector<std::string>{});
}

TEST_F(GrayscaleAttributes, TakeAnEmptyOrUnknownFunctionForLinear) {
    window("100", "50", "");
    EXPECT_EQ(read().window->function, VoiLutFunction::linear);
    EXPECT_EQ(told(), std::vector<std::string>{});
    window("100", "50", "CUBIC");
    EXPECT_EQ(read().window->function, VoiLutFunction::linear);
    EXPECT_EQ(told(), std::vector<std::string>{"window"});
}

TEST_F(GrayscaleAttributes, IgnoreARescaleSlopeOf0) {
    dataset.putAndInsertString(DCM_RescaleSlope, "0");
    dataset.putAndInsertString(DCM_RescaleIntercept, "-5");
    EXPECT_EQ(read().modality_value(7), 2);
    EXPECT_EQ(told(), std::vector<std::string>{"rescale"});
}

TEST_F(GrayscaleAttributes, InvertByPhotometricInterpretationAndTellOfContradictions) {
    const std::vector<std::string> contradiction{"polarity"}, none;
    dataset.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME1");
    EXPECT_TRUE(read().inverted);
    EXPECT_EQ(told(), none);
    polarities("MONOCHROME1", "INVERSE");
    EXPECT_TRUE(read().inverted);
    EXPECT_EQ(told(), none);
    polarities("MONOCHROME1", "IDENTITY");
    EXPECT_TRUE(read().inverted);
    EXPECT_EQ(told(), contradiction);
    polarities("MONOCHROME2", "INVERSE");
    EXPECT_FALSE(read().inverted);
    EXPECT_EQ(told(), contradiction);
    polarities("MONOCHROME2", "IDENTITY");
    EXPECT_FALSE(read().inverted);
    EXPECT_EQ(told(), none);
    polarities("MONOCHROME1", "LIN OD");
    EXPECT_TRUE(read().inverted);
    EXPECT_EQ(told(), contradiction);
}

TEST_F(GrayscaleAttributes, InvertByTheShapeWhereTheSiteSaysSoOfTheDevice) {
    polarities("MONOCHROME1", "IDENTITY");
    dataset.putAndInsertString(DCM_Manufacturer, "Example Imaging Inc.");
    dataset.putAndInsertString(DCM_ManufacturerModelName, "DX-1");
    polarity = {{"other*", "*", "presentation_lut_shape"}};
    EXPECT_TRUE(read().inverted);
    polarity = {{"example*", "DX-2", "presentation_lut_shape"}};
    EXPECT_TRUE(read().inverted);
    polarity = {{"example*", "dx-?", "presentation_lut_shape"}};
    EXPECT_FALSE(read().inverted);
    EXPECT_EQ(told(), std::vector<std::string>{"polarity"});
    polarity.insert(polarity.begin(), {"example imaging*", "*", "photometric_interpretation"});
    EXPECT_TRUE(read().inverted);
    polarity = {{"*", "*", "presentation_lut_shape"}};
    polarities("MONOCHROME2", "INVERSE");
    EXPECT_TRUE(read().inverted);
    delete dataset.remove(DCM_PresentationLUTShape);
    EXPECT_FALSE(read().inverted);
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
    EXPECT_EQ(grayscale.voi_lut->white, 4095);
}

// Its first mapped value is signed where the rescale's output is, which most of what it maps may not be.
TEST_F(GrayscaleAttributes, TakeTheFirstMappedValueForWhatTheImageCanHave) {
    const auto first_mapped = [&](Uint16 first, const char* slope, const char* intercept) {
        dataset.putAndInsertUint16(DCM_BitsStored, 16);
        dataset.putAndInsertUint16(DCM_HighBit, 15);
        dataset.putAndInsertString(DCM_RescaleSlope, slope);
        dataset.putAndInsertString(DCM_RescaleIntercept, intercept);
        lookup_table(DCM_VOILUTSequence, {4, first, 12}, {0, 5, 9, 4095});
        return read().voi_lut.value().first_mapped;
    };
    EXPECT_EQ(first_mapped(32768, "-1", "65535"), 32768);
    EXPECT_EQ(first_mapped(40000, "1", "-1"), 40000);
    EXPECT_EQ(first_mapped(32768, "1", "-32768"), -32768);
    EXPECT_EQ(first_mapped(0xFC00, "1", "-1024"), -1024);
    EXPECT_EQ(first_mapped(0xFC00, "-1", "0"), -1024);
    dataset.putAndInsertUint16(DCM_PixelRepresentation, 1);
    EXPECT_EQ(first_mapped(0x8000, "1", "0"), -32768);
    EXPECT_EQ(first_mapped(0x8000, "1", "32768"), 32768);
}

TEST_F(GrayscaleAttributes, UnpackEntriesOfEightBits) {
    lookup_table(DCM_VOILUTSequence, {3, 0, 8}, {0x2010, 0x0030});
    EXPECT_EQ(read().voi_lut->entries, (std::vector<std::uint16_t>{0x10, 0x20, 0x30}));
}

TEST_F(GrayscaleAttributes, FallBackFromAVoiLutThatCannotBeUsed) {
    const std::vector<std::string> voi_lut{"voi_lut"};
    window("100", "50");
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_VOILUTSequence, item, 0);
    for (const std::vector<Uint16>& data : {std::vector<Uint16>{0, 4095}, std::vector<Uint16>(104)}) {
        EXPECT_FALSE(read().voi_lut);
        EXPECT_TRUE(read().window);
        EXPECT_EQ(told(), voi_lut);
        lookup_table(DCM_VOILUTSequence, {100, 0, 12}, data);
    }
    EXPECT_FALSE(read().voi_lut);
    EXPECT_EQ(told(), voi_lut);
}

TEST_F(GrayscaleAttributes, TakeTheFirstVoiLutThatCanBeUsed) {
    lookup_table(DCM_VOILUTSequence, {100, 0, 12}, {0, 4095}, 0);
    lookup_table(DCM_VOILUTSequence, {2, 0, 12}, {0, 4095}, 1);
    ASSERT_TRUE(read().voi_lut);
    EXPECT_EQ(read().voi_lut->entries.size(), 2u);
    EXPECT_EQ(told(), std::vector<std::string>{"voi_lut"});
}

TEST_F(GrayscaleAttributes, TellOfABitDepthThatTheEntriesDoNotHave) {
    lookup_table(DCM_VOILUTSequence, {3, 0, 16}, {0, 100, 3000});
    EXPECT_EQ(read().voi_lut->white, 3000);
    EXPECT_EQ(told(), std::vector<std::string>{"voi_lut"});
    lookup_table(DCM_VOILUTSequence, {3, 0, 12}, {0, 100, 3000});
    EXPECT_EQ(read().voi_lut->white, 4095);
    EXPECT_EQ(told(), std::vector<std::string>{});
}

// Without it the image would be another one; an empty one says nothing.
TEST_F(GrayscaleAttributes, RefuseADamagedModalityLutButNotAnEmptyOne) {
    lookup_table(DCM_ModalityLUTSequence, {100, 0, 12}, {0, 4095});
    EXPECT_EQ(try_to_read().error().code, "undecodable");
    delete dataset.remove(DCM_ModalityLUTSequence);
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_ModalityLUTSequence, item, 0);
    EXPECT_FALSE(read().modality_lut);
    EXPECT_EQ(told(), std::vector<std::string>{"modality_lut"});
    lookup_table(DCM_ModalityLUTSequence, {4, 0, 16}, {10, 20, 30});
    EXPECT_EQ(read().modality_value(3), 30);
    EXPECT_EQ(told(), std::vector<std::string>{"modality_lut"});
}

}  // namespace
}  // namespace hilum::model
