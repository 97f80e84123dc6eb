#include "store/jobs/compose_requests.h"

#include <algorithm>
#include <limits>
#include <map>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/database/sql.h"
#include "store/jobs/callers.h"
#include "store/jobs/due_reports.h"
#include "store/jobs/states.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

// What a report says of an image whose analysis failed for good.
NotAnalysed processing_failed(const std::string& code) {
    return {"processing_failed",
            "the image could not be processed (" + code + "); the administrator of the AI node can see why"};
}

AnalysisOutcome outcome_of(const std::string& state, const std::string& json, const std::string& error_code) {
    if (state == to_text(JobState::quarantined) || json.empty())
        return {processing_failed(error_code), std::nullopt, {}};
    try {
        return nlohmann::json::parse(json).get<AnalysisOutcome>();
    } catch (const std::bad_alloc&) {  // which says nothing of the outcome
        throw;
    } catch (const std::exception&) {  // damaged since this version was opened
        return {processing_failed("unknown_outcome"), std::nullopt, {}};
    }
}

bool is_foreign(const std::string& outcome) {
    const auto json = nlohmann::json::parse(outcome, nullptr, false);
    const auto code = nlohmann::json::json_pointer("/not_analysed/code");
    return json.is_object() && json.contains(code) && json[code].is_string() &&
           foreign_outcomes().contains(json[code].get<std::string>());
}

// For the patient and the study that a note names, where none of the results that it takes back is there to
// tell: the study's images, or any of its objects, whatever its analysis is at.
std::vector<StudyImage> header_sources(Transaction& transaction, std::int64_t study,
                                       const DataDirectory& directory) {
    std::vector<StudyImage> images;
    sql::each(
        transaction,
        "SELECT id, file, sop_instance_uid, dataset_sha256, transfer_syntax_uid, state FROM instance WHERE "
        "study_id = ? AND removed_at IS NULL AND damaged_at IS NULL "
        "ORDER BY state = 'to_analyse' DESC, received_at DESC, id",
        [&](const sql::Row& row) {
            if (!images.empty() && row.text(5) != "to_analyse") return;
            StudyImage& image = images.emplace_back();
            image.instance = row.int64(0);
            image.file = (directory.spool() / row.text(1)).string();
            image.sop_instance_uid = row.text(2);
            image.dataset_sha256 = row.text(3);
            image.stored = {row.text(4), image.dataset_sha256};
        },
        study);
    return images;
}

// What the composer needs to know of a destination's settings.
ReportProfile profile_of(const ReportSettings& r) {
    return {.destinations = {},
            .sr = r.sr,
            .sr_class = r.sr_class,
            .sr_series_number = r.sr_series_number,
            .sr_series_description = r.sr_series_description,
            .sc_when = r.sc ? r.sc_when : CaptureWhen::never,
            .sc_long_side = r.sc_long_side,
            .sc_series_number = r.sc_series_number,
            .sc_series_description = r.sc_series_description,
            .sc_style = r.sc_style,
            .sr_activation_region = r.sr_activation_region,
            .character_set = r.character_set,
            .language = r.language,
            .oru = r.hl7.has_value(),
            .hl7 = r.hl7.value_or(Hl7Settings{})};
}

std::vector<ReportProfile> profiles_for(Transaction& transaction, std::int64_t study,
                                        const std::vector<DestinationSettings>& destinations) {
    const auto callers = callers_of(transaction, study);
    std::vector<std::pair<ReportSettings, ReportProfile>> profiles;
    for (const auto& destination : destinations) {
        if (!is_for_any_of(destination, callers) || !wants_results(destination)) continue;
        const auto& r = destination.reports;
        auto same =
            std::find_if(profiles.begin(), profiles.end(), [&](const auto& p) { return p.first == r; });
        if (same == profiles.end()) same = profiles.insert(profiles.end(), {r, profile_of(r)});
        same->second.destinations.push_back(destination.name);
    }
    std::vector<ReportProfile> all;
    all.reserve(profiles.size());
    for (auto& [settings, profile] : profiles) all.push_back(std::move(profile));
    return all;
}

struct Version {
    std::int64_t study = 0;
    bool withdraws = false;
    std::int64_t last_instance = std::numeric_limits<std::int64_t>::max();
};

Version read_version(Transaction& transaction, std::int64_t report, ComposeRequest& request) {
    Version version;
    sql::each(
        transaction,
        "SELECT study.id, study.study_instance_uid, report.version, report.model, job.created_at, "
        "study.withdrawals, report.kind = 'withdrawal', last_instance FROM report JOIN study ON study.id = "
        "report.study_id JOIN job ON lane = 'compose' AND subject = report.id WHERE report.id = ?",
        [&](const sql::Row& row) {
            version.study = row.int64(0);
            request.study_instance_uid = row.text(1);
            request.version = row.int32(2);
            request.model_name = row.text(3);
            request.opened_at = row.int64(4);
            request.withdrawals = row.int32(5);
            version.withdraws = row.int32(6) != 0;
            if (!row.is_null(7)) version.last_instance = row.int64(7);
        },
        report);
    return version;
}

void add_images(Transaction& transaction, const Version& version, const DataDirectory& directory,
                ComposeRequest& request) {
    sql::each(
        transaction,
        "SELECT instance.id, instance.file, coalesce(analysis.artifact, ''), instance.sop_instance_uid, "
        "instance.dataset_sha256, job.word, coalesce(analysis.outcome, ''), job.error_code, analysis.frame, "
        "analysis.frames, instance.transfer_syntax_uid FROM job JOIN analysis ON analysis.id = job.subject "
        "JOIN instance ON instance.id = "
        "analysis.instance_id WHERE job.study_id = ?1 AND job.kind = 'analysis' AND analysis.model = ?2 AND "
        "instance.state = 'to_analyse' AND instance.removed_at IS NULL AND instance.damaged_at IS NULL AND "
        "job.word IN "
        "('analysed', "
        "'not_analysed', 'quarantined')"
        // What came after the report was opened belongs to the next version, also
        // when this one is tried again.
        " AND instance.id <= ?3 ORDER BY instance.id, analysis.frame",
        [&](const sql::Row& row) {
            if (is_foreign(row.text(6))) return;
            const auto artifact = row.text(2);
            request.images.push_back({row.int64(0), (directory.spool() / row.text(1)).string(),
                                      artifact.empty() ? "" : (directory.analyses() / artifact).string(),
                                      row.text(3), row.text(4),
                                      outcome_of(row.text(5), row.text(6), row.text(7)), row.int32(8),
                                      row.int32(9), StoredObject{row.text(10), row.text(4)}});
        },
        version.study, request.model_name, version.last_instance);
}

// All active models are through with these images since the report was opened, so that each attempt says the
// same. Of those that retention removed the version before goes on to tell.
bool is_urgent_study(Transaction& transaction, const Version& version, const Configuration& configuration) {
    bool urgent = false;
    sql::each(
        transaction,
        "SELECT job.word, coalesce(analysis.outcome, ''), job.error_code FROM job JOIN analysis ON "
        "analysis.id = job.subject JOIN instance ON instance.id = analysis.instance_id WHERE job.study_id = "
        "?1 AND job.kind = 'analysis' AND job.word = 'analysed' AND analysis.model IN (SELECT value FROM "
        "json_each(?2)) AND instance.state = 'to_analyse' AND instance.damaged_at IS NULL AND instance.id <= "
        "?3",
        [&](const sql::Row& row) {
            const auto outcome = outcome_of(row.text(0), row.text(1), row.text(2));
            urgent |= outcome.result && is_urgent(*outcome.result, configuration.triage.urgent);
        },
        version.study, nlohmann::json(active_models(configuration)).dump(), version.last_instance);
    return urgent;
}

// Images whose files retention removed stand in no new version: the one before goes on to tell of them, and
// is not replaced.
bool tells_of_removed_images(Transaction& transaction, const Version& version) {
    return sql::number(transaction,
                       "SELECT 1 FROM instance WHERE study_id = ? AND state = 'to_analyse' AND removed_at IS "
                       "NOT NULL AND id <= ? LIMIT 1",
                       version.study, version.last_instance)
        .has_value();
}

// Also of an earlier database's life.
void add_predecessors(Transaction& transaction, std::int64_t study, ComposeRequest& request) {
    sql::each(
        transaction,
        // Whatever became of that version, its report may have been delivered.
        "WITH known AS (SELECT result.sop_class_uid, result.sop_instance_uid, result.series_instance_uid, "
        "report.version FROM result JOIN report ON report.id = result.report_id WHERE report.study_id = ?1 "
        "AND report.model = ?2 AND result.kind = 'sr' AND report.version < ?3 AND report.withdrawn = 0 UNION "
        "ALL SELECT sop_class_uid, sop_instance_uid, series_instance_uid, version FROM earlier_result WHERE "
        "study_instance_uid = ?4 AND model = ?2 AND kind = 'sr' AND version < ?3 AND NOT EXISTS (SELECT 1 "
        "FROM result WHERE result.sop_instance_uid = earlier_result.sop_instance_uid)) SELECT * FROM known "
        "WHERE version = (SELECT max(version) FROM known)",
        [&](const sql::Row& row) {
            request.predecessors.push_back(
                {row.text(0), row.text(1), row.text(2), request.model_name, row.int32(3)});
        },
        study, request.model_name, request.version, request.study_instance_uid);
}

// Of the newest version of each model that stands, also of an earlier database's life. A version that was
// made is made again as it was.
void add_told(Transaction& transaction, std::int64_t study, ComposeRequest& request) {
    std::map<std::string, std::int64_t> newest;
    sql::each(
        transaction,
        "SELECT report.model, report.version, result.kind, iif(removed_at IS NULL, file, ''), sha256, "
        "report.id AS report, result.id AS number FROM result JOIN report ON report.id = report_id WHERE "
        "study_id = ?1 AND report.kind = 'results' AND withdrawn = 0 AND report.version < ?2 AND (removed_at "
        "IS NULL OR filed_under != '') AND result.kind IN ('sr', 'oru', 'sc', 'pr') AND NOT EXISTS (SELECT 1 "
        "FROM result AS made WHERE made.report_id = ?3) UNION ALL SELECT model, version, kind, file, sha256, "
        "0, number FROM earlier_result WHERE study_instance_uid = ?4 AND version < ?2 AND kind IN ('sr', "
        "'oru', 'sc', 'pr') AND NOT EXISTS (SELECT 1 FROM result AS made WHERE made.report_id = ?3 OR "
        "made.sop_instance_uid = earlier_result.sop_instance_uid) ORDER BY 2 DESC, report, number",
        [&](const sql::Row& row) {
            if (newest.emplace(row.text(0), row.int64(1)).first->second == row.int64(1))
                request.told.push_back(
                    {enum_from<ResultKind>(row.text(2)).value(), row.text(3), row.text(4), row.int64(5)});
        },
        study, request.version, request.job, request.study_instance_uid);
}

// Whose results were whose files are gone.
void add_filed(Transaction& transaction, ComposeRequest& request) {
    std::set<std::int64_t> reports;
    for (const auto& result : request.told) reports.insert(result.report);
    for (const auto& result : request.withdrawal.results) reports.insert(result.report);
    sql::each(
        transaction,
        "SELECT id, filed_under FROM report WHERE id IN (SELECT value FROM json_each(?)) AND filed_under != "
        "'' ORDER BY id",
        [&](const sql::Row& row) {
            request.filed.push_back({row.int64(0), row.text(1)});
        },
        nlohmann::json(reports).dump());
}

// As the results that are taken back name it, as far as their analyses are known.
ModelIdentity withdrawn_model(Transaction& transaction, std::int64_t study, const ComposeRequest& request) {
    ModelIdentity model;
    model.name = request.model_name;
    sql::each(
        transaction,
        "SELECT job.word, coalesce(analysis.outcome, ''), job.error_code FROM job JOIN analysis ON "
        "analysis.id = job.subject WHERE job.study_id = ?1 AND job.kind = 'analysis' AND analysis.model = ?2 "
        "AND analysis.instance_id <= (SELECT max(coalesce(last_instance, analysis.instance_id)) FROM report "
        "WHERE study_id = ?1 AND model = ?2 AND withdrawn = ?3) ORDER BY analysis.id",
        [&](const sql::Row& row) {
            const auto outcome = outcome_of(row.text(0), row.text(1), row.text(2));
            if (!outcome.model.name.empty()) model = outcome.model;
        },
        study, request.model_name, request.version);
    return model;
}

KnownResult known_result(const sql::Row& row) {
    KnownResult known{row.text(0), row.text(1), row.int32(2) != 0, row.text(3)};
    if (const auto with = row.text(4); !with.empty()) nlohmann::json::parse(with).get_to(known.made_with);
    return known;
}

void add_known_results(Transaction& transaction, std::int64_t study, ComposeRequest& request) {
    sql::each(
        transaction,
        "SELECT file, sha256, report.id = ?1, result.audit_head, made_with FROM result JOIN report ON "
        "report.id = result.report_id WHERE report.study_id = ?2",
        [&](const sql::Row& row) { request.known_results.push_back(known_result(row)); }, request.job, study);
    // Of an earlier database's life: where the file is what was composed, it is that.
    sql::each(
        transaction,
        "SELECT file, sha256, 1, audit_head, made_with FROM earlier_result WHERE study_instance_uid = ? AND "
        "NOT EXISTS (SELECT 1 FROM result WHERE result.sop_instance_uid = earlier_result.sop_instance_uid)",
        [&](const sql::Row& row) { request.known_results.push_back(known_result(row)); },
        request.study_instance_uid);
}

}  // namespace

const std::set<std::string>& foreign_outcomes() {
    static const std::set<std::string> codes{"modality", "sop_class", "presentation_intent", "own_result",
                                             "quality_control"};
    return codes;
}

bool is_readable_outcome(const std::string& json) {
    try {
        nlohmann::json::parse(json).get<AnalysisOutcome>();
        return true;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        return false;
    }
}

std::optional<ComposeRequest> compose_request(Transaction& transaction, std::int64_t report,
                                              const Configuration& configuration,
                                              const DataDirectory& directory) {
    ComposeRequest request;
    request.job = report;
    request.results_dir = directory.results().string();
    const auto version = read_version(transaction, report, request);
    add_known_results(transaction, version.study, request);
    request.urgent = configuration.triage.urgent;
    request.profiles = profiles_for(transaction, version.study, configuration.destinations);
    if (version.withdraws) {
        request.withdrawal = withdrawal_of(transaction, report);
        if (request.withdrawal.results.empty()) return std::nullopt;
        add_filed(transaction, request);
        request.model = withdrawn_model(transaction, version.study, request);
        request.images = header_sources(transaction, version.study, directory);
        return request;
    }
    if (request.profiles.empty()) return std::nullopt;
    add_images(transaction, version, directory, request);
    if (request.images.empty()) return std::nullopt;
    add_told(transaction, version.study, request);
    add_filed(transaction, request);
    request.urgent_study = is_urgent_study(transaction, version, configuration);
    const bool any_analysed = std::any_of(request.images.begin(), request.images.end(),
                                          [](const auto& image) { return image.outcome.result.has_value(); });
    request.report_not_analysed = !any_analysed || configuration.study.report_not_analysed == "always";
    request.model.name = request.model_name;  // where every image failed before the model saw it
    for (const auto& image : request.images)
        if (!image.outcome.model.name.empty()) request.model = image.outcome.model;
    if (!tells_of_removed_images(transaction, version)) add_predecessors(transaction, version.study, request);
    return request;
}

bool is_result(Transaction& transaction, const std::string& sop_instance_uid) {
    return sql::number(transaction,
                       "SELECT 1 FROM result WHERE sop_instance_uid = ?1 UNION ALL SELECT 1 FROM "
                       "earlier_result WHERE sop_instance_uid = ?1 LIMIT 1",
                       sop_instance_uid)
        .has_value();
}

}  // namespace hilum
