#include "evaluation/report/predictions_csv.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "evaluation/dataset/csv.h"

namespace hilum::evaluation {
namespace {

// Others wrote it, in names of files and in headers: a spreadsheet would take it for a formula.
std::string as_words(const std::string& text) {
    constexpr std::string_view begins_formula = "=+-@\t\r";
    return !text.empty() && begins_formula.find(text.front()) != std::string_view::npos ? "'" + text : text;
}

}  // namespace

std::string predictions_csv(const ScoredSet& set) {
    std::vector<std::string> head{"file", "patient",      "site",      "view",  "sex",
                                  "age",  "manufacturer", "diagnosis", "reason"};
    for (const char* what : {"truth", "output", "probability", "positive"})
        for (const auto& label : set.labels) head.push_back(fmt::format("{}:{}", what, label));
    std::string text = dataset::csv_line(head);
    const auto facts_of = [](const CaseFacts& facts) {
        return std::vector<std::string>{
            as_words(facts.file),        as_words(facts.patient),
            as_words(facts.site),        as_words(facts.view),
            as_words(facts.sex),         facts.age_years ? fmt::format("{:g}", *facts.age_years) : "",
            as_words(facts.manufacturer)};
    };
    for (const auto& one : set.cases) {
        auto row = facts_of(one.facts);
        row.insert(row.end(), {one.diagnosis, ""});
        for (const bool truth : one.truth) row.push_back(truth ? "1" : "0");
        for (const double output : one.outputs) row.push_back(fmt::format("{}", output));
        for (const double probability : one.probabilities) row.push_back(fmt::format("{}", probability));
        for (const bool positive : one.positive) row.push_back(positive ? "1" : "0");
        text += dataset::csv_line(row);
    }
    for (const auto& one : set.unscored) {
        auto row = facts_of(one.facts);
        row.insert(row.end(), {"", one.code});
        row.resize(head.size());
        text += dataset::csv_line(row);
    }
    return text;
}

}  // namespace hilum::evaluation
