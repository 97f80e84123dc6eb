#include "simulation/promises.h"

#include <filesystem>
#include <utility>

#include "base/digest.h"
#include "base/file_system.h"

namespace hilum::simulation {
namespace {

constexpr std::size_t most_result_bytes = 1 << 20;
constexpr Duration least_delay = std::chrono::milliseconds(1500);  // of a failed attempt
constexpr int refusals_until_given_up = 3;                         // as the destinations are configured
constexpr int most_claimed_analyses = 16;  // of a model: what its children take, and what waits to be kept

void check_claimed(Scene& scene, const std::optional<Job>& job, const std::string& what,
                   bool may_be_discarded) {
    scene.demand(job.has_value(), "a claim is a commit", "{} is worked on, and has no job", what);
    const bool claimed =
        job->state == JobState::running ||
        (may_be_discarded && (job->state == JobState::discarded || job->state == JobState::waiting));
    scene.demand(claimed, "a claim is a commit", "{} is worked on, and its job is {}", what,
                 word_of(job->state));
    scene.demand(job->attempts >= 1 || job->state != JobState::running,
                 "attempts are counted before the work is touched", "{} is worked on in attempt {}", what,
                 job->attempts);
    // An attempt that is not the first waits, unless a start or an operator wants it at once. Within one, an
    // image may be prepared again: for the package of a reload.
    auto& before = scene.last_attempts[what];
    const bool again = before.number != 0 && job->attempts > 1 && job->attempts != before.number;
    const auto since = scene.world.elapsed() - before.at;
    if (job->attempts != before.number) before = {job->attempts, scene.world.elapsed()};
    scene.demand(!again || since >= least_delay, "what failed is not tried again at once",
                 "{} is tried again after {}", what, format_duration(since));
}

}  // namespace

void check_acknowledged(Scene& scene, const Image& image) {
    const auto stored = scene.ledger.image(image.sop_instance_uid, image.dataset_sha256());
    scene.demand(stored.has_value(), "stored, then acknowledged", "{} was acknowledged and has no row",
                 image.sop_instance_uid);
    if (stored->removed) return;  // check_removed() asks whether it could go
    if (scene.damaged_objects.contains(image.dataset_sha256())) return;
    const auto file = read_file(scene.directory.spool() / stored->file, most_result_bytes);
    scene.demand(file && *file == to_file(image), "stored, then acknowledged",
                 "{} was acknowledged and its file {} is not it", image.sop_instance_uid, stored->file);
}

void check_analysis_claimed(Scene& scene, const Image& image, const std::string& model, int frame) {
    // It may have been superseded since, or superseded and taken up again.
    check_claimed(scene, scene.ledger.analysis(image.sop_instance_uid, image.dataset_sha256(), model, frame),
                  fmt::format("the analysis of {} {:.8} frame {} under {}", image.sop_instance_uid,
                              image.dataset_sha256(), frame, model),
                  true);
}

void check_report_claimed(Scene& scene, const ComposeRequest& request) {
    check_claimed(scene, scene.ledger.report(request.job),
                  fmt::format("version {} of {} under {}", request.version, request.study_instance_uid,
                              request.model_name),
                  true);
    // A composer that fails leaves the results that it had made; its error tells, until an operator retries.
    if (scene.retried.contains(request.study_instance_uid)) return;
    scene.demand(!scene.ledger.has_results_of_nobody(request.job), "who lost his claim keeps nothing",
                 "version {} of {} has results, and is composed", request.version,
                 request.study_instance_uid);
}

void check_delivery_claimed(Scene& scene, const std::string& destination, const DeliverRequest& request,
                            const std::string& bytes) {
    check_claimed(scene, scene.ledger.delivery(destination, request.sop_instance_uid),
                  "the delivery of " + request.sop_instance_uid + " to " + destination, false);
    const auto result = scene.ledger.result(request.sop_instance_uid);
    scene.demand(result.has_value(), "a result is committed before it is sent", "{} is sent to {}",
                 request.sop_instance_uid, destination);
    scene.demand(result->sha256 == sha256_hex(bytes), "a result is committed before it is sent",
                 "{} is sent to {} with other bytes than were committed", request.sop_instance_uid,
                 destination);
}

void check_claims(Scene& scene) {
    for (const auto& [lane, count] : scene.ledger.running()) {
        const int most = lane.starts_with("analyse") ? most_claimed_analyses : lane == "compose" ? 3 : 1;
        scene.demand(count <= most, "a claim is held by one", "{} jobs of {} run at once", count, lane);
    }
    const auto early = scene.ledger.refused_early(refusals_until_given_up);
    scene.demand(early.empty(), "what is refused is tried again", "{}: refused for good too early",
                 fmt::join(early, ", "));
}

void check_removed(Scene& scene) {
    const auto early = scene.ledger.removed_early();
    scene.demand(early.empty(), "nothing goes before its time", "{}: its file was removed",
                 fmt::join(early, ", "));
}

}  // namespace hilum::simulation
