// The coordinator with the composer: what the model says of a study becomes results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/hl7_settings.h"
#include "contract/messages/packet.h"
#include "contract/report_form.h"
#include "contract/stored_object.h"
#include "contract/triage.h"

namespace hilum {

// An image, or one frame of it.
struct StudyImage {
    std::int64_t instance = 0;  // the coordinator's number of it
    std::string file;           // absolute path of the DICOM file
    std::string artifact;       // absolute path of the AnalysisArtifact; empty where none
    std::string sop_instance_uid;
    std::string dataset_sha256;
    AnalysisOutcome outcome;
    int frame = 1;             // that the outcome is of, from 1
    int frames = 1;            // of the image; 1: the outcome is of the image as a whole
    StoredObject stored = {};  // what the file must be, where that is known
};
// Results for one or more destinations that want the same settings.
struct ReportProfile {
    std::vector<std::string> destinations;
    bool sr = true;
    ReportClass sr_class = ReportClass::comprehensive_3d;
    int sr_series_number = 0;
    std::string sr_series_description;
    CaptureWhen sc_when = CaptureWhen::always;
    int sc_long_side = 0;
    int sc_series_number = 0;
    std::string sc_series_description;
    CaptureStyle sc_style = CaptureStyle::overlay;
    bool sr_activation_region = false;
    ResultCharacterSet character_set = ResultCharacterSet::source;
    std::string language = "en";  // en | de | fr
    bool oru = false;             // an HL7 message
    Hl7Settings hl7;
};
struct PredecessorReport {
    std::string sop_class_uid, sop_instance_uid, series_instance_uid;
    std::string model;  // name of the model that it reports
    int version = 0;
};
// A result that a destination may have, and that is to be taken back.
struct WithdrawnResult {
    ResultKind kind = ResultKind::sr;
    std::string sop_class_uid, sop_instance_uid, series_instance_uid;
    std::vector<std::string> destinations;
    std::string file = {}, sha256 = {};  // as of a KnownResult; no file: it is gone
    std::int64_t report = 0;             // with which it was made
};
// Reasons that no operator gives: the PACS moved an image that they tell of to another study, or corrected
// whose images they are. Such a withdrawal keeps no later results from being made.
constexpr const char* moved_away = "moved_away";
constexpr const char* patient_changed = "patient_changed";  // also the code of a reply's error
inline bool is_correction(const std::string& reason) {
    return reason == moved_away || reason == patient_changed;
}
struct Withdrawal {
    std::string reason;   // quality | safety | moved_away | patient_changed; empty: nothing is withdrawn
    std::string note;     // the operator's own words, may be empty
    std::int64_t at = 0;  // microseconds since 1970 UTC
    std::vector<WithdrawnResult> results;
};
// The node that makes a result, as the result tells of it.
struct Equipment {
    std::string institution;    // empty: not told
    std::string serial_number;  // its AE title: what tells this Hilum from another of the same hospital
    std::string software_version;
    std::string utc_offset;  // "+0100": the node's, for times of a source that names no zone of its own
};
// What a result's bytes hang on that nothing else tells which is kept of its study, and that its UID is not
// derived from. Kept with it (result.made_with): a member that comes later is not in what is kept by then.
struct MadeWith {
    Equipment equipment;
    std::vector<TriageRule> urgent;  // as in ComposeRequest, of messages alone
    bool urgent_study = false;       // likewise
};
inline bool is_kept(const MadeWith& with) {
    return !with.equipment.software_version.empty();
}
// A result of the study that is committed: destinations may have it.
struct KnownResult {
    std::string file, sha256;     // its name in results_dir; of what was composed
    bool own = false;             // of this version: where its file is not that any more, it is made anew
    std::string audit_head = {};  // as in ComposedResult
    MadeWith made_with = {};      // likewise; not is_kept(): of a Hilum that did not keep it
};
// A result of an earlier version that stands.
struct ToldResult {
    ResultKind kind = ResultKind::sr;
    std::string file, sha256;  // as of a WithdrawnResult
    std::int64_t report = 0;   // likewise
};
// By which header a report was filed: whom it was told of, where the files of its results are gone.
struct FiledReport {
    std::int64_t report = 0;
    std::string header;  // as of ComposeReply::filed_under
};
// coordinator -> composer: build the results of one study under one model, or take them back. Answered by
// ComposeReply.
struct ComposeRequest {
    static constexpr const char* type = "compose";
    std::int64_t job = 0;
    std::string study_instance_uid;
    int version = 1;  // of the study's report
    std::string model_name;
    ModelIdentity model;  // as loaded now; results carry their own, a report without any needs this
    std::vector<StudyImage> images;  // all of the study that this model looked at
    std::vector<ReportProfile> profiles;
    std::vector<PredecessorReport> predecessors;
    std::vector<KnownResult> known_results;
    std::vector<ToldResult> told;     // of each model's newest: this version is to be of the same patient
    std::vector<FiledReport> filed;   // of those that `told` and `withdrawal` are of, where it is known
    std::string results_dir;          // where the files go
    bool report_not_analysed = true;  // false: reports leave images out that the model was not made for
    std::int64_t opened_at = 0;       // this version; microseconds since 1970 UTC
    std::vector<TriageRule> urgent;
    // By these, of the findings of all active models: each model has a message of its own, and the last one
    // that a worklist gets must not take back what another's said.
    bool urgent_study = false;
    // A signed head of the audit trail (store/audit/signed_head.h), for each SR that no known result is;
    // empty: none. No part of what a result's UID is derived from.
    std::string audit_head;
    // How often the study's results were withdrawn before: what is made afterwards has other UIDs.
    int withdrawals = 0;
    // With a reason: `images` serve for their headers alone, and `profiles` say in which form each
    // destination is told.
    Withdrawal withdrawal;
};
// An image whose file is not what was received.
struct DamagedImage {
    std::int64_t instance = 0;
    std::string file;  // as it was asked for
    std::string how;   // no patient data
};
struct ComposedResult {
    ResultKind kind = ResultKind::sr;
    std::string sop_class_uid, sop_instance_uid, series_instance_uid, transfer_syntax_uid;
    std::string file;  // absolute; durable before the reply
    std::string sha256;
    std::vector<std::string> destinations;
    std::string audit_head = {};  // that it holds, so that composed anew it holds that again; empty: none
    MadeWith made_with = {};      // likewise; not is_kept(): it was made before, and nobody knows
};
// composer -> coordinator.
struct ComposeReply {
    static constexpr const char* type = "compose_reply";
    std::int64_t job = 0;
    std::vector<ComposedResult> results;  // durable; to be sent even when there is an error: one result's
                                          // failure does not hold up the others
    std::optional<Error> error;  // "template_violation": a report failed its check and was not written;
                                 // "patients_differ": no result, since the images name several patients;
                                 // "patient_changed": none, since what was told is another's
    bool analyse_again = false;  // what an analysis kept is damaged: the images are to be analysed anew
    std::vector<DamagedImage> damaged;  // with any there is an error (object_damaged) and no result
    std::vector<std::string> problems;  // each one that the check found; no patient data
    // Of a version that could be told, not of a withdrawal: its header (results/filed_header.h), which names
    // the patient, and all destinations of the request, also those for which nothing is made of it.
    std::string filed_under;
    std::vector<std::string> composed_for;
};

// composer -> coordinator, while it is at a ComposeRequest, one at a time: a file that the request names, an
// image's or its artifact by the path that it has there, a result's with results_dir before it. Answered by
// FileReply with one descriptor, open for reading.
struct FileRequest {
    static constexpr const char* type = "file_request";
    std::int64_t job = 0;
    std::string file;
};
// composer -> coordinator, likewise. One descriptor: a memfd with what is to become a file of results_dir,
// most_made_bytes at most. Its name is the result's UID with ".dcm", or ".hl7" of a message. Answered by
// FileReply when it is durable.
struct MadeFile {
    static constexpr const char* type = "made_file";
    std::int64_t job = 0;
    std::string file;    // its name
    std::string sha256;  // of the bytes
};
inline constexpr std::size_t most_made_bytes = 256 << 20;  // a picture of 8192 by 8192 in colour is less
// coordinator -> composer. Code "not_found" where there is no such file.
struct FileReply {
    static constexpr const char* type = "file_reply";
    std::int64_t job = 0;
    std::string file;  // as it was asked for
    std::optional<Error> error;
};

HILUM_JSON(MadeWith)
HILUM_MESSAGE(ComposeRequest)
HILUM_MESSAGE(ComposeReply)
HILUM_MESSAGE(FileRequest)
HILUM_MESSAGE(MadeFile)
HILUM_MESSAGE(FileReply)

}  // namespace hilum
