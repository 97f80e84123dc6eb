#include "simulation/audit.h"

#include <algorithm>
#include <map>
#include <set>

#include "simulation/hospital.h"
#include "simulation/ledger.h"

namespace hilum::simulation {
namespace {

// How often the trail tells of each thing: "type subject", and "type subject target" where it has one.
std::map<std::string, int> told_in(const std::vector<Event>& events) {
    std::map<std::string, int> told;
    for (const auto& event : events) {
        const auto target = event.detail.value("destination", event.detail.value("model_key", std::string()));
        const auto state = event.detail.contains("state") ? event.detail.at("state").get<std::string>() : "";
        ++told[event.type + " " + event.sop_instance_uid];
        ++told[event.type + " " + event.sop_instance_uid + " " + target];
        ++told[event.type + " " + event.sop_instance_uid + " " + target + " " + state];
        ++told[event.type + " of " + event.study_instance_uid];
        if (event.type == "instance_received" || event.type == "instance_adopted")
            ++told[event.detail.at("outcome").get<std::string>() + " " + event.sop_instance_uid];
        if (event.detail.contains("report") && event.detail.at("report").is_number())
            ++told[fmt::format("{} {}", event.type, event.detail.at("report").get<std::int64_t>())];
    }
    return told;
}

class Trail {
  public:
    Trail(Scene& scene, std::map<std::string, int> told) : scene_(scene), told_(std::move(told)) {}

    void demand(const std::string& what, int times = 1) const {
        const auto found = told_.find(what);
        const int have = found == told_.end() ? 0 : found->second;
        scene_.demand(have >= times, "the trail tells every transition",
                      "'{}' stands in it {} times, and happened {}", what, have, times);
    }
    bool tells(const std::string& what) const { return told_.contains(what); }

  private:
    Scene& scene_;
    std::map<std::string, int> told_;
};

void check_analysis(Scene& scene, const Trail& trail, const Job& job) {
    if (job.state == JobState::done) trail.demand(job.outcome + " " + job.subject + " " + job.target);
    if (job.state == JobState::set_aside && !scene.hospital.studies[job.study_instance_uid].discarded)
        trail.demand("analysis_failed " + job.subject + " " + job.target + " quarantined");
}

void check_delivery(Scene& scene, const Trail& trail, const Job& job) {
    const auto what = " " + job.subject + " " + job.target;
    if (job.state == JobState::done) {
        trail.demand("result_delivered" + what);
        scene.demand(job.attempts >= 1, "attempts are counted before the work is touched",
                     "{} was delivered in none", what);
    }
    if (job.state == JobState::set_aside && !trail.tells("commitment_failed" + what + " " + job.outcome))
        trail.demand("delivery_failed" + what + " " + job.outcome);
}

void check_job(Scene& scene, const Trail& trail, const Job& job) {
    if (job.lane == Lane::analyse) check_analysis(scene, trail, job);
    if (job.lane == Lane::deliver) check_delivery(scene, trail, job);
    if (job.lane == Lane::compose && job.state == JobState::set_aside)
        trail.demand(fmt::format("report_failed {}", job.id));
    if (job.lane == Lane::commit && job.state == JobState::done)
        trail.demand("result_committed " + job.subject + " " + job.target);
}

// What came again is no version, whichever way it came. Not asked where the clock was set: by it the node
// judges which of two files is newer.
void check_versions(Scene& scene, std::map<std::string, int>& told, const std::vector<Event>& events) {
    if (std::ranges::any_of(events, [](const Event& event) { return event.type == "clock_set"; })) return;
    for (const auto& [study, of_study] : scene.hospital.studies)
        for (const auto& [uid, images] : of_study.acknowledged) {
            int changes = 0;
            for (std::size_t i = 1; i < images.size(); ++i)
                changes += images[i].dataset_sha256() != images[i - 1].dataset_sha256() ? 1 : 0;
            const int versions = told["new_version " + uid];
            scene.demand(versions <= changes, "what came again is no new version",
                         "the trail tells of {} new versions of {}, which was changed {} times", versions,
                         uid, changes);
        }
}

}  // namespace

void check_trail(Scene& scene) {
    std::int64_t broken = 0;
    const auto events = scene.ledger.events(broken);
    scene.demand(broken == 0, "the audit chain verifies", "event {} does not fit", broken);
    auto told = told_in(events);
    const auto received = [&](const std::string& uid) {
        return told["instance_received " + uid] + told["instance_adopted " + uid];
    };
    for (const auto& [uid, versions] : scene.ledger.instance_versions())
        scene.demand(received(uid) >= versions, "the trail tells every transition",
                     "{} came in {} versions, of which the trail has {}", uid, versions, received(uid));
    check_versions(scene, told, events);
    const Trail trail(scene, std::move(told));
    for (const auto& result : scene.ledger.results())
        trail.demand("result_composed " + result.sop_instance_uid);
    for (const auto& study : scene.ledger.withdrawn_studies()) trail.demand("results_withdrawn of " + study);
    for (const auto& job : scene.ledger.jobs()) check_job(scene, trail, job);
}

}  // namespace hilum::simulation
