#include "store/overview/overview.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/units.h"
#include "store/audit/audit_forwarding.h"
#include "store/audit/audit_removal.h"
#include "store/audit/audit_rows.h"
#include "store/database/json_rows.h"
#include "store/database/sql.h"
#include "store/overview/answering.h"
#include "store/overview/gauges.h"
#include "store/retention/retention_status.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

// Nothing fits that cannot be read.
bool fits(const sql::Row& event, const std::string& previous, const std::string& hash) {
    try {
        return hash == audit::chain_hash(previous, audit_event_of(event));
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

}  // namespace

Overview::Overview(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Overview::Overview(Overview&&) noexcept = default;
Overview& Overview::operator=(Overview&&) noexcept = default;
Overview::~Overview() = default;

Result<Overview> Overview::open(const std::filesystem::path& file, std::function<bool()> stop) {
    auto database = Database::open(file, Database::Access::read_current);
    if (!database) return tl::unexpected(database.error());
    if (stop) database->stop_reading_when(std::move(stop));
    return Overview(std::make_unique<Database>(std::move(*database)));
}

Result<std::vector<CounterValue>> Overview::counters() {
    return answered(*database_, [&](Transaction& transaction) {
        std::vector<CounterValue> all;
        std::int64_t unreadable = 0;
        sql::each(transaction, "SELECT name, labels, value FROM counter", [&](const sql::Row& row) {
            try {
                all.push_back({row.text(0),
                               nlohmann::json::parse(row.text(1)).get<std::map<std::string, std::string>>(),
                               row.int64(2)});
            } catch (const nlohmann::json::exception&) {
                ++unreadable;  // the others are told all the same
            }
        });
        all.push_back({"unreadable_counters", {}, unreadable});
        return all;
    });
}

Result<std::vector<CounterValue>> Overview::gauges() {
    return answered(*database_, [&](Transaction& transaction) { return read_gauges(transaction); });
}

Result<nlohmann::json> Overview::clock() {
    return answered(*database_, [&](Transaction& transaction) {
        auto rows = sql::select(transaction,
                                "SELECT seen_at, set_at, set_by / 1e6 AS set_by_seconds,"
                                " coalesce(abs(?1 - set_at) < ?2, 0) AS set_lately FROM clock",
                                transaction.at(), Duration(std::chrono::hours(24)).count());
        rows.front()["set_lately"] = rows.front()["set_lately"] != 0;
        times_to_text(rows);
        return rows.front();
    });
}

Result<nlohmann::json> Overview::queue() {
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

Result<nlohmann::json> Overview::audit_servers() {
    return answered(*database_, [&](Transaction& transaction) {
        const auto time = [](const std::optional<std::int64_t>& at) {
            return at ? nlohmann::json(to_iso8601(from_microseconds(*at))) : nlohmann::json();
        };
        auto servers = nlohmann::json::array();
        for (const auto& backlog : audit_backlogs(transaction))
            servers.push_back({{"name", backlog.server},
                               {"waiting", backlog.waiting},
                               {"oldest_waiting_at", time(backlog.oldest_at)},
                               {"sent_at", time(backlog.last_sent_at)}});
        return servers;
    });
}

Result<nlohmann::json> Overview::withdrawal(const std::string& study_instance_uid,
                                            const std::string& accession_number) {
    return answered(*database_, [&](Transaction& transaction) {
        return preview_of_withdrawal(transaction, {study_instance_uid, accession_number, "", ""});
    });
}

Result<nlohmann::json> Overview::retention() {
    return answered(*database_, [&](Transaction& transaction) { return retention_status(transaction); });
}

Result<nlohmann::json> Overview::retention_preview(const RetentionSettings& settings,
                                                   std::uint64_t free_space, std::uint64_t min_free_space,
                                                   Duration quiet) {
    return answered(*database_, [&](Transaction& transaction) {
        const auto kept = static_cast<std::uint64_t>(kept_bytes(transaction).all());
        return preview_of_retention(transaction, settings,
                                    budget_now(settings, kept, free_space, min_free_space), quiet);
    });
}

Result<nlohmann::json> Overview::audit_events(std::int64_t after, int limit) {
    return answered(*database_, [&](Transaction& transaction) {
        nlohmann::json events = nlohmann::json::array();
        sql::each(
            transaction,
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail,"
            " hash FROM audit_event WHERE id > ? ORDER BY id LIMIT ?",
            [&](const sql::Row& row) {
                auto event = told_audit_event(row);
                event["hash"] = row.text(9);
                events.push_back(std::move(event));
            },
            after, limit);
        return events;
    });
}

Result<nlohmann::json> Overview::verify_audit() {
    return answered(*database_, [&](Transaction& transaction) {
        const auto beginning = audit_beginning(transaction);
        std::string previous = beginning.hash;
        std::int64_t events = 0;
        nlohmann::json broken;
        sql::each(
            transaction,
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail,"
            " hash FROM audit_event ORDER BY id",
            [&](const sql::Row& row) {
                const auto id = row.int64(0);
                const auto hash = row.text(9);
                const bool holds = id == beginning.through + ++events && fits(row, previous, hash);
                if (!holds && broken.is_null()) broken = id;
                previous = hash;
            });
        if (broken.is_null() && !tells_of_beginning(transaction, beginning)) broken = beginning.through;
        return nlohmann::json{{"events", events},
                              {"begins_after", beginning.through},
                              {"begins_after_hash", beginning.hash},
                              {"intact", broken.is_null()},
                              {"first_broken", broken},
                              {"last_hash", previous}};
    });
}

}  // namespace hilum
