#include "results/module_copy.h"

#include <gtest/gtest.h>

#include "dicom/dataset_reading.h"
#include "support/temporary_folder.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// A picture of a source that came in this transfer syntax, and whose header says so of itself.
class LossyCompression : public testing::Test {
  protected:
    DcmDataset& picture_of(E_TransferSyntax syntax, const char* lossy, const char* method) {
        DcmDataset header = radiograph_header("1.2.3");
        header.putAndInsertString(DCM_LossyImageCompression, lossy);
        if (method != nullptr) header.putAndInsertString(DCM_LossyImageCompressionMethod, method);
        const auto file = folder_ / "source.dcm";
        EXPECT_TRUE(DcmFileFormat(&header).saveFile(file.c_str(), syntax).good());
        const auto source = load_dicom_file(file);
        EXPECT_TRUE(source.has_value());
        picture_.clear();
        copy_lossy_compression(*(*source)->getDataset(), picture_);
        return picture_;
    }

    hilum::test::TemporaryFolder folder_;
    DcmDataset picture_;
};

TEST_F(LossyCompression, IsToldOfALossyFileWhateverItsHeaderSays) {
    for (const char* const lossy : {"00", "01", ""}) {
        auto& picture = picture_of(EXS_JPEGProcess1, lossy, nullptr);
        EXPECT_EQ(text_of(picture, DCM_LossyImageCompression), "01") << lossy;
        EXPECT_EQ(text_of(picture, DCM_LossyImageCompressionMethod), "ISO_10918_1") << lossy;
    }
}

TEST_F(LossyCompression, KeepsTheMethodThatTheSourceNames) {
    auto& picture = picture_of(EXS_JPEGProcess1, "00", "ISO_15444_1");
    EXPECT_EQ(text_of(picture, DCM_LossyImageCompression), "01");
    EXPECT_EQ(text_of(picture, DCM_LossyImageCompressionMethod), "ISO_15444_1");
}

TEST_F(LossyCompression, IsTheHeadersWhereTheFileLosesNothing) {
    EXPECT_EQ(text_of(picture_of(EXS_LittleEndianExplicit, "00", nullptr), DCM_LossyImageCompression), "00");
    auto& picture = picture_of(EXS_LittleEndianExplicit, "01", "ISO_10918_1");
    EXPECT_EQ(text_of(picture, DCM_LossyImageCompression), "01");
    EXPECT_EQ(text_of(picture, DCM_LossyImageCompressionMethod), "ISO_10918_1");
}

}  // namespace
}  // namespace hilum::results::test
