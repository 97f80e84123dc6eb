#include "evaluation/readers/study.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/file_system.h"
#include "base/text.h"
#include "evaluation/dataset/csv.h"

namespace hilum::readers {
namespace {

using nlohmann::json;

constexpr std::size_t largest_study = std::size_t{64} << 20;
constexpr std::array designs{std::pair{Design::crossover, "crossover"},
                             std::pair{Design::sequential, "sequential"},
                             std::pair{Design::unaided, "unaided"}};
constexpr std::array modalities{std::pair{Modality::unaided, "unaided"}, std::pair{Modality::aided, "aided"}};

template <typename Table, typename Value>
std::string_view word_of(const Table& table, Value value) {
    return std::ranges::find(table, value, [](const auto& pair) { return pair.first; })->second;
}

template <typename Table>
auto value_of(const Table& table, std::string_view word) -> std::optional<decltype(table.front().first)> {
    for (const auto& [value, name] : table)
        if (word == name) return value;
    return std::nullopt;
}

std::string cell_of_labels(const std::vector<std::string>& labels) {
    std::string cell;
    for (const auto& label : labels) cell += (cell.empty() ? "" : "|") + label;
    return cell;
}

Session session_from(const json& object) {
    Session session{object.at("reader"), object.at("number"), {}};
    for (const auto& reading : object.at("readings")) {
        const auto modality = modality_named(reading.at("modality").get<std::string>());
        if (!modality) throw json::other_error::create(501, "an unknown modality", nullptr);
        session.readings.push_back({reading.at("case"), *modality});
    }
    return session;
}

Study study_from(const json& object) {
    Study study;
    const auto design = design_named(object.at("design").get<std::string>());
    if (!design) throw json::other_error::create(501, "an unknown design", nullptr);
    study.id = object.at("id");
    study.design = *design;
    study.readers = object.at("readers").get<std::vector<std::string>>();
    study.findings = object.at("findings").get<std::vector<std::string>>();
    study.scale = object.at("scale");
    study.washout_days = object.at("washout_days");
    study.may_go_back = object.at("may_go_back");
    study.seed = object.at("seed");
    study.set = object.at("set");
    study.model = object.at("model");
    study.created = object.at("created");
    for (const auto& session : object.at("sessions")) study.sessions.push_back(session_from(session));
    return study;
}

Status read_key(Study& study, const std::filesystem::path& file) {
    const auto table = dataset::read_csv(file);
    if (!table) return tl::unexpected(table.error());
    std::array<std::size_t, 4> columns{};
    for (std::size_t i = 0; const char* name : {"case", "file", "patient", "labels"}) {
        const auto column = table->column(name);
        if (!column) return fail("study", "{}: has no column '{}'", file.string(), name);
        columns[i++] = *column;
    }
    for (const auto& row : table->rows) {
        const auto cell = [&](std::size_t i) { return row.cells[columns[i]]; };
        if (cell(3).empty())
            return fail("study", "{}, line {}: a case without labels", file.string(), row.line);
        study.cases.push_back({cell(0), cell(1), cell(2), split(cell(3), '|')});
    }
    std::ranges::sort(study.cases, {}, &StudyCase::id);
    if (std::ranges::adjacent_find(study.cases, {}, &StudyCase::id) != study.cases.end())
        return fail("study", "{}: a case is there twice", file.string());
    return {};
}

Status check_sessions(const Study& study, const std::filesystem::path& folder) {
    if (study.readers.empty() || study.findings.empty() || (study.scale != 100 && study.scale != 5))
        return fail("study", "{}: it has no readers or findings, or an unknown scale",
                    (folder / study_name).string());
    for (const auto& session : study.sessions)
        for (const auto& reading : session.readings)
            if (study.find_case(reading.case_id) == nullptr)
                return fail("study", "{}: case {} has no line in {}", (folder / study_name).string(),
                            reading.case_id, key_name);
    return {};
}

}  // namespace

std::string_view name_of(Design design) {
    return word_of(designs, design);
}

std::optional<Design> design_named(std::string_view name) {
    return value_of(designs, name);
}

std::string_view name_of(Modality modality) {
    return word_of(modalities, modality);
}

std::optional<Modality> modality_named(std::string_view name) {
    return value_of(modalities, name);
}

bool StudyCase::has(std::string_view label) const {
    return std::ranges::find(labels, label) != labels.end();
}

const StudyCase* Study::find_case(std::string_view case_id) const {
    const auto found = std::ranges::lower_bound(cases, case_id, {}, &StudyCase::id);
    return found != cases.end() && found->id == case_id ? &*found : nullptr;
}

const Session* Study::find_session(std::string_view reader, int number) const {
    const auto found = std::ranges::find_if(sessions, [&](const Session& session) {
        return session.reader == reader && session.number == number;
    });
    return found == sessions.end() ? nullptr : &*found;
}

bool is_reader_name(std::string_view name) {
    constexpr std::string_view others = "-_.";
    return !name.empty() && name.size() <= 40 && name.front() != '.' &&
           std::ranges::all_of(name, [&](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      others.find(c) != std::string_view::npos;
           });
}

std::string study_json(const Study& study) {
    auto sessions = json::array();
    for (const auto& session : study.sessions) {
        auto readings = json::array();
        for (const auto& reading : session.readings)
            readings.push_back({{"case", reading.case_id}, {"modality", name_of(reading.modality)}});
        sessions.push_back(
            {{"reader", session.reader}, {"number", session.number}, {"readings", std::move(readings)}});
    }
    return json{{"id", study.id},
                {"design", name_of(study.design)},
                {"readers", study.readers},
                {"findings", study.findings},
                {"scale", study.scale},
                {"washout_days", study.washout_days},
                {"may_go_back", study.may_go_back},
                {"seed", study.seed},
                {"set", study.set},
                {"model", study.model},
                {"created", study.created},
                {"sessions", std::move(sessions)}}
               .dump(1) +
           "\n";
}

std::string key_csv(const Study& study) {
    std::string text = dataset::csv_line({"case", "file", "patient", "labels"});
    for (const auto& one : study.cases)
        text += dataset::csv_line({one.id, one.file.string(), one.patient, cell_of_labels(one.labels)});
    return text;
}

Result<Study> read_study(const std::filesystem::path& folder) {
    const auto text = read_file(folder / study_name, largest_study);
    if (!text) return tl::unexpected(text.error());
    Study study;
    try {
        study = study_from(json::parse(*text));
    } catch (const json::exception& problem) {
        return fail("study", "{} is none of hilum reader-study create: {}", (folder / study_name).string(),
                    problem.what());
    }
    if (auto status = read_key(study, folder / key_name); !status) return tl::unexpected(status.error());
    if (auto status = check_sessions(study, folder); !status) return tl::unexpected(status.error());
    return study;
}

}  // namespace hilum::readers
