#include "simulation/children/composer.h"

#include <algorithm>
#include <filesystem>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/uid.h"
#include "simulation/damaged_files.h"
#include "simulation/image.h"
#include "simulation/lost_claims.h"
#include "simulation/promises.h"

namespace hilum::simulation {
namespace {

constexpr Duration typical_of_composer = std::chrono::milliseconds(150);
constexpr std::size_t most_bytes_of_composer = 1 << 20;

std::string word_of(const AnalysisOutcome& outcome) {
    if (outcome.result) return outcome.result->diagnosis;
    return outcome.not_analysed ? outcome.not_analysed->code : "nothing";
}

std::string class_of(ResultKind kind) {
    if (kind == ResultKind::sr) return "1.2.840.10008.5.1.4.1.1.88.34";
    return kind == ResultKind::sc ? "1.2.840.10008.5.1.4.1.1.7" : "1.2.840.10008.5.1.4.1.1.88.59";
}

// Those that are told of in the report.
std::vector<StudyImage> images_in(const ComposeRequest& request) {
    std::vector<StudyImage> images;
    for (const auto& image : request.images)
        if (image.outcome.result || request.report_not_analysed) images.push_back(image);
    return images;
}

nlohmann::json json_of(const StudyImage& image) {
    return {{"uid", image.sop_instance_uid},
            {"sha256", image.dataset_sha256},
            {"frame", image.frame},
            {"outcome", word_of(image.outcome)},
            {"model_version", image.outcome.model.version}};
}

void append(std::vector<std::string>& identity, const ComposeRequest& request, const StudyImage& image) {
    identity.insert(
        identity.end(),
        {image.sop_instance_uid, image.dataset_sha256, std::to_string(image.frame), word_of(image.outcome),
         image.outcome.model.version, request.model_name, std::to_string(request.withdrawals)});
}

}  // namespace

void Composer::hear(Message message) {
    if (const auto written = from_packet<FileReply>(message)) return handed_over(*written);
    const auto request = from_packet<ComposeRequest>(message);
    if (!request) return end(crashed_status);
    scene_.tell("the composer gets version {} of {} under {}, {} images", request->version,
                request->study_instance_uid, request->model_name, request->images.size());
    check_report_claimed(scene_, *request);
    twice_ = false;
    at_work_ = request->study_instance_uid;
    const auto answer = [this, asked = *request] { compose(asked); };
    late_ = lease_passes(scene_, request->job);
    if (late_) return later(answer_too_late, answer);
    respond(typical_of_composer, answer);
}

void Composer::compose(const ComposeRequest& request) {
    if (!made_.empty()) {
        twice_ = true;
        return;
    }
    reply_ = {};
    reply_.job = request.job;
    for (const auto& image : request.images) {
        const auto file = read_file(image.file, most_bytes_of_composer).value_or("");
        if (!is_whole(scene_, file, image.dataset_sha256))
            reply_.damaged.push_back({image.instance, image.file, "simulated"});
    }
    if (!reply_.damaged.empty()) {
        reply_.error = Error{object_damaged, "simulated", Retry::later};
        return hand_over_next();
    }
    for (const auto& profile : request.profiles) {
        if (request.withdrawal.reason.empty())
            reply_.composed_for.insert(reply_.composed_for.end(), profile.destinations.begin(),
                                       profile.destinations.end());
        if (!request.withdrawal.reason.empty()) {
            add_note(request, profile);
            continue;
        }
        if (profile.sr) add_report(request, profile);
        for (const auto& image : request.images)
            if (image.outcome.result && profile.sc_when != CaptureWhen::never)
                add_capture(request, profile, image);
    }
    hand_over_next();
}

// The coordinator makes a file of each, one after the other; then it is told of them.
void Composer::hand_over_next() {
    if (made_.empty()) {
        at_work_.clear();
        say(to_packet(reply_));
        if (std::exchange(twice_, false)) say(to_packet(reply_));
        return;
    }
    const auto& [result, bytes] = made_.front();
    const auto memory = make_memfd("simulated", std::as_bytes(std::span(bytes))).value();
    const int fd = memory.get();
    say(to_packet(MadeFile{reply_.job, std::filesystem::path(result.file).filename(), result.sha256}),
        std::span(&fd, 1));
}

void Composer::handed_over(const FileReply& written) {
    if (made_.empty() || written.job != reply_.job) return end(crashed_status);
    if (written.error)
        reply_.error = written.error;
    else
        reply_.results.push_back(std::move(made_.front().result));
    made_.pop_front();
    hand_over_next();
}

void Composer::add_report(const ComposeRequest& request, const ReportProfile& profile) {
    std::vector<std::string> identity{"sr",
                                      request.study_instance_uid,
                                      profile.sr_series_description,
                                      std::to_string(request.version),
                                      request.model_name,
                                      std::to_string(request.withdrawals)};
    nlohmann::json content = {{"images", nlohmann::json::array()},
                              {"predecessors", nlohmann::json::array()},
                              {"opened_at", request.opened_at}};
    for (const auto& image : images_in(request)) {
        append(identity, request, image);
        content["images"].push_back(json_of(image));
    }
    for (const auto& predecessor : request.predecessors)
        content["predecessors"].push_back(predecessor.sop_instance_uid);
    add(request, profile, ResultKind::sr, std::move(identity), std::move(content));
}

void Composer::add_capture(const ComposeRequest& request, const ReportProfile& profile,
                           const StudyImage& image) {
    const bool there = std::filesystem::exists(image.artifact);
    if (!there && late_) {
        reply_.analyse_again = true;
        reply_.error = Error{"artifact_damaged", "simulated", Retry::never};
        return;
    }
    scene_.demand(there, "what a job left is there", "the artifact {} of an analysed image is gone",
                  image.artifact);
    std::vector<std::string> identity{"sc", std::to_string(profile.sc_long_side)};
    append(identity, request, image);
    add(request, profile, ResultKind::sc, std::move(identity), {{"images", {json_of(image)}}});
}

void Composer::add_note(const ComposeRequest& request, const ReportProfile& profile) {
    nlohmann::json withdrawn = nlohmann::json::array();
    for (const auto& result : request.withdrawal.results) {
        const auto is_of_profile = [&](const std::string& destination) {
            return std::ranges::find(profile.destinations, destination) != profile.destinations.end();
        };
        if (std::ranges::any_of(result.destinations, is_of_profile))
            withdrawn.push_back(result.sop_instance_uid);
    }
    if (withdrawn.empty()) return;
    add(request, profile, ResultKind::ko,
        {"ko", request.study_instance_uid, std::to_string(request.version), request.model_name,
         withdrawn.dump(), profile.sr_series_description},
        {{"withdrawn", withdrawn}});
}

// Two profiles may want the very same.
bool Composer::is_added(const std::string& uid, const std::vector<std::string>& destinations) {
    const auto add_to = [&](ComposedResult& result) {
        if (result.sop_instance_uid != uid) return false;
        result.destinations.insert(result.destinations.end(), destinations.begin(), destinations.end());
        return true;
    };
    return std::ranges::any_of(reply_.results, add_to) ||
           std::ranges::any_of(made_, [&](Made& made) { return add_to(made.result); });
}

void Composer::add(const ComposeRequest& request, const ReportProfile& profile, ResultKind kind,
                   std::vector<std::string> identity, nlohmann::json content) {
    ComposedResult result;
    result.kind = kind;
    result.sop_class_uid = class_of(kind);
    result.sop_instance_uid = derive_uid(identity).value();
    if (is_added(result.sop_instance_uid, profile.destinations)) return;
    result.series_instance_uid = request.study_instance_uid + ".9001";
    result.transfer_syntax_uid = "1.2.840.10008.1.2.1";
    result.file = request.results_dir + "/" + result.sop_instance_uid + ".dcm";
    result.destinations = profile.destinations;
    content["kind"] = enum_text(kind);
    content["study"] = request.study_instance_uid;
    content["model"] = request.model_name;
    content["version"] = request.version;
    const auto name = std::filesystem::path(result.file).filename().string();
    const auto known = std::ranges::find(request.known_results, name, &KnownResult::file);
    if (kind == ResultKind::sr)
        result.audit_head = known != request.known_results.end() ? known->audit_head : request.audit_head;
    content["audit_head"] = result.audit_head;
    const auto bytes = content.dump();
    result.sha256 = sha256_hex(bytes);
    const bool is_known = known != request.known_results.end() &&
                          (!known->own || sha256_of_file(result.file).value_or("") == known->sha256);
    if (!is_known) return made_.push_back({std::move(result), bytes});
    result.sha256 = known->sha256;
    reply_.results.push_back(std::move(result));
}

}  // namespace hilum::simulation
