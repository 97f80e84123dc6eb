#include "store/overview/database_reader.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/units.h"
#include "store/audit/audit_rows.h"
#include "store/database/database.h"
#include "store/overview/answering.h"
#include "store/overview/gauges.h"
#include "store/withdrawals.h"

namespace hilum {

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
    return answered([&] { return read_gauges(*database_); });
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
            if (gauge.name == "jobs" && gauge.value != 0)
                queue[gauge.labels.at("kind")][gauge.labels.at("state")] = gauge.value;
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

Result<nlohmann::json> DatabaseReader::withdrawal(const std::string& study_instance_uid,
                                                  const std::string& accession_number) {
    return answered([&] {
        return preview_of_withdrawal(*database_, {study_instance_uid, accession_number, "", ""});
    });
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
