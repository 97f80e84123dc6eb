// A study to be reported: radiographs with made-up headers as files in a temporary folder, and what a model
// said.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/artifact/analysis_artifact.h"
#include "contract/messages/composing.h"
#include "results/handed_files.h"
#include "results/report/check/template_checker.h"
#include "results/result_modules.h"
#include "results/source_header.h"
#include "support/temporary_folder.h"

namespace hilum::results::test {

// A DX header, complete enough for dciodvfy to be content with what is copied from it.
DcmDataset radiograph_header(const std::string& sop_instance_uid);

InferenceResult
pneumonia_result();               // softmax: Pneumonia 0.93 of Normal, Pneumonia, Requires further evaluation
InferenceResult normal_result();  // the same model: Normal 0.88
InferenceResult undecided_result();  // the same model: Normal 0.384, Pneumonia 0.36, within its margin of 0.1
InferenceResult multi_label_result(
    bool calibrated);  // sigmoid: Pneumothorax and a label without code positive

// sigmoid, eight abnormal labels: Pneumothorax 0.10 and Effusion 0.60, findings under their own thresholds of
// 0.05 and 0.30, and six that are none, 0.31 to 0.45 below 0.50.
InferenceResult eight_labels_result();
// `labels` abnormal labels, all findings: "Finding 1", "Finding 2", ...
InferenceResult all_findings_result(std::size_t labels);

AnalysisArtifact artifact_for(const InferenceResult& result, int columns, int rows);

Equipment test_equipment();
ReportProfile test_profile(const std::string& sr_sop_class = "comprehensive_3d");

// One study in a folder of its own.
class StudyFixture {
  public:
    StudyFixture();
    // Stores a radiograph and adds it to the request; `edit` changes its header first.
    StudyImage& add_analysed(const InferenceResult& result,
                             const std::function<void(DcmDataset&)>& edit = {});
    StudyImage& add_not_analysed(const NotAnalysed& reason,
                                 const std::function<void(DcmDataset&)>& edit = {});
    // In place of the image added last, an outcome of each of its frames.
    void split_into_frames(const std::vector<AnalysisOutcome>& outcomes);
    StudyImage& add_file(const std::filesystem::path& dicom_file, const InferenceResult& result);

    ComposeRequest request;
    const std::filesystem::path& folder() const { return folder_.path(); }
    std::filesystem::path results_folder() const { return folder_.path() / "results"; }

  private:
    StudyImage& add(AnalysisOutcome outcome, const std::function<void(DcmDataset&)>& edit);
    void keep_artifact(StudyImage& image);
    hilum::test::TemporaryFolder folder_;
};

// The folders that a request names, without a coordinator before them.
class FolderFiles : public HandedFiles {
  public:
    explicit FolderFiles(const ComposeRequest& request) : results_(request.results_dir) {}
    Result<UniqueFd> open(const std::string& file) override;
    Result<std::string> keep(const std::string& name, std::string_view bytes) override;

  private:
    std::filesystem::path results_;
};
ComposeReply compose(const ComposeRequest& request, const Equipment& equipment);
Result<Sources> load_sources(const ComposeRequest& request);

// Of its error; empty: there was none.
std::string code_of(const ComposeReply& reply);

// The reply's only result of that kind, loaded.
std::unique_ptr<DcmFileFormat> load_result(const ComposeReply& reply, const std::string& kind);

std::vector<ExpectedImage> expected_images(const ComposeRequest& request);

}  // namespace hilum::results::test
