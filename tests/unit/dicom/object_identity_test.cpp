#include "dicom/object_identity.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/temporary_folder.h"

namespace hilum {
namespace {

TEST(IdentifyObject, ReadsAFileToItsEndAndSaysWhichObjectItIs) {
    const test::TemporaryFolder folder;
    const auto file = folder / "a.dcm";
    DcmFileFormat format;
    auto& dataset = *format.getDataset();
    dataset.putAndInsertString(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.1");
    dataset.putAndInsertString(DCM_SOPInstanceUID, "1.2.3");
    dataset.putAndInsertString(DCM_StudyInstanceUID, "1.2");
    const std::vector<Uint8> pixels(1000, 1);
    dataset.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
    ASSERT_TRUE(format.saveFile(file.c_str(), EXS_LittleEndianExplicit).good());
    const auto identity = identify_object(file);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->sop_class_uid, "1.2.840.10008.5.1.4.1.1.1");
    EXPECT_EQ(identity->sop_instance_uid, "1.2.3");
    EXPECT_EQ(identity->study_instance_uid, "1.2");
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
    EXPECT_EQ(identify_object(file).error().code, "truncated");
    std::ofstream(file) << "no object";
    EXPECT_EQ(identify_object(file).error().code, "not_dicom");
    EXPECT_EQ(identify_object(folder / "none").error().code, "unreadable");
}

}  // namespace
}  // namespace hilum
