#include "store/data_history.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/file_system.h"
#include "store/audit/audit_event.h"
#include "store/audit/audit_rows.h"
#include "store/database/database.h"
#include "store/database/sql.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

constexpr std::size_t longest_mark = 1 << 20;

const char* words_for(const std::string& reason) {
    if (reason == "created")
        return "the database was created anew beside objects or results of an earlier one";
    if (reason == "older")
        return "the database is older than the folders beside it: a backup was restored, or its last commits "
               "were lost";
    if (reason == "foreign") return "the database is not the one that belongs to the folders beside it";
    return "the folders beside the database do not say which database belongs to them";
}

// Also where it cannot be looked through: a lost database is no first start.
bool holds_a_file(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::recursive_directory_iterator entry(folder, error);
    for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
        const auto kind = entry->path().extension();
        std::error_code gone;
        if (kind != ".tmp" && std::filesystem::is_regular_file(entry->symlink_status(gone))) return true;
        if (entry->path().filename() == "lost+found") entry.disable_recursion_pending();
    }
    return error && error != std::errc::no_such_file_or_directory;
}

// Whether the trail holds the event that the mark names.
bool descends_from(Transaction& transaction, const HistoryMark& mark) {
    if (mark.audit_id == 0) return true;
    bool same = false;
    sql::each(
        transaction, "SELECT hash FROM audit_event WHERE id = ?",
        [&](const sql::Row& row) { same = row.text(0) == mark.audit_hash; }, mark.audit_id);
    return same;
}

// A life of it began after those that the mark names, and was cut off before the mark named it.
bool is_ahead_of(const HistoryMark& mark, const HistoryMark& have) {
    const auto is_in = [](const std::vector<std::string>& all, const std::string& one) {
        return std::ranges::find(all, one) != all.end();
    };
    return !is_in(mark.generations, have.generations.back()) &&
           std::ranges::all_of(mark.generations,
                               [&](const auto& one) { return is_in(have.generations, one); });
}

// Empty: the database goes on.
std::string reason_of(Transaction& transaction, const DataDirectory& directory, const HistoryMark& have,
                      const std::optional<HistoryMark>& mark) {
    if (have.audit_id == 0) {  // no start of it came so far as to write its event
        const bool its_own = !mark || (mark->audit_id == 0 && mark->generations == have.generations);
        if (!its_own || holds_a_file(directory.spool()) || holds_a_file(directory.results()))
            return "created";
        return have.generations.empty() ? "first" : "";
    }
    if (!mark) return have.generations.empty() ? "first" : "unmarked";
    if (descends_from(transaction, *mark)) return have.generations.empty() ? "first" : "";
    if (have.generations.empty()) return "older";  // of a version that kept no names
    if (is_ahead_of(*mark, have)) return "";
    const bool ended =
        have.generations.back() != mark->generations.back() &&
        std::ranges::find(mark->generations, have.generations.back()) != mark->generations.end();
    const bool shorter =
        have.generations.back() == mark->generations.back() && have.audit_id < mark->audit_id;
    return ended || shorter ? "older" : "foreign";
}

void add_generation(Transaction& transaction, const std::string& id, const std::string& reason) {
    sql::execute(
        transaction,
        "INSERT INTO generation(id, since, reason, reconciled) VALUES(?1, ?2, ?3, ?3 IN ('', 'first')) "
        "ON CONFLICT(id) DO NOTHING",
        id, transaction.at(), reason);
}

// What it does not know of, the journal beside it may.
void take_earlier_facts(Transaction& transaction, const DataDirectory& directory, audit::AuditEvent& event) {
    const auto facts = take_facts(transaction, directory.facts());
    if (!facts) throw DatabaseFailure(DatabaseFailure::Kind::passing, facts.error().message);
    event.detail["facts"] = facts->taken;
    event.detail["unreadable_facts"] = facts->unreadable;
    if (!facts->withdrawn.empty()) event.detail["withdrawn_studies"] = facts->withdrawn;
    if (facts->taken + facts->unreadable > 0)
        spdlog::warn(
            "{} facts of an earlier database are known by its journal; {} lines of that cannot be read",
            facts->taken, facts->unreadable);
}

void begin_generation(Transaction& transaction, const DataDirectory& directory,
                      const std::optional<HistoryMark>& mark, const std::string& id,
                      const std::string& reason) {
    // What an earlier life made under its name is to be found again.
    if (mark)
        for (const auto& earlier : mark->generations) add_generation(transaction, earlier, "");
    // The very first name stands for results made without one: there must be one before this.
    if (reason != "first" && sql::number(transaction, "SELECT count(*) FROM generation") == 0)
        add_generation(transaction, "unknown", "");
    add_generation(transaction, id, reason);
    if (reason == "first") return;
    audit::AuditEvent event;
    event.type = "database_" + reason;
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"generation", id}, {"what", words_for(reason)}};
    take_earlier_facts(transaction, directory, event);
    // The trail of an earlier life ends there, and goes on nowhere.
    if (mark) event.detail["earlier_trail"] = {{"last_id", mark->audit_id}, {"last_hash", mark->audit_hash}};
    transaction.append_audit(event);
    transaction.count("database_replaced", {{"reason", reason}});
}

}  // namespace

HistoryMark mark_of(Transaction& transaction) {
    HistoryMark mark;
    sql::each(transaction, "SELECT id FROM generation ORDER BY number",
              [&](const sql::Row& row) { mark.generations.push_back(row.text(0)); });
    std::tie(mark.audit_id, mark.audit_hash) = newest_audit_event(transaction);
    return mark;
}

bool is_reconciled(Transaction& transaction) {
    return !sql::number(transaction, "SELECT 1 FROM generation WHERE reconciled = 0 LIMIT 1");
}

std::int64_t known_since(Transaction& transaction) {
    return sql::number(transaction,
                       "SELECT max(since) FROM generation WHERE reason NOT IN ('', 'first') AND since <= ?",
                       transaction.at())
        .value_or(0);
}

void keep_reconciled(Transaction& transaction) {
    sql::execute(transaction, "UPDATE generation SET reconciled = 1 WHERE reconciled = 0");
}

std::filesystem::path mark_file(const DataDirectory& directory) {
    return directory.root / "history";
}

Status write_mark(Files& files, const DataDirectory& directory, const HistoryMark& mark) {
    const nlohmann::json json = {
        {"generations", mark.generations}, {"audit_id", mark.audit_id}, {"audit_hash", mark.audit_hash}};
    const std::string text = json.dump() + "\n";
    return files.write_durably(mark_file(directory), std::as_bytes(std::span(text)));
}

Result<std::optional<HistoryMark>> read_mark(const DataDirectory& directory) {
    const auto text = read_file(mark_file(directory), longest_mark);
    if (!text && text.error().retry == Retry::once_mended) return tl::unexpected(text.error());
    if (!text) return std::nullopt;
    try {
        const auto json = nlohmann::json::parse(*text);
        HistoryMark mark{json.at("generations").get<std::vector<std::string>>(),
                         json.at("audit_id").get<std::int64_t>(), json.at("audit_hash").get<std::string>()};
        if (mark.generations.empty()) return std::nullopt;
        return mark;
    } catch (const nlohmann::json::exception& error) {
        spdlog::warn("{} is damaged: {}", mark_file(directory).string(), error.what());
        return std::nullopt;
    }
}

Result<Generation> join_history(World& world, Database& database, const DataDirectory& directory) {
    const auto read = read_mark(directory);
    if (!read) return tl::unexpected(read.error());
    const auto& mark = *read;
    const auto id = fmt::format("{:016x}", world.random());
    HistoryMark last;
    auto joined = database.transact(world.now(), [&](Transaction& transaction) {
        last = mark_of(transaction);
        const auto reason = reason_of(transaction, directory, last, mark);
        if (!reason.empty()) begin_generation(transaction, directory, mark, id, reason);
        note_holds(transaction);
        if (reason.empty()) return Generation{last.generations.back(), ""};
        last = mark_of(transaction);
        return Generation{id, reason};
    });
    if (!joined)
        return tl::unexpected(
            Error{"database", fmt::format("{}: {}", directory.database().string(), joined.error().message),
                  joined.error().retry});
    // A start that was cut off before it wrote the mark leaves none.
    if (joined->reason.empty() && mark && mark->generations == last.generations) return joined;
    if (!joined->reason.empty() && joined->reason != "first")
        spdlog::warn(
            "{}; whole objects in the spool that it does not know are adopted (docs/operations.md, "
            "\"Backup and restore\")",
            words_for(joined->reason));
    if (auto written = write_mark(world.files(), directory, last); !written)
        return tl::unexpected(written.error());
    if (joined->reason == "first") joined->reason.clear();
    return joined;
}

}  // namespace hilum
