// A study of which Hilum failed at an image: report and message say so, whatever else they leave out.
#include <gmock/gmock.h>

#include <fstream>

#include "results/report/content_item.h"
#include "results/result_identity.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string all_succeeded = "111241", all_with_findings = "111242", not_all = "111243",
                  not_all_with_findings = "111244", none_succeeded = "111245";

class FailedImages : public testing::Test {
  protected:
    // As the coordinator asks where a site wants no word of images that the model was not made for.
    FailedImages() {
        study_.request.report_not_analysed = false;
        study_.request.profiles.front().oru = true;
        study_.request.profiles.front().hl7 = {"HILUM", "NORTH", "RIS", "HOSPITAL",
                                               "P",     "2.5.1", "P",   "utf8"};
    }
    ContentItem report() {
        reply_ = compose(study_.request, test_equipment());
        EXPECT_EQ(code_of(reply_), "");
        return read_content(*load_result(reply_, "sr")->getDataset()).value();
    }
    std::string summary() {
        const auto root = report();
        return root.named("UMLS", "C0034375").at(0)->named("DCM", "111017").at(0)->code.value;
    }
    std::size_t diagnoses() {
        const auto root = report();
        return root.named("UMLS", "C0034375").at(0)->named("99HILUM", "ai-diagnosis").size();
    }
    std::string message() { return message_of(reply_); }

    StudyFixture study_;
    ComposeReply reply_;
};

TEST_F(FailedImages, AreToldBesideScoresWhateverTheReason) {
    study_.add_analysed(normal_result());
    std::size_t images = 1;
    for (const char* code : {"undecodable", "transfer_syntax", "unsupported_compression", "too_large",
                             "processing_failed", "photometric_interpretation", "bit_depth", "frames"}) {
        study_.add_not_analysed({code, "details"});
        EXPECT_EQ(diagnoses(), ++images) << code;
    }
    EXPECT_THAT(message(), HasSubstr("undecodable^"));
    EXPECT_EQ(summary(), not_all);
}

TEST_F(FailedImages, AreNoneThatTheModelWasNotMadeFor) {
    study_.add_analysed(normal_result());
    study_.add_not_analysed({"view", "the view is LATERAL"});
    EXPECT_EQ(summary(), all_succeeded);
    EXPECT_EQ(diagnoses(), 1U);
    EXPECT_THAT(message(), Not(HasSubstr("LATERAL")));
    study_.request.report_not_analysed = true;
    EXPECT_EQ(summary(), all_succeeded);
    EXPECT_EQ(diagnoses(), 2U);
    study_.add_not_analysed({"undecodable", "the pixel data is cut off"});
    EXPECT_EQ(summary(), not_all);
    study_.add_analysed(pneumonia_result());
    EXPECT_EQ(summary(), not_all_with_findings);
}

TEST_F(FailedImages, AreCountedWhereTheirHeadersCannotBeRead) {
    study_.add_analysed(pneumonia_result());
    EXPECT_EQ(summary(), all_with_findings);
    std::ofstream(study_.add_analysed(pneumonia_result()).file, std::ios::trunc) << "no DICOM";
    study_.request.version = 2;
    EXPECT_EQ(summary(), not_all_with_findings);
    EXPECT_EQ(diagnoses(), 1U);
}

TEST_F(FailedImages, LeaveNothingThatSucceededWhereTheyAreAll) {
    study_.add_not_analysed({"undecodable", "the pixel data is cut off"});
    EXPECT_EQ(summary(), none_succeeded);
}

TEST_F(FailedImages, MakeTheReportAnotherOne) {
    study_.add_analysed(normal_result());
    study_.add_not_analysed({"view", "the view is LATERAL"});
    const auto& profile = study_.request.profiles.front();
    const auto before = report_identity(study_.request, profile).sop_instance_uid;
    study_.request.images.back().outcome.not_analysed = {"undecodable", "the pixel data is cut off"};
    EXPECT_NE(report_identity(study_.request, profile).sop_instance_uid, before);
}

}  // namespace
}  // namespace hilum::results::test
