// A job as text, for `hilum jobs show`.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/verbs/jobs_verbs.h"

namespace hilum::cli {
namespace {

constexpr std::size_t label_width = 20;
constexpr std::size_t time_width = 23;  // "2026-11-23 23:24:48 CET"

std::string label(const std::string& name) {
    return fmt::format("{:<{}}", name, label_width);
}

std::string value_text(const nlohmann::json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool says_nothing(const nlohmann::json& value) {
    return value.is_null() || value == "" || (value.is_structured() && value.empty());
}

// What the model said, or why it said nothing; --json has all of it.
void print_outcome(std::ostream& out, const nlohmann::json& outcome, std::size_t columns) {
    const auto line = [&](const char* name, const std::string& value) {
        if (!value.empty()) print_wrapped(out, label(name), value, columns);
    };
    const auto result = mapping_of(outcome, "result");
    line("not analysed", text_of(mapping_of(outcome, "not_analysed"), "message"));
    line("diagnosis", text_of(result, "diagnosis"));
    for (const auto& one : list_of(result, "labels"))
        line("", text_of(one, "name") + " " + text_of(one, "probability") +
                     (is_true(one, "positive") ? ", positive" : ""));
    for (const auto& note : list_of(outcome, "notes")) line("note", text_of(note, "text"));
}

// "outcome=stored, modality=CR": an event's detail.
std::string detail_text(const nlohmann::json& detail) {
    std::string text;
    if (!detail.is_object()) return value_text(detail);
    for (const auto& [key, value] : detail.items())
        if (!says_nothing(value)) text += (text.empty() ? "" : ", ") + key + "=" + value_text(value);
    return text;
}

void print_events(std::ostream& out, const nlohmann::json& events, std::size_t columns) {
    if (events.empty()) return;
    out << "\nwhat happened (of its image, or of its study):\n";
    for (const auto& event : events) {
        auto what = text_of(event, "type");
        if (text_of(event, "outcome") == "failure") what += " FAILED";
        const auto detail = event.find("detail");
        if (detail != event.end() && !says_nothing(*detail)) what += ": " + detail_text(*detail);
        what += fmt::format(" ({})", text_of(event, "actor"));
        print_wrapped(out, fmt::format("{:<{}}  ", time_to_the_second(text_of(event, "at")), time_width),
                      what, columns);
    }
}

}  // namespace

std::string subject_of(const nlohmann::json& job) {
    const auto destination = text_of(job, "destination");
    if (!destination.empty()) return destination;
    const auto frame = text_of(job, "frame");
    return text_of(job, "model") + (frame.empty() || frame == "1" ? "" : ", frame " + frame);
}

void print_job(std::ostream& out, const nlohmann::json& job, std::size_t columns) {
    static constexpr std::array<std::pair<const char*, const char*>, 9> texts{
        {{"state", "state"},
         {"error", "error"},
         {"reason", "reason"},
         {"destination", "destination"},
         {"model", "model"},
         {"frame", "frame"},
         {"study_instance_uid", "study"},
         {"accession_number", "accession number"},
         {"sop_instance_uid", "SOP instance"}}};
    static constexpr std::array<std::pair<const char*, const char*>, 3> times{
        {{"next_attempt_at", "next try"}, {"created_at", "since"}, {"updated_at", "last change"}}};
    const auto line = [&](const char* name, const std::string& value) {
        if (!value.empty()) print_wrapped(out, label(name), value, columns);
    };
    line("job", text_of(job, "kind") + "/" + text_of(job, "id"));
    for (const auto& [key, name] : texts) line(name, text_of(job, key));
    line("storage commitment", text_of(job, "commitment"));
    line("tries", text_of(job, "attempts"));
    for (const auto& [key, name] : times)
        if (std::string_view(key) != "next_attempt_at" || text_of(job, "state") == "queued")
            line(name, time_to_the_second(text_of(job, key)));
    print_outcome(out, mapping_of(job, "outcome"), columns);
    print_events(out, list_of(job, "events"), columns);
}

}  // namespace hilum::cli
