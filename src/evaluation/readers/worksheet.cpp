#include "evaluation/readers/worksheet.h"

#include <nlohmann/json.hpp>

#include "evaluation/readers/page_files.h"
#include "evaluation/readers/results_file.h"
#include "evaluation/report/html.h"

namespace hilum::readers {
namespace {

using nlohmann::json;

void replace(std::string& text, std::string_view mark, std::string_view with) {
    const auto at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), with);
}

// JSON that may stand in a script element: no tag begins in it.
std::string embedded(const json& data) {
    std::string text;
    for (const char c : data.dump()) {
        if (c == '<')
            text += "\\u003c";
        else
            text += c;
    }
    return text;
}

json json_of(const ShownResult& result, const std::string& case_id) {
    auto labels = json::array();
    for (const auto& [name, score] : result.labels) labels.push_back({{"name", name}, {"score", score}});
    return {{"headline", result.headline},
            {"lines", result.lines},
            {"labels", std::move(labels)},
            {"map", result.mapped_label.empty() ? json() : json(map_name(case_id))},
            {"mapped_label", result.mapped_label},
            {"notice", result.notice}};
}

}  // namespace

std::string picture_name(const std::string& case_id) {
    return "pictures/" + case_id + ".png";
}

std::string map_name(const std::string& case_id) {
    return "results/" + case_id + ".png";
}

Result<std::string> worksheet_page(const Study& study, const Session& session, const ShownResults& results) {
    auto readings = json::array();
    for (const auto& reading : session.readings) {
        json one{{"case", reading.case_id},
                 {"modality", name_of(reading.modality)},
                 {"picture", picture_name(reading.case_id)},
                 {"result", nullptr}};
        if (reading.modality == Modality::aided) {
            const auto result = results.find(reading.case_id);
            if (result == results.end())
                return fail("study", "case {} is to be read with a result, and has none", reading.case_id);
            one["result"] = json_of(result->second, reading.case_id);
        }
        readings.push_back(std::move(one));
    }
    const json data{{"study", study.id},
                    {"reader", session.reader},
                    {"session", session.number},
                    {"design", name_of(study.design)},
                    {"findings", study.findings},
                    {"scale", study.scale},
                    {"lowest", study.lowest()},
                    {"washout_days", study.washout_days},
                    {"may_go_back", study.may_go_back},
                    {"format", "hilum reader study results"},
                    {"version", results_version},
                    {"columns", results_columns(study)},
                    {"readings", std::move(readings)}};
    std::string page(page_file("worksheet.html"));
    replace(page, "{{title}}",
            evaluation::escaped(fmt::format("Reading: {}, session {}", session.reader, session.number)));
    replace(page, "{{style}}", page_file("worksheet.css"));
    replace(page, "{{data}}", embedded(data));
    std::string script;
    for (const char* name : {"viewer.js", "answers.js", "worksheet.js"}) script += page_file(name);
    replace(page, "{{script}}", script);
    return page;
}

}  // namespace hilum::readers
