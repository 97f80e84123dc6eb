// What is known of one analysed radiograph: the image that the model saw, and what the model said.
// Written by the decoder (pixels, geometry) and the worker (outputs), kept by the coordinator, read by the
// composer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/declare_json.h"
#include "contract/image_note.h"

namespace hilum {

// A code of a coding scheme, as in a Code Sequence item (PS3.3 8.8). Empty value: no code is known.
struct Code {
    std::string value;
    std::string scheme;  // coding scheme designator: SCT, DCM, 99HILUM
    std::string meaning;
    bool operator==(const Code&) const = default;
};

struct ModelIdentity {
    std::string name;
    std::string version;
    std::string sha256;                     // of the weights file
    std::string configuration_sha256;       // of all that shapes an output besides: model.yaml, thresholds
    bool cleared_for_clinical_use = false;  // false: results say that they are not for clinical use
    std::string notice;  // one line for radiologists: "Demonstration model, not for clinical use"
    bool operator==(const ModelIdentity&) const = default;
};

// What the model says of one label.
struct LabelResult {
    std::string name;
    Code code;               // of the finding
    Code site;               // finding site
    double score = 0;        // after the activation, before calibration; in [0,1] for softmax and sigmoid
    double probability = 0;  // after the package's calibration, also one without a named set; decides
    double threshold = 0;    // on `probability`
    bool positive = false;   // softmax: the top class, unless indeterminate; else probability >= threshold
    bool abnormal = false;   // a positive one makes the study abnormal
    bool candidate = false;  // of an indeterminate result: one of those between which it could not decide
};

struct InferenceResult {
    ModelIdentity model;
    std::vector<LabelResult> labels;  // in the order of the package
    std::string activation;           // softmax | sigmoid | none
    bool calibrated = false;      // on a named set: `probability` may be called so, else it is a model score
    std::string calibration_set;  // names the data the calibration was fitted on; "none"
    // softmax: the top class, or "indeterminate"; else the finding furthest above its threshold, an abnormal
    // one before any other, or "no finding"
    std::string diagnosis;
    // Probability of the diagnosis; for "indeterminate" the highest. For "no finding" 1 - the highest of the
    // abnormal labels (of all, where none is): no probability, but at most the one that there is none.
    double confidence = 0;
    // softmax: by how much the best two probabilities must differ for a diagnosis; 0: by nothing
    double indeterminate_margin = 0;
    double coverage =
        0;  // softmax: of the prediction sets that decide in the margin's place; 0: there are none
    int set_size = -1;            // classes in this image's set; -1: there is none, or nobody knows
    std::string device;           // "cpu", "cuda:0"
    std::int64_t started_at = 0;  // microseconds since 1970 UTC
    double seconds = 0;           // of the forward pass (of its batch)
    int map_rows = 0;             // activation maps: labels x map_rows x map_columns floats; 0: none
    int map_columns = 0;
};

// The diagnosis of a softmax whose best two differ by less than the package's margin, or whose prediction set
// has not exactly one class: none of its classes is positive. No label has this name.
inline constexpr const char* indeterminate = "indeterminate";

inline bool is_indeterminate(const InferenceResult& result) {
    return result.diagnosis == indeterminate;
}

// Why an image has no score. The codes are stable: docs and metrics name them.
struct NotAnalysed {
    std::string
        code;  // "view", "body_part", "modality", "patient_age", "transfer_syntax", "undecodable", ...
    std::string message;  // "the view is LATERAL; this model reads PA and AP"
};

// How the image was turned before it became the model's input: first transposed, then its columns or rows
// flipped. A place (x, y) of the image, each from 0 to 1, lies in the turned image at (y, x) if transposed,
// and then at 1 - x where columns, at 1 - y where rows are flipped.
struct Turn {
    bool transposed = false, flipped_columns = false, flipped_rows = false;
    bool operator==(const Turn&) const = default;
};

// How the model's input relates to the turned image: column_in_image = (column_in_input + 0.5 - left) *
// source_columns / scaled_columns - 0.5.
struct InputGeometry {
    Turn turn;
    int source_columns = 0, source_rows = 0;  // the turned image
    int scaled_columns = 0, scaled_rows = 0;  // the image after scaling, in pixels of the input
    int left = 0, top = 0;                    // where it lies in the input; negative when cropped
    int input_columns = 0, input_rows = 0;    // the model's input
};

// The radiograph as a person should see it, 8 bits, black is 0 whatever the Photometric Interpretation.
struct DisplayGeometry {
    int columns = 0, rows = 0;  // of the display image: rows * columns bytes, row by row
};

// The frames of an image, as the decoder counts them once the image as a whole may be analysed.
struct FrameCount {
    int of_image = 1;
    int wanted = 1;  // how many of them the package analyses: the first, or all
    bool operator==(const FrameCount&) const = default;
};
// An image of more frames than these is not analysed under a package that reads each.
inline constexpr int most_analysed_frames = 64;

// What the decoder read in the header and others need; text is UTF-8.
struct RadiographAttributes {
    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::string modality;
    std::string body_part;  // as the site's aliases translate it; empty: unknown
    std::string view;       // PA, AP, LATERAL, ... ; empty: unknown
    std::string transfer_syntax_uid;
    int rows = 0, columns = 0;
};

// NotAnalysed or InferenceResult of one image under one model.
struct AnalysisOutcome {
    std::optional<NotAnalysed> not_analysed;
    std::optional<InferenceResult> result;
    ModelIdentity model;  // under which it was judged; empty where processing failed
    ImageNotes notes = {};
};

HILUM_JSON(Code)
HILUM_JSON(ModelIdentity)
HILUM_JSON(LabelResult)
HILUM_JSON(InferenceResult)
HILUM_JSON(NotAnalysed)
HILUM_JSON(Turn)
HILUM_JSON(InputGeometry)
HILUM_JSON(DisplayGeometry)
HILUM_JSON(FrameCount)
HILUM_JSON(RadiographAttributes)
HILUM_JSON(AnalysisOutcome)

}  // namespace hilum
