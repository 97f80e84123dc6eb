#include "dicom/stored_object_check.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/unique_fd.h"
#include "dicom/file_meta_information.h"

namespace hilum {
namespace {

class StoredObjectCheck : public testing::Test {
  protected:
    StoredObjectCheck() {
        DcmFileFormat format;
        auto& dataset = *format.getDataset();
        dataset.putAndInsertString(DCM_SOPClassUID, UID_ComputedRadiographyImageStorage);
        dataset.putAndInsertString(DCM_SOPInstanceUID, "1.2.3.4");
        dataset.putAndInsertString(DCM_PatientID, "P12345");
        format.saveFile(file_.c_str(), EXS_LittleEndianExplicit);
        const auto fd = open();
        const auto meta = read_file_meta_information(fd.get()).value();
        stored_ = {meta.transfer_syntax_uid,
                   sha256_of_fd(fd.get(), meta.dataset_begin, meta.file_size).value()};
        begin_ = meta.dataset_begin;
    }
    ~StoredObjectCheck() override { std::filesystem::remove(file_); }

    UniqueFd open() const { return UniqueFd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC)); }
    std::string code() const {
        const auto checked = check_stored_object(open().get(), stored_);
        return checked ? "" : checked.error().code;
    }
    void change(std::uint64_t at) const {
        std::fstream bytes(file_, std::ios::binary | std::ios::in | std::ios::out);
        bytes.seekg(static_cast<std::streamoff>(at));
        const char byte = static_cast<char>(bytes.get() ^ 1);
        bytes.seekp(static_cast<std::streamoff>(at));
        bytes.put(byte);
    }

    std::filesystem::path file_ = std::filesystem::temp_directory_path() /
                                  ("hilum-stored-object-" + std::to_string(::getpid()) + ".dcm");
    StoredObject stored_;
    std::uint64_t begin_ = 0;
};

TEST_F(StoredObjectCheck, TakesWhatWasReceived) {
    EXPECT_EQ(code(), "");
}

TEST_F(StoredObjectCheck, FindsAnyByteOfTheDataSet) {
    for (auto at = begin_; at < std::filesystem::file_size(file_); at += 5) {
        change(at);
        EXPECT_EQ(code(), object_damaged) << at;
        change(at);
    }
    EXPECT_EQ(code(), "");
}

TEST_F(StoredObjectCheck, FindsWhatIsCutOrEmpty) {
    std::filesystem::resize_file(file_, std::filesystem::file_size(file_) - 1);
    EXPECT_EQ(code(), object_damaged);
    std::filesystem::resize_file(file_, 0);
    EXPECT_EQ(code(), object_damaged);
}

TEST_F(StoredObjectCheck, FindsAnotherTransferSyntax) {
    stored_.transfer_syntax_uid = UID_LittleEndianImplicitTransferSyntax;
    EXPECT_EQ(code(), object_damaged);
}

}  // namespace
}  // namespace hilum
