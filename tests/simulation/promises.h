// What the node promises (docs/architecture.md), asked at the moments at which it can be broken. Each throws
// BrokenPromise.
#pragma once

#include <string>

#include "contract/messages/composing.h"
#include "contract/messages/sending.h"
#include "simulation/image.h"
#include "simulation/ledger.h"
#include "simulation/scene.h"

namespace hilum::simulation {

// ---- while it works ----

// A modality was told that the node has this image.
void check_acknowledged(Scene& scene, const Image& image);
// A child was given this: it was claimed, and the attempt counted, in a commit before.
void check_analysis_claimed(Scene& scene, const Image& image, const std::string& model, int frame);
void check_report_claimed(Scene& scene, const ComposeRequest& request);
void check_delivery_claimed(Scene& scene, const std::string& destination, const DeliverRequest& request,
                            const std::string& bytes);
// After any commit.
void check_claims(Scene& scene);
void check_removed(Scene& scene);  // what retention took could go

// ---- when nothing is left to do ----

struct Site {
    std::vector<std::string> models;  // that make reports
    bool gives_up = false;            // deliveries may expire within the day
    int composers = 1;
    std::int64_t budget = 0;  // bytes of files; 0: none
};
void check_everything(Scene& scene, const Site& site);

// Whole files of the spool that no row names: what was replaced stays a few minutes.
std::set<std::string> unknown_files(Scene& scene);

}  // namespace hilum::simulation
