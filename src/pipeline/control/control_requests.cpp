#include "pipeline/control/control_requests.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/confinement/confinement.h"
#include "store/data_directory.h"
#include "store/overview/overview.h"
#include "store/overview/storage_status.h"

namespace hilum {
namespace {

constexpr int most_events = 1000;  // of an answer

Result<nlohmann::json> status(Overview& reader, const std::filesystem::path& data_dir) {
    auto queue = reader.queue();
    if (!queue) return queue;
    auto destinations = reader.destinations();
    if (!destinations) return destinations;
    auto clock = reader.clock();
    if (!clock) return clock;
    auto storage = storage_status(DataDirectory{data_dir});
    if (!storage) return storage;
    auto retention = reader.retention();
    if (!retention) return retention;
    auto audit_servers = reader.audit_servers();
    if (!audit_servers) return audit_servers;
    return nlohmann::json{{"running", false},
                          {"audit_servers", *audit_servers},
                          {"queue", *queue},
                          {"retention", *retention},
                          {"storage", *storage},
                          {"destinations", *destinations},
                          {"clock", *clock},
                          {"disk", {{"free_bytes", free_space(DataDirectory{data_dir}).value_or(0)}}},
                          {"confinement", support_text(confinement_support())}};
}

Result<nlohmann::json> list_jobs(Overview& reader, const ControlRequest& request) {
    return job_filter(request.filter)
        .and_then([&](const JobFilter& filter) { return reader.jobs(filter); })
        .map([](const nlohmann::json& jobs) {
            return nlohmann::json{{"jobs", jobs}};
        });
}

Result<nlohmann::json> list_studies(Overview& reader, const ControlRequest& request) {
    return study_filter(request.filter, now())
        .and_then([&](const StudyFilter& filter) { return reader.studies(filter); })
        .map([](const nlohmann::json& studies) {
            return nlohmann::json{{"studies", studies}};
        });
}

Result<nlohmann::json> preview_withdrawal(Overview& reader, const ControlRequest& request) {
    return reader.withdrawal(request.study_instance_uid, request.accession_number)
        .map([](const nlohmann::json& studies) {
            return nlohmann::json{{"studies", studies}};
        });
}

Result<nlohmann::json> export_audit(Overview& reader, const ControlRequest& request) {
    return reader.audit_events(request.after, most_events).map([](const nlohmann::json& events) {
        return nlohmann::json{
            {"events", events},
            {"next", events.size() == most_events ? events.back()["id"] : nlohmann::json()}};
    });
}

Result<nlohmann::json> show_job(Overview& reader, const ControlRequest& request) {
    return reader.job(request.kind.empty() ? "analysis" : request.kind, request.id)
        .map([](const nlohmann::json& job) {
            return nlohmann::json{{"job", job}};
        });
}

// By the rules of the configuration that whoever asks has at hand: {"retention": RetentionSettings,
// "min_free_space", "quiet": microseconds}.
Result<nlohmann::json> preview_retention(Overview& reader, const std::filesystem::path& data_dir,
                                         const ControlRequest& request) {
    try {
        const auto rules = nlohmann::json::parse(request.rules);
        const auto free = free_space(DataDirectory{data_dir});
        if (!free) return tl::unexpected(free.error());
        return reader.retention_preview(rules.at("retention").get<RetentionSettings>(), *free,
                                        rules.at("min_free_space").get<std::uint64_t>(),
                                        Duration(rules.at("quiet").get<std::int64_t>()));
    } catch (const nlohmann::json::exception& error) {
        return fail("bad_request", "malformed rules: {}", error.what());
    }
}

Result<nlohmann::json> answer(Overview& reader, const std::filesystem::path& data_dir,
                              const ControlRequest& request) {
    switch (request.verb) {
        case ControlVerb::status:
            return status(reader, data_dir);
        case ControlVerb::jobs_list:
            return list_jobs(reader, request);
        case ControlVerb::jobs_show:
            return show_job(reader, request);
        case ControlVerb::studies:
            return list_studies(reader, request);
        case ControlVerb::results_withdrawal:
            return preview_withdrawal(reader, request);
        case ControlVerb::audit_export:
            return export_audit(reader, request);
        case ControlVerb::audit_verify:
            return reader.verify_audit();
        case ControlVerb::retention:
            return reader.retention();
        case ControlVerb::retention_preview:
            return preview_retention(reader, data_dir, request);
        case ControlVerb::retention_hold:
        case ControlVerb::retention_release:
            return fail("not_running", "hilumd does not run; only a running one holds and releases studies");
        case ControlVerb::jobs_retry:
        case ControlVerb::jobs_discard:
            return fail("not_running", "hilumd does not run; only a running one changes jobs");
        case ControlVerb::results_resend:
        case ControlVerb::results_withdraw:
            return fail("not_running", "hilumd does not run; only a running one sends and withdraws results");
        case ControlVerb::destinations_pause:
        case ControlVerb::destinations_resume:
            return fail("not_running",
                        "hilumd does not run; only a running one pauses and resumes destinations");
        case ControlVerb::model_reload:
            break;
    }
    return fail("not_running", "hilumd does not run; it loads its models when it starts");
}

nlohmann::json stopped() {
    return control_error(
        {"stopped",
         "hilumd is being stopped, and does not finish what takes long to read: ask again once "
         "it has ended or runs anew"});
}

}  // namespace

nlohmann::json control_error(const Error& error) {
    return {{"error", {{"code", error.code}, {"message", error.message}}}};
}

nlohmann::json answer_control_request(const std::filesystem::path& data_dir, const ControlRequest& request,
                                      const std::function<bool()>& stop) {
    if (stop && stop()) return stopped();
    const DataDirectory directory{data_dir};
    const auto file = directory.database();
    std::error_code error;
    if (!std::filesystem::exists(file, error) && error == std::errc::permission_denied)
        return control_error(
            {"not_permitted", fmt::format("hilumd does not run, and only root and its user may look into {} "
                                          "meanwhile",
                                          data_dir.string())});
    if (const auto there = demand_database(directory); !there) return control_error(there.error());
    auto reader = Overview::open(file, stop);
    if (!reader) return control_error(reader.error());
    const auto answered = answer(*reader, data_dir, request);
    if (!answered) return stop && stop() ? stopped() : control_error(answered.error());
    return {{"ok", *answered}};
}

}  // namespace hilum
