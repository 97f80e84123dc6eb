#include "simulation/day.h"

#include <algorithm>

namespace hilum::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int commits_between_checks = 7;
constexpr Duration longest_unrest = hours(4);  // after the weather cleared
constexpr int most_retries = 4;                // by operators, of what failed for good meanwhile

nlohmann::json request(const char* verb, nlohmann::json args) {
    return {{"verb", verb}, {"args", std::move(args)}};
}

}  // namespace

Day::Day(const Script& script, DataDirectory directory, bool printed)
    : script_(script),
      random_(script.seed),
      trace_(printed),
      ledger_(directory.database()),
      scene_{world_, random_, disk_, trace_, directory, ledger_, hospital_, {}, 1, {}},
      node_(scene_, family_, configuration_of(script, directory)) {
    world_.raise(family_);
    hospital_.open(scene_, [this](std::vector<Image> images) { return family_.connect(std::move(images)); });
    for (const char* name : {"pacs", "archive", "viewer"}) hospital_.destinations.emplace_back().name = name;
    hospital_.destinations[2].wants_captures = false;
    site_.models = {"chest"};
    if (script.second_model) site_.models.emplace_back("second");
    site_.gives_up = script.gives_up_early;
    scene_.claims_lost = script.loses_claims ? 0.15 : 0;
    scene_.random_of_claims = Random(script.seed * 7 + 1);
    scene_.files_damaged = script.damages_files ? 0.1 : 0;
    scene_.random_of_damage = Random(script.seed * 7 + 2);
}

void Day::play() {
    node_.start();
    for (const auto& act : script_.acts) world_.after(act.at, [this, act] { perform(act); });
    run_until(script_.length);
    clear_up();
    come_to_rest();
    for (int i = 0; i < most_retries; ++i) {
        retry_what_failed();
        come_to_rest();
    }
    // A start finds everything as it should be.
    node_.restart(seconds(1));
    run_until(world_.elapsed() + minutes(2));
    come_to_rest();
    check_everything(scene_, site_);
}

void Day::run_until(Duration time) {
    for (;;) {
        try {
            if (!world_.run_one(time)) return;
            if (world_.ran_background() && ++commits_ % commits_between_checks == 0) {
                check_claims(scene_);
                family_.check_claims();
            }
        } catch (const ProcessDied&) {
            node_.die(doom_, down_);
        }
    }
}

void Day::for_a_while(Duration time, std::function<void()> undo) {
    world_.after(time, [this, undo = std::move(undo)] {
        if (!over_) undo();
    });
}

void Day::perform(const Act& act) {
    scene_.tell("-- {}", describe(act));
    if (over_) return;
    const auto index = static_cast<std::size_t>(act.a);
    switch (act.what) {
        case What::image_comes:
            return hospital_.arrive(script_.images[index]);
        case What::somebody_predicts:
            return predict(script_.images[index]);
        case What::node_dies:
            return kill(act);
        case What::node_is_restarted:
            return node_.restart(act.lasts);
        case What::child_is_killed:
            return family_.befall(Family::Mishap::killed, roles[index], act.b, act.lasts);
        case What::child_is_stopped:
            return family_.befall(Family::Mishap::stopped, roles[index], act.b, act.lasts);
        case What::operator_pauses:
        case What::operator_retries:
        case What::operator_discards:
        case What::operator_resends:
        case What::operator_withdraws:
        case What::package_is_changed:
            return operate(act);
        default:
            return surround(act);
    }
}

void Day::predict(Image image) {
    image.header = predicted_header;
    family_.predict(to_file(image));
}

void Day::kill(const Act& act) {
    if (!node_.running()) return;
    const auto death = static_cast<Death>(act.a);
    if (act.b == 0) return node_.die(death, act.lasts);
    doom_ = death;
    down_ = act.lasts;
    disk_.die_at(static_cast<WriteState>(act.b - 1), death);
}

void Day::surround(const Act& act) {
    const auto index = static_cast<std::size_t>(act.a);
    switch (act.what) {
        case What::storm:
            scene_.weather = storms()[index];
            return for_a_while(act.lasts, [this] { scene_.weather = {}; });
        case What::clock_is_set:
            return world_.set_wall_clock(act.lasts);
        case What::disk_fills:
            disk_.set_full(true);
            return for_a_while(act.lasts, [this] { disk_.set_full(false); });
        case What::destination_goes:
            hospital_.destinations[index].up = false;
            return for_a_while(act.lasts, [this, index] { hospital_.destinations[index].up = true; });
        default:
            hospital_.destinations[index].refusing = true;
            return for_a_while(act.lasts, [this, index] { hospital_.destinations[index].refusing = false; });
    }
}

void Day::operate(const Act& act) {
    if (act.what == What::package_is_changed) {
        ++scene_.package_version;
        return node_.ask(request("model.reload", nlohmann::json::object()), [](const nlohmann::json&) {});
    }
    if (act.what == What::operator_pauses)
        return pause(hospital_.destinations[static_cast<std::size_t>(act.a)], act.lasts);
    const auto& study = script_.studies[static_cast<std::size_t>(act.a)];
    const nlohmann::json of_study = {{"study_instance_uid", study}};
    const auto nothing = [](const nlohmann::json&) {};
    if (act.what == What::operator_withdraws) return withdraw(study);
    if (act.what == What::operator_retries) {
        scene_.retried.insert(study);
        return node_.ask(request("jobs.retry", of_study), nothing);
    }
    if (act.what == What::operator_resends) return node_.ask(request("results.resend", of_study), nothing);
    hospital_.studies[study].discarded = true;
    node_.ask(request("jobs.discard", of_study), nothing);
}

// Who asked for one and then for the other insists on the later alone, also where the node was down for both.
void Day::pause(Destination& destination, Duration lasts) {
    const auto latest = [&destination, order = ++destination.orders] { return destination.orders == order; };
    const auto paused = [this, &destination, latest](const nlohmann::json& answer) {
        if (!answer.contains("ok") || over_ || !latest()) return;
        scene_.tell("{} is paused", destination.name);
        destination.paused = true;
        destination.sent_while_paused = 0;
    };
    node_.ask(request("destinations.pause", {{"name", destination.name}}), paused, latest);
    for_a_while(lasts, [this, &destination] {
        destination.paused = false;
        const auto still = [&destination, order = ++destination.orders] {
            return destination.orders == order;
        };
        node_.ask(
            request("destinations.resume", {{"name", destination.name}}), [](const nlohmann::json&) {},
            still);
    });
}

// From the answer on nothing of what stood is sent; what a sender has in hand may still arrive.
void Day::withdraw(const std::string& study) {
    const nlohmann::json args = {{"study_instance_uid", study}, {"reason", "quality"}, {"note", "simulated"}};
    node_.ask(request("results.withdraw", args), [this, study](const nlohmann::json& answer) {
        if (!answer.contains("ok")) return;
        scene_.tell("{} is withdrawn", study);
        std::set<std::string> in_hand;
        for (const auto& job : ledger_.jobs())
            if (job.lane == Lane::deliver && job.state == JobState::running) in_hand.insert(job.subject);
        for (const auto& result : ledger_.results())
            if (result.study_instance_uid == study && result.withdrawn &&
                !in_hand.contains(result.sop_instance_uid))
                for (auto& destination : hospital_.destinations)
                    destination.withdrawn.insert(result.sop_instance_uid);
    });
}

void Day::clear_up() {
    scene_.tell("-- the weather clears");
    over_ = true;
    node_.ask_no_more();
    scene_.weather = {};
    scene_.claims_lost = 0;
    scene_.files_damaged = 0;
    disk_.set_full(false);
    disk_.spare();
    scene_.last_attempts.clear();  // a destination that is resumed is tried at once
    for (auto& destination : hospital_.destinations) {
        destination.up = true;
        destination.refusing = destination.paused = false;
        node_.ask(request("destinations.resume", {{"name", destination.name}}), [](const nlohmann::json&) {});
    }
}

bool Day::at_rest() {
    return node_.running() && hospital_.everything_sent() && ledger_.unfinished().empty() &&
           unknown_files(scene_).empty();
}

// Quiet twice with a while between, since a step may be on its way from one to the next.
void Day::come_to_rest() {
    const auto deadline = world_.elapsed() + longest_unrest;
    for (int quiet = 0; quiet < 2 && world_.elapsed() < deadline;) {
        run_until(world_.elapsed() + seconds(15));
        quiet = at_rest() ? quiet + 1 : 0;
    }
    scene_.demand(hospital_.everything_sent(), "receiving goes on",
                  "a modality still waits for the node to take an image");
    const auto unfinished = ledger_.unfinished();
    scene_.demand(unfinished.empty(), "nothing waits for ever", "{}", fmt::join(unfinished, "; "));
}

// What a storm made fail for good waits for an operator. Of a withdrawn study it is the withdrawal alone that
// must go on, for to analyse its images anew would be to report them anew.
void Day::retry_what_failed() {
    bool any = false;
    const auto withdrawn = ledger_.withdrawn_studies();
    for (const auto& job : ledger_.jobs()) {
        const auto& study = job.study_instance_uid;
        if (job.state != JobState::set_aside || hospital_.studies[study].discarded) continue;
        if (job.lane == Lane::analyse && (withdrawn.contains(study) || is_poison(job.subject))) continue;
        scene_.tell("an operator retries {} {} of {}", word_of(job.lane), job.subject, study);
        scene_.retried.insert(study);
        node_.ask(request("jobs.retry", {{"kind", operators_word_of(job.lane)}, {"id", job.id}}),
                  [](const nlohmann::json&) {});
        any = true;
    }
    if (any) run_until(world_.elapsed() + seconds(5));
}

bool Day::is_poison(const std::string& sop_instance_uid) const {
    return std::ranges::any_of(script_.images, [&](const Image& image) {
        return image.sop_instance_uid == sop_instance_uid && image.kind == "poison";
    });
}

}  // namespace hilum::simulation
