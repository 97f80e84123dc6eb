// The promises about what is there when nothing is left to do: what each destination holds.
#include <algorithm>
#include <filesystem>

#include "base/digest.h"
#include "base/file_system.h"
#include "simulation/audit.h"
#include "simulation/hospital.h"
#include "simulation/promises.h"

namespace hilum::simulation {
namespace {

constexpr std::size_t most_bytes = 1 << 20;
constexpr std::size_t most_watched = 64, most_waiting_events = 2000, longest_queue = 4000;

using Seen = std::set<std::string>;  // images as a report names them

// The version of an image that counts: the last one that brought something to analyse.
const Image& active_of(const std::vector<Image>& acknowledged) {
    const Image* active = &acknowledged.front();
    for (const auto& image : acknowledged)
        if (image.analysis_sha256() != active->analysis_sha256()) active = &image;
    return *active;
}

std::string outcome_of(const std::string& kind) {
    if (kind == "negative") return "no finding";
    if (kind == "lateral") return "view";
    return kind == "poison" ? "processing_failed" : "Pneumonia";
}

bool has_score(const std::string& kind) {
    return kind == "positive" || kind == "negative" || kind == "frames";
}

std::string seen(const std::string& uid, const std::string& sha256, int frame, const std::string& outcome) {
    return fmt::format("{} {:.8} frame {}: {}", uid, sha256, frame, outcome);
}

// What one destination holds of one study under one model.
class Holdings {
  public:
    Holdings(Scene& scene, const Destination& destination, std::string study, std::string model)
        : scene_(scene), destination_(destination), study_(std::move(study)), model_(std::move(model)) {
        for (const auto& [uid, held] : destination.held()) {
            if (held.content.at("study") != study_ || held.content.at("model") != model_) continue;
            if (held.content.at("kind") == "ko")
                for (const auto& withdrawn : held.content.at("withdrawn"))
                    noted_.insert(withdrawn.get<std::string>());
            else if (scene_.ledger.result(uid)->withdrawn)
                withdrawn_.insert(uid);
            else
                standing_[uid] = &held.content;
        }
    }

    void check_withdrawn() const {
        for (const auto& uid : withdrawn_)
            scene_.demand(noted_.contains(uid), "who has a withdrawn result is told",
                          "{} holds {} of {}, which was withdrawn", destination_.name, uid, study_);
    }
    void check_nothing_stands() const {
        scene_.demand(standing_.empty(), "a withdrawn study has no result", "{} holds a result of {}",
                      destination_.name, study_);
    }
    void check_current(const std::vector<Image>& expected) const {
        const auto current = current_report();
        scene_.demand(!current.empty(), "every study gets its result", "{} has no report of {} under {}",
                      destination_.name, study_, model_);
        const auto& content = *standing_.at(current);
        const auto want = wanted(expected), have = told(content);
        scene_.demand(want == have, "the current result is of the current images",
                      "{}: version {} of {} under {} tells of [{}], and should of [{}]", destination_.name,
                      content.at("version").get<int>(), study_, model_, fmt::join(have, "; "),
                      fmt::join(want, "; "));
        check_succession(current);
        if (destination_.wants_captures) check_captures(content);
    }

    // Of a study that lost files to retention: what came late has a report of its own, and none replaces what
    // tells of an image that is gone.
    void check_told(const std::vector<Image>& expected) const {
        Seen have;
        for (const auto& [uid, content] : standing_)
            if (content->at("kind") == "sr") have.merge(told(*content));
        std::vector<Image> scored;
        std::ranges::copy_if(expected, std::back_inserter(scored),
                             [](const Image& image) { return has_score(image.kind); });
        for (const auto& image : wanted(scored))
            scene_.demand(have.contains(image), "every study gets its result",
                          "{} has no report of {} that tells of {}", destination_.name, study_, image);
    }

  private:
    std::string current_report() const {
        std::string current;
        int version = -1;
        for (const auto& [uid, content] : standing_)
            if (content->at("kind") == "sr" && content->at("version").get<int>() > version) {
                current = uid;
                version = content->at("version").get<int>();
            }
        return current;
    }
    static Seen wanted(const std::vector<Image>& expected) {
        const bool any =
            std::ranges::any_of(expected, [](const Image& image) { return has_score(image.kind); });
        Seen all;
        for (const auto& image : expected)
            for (int frame = 1; frame <= (image.kind == "frames" ? 2 : 1); ++frame)
                if (!any || has_score(image.kind))
                    all.insert(seen(image.sop_instance_uid, image.dataset_sha256(), frame,
                                    image.kind == "frames" ? "no finding" : outcome_of(image.kind)));
        return all;
    }
    static Seen told(const nlohmann::json& content) {
        Seen all;
        for (const auto& image : content.at("images"))
            all.insert(seen(image.at("uid").get<std::string>(), image.at("sha256").get<std::string>(),
                            image.at("frame").get<int>(), image.at("outcome").get<std::string>()));
        return all;
    }
    // Whoever holds several reports can tell which one counts: each names the one before.
    void check_succession(const std::string& current) const {
        std::set<std::string> named{current};
        for (std::vector<std::string> next{current}; !next.empty();) {
            const auto uid = std::move(next.back());
            next.pop_back();
            if (!destination_.holds(uid) && !scene_.ledger.result(uid)) continue;
            const auto damaged = scene_.damaged.find(uid);
            const auto text =
                damaged != scene_.damaged.end()
                    ? damaged->second
                    : read_file(scene_.directory.results() / scene_.ledger.result(uid)->file, most_bytes)
                          .value_or("{}");
            for (const auto& predecessor :
                 nlohmann::json::parse(text).value("predecessors", std::vector<std::string>()))
                if (named.insert(predecessor).second) next.push_back(predecessor);
        }
        for (const auto& [uid, content] : standing_)
            scene_.demand(content->at("kind") != "sr" || named.contains(uid), "there is one current result",
                          "{} holds version {} of {} under {}, which no later one replaces",
                          destination_.name, content->at("version").get<int>(), study_, model_);
    }
    void check_captures(const nlohmann::json& report) const {
        for (const auto& image : report.at("images")) {
            const auto outcome = image.at("outcome").get<std::string>();
            if (outcome != "Pneumonia" && outcome != "no finding") continue;
            const auto count = std::ranges::count_if(standing_, [&](const auto& held) {
                return held.second->at("kind") == "sc" && held.second->at("images").at(0) == image;
            });
            scene_.demand(count == 1, "every study gets its result",
                          "{} holds {} captures of {} of {} under {}", destination_.name, count,
                          image.at("uid").get<std::string>(), study_, model_);
        }
    }

    Scene& scene_;
    const Destination& destination_;
    std::string study_, model_;
    std::set<std::string> noted_, withdrawn_;
    std::map<std::string, const nlohmann::json*> standing_;
};

// What took the place of one whose file was damaged differs in nothing that an analysis looks at.
const Image& standing(Scene& scene, const Image& active, const std::vector<Image>& acknowledged) {
    if (!scene.damaged_objects.contains(active.dataset_sha256())) return active;
    for (const auto& image : acknowledged)
        if (image.analysis_sha256() == active.analysis_sha256() &&
            scene.ledger.image(image.sop_instance_uid, image.dataset_sha256())->is_analysed)
            return image;
    return active;
}

// Also proves that each is where its acknowledgement said.
std::vector<Image> expected_images(Scene& scene, const Hospital::Study& study) {
    std::vector<Image> expected;
    for (const auto& [uid, images] : study.acknowledged) {
        for (const auto& image : images) check_acknowledged(scene, image);
        const auto& active = standing(scene, active_of(images), images);
        const auto stored = scene.ledger.image(uid, active.dataset_sha256());
        if (stored->is_prior && active.prior) continue;
        scene.demand(stored->is_analysed, "the newest version counts",
                     "{} came last with {:.8}, which is not what counts", uid, active.dataset_sha256());
        if (active.kind != "foreign") expected.push_back(active);
    }
    return expected;
}

void check_study(Scene& scene, const Site& site, const std::string& uid, const Hospital::Study& study,
                 bool withdrawn) {
    const auto expected = expected_images(scene, study);
    if (study.discarded) return;
    const bool any_score =
        std::ranges::any_of(expected, [](const Image& image) { return has_score(image.kind); });
    for (const auto& destination : scene.hospital.destinations)
        for (const auto& model : site.models) {
            // That nothing was analysed, one report tells.
            if (!any_score && model != site.models.front()) continue;
            const Holdings holdings(scene, destination, uid, model);
            holdings.check_withdrawn();
            if (withdrawn)
                holdings.check_nothing_stands();
            else if (scene.ledger.studies_with_removals().contains(uid))
                holdings.check_told(expected);
            else if (!expected.empty())
                holdings.check_current(expected);
        }
}

void check_jobs(Scene& scene, const Site& site, const std::set<std::string>& poisoned,
                const std::set<std::string>& withdrawn) {
    const auto unfinished = scene.ledger.unfinished();
    scene.demand(unfinished.empty(), "nothing waits for ever", "{}", fmt::join(unfinished, "; "));
    for (const auto& job : scene.ledger.jobs()) {
        if (job.state != JobState::set_aside) continue;
        const bool may_stay = poisoned.contains(job.subject) || withdrawn.contains(job.study_instance_uid);
        const bool allowed = (job.lane == Lane::analyse && may_stay) ||
                             (site.gives_up && job.lane >= Lane::deliver) ||
                             (job.lane == Lane::deliver && scene.damaged.contains(job.subject)) ||
                             scene.hospital.studies[job.study_instance_uid].discarded;
        scene.demand(allowed, "what can go on goes on", "{} {} of {} for {} is {}", word_of(job.lane),
                     job.subject, job.study_instance_uid, job.target, job.outcome);
    }
}

// Its file is damaged, and its version cannot be composed anew, since an image was replaced: a newer one
// tells.
bool is_lost(Scene& scene, const StoredResult& result) {
    return scene.damaged.contains(result.sop_instance_uid) &&
           std::ranges::any_of(scene.ledger.results(), [&](const StoredResult& other) {
               return other.study_instance_uid == result.study_instance_uid && other.model == result.model &&
                      other.version > result.version;
           });
}

void check_artifacts(Scene& scene) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(scene.directory.analyses()))
        if (entry.path().extension() == ".analysis") files.insert(entry.path().filename().string());
    const auto rows = scene.ledger.artifacts();
    for (const auto& file : files)
        scene.demand(rows.contains(file), "no file without its row", "no analysis names {}", file);
    for (const auto& row : rows)
        scene.demand(files.contains(row), "no row without its file", "there is no {}", row);
}

// What is kept is what the budget allows, but for what must not go.
void check_budget(Scene& scene, const Site& site) {
    if (site.budget == 0) return;
    const auto [kept, must_stay] = scene.ledger.kept_bytes();
    scene.demand(kept <= std::max(site.budget, must_stay), "the budget is held",
                 "{} bytes are kept, {} are allowed, {} must stay", kept, site.budget, must_stay);
}

void check_files(Scene& scene) {
    for (const auto& result : scene.ledger.results()) {
        const auto file = scene.directory.results() / result.file;
        if (result.removed)
            scene.demand(!std::filesystem::exists(file), "no file without its row",
                         "{} was removed and is there", result.file);
        if (result.removed) continue;
        const auto sha256 = sha256_of_file(file);
        scene.demand((sha256 && *sha256 == result.sha256) || is_lost(scene, result), "one UID, one object",
                     "the file of {} is not what was committed", result.sop_instance_uid);
    }
    check_artifacts(scene);
    const auto unknown = unknown_files(scene);
    scene.demand(unknown.empty(), "what lies in the spool is known", "{} is not", fmt::join(unknown, ", "));
}

}  // namespace

std::set<std::string> unknown_files(Scene& scene) {
    std::set<std::string> whole;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scene.directory.spool())) {
        const auto name = entry.path().lexically_relative(scene.directory.spool()).string();
        if (entry.path().extension() == ".dcm" && !name.starts_with("set-aside")) whole.insert(name);
    }
    return scene.ledger.files_unknown(std::move(whole));
}

void check_everything(Scene& scene, const Site& site) {
    std::set<std::string> poisoned;
    for (const auto& [uid, study] : scene.hospital.studies)
        for (const auto& [sop, images] : study.acknowledged)
            if (std::ranges::any_of(images, [](const Image& image) { return image.kind == "poison"; }))
                poisoned.insert(sop);
    const auto withdrawn = scene.ledger.withdrawn_studies();
    check_jobs(scene, site, poisoned, withdrawn);
    for (const auto& [uid, study] : scene.hospital.studies)
        check_study(scene, site, uid, study, withdrawn.contains(uid));
    check_files(scene);
    check_budget(scene, site);
    scene.demand(!scene.ledger.is_damaged(""), "what is sent again takes the place of what is damaged",
                 "a damaged object is left");
    check_trail(scene);
    scene.demand(scene.world.watched() <= most_watched && scene.world.waiting() <= most_waiting_events &&
                     scene.world.longest_queue() <= longest_queue,
                 "memory is bounded", "{} descriptors watched, {} events wait, {} in the longest queue",
                 scene.world.watched(), scene.world.waiting(), scene.world.longest_queue());
}

}  // namespace hilum::simulation
