#include "pipeline/queries.h"

#include "base/clock.h"
#include "base/units.h"
#include "pipeline/database.h"

namespace hilum {
namespace {

// Turns SQLite's exceptions into an Error: the one translator at this module's edge.
template <typename Function>
auto answered(Function function) -> Result<decltype(function())> {
    try {
        return function();
    } catch (const SQLite::Exception& error) {
        return fail("database", "cannot read the database: {}", error.what());
    } catch (const nlohmann::json::exception& error) {
        return fail("database", "the database holds malformed JSON: {}", error.what());
    }
}

constexpr const char* all_jobs =
    "SELECT * FROM ("
    " SELECT 'analysis' AS kind, analysis.id AS id, analysis.state AS state, study_instance_uid, "
    "accession_number,"
    "  sop_instance_uid, frame AS frame, model AS model, NULL AS destination, NULL AS commitment, attempts,"
    "  next_attempt_at, error,"
    "  analysis.created_at AS created_at, analysis.updated_at AS updated_at FROM analysis"
    "  JOIN instance ON instance.id = instance_id JOIN study ON study.id = study_id"
    " UNION ALL SELECT 'report', report.id, report.state, study_instance_uid, accession_number, NULL, NULL, "
    "model, NULL, NULL,"
    "  attempts, next_attempt_at, error, report.created_at, report.updated_at FROM report"
    "  JOIN study ON study.id = study_id"
    " UNION ALL SELECT 'delivery', delivery.id, delivery.state, study_instance_uid, accession_number,"
    "  sop_instance_uid, NULL, NULL, destination, commitment, delivery.attempts, delivery.next_attempt_at, "
    "delivery.error,"
    "  delivery.created_at, delivery.updated_at FROM delivery JOIN result ON result.id = result_id"
    "  JOIN report ON report.id = report_id JOIN study ON study.id = report.study_id"
    " UNION ALL SELECT 'receipt', id, 'refused', study_instance_uid, accession_number, sop_instance_uid, "
    "NULL, NULL, NULL,"
    "  NULL, times, NULL, printf('refused on receipt: %04X, %s; from %s (%s)', dimse_status, error, "
    "calling_ae, peer),"
    "  last_at, last_at FROM refused_instance)"
    " WHERE (?1 = '' OR accession_number = ?1) AND (?2 = '' OR study_instance_uid = ?2)"
    " AND (?3 = '' OR state = ?3) AND (?4 = '' OR (kind = ?4 AND id = ?5))"
    " ORDER BY created_at DESC, id DESC LIMIT ?6";

void times_to_text(nlohmann::json& rows) {
    for (auto& row : rows)
        for (const char* key :
             {"created_at", "updated_at", "next_attempt_at", "received_at", "last_arrival_at", "paused_at",
              "urgent_at", "withdrawn_at", "seen_at", "set_at"})
            if (row.contains(key) && row[key].is_number())
                row[key] = to_iso8601(from_microseconds(row[key].get<std::int64_t>()));
}

audit::AuditEvent audit_event_of(SQLite::Statement& row) {
    audit::AuditEvent event;
    event.id = row.getColumn(0).getInt64();
    event.at = row.getColumn(1).getInt64();
    event.type = row.getColumn(2).getString();
    event.outcome = row.getColumn(3).getString();
    event.actor = row.getColumn(4).getString();
    event.study_instance_uid = row.getColumn(5).getString();
    event.sop_instance_uid = row.getColumn(6).getString();
    event.patient_id = row.getColumn(7).getString();
    event.detail = nlohmann::json::parse(row.getColumn(8).getString());
    return event;
}

}  // namespace

DatabaseReader::DatabaseReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
DatabaseReader::DatabaseReader(DatabaseReader&&) noexcept = default;
DatabaseReader& DatabaseReader::operator=(DatabaseReader&&) noexcept = default;
DatabaseReader::~DatabaseReader() = default;

Result<DatabaseReader> DatabaseReader::open(const std::filesystem::path& file) {
    auto database = Database::open(file, Database::Access::read_only);
    if (!database) return tl::unexpected(database.error());
    return DatabaseReader(std::make_unique<Database>(std::move(*database)));
}

Result<std::vector<CounterValue>> DatabaseReader::counters() {
    return answered([&] {
        std::vector<CounterValue> all;
        database_->each("SELECT name, labels, value FROM counter", [&](SQLite::Statement& row) {
            all.push_back({row.getColumn(0).getString(),
                           nlohmann::json::parse(row.getColumn(1).getString())
                               .get<std::map<std::string, std::string>>(),
                           row.getColumn(2).getInt64()});
        });
        return all;
    });
}

Result<std::vector<CounterValue>> DatabaseReader::gauges() {
    return answered([&] {
        std::vector<CounterValue> all;
        database_->each(
            "SELECT 'analysis', state, count(*) FROM analysis GROUP BY state"
            " UNION ALL SELECT 'report', state, count(*) FROM report GROUP BY state"
            " UNION ALL SELECT 'delivery', state, count(*) FROM delivery GROUP BY state",
            [&](SQLite::Statement& row) {
                all.push_back(
                    {"jobs",
                     {{"kind", row.getColumn(0).getString()}, {"state", row.getColumn(1).getString()}},
                     row.getColumn(2).getInt64()});
            });
        database_->each(
            "SELECT destination, count(*) FROM delivery WHERE commitment IN ('wanted', 'requested')"
            " GROUP BY destination",
            [&](SQLite::Statement& row) {
                all.push_back({"uncommitted_results",
                               {{"destination", row.getColumn(0).getString()}},
                               row.getColumn(1).getInt64()});
            });
        all.push_back({"stored_bytes", {}, database_->number("SELECT sum(size) FROM instance").value_or(0)});
        all.push_back(
            {"stored_instances", {}, database_->number("SELECT count(*) FROM instance").value_or(0)});
        const auto oldest = database_->number(
            "SELECT min(created_at) FROM (SELECT created_at FROM analysis WHERE state IN ('queued', "
            "'running')"
            " UNION ALL SELECT created_at FROM report WHERE state IN ('queued', 'running')"
            " UNION ALL SELECT created_at FROM delivery WHERE state IN ('queued', 'running'))");
        const auto age = oldest ? (to_microseconds(now()) - *oldest) / 1'000'000 : 0;
        all.push_back({"oldest_waiting_job_seconds", {}, age});
        return all;
    });
}

Result<nlohmann::json> DatabaseReader::clock() {
    return answered([&] {
        auto rows = database_->select(
            "SELECT seen_at, set_at, set_by / 1e6 AS set_by_seconds,"
            " coalesce(abs(?1 - set_at) < ?2, 0) AS set_lately FROM clock",
            to_microseconds(now()), Duration(std::chrono::hours(24)).count());
        rows.front()["set_lately"] = rows.front()["set_lately"] != 0;
        times_to_text(rows);
        return rows.front();
    });
}

Result<nlohmann::json> DatabaseReader::queue() {
    return gauges().map([](const std::vector<CounterValue>& all) {
        nlohmann::json queue = {{"analysis", nlohmann::json::object()},
                                {"report", nlohmann::json::object()},
                                {"delivery", nlohmann::json::object()}};
        for (const auto& gauge : all)
            if (gauge.name == "jobs") queue[gauge.labels.at("kind")][gauge.labels.at("state")] = gauge.value;
        return queue;
    });
}

Result<nlohmann::json> DatabaseReader::destinations() {
    return answered([&] {
        auto rows = database_->select(
            "SELECT destination AS name, sum(state IN ('queued', 'running')) AS waiting,"
            " sum(state = 'delivered') AS delivered, sum(state IN ('refused', 'expired')) AS refused,"
            " sum(commitment = 'committed') AS committed, sum(commitment IN ('wanted', 'requested')) AS "
            "uncommitted,"
            " coalesce((SELECT error FROM delivery AS d WHERE d.destination = delivery.destination AND error "
            "!= ''"
            " ORDER BY updated_at DESC LIMIT 1), '') AS last_error,"
            " (SELECT paused_at FROM destination AS d WHERE d.name = delivery.destination) AS paused_at"
            " FROM delivery GROUP BY destination UNION ALL"
            " SELECT name, 0, 0, 0, 0, 0, '', paused_at FROM destination"
            " WHERE paused_at IS NOT NULL AND name NOT IN (SELECT destination FROM delivery)");
        times_to_text(rows);
        return rows;
    });
}

Result<nlohmann::json> DatabaseReader::studies(int limit) {
    return answered([&] {
        auto rows = database_->select(
            "SELECT study_instance_uid, accession_number, study_date, last_arrival_at, report_version, "
            "urgent_at,"
            " withdrawn_at,"
            " (SELECT count(*) FROM instance WHERE study_id = study.id) AS instances,"
            " (SELECT group_concat(state || ':' || n) FROM (SELECT analysis.state AS state, count(*) AS n "
            "FROM analysis"
            "  JOIN instance ON instance.id = instance_id WHERE instance.study_id = study.id GROUP BY "
            "analysis.state))"
            "  AS analyses,"
            " (SELECT group_concat(DISTINCT json_extract(outcome, '$.result.diagnosis')) FROM analysis"
            "  JOIN instance ON instance.id = instance_id WHERE instance.study_id = study.id"
            "  AND instance.state = 'to_analyse') AS diagnoses,"
            " (SELECT count(*) FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id = "
            "report_id"
            "  WHERE report.study_id = study.id AND delivery.state = 'delivered') AS delivered, created_at"
            " FROM study ORDER BY id DESC LIMIT ?",
            limit);
        times_to_text(rows);
        return rows;
    });
}

Result<nlohmann::json> DatabaseReader::jobs(const JobFilter& filter) {
    return answered([&] {
        auto rows = database_->select(all_jobs, filter.accession_number, filter.study_instance_uid,
                                      filter.state, "", std::int64_t{0}, filter.limit);
        times_to_text(rows);
        return rows;
    });
}

Result<nlohmann::json> DatabaseReader::job(const std::string& kind, std::int64_t id) {
    auto found = answered([&] {
        auto rows = database_->select(all_jobs, "", "", "", kind, id, 1);
        times_to_text(rows);
        if (rows.empty()) return nlohmann::json();
        auto job = rows.front();
        auto& events = job["events"] = nlohmann::json::array();
        const auto instance =
            job["sop_instance_uid"].is_string() ? job["sop_instance_uid"].get<std::string>() : "";
        database_->each(
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail"
            " FROM audit_event WHERE study_instance_uid = ?1 AND (?2 = '' OR sop_instance_uid = ?2) ORDER BY "
            "id LIMIT 200",
            [&](SQLite::Statement& row) { events.push_back(audit::to_json(audit_event_of(row))); },
            job["study_instance_uid"].get<std::string>(), instance);
        if (kind == "analysis")
            database_->each(
                "SELECT coalesce(outcome, 'null') FROM analysis WHERE id = ?",
                [&](SQLite::Statement& row) {
                    job["outcome"] = nlohmann::json::parse(row.getColumn(0).getString());
                },
                id);
        return job;
    });
    if (found && found->is_null())
        return fail("not_found", "there is no {} job {}; `hilum jobs list` shows what there is", kind, id);
    return found;
}

Result<nlohmann::json> DatabaseReader::audit_events(std::int64_t after, int limit) {
    return answered([&] {
        nlohmann::json events = nlohmann::json::array();
        database_->each(
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail,"
            " hash FROM audit_event WHERE id > ? ORDER BY id LIMIT ?",
            [&](SQLite::Statement& row) {
                auto event = audit::to_json(audit_event_of(row));
                event["hash"] = row.getColumn(9).getString();
                events.push_back(std::move(event));
            },
            after, limit);
        return events;
    });
}

Result<nlohmann::json> DatabaseReader::verify_audit() {
    return answered([&] {
        std::string previous = audit::first_hash;
        std::int64_t events = 0;
        nlohmann::json broken;
        database_->each(
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail,"
            " hash FROM audit_event ORDER BY id",
            [&](SQLite::Statement& row) {
                const auto event = audit_event_of(row);
                const auto hash = row.getColumn(9).getString();
                const bool holds = event.id == ++events && hash == audit::chain_hash(previous, event);
                if (!holds && broken.is_null()) broken = event.id;
                previous = hash;
            });
        return nlohmann::json{{"events", events},
                              {"intact", broken.is_null()},
                              {"first_broken", broken},
                              {"last_hash", previous}};
    });
}

}  // namespace hilum
