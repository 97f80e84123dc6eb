#include "pipeline/control.h"

#include <sys/statvfs.h>

#include "pipeline/data_directory.h"
#include "pipeline/queries.h"

namespace hilum {
namespace {

constexpr int most_rows = 1000;

std::int64_t free_bytes(const std::filesystem::path& folder) {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0) return 0;
    return static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
}

Result<nlohmann::json> status(DatabaseReader& reader, const std::filesystem::path& data_dir) {
    auto queue = reader.queue();
    if (!queue) return queue;
    auto destinations = reader.destinations();
    if (!destinations) return destinations;
    auto clock = reader.clock();
    if (!clock) return clock;
    return nlohmann::json{{"running", false},
                          {"queue", *queue},
                          {"destinations", *destinations},
                          {"clock", *clock},
                          {"disk", {{"free_bytes", free_bytes(data_dir)}}}};
}

Result<nlohmann::json> list_jobs(DatabaseReader& reader, const nlohmann::json& args) {
    const JobFilter filter{args.value("accession_number", ""), args.value("study_instance_uid", ""),
                           args.value("state", ""), std::min(args.value("limit", 100), most_rows)};
    return reader.jobs(filter).map([](const nlohmann::json& jobs) { return nlohmann::json{{"jobs", jobs}}; });
}

Result<nlohmann::json> export_audit(DatabaseReader& reader, const nlohmann::json& args) {
    return reader.audit_events(args.value("after", std::int64_t{0}), most_rows)
        .map([](const nlohmann::json& events) {
            return nlohmann::json{
                {"events", events},
                {"next", events.size() == most_rows ? events.back()["id"] : nlohmann::json()}};
        });
}

Result<nlohmann::json> answer(DatabaseReader& reader, const std::filesystem::path& data_dir,
                              const std::string& verb, const nlohmann::json& args) {
    if (verb == "status") return status(reader, data_dir);
    if (verb == "jobs.list") return list_jobs(reader, args);
    if (verb == "jobs.show")
        return reader.job(args.value("kind", "analysis"), args.value("id", std::int64_t{0}))
            .map([](const nlohmann::json& job) {
                return nlohmann::json{{"job", job}};
            });
    if (verb == "studies")
        return reader.studies(std::min(args.value("limit", 100), most_rows))
            .map([](const nlohmann::json& studies) {
                return nlohmann::json{{"studies", studies}};
            });
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
    auto reader = DatabaseReader::open(DataDirectory{data_dir}.database());
    if (!reader) return control_error(reader.error());
    try {
        const auto answered = answer(*reader, data_dir, request.value("verb", ""),
                                     request.value("args", nlohmann::json::object()));
        if (!answered) return control_error(answered.error());
        return {{"ok", *answered}};
    } catch (const nlohmann::json::exception& error) {
        return control_error({"bad_request", std::string("malformed request: ") + error.what()});
    }
}

}  // namespace hilum
