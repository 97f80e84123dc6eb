#include "store/retention/removed_files.h"

#include <charconv>

#include "store/database/sql.h"

namespace hilum {
namespace {

constexpr int most_at_once = 200;
constexpr std::string_view artifact_ending = ".analysis";

// The last parameter of `text` is how many.
template <typename... Args>
std::vector<StoredFile> read_files(Transaction& transaction, std::string_view text, const Args&... args) {
    std::vector<StoredFile> files;
    sql::each(
        transaction, text,
        [&](const sql::Row& row) {
            files.push_back({row.int64(0), row.text(1), row.text(2)});
        },
        args..., most_at_once);
    return files;
}

std::int64_t number_after(const std::string& name, std::size_t dash) {
    std::int64_t number = 0;
    if (dash != std::string::npos) std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
    return number;
}

std::int64_t analysis_of(const std::string& name) {
    return number_after(name, name.find('-'));
}

// Results are named by their SOP Instance UIDs. What is called *.tmp is being written, or was at a crash.
bool is_stray_result(Transaction& transaction, const std::string& name) {
    if (name.ends_with(".dcm.tmp") || name.ends_with(".hl7.tmp"))
        return !sql::number(transaction, "SELECT 1 FROM removal WHERE folder = 'results' AND file = ?", name);
    if (!name.ends_with(".dcm") && !name.ends_with(".hl7")) return false;
    return !sql::number(
        transaction,
        "SELECT 1 FROM result WHERE sop_instance_uid = ?1 AND file = ?2 AND removed_at IS NULL UNION ALL"
        " SELECT 1 FROM removal WHERE folder = 'results' AND file = ?2 UNION ALL SELECT 1 FROM earlier_result"
        " JOIN study ON study.study_instance_uid = earlier_result.study_instance_uid JOIN instance ON"
        " instance.study_id = study.id WHERE earlier_result.sop_instance_uid = ?1 AND instance.removed_at IS"
        " NULL",
        name.substr(0, name.rfind('.')), name);
}

// The claim that an artifact's name tells; 0 of one that was made by a version that wrote none.
std::int64_t claim_of(const std::string& name) {
    const auto last = name.rfind('-');
    return name.find('-') == last ? 0 : number_after(name, last);
}

}  // namespace

std::filesystem::path path_of(const DataDirectory& directory, const StoredFile& file) {
    if (file.folder == "spool") return directory.spool() / file.file;
    return (file.folder == "analyses" ? directory.analyses() : directory.results()) / file.file;
}

std::vector<StoredFile> files_to_remove(Transaction& transaction, std::int64_t after) {
    return read_files(
        transaction,
        "SELECT id, folder, file FROM removal WHERE id > ? AND CASE folder WHEN 'analyses' THEN NOT EXISTS "
        "(SELECT 1"
        " FROM job WHERE job.study_id = removal.study_id AND kind = 'report' AND state = 'running')"
        // A stray result that was composed once more.
        " WHEN 'results' THEN NOT EXISTS (SELECT 1 FROM result WHERE sop_instance_uid ="
        " substr(removal.file, 1, length(removal.file) - 4) AND result.file = removal.file AND"
        " result.removed_at IS NULL) ELSE 1 END"
        " ORDER BY id LIMIT ?",
        after);
}

void forget_removed_files(Transaction& transaction, const std::vector<std::int64_t>& rows) {
    for (const auto row : rows) sql::execute(transaction, "DELETE FROM removal WHERE id = ?", row);
}

void take_result_file(Transaction& transaction, std::int64_t result, ResultFile then) {
    sql::execute(transaction,
                 "INSERT OR IGNORE INTO removal(study_id, folder, file) SELECT study_id, 'results', file FROM"
                 " result JOIN report ON report.id = report_id WHERE result.id = ?",
                 result);
    sql::execute(transaction,
                 "UPDATE result SET removed_at = coalesce(removed_at, ?), bytes = NULL, on_demand = ? WHERE"
                 " id = ?",
                 transaction.at(), then == ResultFile::can_be_made_again ? 1 : 0, result);
}

std::vector<StoredFile> files_to_measure(Transaction& transaction) {
    return read_files(
        transaction,
        "SELECT * FROM (SELECT id, 'analyses', artifact FROM analysis WHERE bytes IS NULL AND"
        " artifact != '' UNION ALL SELECT id, 'results', file FROM result WHERE bytes IS NULL AND"
        " removed_at IS NULL) LIMIT ?");
}

void keep_measured(Transaction& transaction, const std::vector<MeasuredFile>& measured) {
    for (const auto& [file, bytes] : measured)
        if (file.folder == "analyses")
            sql::execute(transaction, "UPDATE analysis SET bytes = ? WHERE id = ? AND artifact = ?", bytes,
                         file.row, file.file);
        else
            sql::execute(transaction, "UPDATE result SET bytes = ? WHERE id = ? AND removed_at IS NULL",
                         bytes, file.row);
}

std::int64_t claims_so_far(Transaction& transaction) {
    return sql::number(transaction, "SELECT claims FROM life").value_or(0);
}

int note_stray_artifacts(Transaction& transaction, const std::vector<std::string>& names,
                         const std::string& generation, std::int64_t claims) {
    int strays = 0;
    for (const auto& name : names) {
        const bool of_this_life = name.starts_with(generation + "-") && claim_of(name) > claims;
        if (!name.ends_with(artifact_ending) || of_this_life) continue;
        if (sql::number(transaction, "SELECT 1 FROM analysis WHERE id = ? AND artifact = ?",
                        analysis_of(name), name))
            continue;
        strays += sql::execute(
            transaction, "INSERT OR IGNORE INTO removal(study_id, folder, file) VALUES(0, 'analyses', ?)",
            name);
    }
    return strays;
}

std::vector<std::string> stray_results(Transaction& transaction, const std::vector<std::string>& names) {
    std::vector<std::string> strays;
    for (const auto& name : names)
        if (is_stray_result(transaction, name)) strays.push_back(name);
    return strays;
}

void note_stray_results(Transaction& transaction, const std::vector<std::string>& names) {
    for (const auto& name : names)
        sql::execute(transaction,
                     "INSERT OR IGNORE INTO removal(study_id, folder, file) VALUES(0, 'results', ?)", name);
}

std::string artifact_name(const std::string& generation, std::int64_t analysis, std::int64_t claim) {
    return fmt::format("{}-{}-{}{}", generation, analysis, claim, artifact_ending);
}

}  // namespace hilum
