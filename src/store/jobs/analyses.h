// Jobs of the lane "analysis": one frame of an image under one model. Called
// within a commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/stored_object.h"
#include "store/jobs/claim.h"

namespace hilum {

struct AnalysisClaim {
    Claim claim;
    std::string model;  // key of the model
    int frame = 1;
    std::string file;  // within the spool
    std::string study_instance_uid, sop_instance_uid;
    StoredObject stored = {};
    std::int64_t instance = 0;
};

// The model's next analysis that is due.
std::optional<AnalysisClaim> claim_analysis(Transaction& transaction, const std::string& model,
                                            Duration lease);

struct AnalysisEnd {
    AnalysisOutcome outcome;
    std::string artifact;  // file within data_dir/analyses; empty: none
    FrameCount frames;
    bool urgent = false;  // the study's jobs go before others from now on
};
// False: the claim is stale.
bool keep_outcome(Transaction& transaction, const AnalysisClaim& claimed, const AnalysisEnd& end);
// Where the object is damaged (object_damaged), its instance is marked (damaged_objects.h); what was sent
// again meanwhile is tried again.
bool keep_analysis_failure(Transaction& transaction, const AnalysisClaim& claimed, const Error& error,
                           const FrameCount& frames, const RetrySettings& retry);

// Queues what was done, whose outcome stands until the next one comes.
void repeat_analysis(Transaction& transaction, std::int64_t job);

// What the decoder counted while it worked on the analysis `id`: every frame
// that is wanted gets an analysis of its own, queued, unless it has one. In the
// commit that ends that work, so that no crash loses a frame.
void keep_frames(Transaction& transaction, std::int64_t id, const FrameCount& frames);

// Each image of the study that a report would tell of is queued under each of the models that has not been
// given it yet. False: there is none.
bool analyse_what_lacks(Transaction& transaction, std::int64_t study, const std::vector<std::string>& models);

// SQL: the error of what adopt_models() discards.
#define HILUM_MODEL_IS_GONE "'the model is no longer configured'"

// At a start, before anything is claimed: these models are configured now, whatever was before. Jobs of
// others are discarded; their images, and all images of studies whose report is due, get jobs under these.
void adopt_models(Transaction& transaction, const std::vector<std::string>& models);

}  // namespace hilum
