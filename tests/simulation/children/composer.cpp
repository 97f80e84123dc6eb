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
    const auto request = from_packet<ComposeRequest>(message);
    if (!request) return end(crashed_status);
    scene_.tell("the composer gets version {} of {} under {}, {} images", request->version,
                request->study_instance_uid, request->model_name, request->images.size());
    check_report_claimed(scene_, *request);
    at_work_ = request->study_instance_uid;
    const auto answer = [this, asked = *request] { compose(asked); };
    late_ = lease_passes(scene_, request->job);
    if (late_) return later(answer_too_late, answer);
    respond(typical_of_composer, answer);
}

void Composer::compose(const ComposeRequest& request) {
    ComposeReply reply;
    reply.job = request.job;
    failed_ = false;
    for (const auto& image : request.images) {
        const auto file = read_file(image.file, most_bytes_of_composer).value_or("");
        if (!is_whole(scene_, file, image.dataset_sha256))
            reply.damaged.push_back({image.instance, image.file, "simulated"});
    }
    if (!reply.damaged.empty()) {
        reply.error = Error{object_damaged, "simulated", Retry::later};
        at_work_.clear();
        return say(to_packet(reply));
    }
    for (const auto& profile : request.profiles) {
        if (request.withdrawal.reason.empty())
            reply.composed_for.insert(reply.composed_for.end(), profile.destinations.begin(),
                                      profile.destinations.end());
        if (!request.withdrawal.reason.empty()) {
            add_note(request, profile, reply);
            continue;
        }
        if (profile.sr) add_report(request, profile, reply);
        for (const auto& image : request.images)
            if (image.outcome.result && profile.sc_when != CaptureWhen::never)
                add_capture(request, profile, image, reply);
    }
    if (failed_) reply.error = scene_.disk.illness();
    at_work_.clear();
    if (running()) say(to_packet(reply));
}

void Composer::add_report(const ComposeRequest& request, const ReportProfile& profile, ComposeReply& reply) {
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
    write(request, profile, ResultKind::sr, std::move(identity), std::move(content), reply);
}

void Composer::add_capture(const ComposeRequest& request, const ReportProfile& profile,
                           const StudyImage& image, ComposeReply& reply) {
    const bool there = std::filesystem::exists(image.artifact);
    if (!there && late_) {
        reply.analyse_again = true;
        reply.error = Error{"artifact_damaged", "simulated", Retry::never};
        return;
    }
    scene_.demand(there, "what a job left is there", "the artifact {} of an analysed image is gone",
                  image.artifact);
    std::vector<std::string> identity{"sc", std::to_string(profile.sc_long_side)};
    append(identity, request, image);
    write(request, profile, ResultKind::sc, std::move(identity), {{"images", {json_of(image)}}}, reply);
}

void Composer::add_note(const ComposeRequest& request, const ReportProfile& profile, ComposeReply& reply) {
    nlohmann::json withdrawn = nlohmann::json::array();
    for (const auto& result : request.withdrawal.results) {
        const auto is_of_profile = [&](const std::string& destination) {
            return std::ranges::find(profile.destinations, destination) != profile.destinations.end();
        };
        if (std::ranges::any_of(result.destinations, is_of_profile))
            withdrawn.push_back(result.sop_instance_uid);
    }
    if (withdrawn.empty()) return;
    write(request, profile, ResultKind::ko,
          {"ko", request.study_instance_uid, std::to_string(request.version), request.model_name,
           withdrawn.dump(), profile.sr_series_description},
          {{"withdrawn", withdrawn}}, reply);
}

void Composer::write(const ComposeRequest& request, const ReportProfile& profile, ResultKind kind,
                     std::vector<std::string> identity, nlohmann::json content, ComposeReply& reply) {
    if (!running()) return;
    ComposedResult result;
    result.kind = kind;
    result.sop_class_uid = class_of(kind);
    result.sop_instance_uid = derive_uid(identity).value();
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
    if (is_known) {
        result.sha256 = known->sha256;
    } else if (scene_.disk.ill()) {
        failed_ = true;
        return;
    } else {
        const auto state = scene_.random.chance(scene_.weather.dies / 4)
                               ? static_cast<WriteState>(scene_.random.below(3))
                               : WriteState::folder_synced;
        leave_write(result.file, std::as_bytes(std::span(bytes)), state);
        if (state != WriteState::folder_synced) return end(crashed_status);
    }
    reply.results.push_back(std::move(result));
}

}  // namespace hilum::simulation
