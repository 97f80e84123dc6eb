#include "pipeline/lanes/compose_requests.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/withdrawals.h"

namespace hilum {
namespace {

// What a report says of an image whose analysis failed for good.
NotAnalysed processing_failed(const std::string& code) {
    return {"processing_failed",
            "the image could not be processed (" + code + "); the administrator of the AI node can see why"};
}

AnalysisOutcome outcome_of(const std::string& state, const std::string& json, const std::string& error_code) {
    if (state == "quarantined" || json.empty()) return {processing_failed(error_code), std::nullopt, {}};
    try {
        return nlohmann::json::parse(json).get<AnalysisOutcome>();
    } catch (const nlohmann::json::exception&) {  // written by another version of Hilum
        return {processing_failed("unknown_outcome"), std::nullopt, {}};
    }
}

bool is_foreign(const std::string& outcome) {
    const auto json = nlohmann::json::parse(outcome, nullptr, false);
    const auto code = nlohmann::json::json_pointer("/not_analysed/code");
    return json.is_object() && json.contains(code) && json[code].is_string() &&
           foreign_outcomes().contains(json[code].get<std::string>());
}

// For the patient and the study that a note names any of the study's objects will do, whatever its analysis
// is at.
std::vector<StudyImage> header_sources(Database& database, std::int64_t study,
                                       const DataDirectory& directory) {
    std::vector<StudyImage> images;
    database.each(
        "SELECT id, file, sop_instance_uid, dataset_sha256 FROM instance WHERE study_id = ?"
        " ORDER BY state = 'to_analyse' DESC, received_at DESC, id LIMIT 1",
        [&](SQLite::Statement& row) {
            StudyImage& image = images.emplace_back();
            image.instance = row.getColumn(0).getInt64();
            image.file = (directory.spool() / row.getColumn(1).getString()).string();
            image.sop_instance_uid = row.getColumn(2).getString();
            image.dataset_sha256 = row.getColumn(3).getString();
        },
        study);
    return images;
}

std::vector<ReportProfile> profiles_for(Database& database, std::int64_t study,
                                        const std::vector<DestinationSettings>& destinations) {
    std::vector<std::string> callers;
    database.each(
        "SELECT DISTINCT calling_ae FROM instance WHERE study_id = ?",
        [&](SQLite::Statement& row) { callers.push_back(row.getColumn(0).getString()); }, study);
    std::vector<std::pair<ReportSettings, ReportProfile>> profiles;
    for (const auto& destination : destinations) {
        const auto wanted = [&](const std::string& caller) {
            return std::find(callers.begin(), callers.end(), caller) != callers.end();
        };
        if (!destination.from.empty() &&
            std::none_of(destination.from.begin(), destination.from.end(), wanted))
            continue;
        const auto& r = destination.reports;
        if (!r.hl7 && !r.sr && (!r.sc || r.sc_when == CaptureWhen::never)) continue;
        auto same =
            std::find_if(profiles.begin(), profiles.end(), [&](const auto& p) { return p.first == r; });
        if (same == profiles.end())
            same = profiles.insert(profiles.end(), {r, ReportProfile{{},
                                                                     r.sr,
                                                                     r.sr_class,
                                                                     r.sr_series_number,
                                                                     r.sr_series_description,
                                                                     r.sc ? r.sc_when : CaptureWhen::never,
                                                                     r.sc_long_side,
                                                                     r.sc_series_number,
                                                                     r.sc_series_description,
                                                                     r.sc_style,
                                                                     r.sr_activation_region,
                                                                     r.character_set,
                                                                     r.language,
                                                                     r.hl7.has_value(),
                                                                     r.hl7.value_or(Hl7Settings{})}});
        same->second.destinations.push_back(destination.name);
    }
    std::vector<ReportProfile> all;
    all.reserve(profiles.size());
    for (auto& [settings, profile] : profiles) all.push_back(std::move(profile));
    return all;
}

}  // namespace

const std::set<std::string>& foreign_outcomes() {
    static const std::set<std::string> codes{"modality", "sop_class", "presentation_intent", "own_result"};
    return codes;
}

std::optional<ComposeRequest> compose_request(Database& database, std::int64_t report,
                                              const Configuration& configuration,
                                              const DataDirectory& directory) {
    ComposeRequest request;
    request.job = report;
    request.results_dir = directory.results().string();
    std::int64_t study = 0, opened_at = 0;
    bool withdrawing = false;
    std::int64_t last_instance = std::numeric_limits<std::int64_t>::max();
    database.each(
        "SELECT study.id, study.study_instance_uid, report.version, report.model, report.created_at,"
        " study.withdrawals, report.kind = 'withdrawal', last_instance FROM report JOIN study"
        " ON study.id = report.study_id WHERE report.id = ?",
        [&](SQLite::Statement& row) {
            study = row.getColumn(0).getInt64();
            request.study_instance_uid = row.getColumn(1).getString();
            request.version = row.getColumn(2).getInt();
            request.model_name = row.getColumn(3).getString();
            opened_at = row.getColumn(4).getInt64();
            request.withdrawals = row.getColumn(5).getInt();
            withdrawing = row.getColumn(6).getInt() != 0;
            if (!row.isColumnNull(7)) last_instance = row.getColumn(7).getInt64();
        },
        report);
    request.opened_at = opened_at;
    request.urgent = configuration.triage.urgent;
    request.profiles = profiles_for(database, study, configuration.destinations);
    if (withdrawing) {
        request.withdrawal = withdrawal_of(database, report);
        if (request.withdrawal.results.empty()) return std::nullopt;
        request.model.name = request.model_name;
        request.images = header_sources(database, study, directory);
        return request;
    }
    if (request.profiles.empty()) return std::nullopt;
    database.each(
        "SELECT instance.id, instance.file, coalesce(analysis.artifact, ''), instance.sop_instance_uid,"
        " instance.dataset_sha256, analysis.state, coalesce(analysis.outcome, ''), analysis.error_code,"
        " analysis.frame, analysis.frames FROM instance"
        " JOIN analysis ON analysis.instance_id = instance.id WHERE instance.study_id = ? AND analysis.model "
        "= ?"
        " AND instance.state = 'to_analyse' AND analysis.state IN ('analysed', 'not_analysed', 'quarantined')"
        // What came after the report was opened belongs to the next version, also when this one is tried
        // again.
        " AND instance.id <= ? ORDER BY instance.id, analysis.frame",
        [&](SQLite::Statement& row) {
            if (is_foreign(row.getColumn(6).getString())) return;
            const auto artifact = row.getColumn(2).getString();
            request.images.push_back({row.getColumn(0).getInt64(),
                                      (directory.spool() / row.getColumn(1).getString()).string(),
                                      artifact.empty() ? "" : (directory.analyses() / artifact).string(),
                                      row.getColumn(3).getString(), row.getColumn(4).getString(),
                                      outcome_of(row.getColumn(5).getString(), row.getColumn(6).getString(),
                                                 row.getColumn(7).getString()),
                                      row.getColumn(8).getInt(), row.getColumn(9).getInt()});
        },
        study, request.model_name, last_instance);
    if (request.images.empty()) return std::nullopt;
    const bool any_analysed = std::any_of(request.images.begin(), request.images.end(),
                                          [](const auto& image) { return image.outcome.result.has_value(); });
    request.report_not_analysed = !any_analysed || configuration.study.report_not_analysed == "always";
    request.model.name = request.model_name;  // where every image failed before the model saw it
    for (const auto& image : request.images)
        if (!image.outcome.model.name.empty()) request.model = image.outcome.model;
    database.each(
        "SELECT result.sop_class_uid, result.sop_instance_uid, result.series_instance_uid, report.version"
        " FROM result JOIN report ON report.id = result.report_id"
        " WHERE report.study_id = ?1 AND report.model = ?2 AND result.kind = 'sr'"
        // Whatever became of that version, its report may have been delivered.
        " AND report.version = (SELECT max(earlier.version) FROM report AS earlier JOIN result AS kept"
        " ON kept.report_id = earlier.id WHERE earlier.study_id = ?1 AND earlier.model = ?2"
        " AND kept.kind = 'sr' AND earlier.version < ?3 AND earlier.withdrawn = 0)",
        [&](SQLite::Statement& row) {
            request.predecessors.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                                            row.getColumn(2).getString(), request.model_name,
                                            row.getColumn(3).getInt()});
        },
        study, request.model_name, request.version);
    return request;
}

}  // namespace hilum
