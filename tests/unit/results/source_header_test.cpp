#include "results/source_header.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/unique_fd.h"
#include "dicom/file_meta_information.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// As the receiver knew it.
void keep_digest(StudyImage& image) {
    const UniqueFd file(::open(image.file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto meta = read_file_meta_information(file.get()).value();
    image.stored = {meta.transfer_syntax_uid,
                    sha256_of_fd(file.get(), meta.dataset_begin, meta.file_size).value()};
}

// One letter of the Patient ID, as it stands in the file.
void change_patient_id(const std::filesystem::path& file, const std::string& patient_id) {
    auto bytes = bytes_of(file);
    const auto at = bytes.find(patient_id);
    ASSERT_NE(at, std::string::npos);
    bytes[at] = bytes[at] == 'X' ? 'Y' : 'X';
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

class DamagedSources : public testing::Test {
  protected:
    DamagedSources() {
        for (int i = 0; i < 2; ++i) study_.add_analysed(pneumonia_result());
        for (auto& image : study_.request.images) keep_digest(image);
    }
    ComposeReply compose_it() { return compose(study_.request, test_equipment()); }
    void expect_damaged() {
        const auto reply = compose_it();
        EXPECT_EQ(code_of(reply), object_damaged);
        EXPECT_TRUE(reply.results.empty()) << "nothing is told";
        ASSERT_EQ(reply.damaged.size(), 1u);
        EXPECT_EQ(reply.damaged.front().instance, study_.request.images.back().instance);
        EXPECT_EQ(reply.damaged.front().file, study_.request.images.back().file);
    }
    std::filesystem::path file() const { return study_.request.images.back().file; }

    StudyFixture study_;
};

TEST_F(DamagedSources, AreNoneWhereAllIsAsItWasReceived) {
    EXPECT_EQ(code_of(compose_it()), "");
}

TEST_F(DamagedSources, AreFoundByAChangedPatientId) {
    DcmFileFormat format;
    ASSERT_TRUE(format.loadFile(file().c_str()).good());
    OFString patient_id;
    ASSERT_TRUE(format.getDataset()->findAndGetOFString(DCM_PatientID, patient_id).good());
    change_patient_id(file(), patient_id.c_str());
    expect_damaged();
}

TEST_F(DamagedSources, AreFoundWhereTheyAreCutEmptyOrGone) {
    std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 1);
    expect_damaged();
    std::filesystem::resize_file(file(), 0);
    expect_damaged();
    std::filesystem::remove(file());
    expect_damaged();
}

}  // namespace
}  // namespace hilum::results::test
