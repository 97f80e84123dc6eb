#include "evaluation/readers/results_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "evaluation/dataset/csv.h"

namespace hilum::readers {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t largest_results = std::size_t{64} << 20;

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

// Spreadsheets of half of Europe write a comma.
std::optional<double> number_in(std::string text) {
    std::ranges::replace(text, ',', '.');
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

class CsvResults {
  public:
    CsvResults(const Study& study, const dataset::CsvTable& table, fs::path file)
        : study_(study), table_(table), file_(std::move(file)) {}

    Result<ResultsFile> read() {
        for (const char* name : {"study", "reader", "session", "case", "modality"})
            if (!table_.column(name))
                return fail("results", "{} holds no results of a reader study: it has no column '{}'",
                            file_.string(), name);
        ResultsFile results{file_, {}, {}};
        for (const auto& row : table_.rows) {
            row_ = &row;
            auto answer = answer_of();
            if (!answer) return tl::unexpected(answer.error());
            const auto id = cell("study");
            if (!results.study.empty() && id != results.study)
                return problem("study", "is another study's than above");
            results.study = id;
            if (!answer->is_empty()) results.answers.push_back(std::move(*answer));
        }
        return results;
    }

  private:
    std::string cell(const std::string& name) const {
        const auto column = table_.column(name);
        return column ? trimmed(row_->cells[*column]) : std::string();
    }
    tl::unexpected<Error> problem(const std::string& column, const std::string& what) const {
        return fail("results", "{}, line {}, column '{}': '{}' {}", file_.string(), row_->line, column,
                    cell(column), what);
    }
    // An empty cell is no number, and no problem.
    Status read_number(const std::string& column, std::optional<double>& value) const {
        const auto text = cell(column);
        if (text.empty()) return {};
        value = number_in(text);
        if (!value) return problem(column, "is no number");
        return {};
    }
    Status read_word(const std::string& column, const char* yes, const char* no,
                     std::optional<bool>& value) const {
        const auto text = cell(column);
        if (text.empty()) return {};
        if (text != yes && text != no) return problem(column, fmt::format("is neither {} nor {}", yes, no));
        value = text == yes;
        return {};
    }
    Result<Answer> answer_of() const {
        Answer answer;
        answer.file = file_;
        answer.line = row_->line;
        answer.reader = cell("reader");
        answer.case_id = cell("case");
        answer.answered_at = cell("answered_at");
        const auto session = number_in(cell("session"));
        if (!session || *session != std::floor(*session) || std::abs(*session) > 1000)
            return problem("session", "is no session's number");
        answer.session = static_cast<int>(*session);
        const auto modality = modality_named(cell("modality"));
        if (!modality) return problem("modality", "is neither unaided nor aided");
        answer.modality = *modality;
        std::optional<bool> unreadable;
        auto status = read_word("unreadable", "yes", "no", unreadable);
        if (status) status = read_number("seconds", answer.seconds);
        for (const auto& finding : study_.findings) {
            if (status) status = read_number("confidence: " + finding, answer.confidence.emplace_back());
            if (status)
                status =
                    read_word("decision: " + finding, "present", "absent", answer.decisions.emplace_back());
        }
        if (!status) return tl::unexpected(status.error());
        answer.unreadable = unreadable.value_or(false);
        return answer;
    }

    const Study& study_;
    const dataset::CsvTable& table_;
    const fs::path file_;
    const dataset::CsvRow* row_ = nullptr;
};

Answer answer_from(const json& object, const Study& study) {
    Answer answer;
    answer.case_id = object.at("case");
    const auto modality = modality_named(object.at("modality").get<std::string>());
    if (!modality) throw json::other_error::create(501, "an unknown modality", nullptr);
    answer.modality = *modality;
    answer.unreadable = object.at("unreadable");
    if (!object.at("seconds").is_null()) answer.seconds = object.at("seconds").get<double>();
    answer.answered_at = object.at("answered_at");
    const auto& findings = object.at("findings");
    for (const auto& finding : study.findings) {
        auto& confidence = answer.confidence.emplace_back();
        auto& decision = answer.decisions.emplace_back();
        const auto found = findings.find(finding);
        if (found == findings.end()) continue;
        if (!found->at("confidence").is_null()) confidence = found->at("confidence").get<double>();
        if (found->at("decision").is_null()) continue;
        const auto word = found->at("decision").get<std::string>();
        if (word != "present" && word != "absent")
            throw json::other_error::create(501, "a decision that is neither present nor absent", nullptr);
        decision = word == "present";
    }
    return answer;
}

Result<ResultsFile> results_from_json(const std::string& text, const Study& study, const fs::path& file) {
    std::size_t place = 0;
    try {
        const auto object = json::parse(text);
        if (object.at("format") != "hilum reader study results" || object.at("version") != results_version)
            return fail("results", "{} holds no results of a reader study that this version reads",
                        file.string());
        ResultsFile results{file, object.at("study"), {}};
        if (results.study != study.id) return results;  // its findings may be others
        for (const auto& one : object.at("answers")) {
            ++place;
            auto answer = answer_from(one, study);
            answer.reader = object.at("reader");
            answer.session = object.at("session");
            answer.file = file;
            answer.line = place;
            results.answers.push_back(std::move(answer));
        }
        return results;
    } catch (const json::exception& problem) {
        return fail("results", "{}: {}{}", file.string(),
                    place > 0 ? fmt::format("answer {}: ", place) : std::string(), problem.what());
    }
}

}  // namespace

bool Answer::same_as(const Answer& other) const {
    return reader == other.reader && session == other.session && case_id == other.case_id &&
           modality == other.modality && unreadable == other.unreadable && confidence == other.confidence &&
           decisions == other.decisions;
}

bool Answer::is_empty() const {
    return !unreadable && std::ranges::none_of(confidence, [](const auto& one) { return one.has_value(); }) &&
           std::ranges::none_of(decisions, [](const auto& one) { return one.has_value(); });
}

std::vector<std::string> results_columns(const Study& study) {
    std::vector<std::string> columns{"study", "reader", "session", "position", "case", "modality"};
    for (const auto& finding : study.findings) {
        columns.push_back("confidence: " + finding);
        columns.push_back("decision: " + finding);
    }
    columns.insert(columns.end(), {"unreadable", "seconds", "answered_at"});
    return columns;
}

std::string worksheet_csv(const Study& study, const Session& session) {
    const auto columns = results_columns(study);
    std::string text = dataset::csv_line(columns);
    for (std::size_t i = 0; i < session.readings.size(); ++i) {
        const auto& reading = session.readings[i];
        std::vector<std::string> row{study.id,
                                     session.reader,
                                     std::to_string(session.number),
                                     std::to_string(i + 1),
                                     reading.case_id,
                                     std::string(name_of(reading.modality))};
        row.resize(columns.size());
        text += dataset::csv_line(row);
    }
    return text;
}

Result<ResultsFile> read_results(const fs::path& file, const Study& study) {
    auto text = read_file(file, largest_results);
    if (!text) return fail("unreadable", "{}", text.error().message);
    if (text->starts_with("\xEF\xBB\xBF")) text->erase(0, 3);
    if (trimmed(*text).starts_with('{')) return results_from_json(*text, study, file);
    // Spreadsheets write semicolons where the comma is the decimal sign.
    const auto head = text->substr(0, text->find('\n'));
    if (head.find(',') == std::string::npos && head.find(';') != std::string::npos)
        return fail("results", "{} has semicolons between its cells: save it as CSV with commas (UTF-8)",
                    file.string());
    const auto table = dataset::parse_csv(*text);
    if (!table) return fail("csv", "{}: {}", file.string(), table.error().message);
    return CsvResults(study, *table, file).read();
}

}  // namespace hilum::readers
