#include "scp/spool_scanner.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/file_system.h"
#include "scp/part10_header.h"
#include "support/dataset_bytes.h"
#include "support/temporary_folder.h"

namespace hilum::scp {
namespace {

using test::Radiograph;

constexpr const char* explicit_little_endian = "1.2.840.10008.1.2.1";

class SpoolScannerTest : public testing::Test {
  protected:
    ScanReply scan(const std::string& bytes) {
        const auto file = folder_ / "a.dcm";
        EXPECT_TRUE(write_file_durably(file, std::as_bytes(std::span(bytes))));
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        return scan_spool_file(fd.get(), "20260101/a.dcm", settings_);
    }
    static std::string head(const std::string& sop_class_uid, const std::string& sop_instance_uid,
                            const std::string& transfer_syntax_uid = explicit_little_endian,
                            const std::string& source = "MODALITY") {
        return part10_header(sop_class_uid, sop_instance_uid, transfer_syntax_uid, source);
    }

    test::TemporaryFolder folder_;
    ScpSettings settings_;
    Radiograph radiograph_;
    std::string head_ = head(radiograph_.sop_class_uid, radiograph_.sop_instance_uid);
};

TEST_F(SpoolScannerTest, TellsWhatAReceiverWouldHave) {
    const auto reply = scan(head_ + radiograph_.bytes());
    EXPECT_FALSE(reply.error) << reply.error->message;
    const StoreCommit& object = reply.object;
    EXPECT_EQ(object.file, "20260101/a.dcm");
    EXPECT_EQ(object.header.sop_instance_uid, radiograph_.sop_instance_uid);
    EXPECT_EQ(object.header.patient_id, radiograph_.patient_id);
    EXPECT_EQ(object.header.transfer_syntax_uid, explicit_little_endian);
    EXPECT_EQ(object.calling_ae, "MODALITY");
    EXPECT_EQ(object.dataset_sha256, sha256_hex(radiograph_.bytes()));
    EXPECT_EQ(object.analysis_sha256.size(), 64u);
    EXPECT_EQ(object.size, head_.size() + radiograph_.bytes().size());
    EXPECT_EQ(reply.data_set, radiograph_.bytes().size());
}

TEST_F(SpoolScannerTest, NamesNobodyWhereTheFileNamesNoCaller) {
    for (const std::string& source :
         {std::string(), std::string("A\\B"), std::string(17, 'A'), std::string("A\x01")}) {
        const auto reply = scan(
            head(radiograph_.sop_class_uid, radiograph_.sop_instance_uid, explicit_little_endian, source) +
            radiograph_.bytes());
        EXPECT_FALSE(reply.error) << reply.error->message;
        EXPECT_EQ(reply.object.calling_ae, "");
    }
}

TEST_F(SpoolScannerTest, SaysWhyAFileIsNoObject) {
    EXPECT_EQ(scan("").error->code, "not_dicom");
    EXPECT_EQ(scan(std::string(1000, '\0')).error->code, "not_dicom");
    const auto whole = head_ + radiograph_.bytes();
    EXPECT_EQ(scan(whole.substr(0, whole.size() - 2)).error->code, "truncated");
    EXPECT_EQ(scan(head_).error->code, "missing_uid");
    EXPECT_EQ(scan(head(radiograph_.sop_class_uid, "2.25.9") + radiograph_.bytes()).error->code,
              "uid_mismatch");
    EXPECT_EQ(scan(head("1.2.840.10008.5.1.4.1.1.88.34", radiograph_.sop_instance_uid) + radiograph_.bytes())
                  .error->code,
              "not_an_image");
    EXPECT_EQ(
        scan(head(radiograph_.sop_class_uid, radiograph_.sop_instance_uid, "1.2.3.4") + radiograph_.bytes())
            .error->code,
        "transfer_syntax");
}

TEST_F(SpoolScannerTest, WhatCannotBeReadForNowIsNotTheFilesFault) {
    const UniqueFd folder(::open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(scan_spool_file(folder.get(), "a.dcm", settings_).error->code, "not_now");
}

}  // namespace
}  // namespace hilum::scp
