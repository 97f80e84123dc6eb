#include "pipeline/control/control_requests.h"

#include "base/clock.h"
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
    return nlohmann::json{
        {"running", false},    {"queue", *queue},
        {"storage", *storage}, {"destinations", *destinations},
        {"clock", *clock},     {"disk", {{"free_bytes", free_space(DataDirectory{data_dir}).value_or(0)}}}};
}

// The arguments of a request as text by name.
Result<Parameters> parameters_in(const nlohmann::json& args) {
    if (!args.is_object()) return fail("bad_request", "the arguments must be an object");
    Parameters parameters;
    for (const auto& [name, value] : args.items())
        parameters[name] = value.is_string() ? value.get<std::string>() : value.dump();
    return parameters;
}

Result<nlohmann::json> list_jobs(Overview& reader, const nlohmann::json& args) {
    return parameters_in(args)
        .and_then(job_filter)
        .and_then([&](const JobFilter& filter) { return reader.jobs(filter); })
        .map([](const nlohmann::json& jobs) {
            return nlohmann::json{{"jobs", jobs}};
        });
}

Result<nlohmann::json> list_studies(Overview& reader, const nlohmann::json& args) {
    return parameters_in(args)
        .and_then([](const Parameters& parameters) { return study_filter(parameters, now()); })
        .and_then([&](const StudyFilter& filter) { return reader.studies(filter); })
        .map([](const nlohmann::json& studies) {
            return nlohmann::json{{"studies", studies}};
        });
}

Result<nlohmann::json> preview_withdrawal(Overview& reader, const nlohmann::json& args) {
    return reader.withdrawal(args.value("study_instance_uid", ""), args.value("accession_number", ""))
        .map([](const nlohmann::json& studies) {
            return nlohmann::json{{"studies", studies}};
        });
}

Result<nlohmann::json> export_audit(Overview& reader, const nlohmann::json& args) {
    return reader.audit_events(args.value("after", std::int64_t{0}), most_events)
        .map([](const nlohmann::json& events) {
            return nlohmann::json{
                {"events", events},
                {"next", events.size() == most_events ? events.back()["id"] : nlohmann::json()}};
        });
}

Result<nlohmann::json> answer(Overview& reader, const std::filesystem::path& data_dir,
                              const std::string& verb, const nlohmann::json& args) {
    if (verb == "status") return status(reader, data_dir);
    if (verb == "jobs.list") return list_jobs(reader, args);
    if (verb == "jobs.show")
        return reader.job(args.value("kind", "analysis"), args.value("id", std::int64_t{0}))
            .map([](const nlohmann::json& job) {
                return nlohmann::json{{"job", job}};
            });
    if (verb == "studies") return list_studies(reader, args);
    if (verb == "results.withdrawal") return preview_withdrawal(reader, args);
    if (verb == "audit.export") return export_audit(reader, args);
    if (verb == "audit.verify") return reader.verify_audit();
    if (verb == "jobs.retry" || verb == "jobs.discard")
        return fail("not_running", "hilumd does not run; only a running one changes jobs");
    if (verb == "results.resend" || verb == "results.withdraw")
        return fail("not_running", "hilumd does not run; only a running one sends and withdraws results");
    if (verb == "destinations.pause" || verb == "destinations.resume")
        return fail("not_running", "hilumd does not run; only a running one pauses and resumes destinations");
    if (verb == "model.reload")
        return fail("not_running", "hilumd does not run; it loads its models when it starts");
    return fail("unknown_verb", "'{}' is not a request that Hilum knows", verb);
}

}  // namespace

nlohmann::json control_error(const Error& error) {
    return {{"error", {{"code", error.code}, {"message", error.message}}}};
}

nlohmann::json answer_control_request(const std::filesystem::path& data_dir, const nlohmann::json& request) {
    const auto file = DataDirectory{data_dir}.database();
    std::error_code error;
    if (!std::filesystem::exists(file, error) && (!error || error == std::errc::no_such_file_or_directory))
        return control_error(
            {"database", fmt::format("there is no {}: hilumd has not run here yet", file.string())});
    auto reader = Overview::open(file);
    if (!reader) return control_error(reader.error());
    try {
        const auto answered = answer(*reader, data_dir, request.value("verb", ""),
                                     request.value("args", nlohmann::json::object()));
        if (!answered) return control_error(answered.error());
        return {{"ok", *answered}};
    } catch (const nlohmann::json::exception& malformed) {
        return control_error({"bad_request", std::string("malformed request: ") + malformed.what()});
    }
}

}  // namespace hilum
