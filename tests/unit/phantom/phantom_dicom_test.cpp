#include "phantom/phantom_dicom.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "dicom/dataset_reading.h"
#include "support/temporary_folder.h"

namespace hilum::phantom {
namespace {

namespace fs = std::filesystem;

class WritePhantoms : public testing::Test {
  protected:
    PhantomOptions options(int count = 1) const {
        PhantomOptions options;
        options.folder = folder_.path();
        options.count = count;
        options.long_side = 160;
        options.header.study_time = from_microseconds(1'790'000'000'000'000);
        return options;
    }

    test::TemporaryFolder folder_;
};

std::string bytes_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// What dciodvfy says of the file.
std::string dciodvfy(const fs::path& file) {
    std::string output;
    FILE* pipe = popen(("dciodvfy '" + file.string() + "' 2>&1").c_str(), "r");
    if (pipe == nullptr) return "Error - cannot run dciodvfy";
    char buffer[4096];
    while (const std::size_t size = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, size);
    pclose(pipe);
    return output;
}

bool has_dciodvfy() {
    return std::system("command -v dciodvfy > /dev/null 2>&1") == 0;
}

TEST_F(WritePhantoms, AreAcceptedByDciodvfy) {
    if (!has_dciodvfy()) GTEST_SKIP() << "dciodvfy (Debian's dicom3tools) is not installed";
    auto wanted = options(6);
    for (const auto photometric : {Photometric::monochrome1, Photometric::monochrome2}) {
        wanted.photometric = photometric;
        const auto written = write_phantoms(wanted);
        ASSERT_TRUE(written) << written.error().message;
        for (const auto& phantom : *written) {
            const std::string verdict = dciodvfy(phantom.file);
            EXPECT_NE(verdict.find("DXImageForPresentation"), std::string::npos) << verdict;
            EXPECT_EQ(verdict.find("Error"), std::string::npos) << verdict;
        }
    }
}

TEST_F(WritePhantoms, AreTheSameBytesForTheSameOptions) {
    const auto first = write_phantoms(options());
    ASSERT_TRUE(first);
    const std::string bytes = bytes_of(first->front().file);
    const auto second = write_phantoms(options());
    ASSERT_TRUE(second);
    EXPECT_EQ(bytes_of(second->front().file), bytes);
    EXPECT_GT(bytes.size(), 30'000U);
}

TEST_F(WritePhantoms, HaveOtherUidsInAnotherRun) {
    auto other = options();
    other.run = "another";
    const auto first = write_phantoms(options());
    const auto second = write_phantoms(other);
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->front().sop_instance_uid, second->front().sop_instance_uid);
    EXPECT_NE(first->front().study_instance_uid, second->front().study_instance_uid);
    EXPECT_NE(first->front().accession_number, second->front().accession_number);
}

// A PACS takes objects with one SOP Instance UID for one object, whatever they show.
TEST_F(WritePhantoms, HaveOtherUidsWhereverPixelsOrHeaderDiffer) {
    std::vector<PhantomOptions> all(13, options());
    all[1].finding = Finding::pneumonia;
    all[2].finding = Finding::further_evaluation;
    all[3].seed = 2;
    all[4].long_side = 192;
    all[5].photometric = Photometric::monochrome1;
    all[6].photometric = Photometric::monochrome2;
    all[7].header.age_years = 7;
    all[8].header.patient_name = "";
    all[9].header.patient_id = "";
    all[10].header.view_position = "LATERAL";
    all[11].header.accession_number = "A1";
    all[12].header.study_time = from_microseconds(1'790'000'001'000'000);
    std::set<std::string> instances, series, studies;
    for (const auto& one : all) {
        const auto written = write_phantoms(one);
        ASSERT_TRUE(written) << written.error().message;
        instances.insert(written->front().sop_instance_uid);
        series.insert(written->front().series_instance_uid);
        studies.insert(written->front().study_instance_uid);
    }
    EXPECT_EQ(instances.size(), all.size());
    EXPECT_EQ(series.size(), all.size());
    EXPECT_EQ(studies.size(), all.size());
}

// Of a mix, the place decides what a seed shows; and a study's images are of its first one's person.
TEST_F(WritePhantoms, HaveOtherUidsAtAnotherPlaceOfAMixAndInAnotherStudy) {
    auto second = options(2), pair = options(2), alone = options();
    pair.images_per_study = 2;
    alone.seed = 2;
    std::set<std::string> of_seed_2;
    for (const auto& one : {second, pair, alone}) {
        const auto written = write_phantoms(one);
        ASSERT_TRUE(written) << written.error().message;
        of_seed_2.insert(written->back().sop_instance_uid);
    }
    EXPECT_EQ(of_seed_2.size(), 3U);
}

TEST_F(WritePhantoms, AreTheSameObjectsWhenTheyAreWrittenAgain) {
    auto once = options(), again = options(2);
    once.header.study_time.reset();  // now, and a moment later
    again.header.study_time.reset();
    again.encoding = Encoding::deflated;
    const auto first = write_phantoms(once), second = write_phantoms(again);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->front().sop_instance_uid, second->front().sop_instance_uid);
    EXPECT_EQ(first->front().study_instance_uid, second->front().study_instance_uid);
}

// One body is one patient, so that a dataset of both pictures does not part them.
TEST_F(WritePhantoms, AreOfOnePatientWhateverTheyShow) {
    std::set<std::string> patients;
    for (const auto finding : {Finding::normal, Finding::pneumonia}) {
        auto wanted = options();
        wanted.finding = finding;
        const auto written = write_phantoms(wanted);
        ASSERT_TRUE(written) << written.error().message;
        auto file = load_dicom_file(written->front().file);
        ASSERT_TRUE(file) << file.error().message;
        patients.insert(text_of(*(*file)->getDataset(), DCM_PatientID));
    }
    EXPECT_EQ(patients.size(), 1U);
}

TEST_F(WritePhantoms, ShareStudiesAsAsked) {
    auto wanted = options(5);
    wanted.images_per_study = 2;
    const auto written = write_phantoms(wanted);
    ASSERT_TRUE(written);
    std::set<std::string> instances, studies;
    for (const auto& phantom : *written) {
        instances.insert(phantom.sop_instance_uid);
        studies.insert(phantom.study_instance_uid);
    }
    EXPECT_EQ(instances.size(), 5U);
    EXPECT_EQ(studies.size(), 3U);
}

TEST_F(WritePhantoms, GoThroughTheThreeFindings) {
    const auto written = write_phantoms(options(3));
    ASSERT_TRUE(written);
    EXPECT_EQ((*written)[0].finding, Finding::normal);
    EXPECT_EQ((*written)[1].finding, Finding::pneumonia);
    EXPECT_EQ((*written)[2].finding, Finding::further_evaluation);
}

TEST_F(WritePhantoms, SayInTheHeaderWhatATestWants) {
    auto wanted = options();
    wanted.header.specific_character_set = "ISO_IR 100";
    wanted.header.patient_name = "M\xfcller^Ren\xe9";
    wanted.header.view_position = "LATERAL";
    wanted.header.body_part_examined = "";
    wanted.header.age_years = 7;
    const auto written = write_phantoms(wanted);
    ASSERT_TRUE(written) << written.error().message;
    auto file = load_dicom_file(written->front().file);
    ASSERT_TRUE(file) << file.error().message;
    DcmDataset& dataset = *(*file)->getDataset();
    EXPECT_EQ(text_of(dataset, DCM_PatientName), "Müller^René");
    EXPECT_EQ(text_of(dataset, DCM_ViewPosition), "LATERAL");
    EXPECT_EQ(code_of(dataset, DCM_ViewCodeSequence).value, "399067008");
    EXPECT_TRUE(dataset.tagExists(DCM_BodyPartExamined));
    EXPECT_EQ(text_of(dataset, DCM_BodyPartExamined), "");
    EXPECT_EQ(text_of(dataset, DCM_PatientAge), "007Y");
}

TEST_F(WritePhantoms, KeepTheirPixelsInEveryEncoding) {
    auto wanted = options();
    wanted.photometric = Photometric::monochrome1;
    const Phantom phantom =
        render_phantom({.seed = wanted.seed, .finding = Finding::normal, .long_side = wanted.long_side});
    for (const auto encoding : {Encoding::explicit_little_endian, Encoding::implicit_little_endian,
                                Encoding::explicit_big_endian, Encoding::deflated}) {
        wanted.encoding = encoding;
        const auto written = write_phantoms(wanted);
        ASSERT_TRUE(written) << written.error().message;
        auto file = load_dicom_file(written->front().file);
        ASSERT_TRUE(file) << file.error().message;
        const Uint16* pixels = nullptr;
        unsigned long count = 0;
        ASSERT_TRUE((*file)->getDataset()->findAndGetUint16Array(DCM_PixelData, pixels, &count).good());
        ASSERT_EQ(count, phantom.pixels.size());
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(pixels[i], 4095 - phantom.pixels[i]);
    }
}

TEST_F(WritePhantoms, RefuseOptionsOutOfRange) {
    auto none = options(0), tiny = options(), nowhere = options();
    tiny.long_side = 10;
    nowhere.folder.clear();
    for (const auto& wrong : {none, tiny, nowhere}) {
        const auto written = write_phantoms(wrong);
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, "configuration");
    }
}

TEST_F(WritePhantoms, SayWhichFolderCannotBeWritten) {
    auto wanted = options();
    wanted.folder = folder_.path() / "file" / "below";
    std::ofstream(folder_ / "file") << "no folder";
    const auto written = write_phantoms(wanted);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, "unwritable");
}

}  // namespace
}  // namespace hilum::phantom
