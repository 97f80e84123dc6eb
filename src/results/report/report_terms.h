// How results are told, the same in the Structured Report and the Secondary Capture: the codes of our own
// coding scheme 99HILUM, sentences made of words.h, and what of a model's outputs is a finding.
#pragma once

#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/label_code.h"
#include "contract/messages/composing.h"
#include "contract/score_text.h"
#include "results/words.h"

namespace hilum::results {

using hilum::own_coding_scheme;
inline constexpr const char* manufacturer = "Hilum";

// Those of our own are listed in contract/label_code.cpp too: no label gets their values.
namespace terms {
inline const Code ai_diagnosis{"ai-diagnosis", own_coding_scheme, "AI diagnosis"};
inline const Code model_score{"model-score", own_coding_scheme, "Model score"};
inline const Code notice{"notice", own_coding_scheme, "Notice"};
inline const Code report_version{"report-version", own_coding_scheme, "Report version"};
inline const Code not_analysed{"not-analysed", own_coding_scheme, "Not analysed"};
inline const Code not_analysed_reason{"not-analysed-why", own_coding_scheme, "Reason not analysed"};
// The box of what the model's activation map marks: coarser than any lesion, and never called one.
inline const Code activation_region{"activation-box", own_coding_scheme, "Activation region (bounding box)"};
inline const Code frame{"frame", own_coding_scheme, "Frame"};
inline const Code no_finding{"no-finding", own_coding_scheme, "No finding above threshold"};
inline const Code imaging_procedure{"363679005", "SCT", "Imaging procedure"};
inline const Code source_image{"121322", "DCM", "Source image for image processing operation"};
inline const Code probability{"122157", "DCM", "Probability"};
inline const Code present{"52101004", "SCT", "Present"};
inline const Code absent{"272519000", "SCT", "Absent"};
inline const Code indeterminate{"82334004", "SCT", "Indeterminate"};
}  // namespace terms

// An abnormal label that the model calls positive: what gets a measurement group and an activation map.
bool is_finding(const LabelResult& label);
bool has_finding(const InferenceResult& result);

// Present: positive. Indeterminate: a candidate of an indeterminate result; or not the top class
// of a softmax, yet not below its own threshold, so that "absent" would claim too much. Absent: all else.
const Code& presence_of(const LabelResult& label);

// The label's own code, or one of 99HILUM made from its name, always the same for the same name.
Code code_of(const LabelResult& label);

// Whether thresholds decide the diagnosis; the classes of a softmax exclude each other, and the highest wins.
bool has_thresholds(const InferenceResult& result);

// The label that the diagnosis names; null for "no finding" and "indeterminate".
const LabelResult* diagnosed_label(const InferenceResult& result);
Code diagnosis_of(const InferenceResult& result, const Words& words);
std::string diagnosis_text(const InferenceResult& result, const Words& words);  // in the language

// Whether no label reached its threshold, so that none is the diagnosis: no score tells of that.
bool is_no_finding(const InferenceResult& result);

// The label whose score is told beside the diagnosis: its own; of "indeterminate" the class of the highest
// probability; of "no finding" the abnormal label that came highest (of all, where none is abnormal), by its
// name and never as the probability of "no finding".
const LabelResult& told_label(const InferenceResult& result);

// Why a result is indeterminate, in few words: its margin, or what is in its prediction set. Empty where that
// is not known, of an outcome that an earlier version kept.
std::string indeterminate_reason(const InferenceResult& result, const Words& words);

// The code of a reason for not analysing, and the sentence that a radiologist reads.
Code code_of(const NotAnalysed& reason, const Words& words);
std::string sentence_of(const NotAnalysed& reason, const StudyImage& image, const Words& words);

// Whether Hilum failed at an image that may be one for the model: it cannot be read, or its processing
// failed. All other reasons say that the model was not made for it, or that there is nothing on it.
bool is_failure(const NotAnalysed& reason);

// How the analyses went (CID 6047): of `images` that were tried, `decided` have a diagnosis or "no finding".
// One that is indeterminate did not succeed.
Code summary_code(std::size_t images, std::size_t decided, bool with_findings);

// Which frame of the image is spoken of, "frame 2 of 3"; empty where it is the image as a whole.
bool is_frame(const StudyImage& image);
std::string frame_text(const StudyImage& image, const Words& words);

// What the model's numbers may be called: Probability when calibrated, else Model score.
Code score_concept(const InferenceResult& result, const Words& words);
std::string score_name(const InferenceResult& result, const Words& words);
// What a score is told as, here and of each label, is `probability`, calibrated or not: what was compared
// with thresholds and margin, so that no number contradicts its decision.
std::string format_score(double score, const Words& words);  // "0.93", ">0.99"
std::string format_limit(double limit, const Words& words);  // a margin or coverage
// The score of a label of the result, and its threshold where thresholds decide; else that is empty.
Compared shown_score(const InferenceResult& result, const LabelResult& label, const Words& words);
Compared score_number_of(const LabelResult& label);  // for programs
std::string calibration_note(const InferenceResult& result, const Words& words);

// The package's, else "Not cleared for clinical use"; empty only for a model cleared for clinical use without
// a notice.
std::string notice_of(const ModelIdentity& model, const Words& words);
std::string notice_of(const std::vector<ModelIdentity>& models,
                      const Words& words);  // the first that has one

// "v2, replaces v1"; empty for the first version.
std::string version_text(const ComposeRequest& request, const Words& words);

// What whoever has withdrawn results reads.
std::string withdrawal_text(const ComposeRequest& request, const Words& words);

// The name of the algorithm's parameter that says what an activation region bounds.
inline constexpr const char* activation_extent = "activation region";

// At most `bytes` of UTF-8, cut between characters.
std::string shortened(const std::string& text, std::size_t bytes);

bool is_ascii(const std::string& text);

}  // namespace hilum::results
