// hilum jobs list|show|retry|discard: what the node has to do, did, or could not do.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "base/text.h"
#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"
#include "cli/verbs/jobs_verbs.h"
#include "store/overview/list_filters.h"

namespace hilum::cli {
namespace {

constexpr int most_jobs = 1000;  // to show at once

struct JobOptions {
    std::string accession_number, study_instance_uid, state;
    int limit = 100;
    std::vector<std::string> jobs;  // "analysis/12"
};

void print_jobs(const Context& context, const nlohmann::json& jobs) {
    Table table({"JOB",
                 {"STATE", 8},
                 {"ERROR", 24},
                 {"FOR", 10},
                 {"ACCESSION", 9},
                 {"TRIES", 5, true},
                 {"CREATED", 20, true},
                 {"NEXT TRY", 20, true},
                 {"STUDY", 64, true}});
    for (const auto& job : jobs)
        table.add({text_of(job, "kind") + "/" + text_of(job, "id"), text_of(job, "state"),
                   text_of(job, "error"), subject_of(job), text_of(job, "accession_number"),
                   text_of(job, "attempts"), short_time(text_of(job, "created_at")),
                   text_of(job, "state") == "queued" ? short_time(text_of(job, "next_attempt_at")) : "",
                   text_of(job, "study_instance_uid")});
    if (table.empty())
        context.out << "no jobs\n";
    else
        table.print(context.out, context.terminal.columns);
}

Parameters parameters_of(const JobOptions& options) {
    return {{"accession_number", options.accession_number},
            {"study_instance_uid", options.study_instance_uid},
            {"state", options.state},
            {"limit", std::to_string(options.limit)}};
}

int list_jobs(const Context& context, const JobOptions& options) {
    if (const auto filter = job_filter(parameters_of(options)); !filter)
        return context.failed(filter.error());
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto answer =
        ask(configuration->node, {.verb = ControlVerb::jobs_list, .filter = parameters_of(options)});
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        print_jobs(context, list_of(*answer, "jobs"));
    return exit_ok;
}

// The jobs that are named, and those of the study or accession number that is.
Result<std::vector<JobName>> jobs_to_show(const NodeSettings& node, const JobOptions& options) {
    std::vector<JobName> jobs;
    for (const auto& name : options.jobs) {
        auto job = parse_job_name(name);
        if (!job) return tl::unexpected(job.error());
        jobs.push_back(std::move(*job));
    }
    if (options.accession_number.empty() && options.study_instance_uid.empty()) {
        if (jobs.empty()) return fail("usage", "say which jobs: KIND/ID..., --accession or --study");
        return jobs;
    }
    auto of_study = options;
    of_study.limit = most_jobs;
    const auto answer = ask(node, {.verb = ControlVerb::jobs_list, .filter = parameters_of(of_study)});
    if (!answer) return tl::unexpected(answer.error());
    for (const auto& job : list_of(*answer, "jobs"))
        jobs.push_back({text_of(job, "kind"), number_of(job, "id")});
    return jobs;
}

int show_jobs(const Context& context, const JobOptions& options) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto jobs = jobs_to_show(configuration->node, options);
    if (!jobs) return context.failed(jobs.error());
    if (jobs->empty() && !context.json) context.out << "no jobs\n";
    nlohmann::json all = nlohmann::json::array();
    for (const auto& job : *jobs) {
        const auto answer =
            ask(configuration->node, {.verb = ControlVerb::jobs_show, .kind = job.kind, .id = job.id});
        if (!answer) return context.failed(answer.error());
        if (context.json) {
            all.push_back(mapping_of(*answer, "job"));
        } else {
            if (&job != &jobs->front()) context.out << "\n";
            print_job(context.out, mapping_of(*answer, "job"), context.terminal.columns);
        }
    }
    // One job that was named is one object, as it always was.
    if (context.json)
        print_json(context.out, options.jobs.size() == 1 && all.size() == 1 ? all.front() : all);
    return exit_ok;
}

// What to change: each job named, or all of a study or an accession number.
Result<std::vector<ControlRequest>> selections(const JobOptions& options, ControlVerb verb) {
    std::vector<ControlRequest> chosen;
    for (const auto& name : options.jobs) {
        const auto job = parse_job_name(name);
        if (!job) return tl::unexpected(job.error());
        if (job->kind == "receipt")
            return fail("usage", "{} was refused: it comes when its sender sends it again", name);
        chosen.push_back({.verb = verb, .kind = job->kind, .id = job->id});
    }
    if (!options.accession_number.empty() || !options.study_instance_uid.empty())
        chosen.push_back({.verb = verb,
                          .study_instance_uid = options.study_instance_uid,
                          .accession_number = options.accession_number});
    if (chosen.empty()) return fail("usage", "say which jobs: KIND/ID..., --accession or --study");
    return chosen;
}

std::string words_for(const ControlRequest& chosen) {
    if (!chosen.kind.empty()) return fmt::format("{}/{}", chosen.kind, chosen.id);
    const auto& [study, accession] = std::pair(chosen.study_instance_uid, chosen.accession_number);
    return "jobs of " + (study.empty() ? "accession number " + accession : "study " + study);
}

void print_changed(const Context& context, std::int64_t changed, const char* done) {
    if (context.json)
        print_json(context.out, {{"jobs", changed}});
    else
        context.out << counted(changed, "job", "jobs") << " " << done << "\n";
}

// One that cannot be changed keeps none of the others, and what was done is told with what was not.
int change_each(const Context& context, const NodeSettings& node, const std::vector<ControlRequest>& chosen,
                const char* done) {
    std::int64_t changed = 0;
    auto failed = nlohmann::json::array();
    int code = exit_ok;
    for (const auto& request : chosen) {
        const auto answer = ask(node, request);
        if (answer) {
            changed += number_of(*answer, "jobs");
            continue;
        }
        code = std::max<int>(code, exit_code_of(answer.error()));
        failed.push_back({{"job", words_for(request)}, {"message", answer.error().message}});
        if (!context.json)
            context.err << "hilum: " << words_for(request) << ": " << answer.error().message << "\n";
    }
    if (context.json && !failed.empty())
        print_json(context.out, {{"jobs", changed}, {"failed", failed}});
    else
        print_changed(context, changed, done);
    return code;
}

int change_jobs(const Context& context, const JobOptions& options, ControlVerb verb, const char* done) {
    const auto chosen = selections(options, verb);
    if (!chosen) return context.failed(chosen.error());
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    if (chosen->size() == 1) {
        const auto answer = ask(configuration->node, chosen->front());
        if (!answer) return context.failed(answer.error());
        print_changed(context, number_of(*answer, "jobs"), done);
        return exit_ok;
    }
    return change_each(context, configuration->node, *chosen, done);
}

void add_filters(const Verb& verb, JobOptions& options) {
    verb.option("--accession", options.accession_number, "jobs of the studies with this accession number")
        .not_empty();
    verb.option("--study", options.study_instance_uid, "jobs of the study with this Study Instance UID")
        .not_empty();
}

}  // namespace

Result<JobName> parse_job_name(const std::string& text) {
    static const std::set<std::string> kinds = {"analysis",   "report",   "delivery",
                                                "commitment", "instance", "receipt"};
    const auto slash = text.find('/');
    JobName name{text.substr(0, slash), 0};
    const char* end = text.data() + text.size();
    const auto number = slash == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                   : std::from_chars(text.data() + slash + 1, end, name.id);
    if (!kinds.contains(name.kind) || number.ec != std::errc() || number.ptr != end || name.id <= 0)
        return fail("usage",
                    "'{}' names no job; `hilum jobs list` shows them as analysis/12, report/3, delivery/4",
                    text);
    return name;
}

void add_jobs_verbs(const Verb& app) {
    const auto jobs = app.verb("jobs", "what the node has to do, did, or could not do");
    auto options = std::make_shared<JobOptions>();

    const auto list = jobs.verb("list", "list jobs, newest first");
    add_filters(list, *options);
    list.option("--state", options->state, "jobs in this state: " + joined(job_states()));
    list.option("--limit", options->limit, "at most so many").shows_default().between(1, most_listed);
    list.does([options](const Context& c) { return list_jobs(c, *options); });

    const auto show = jobs.verb("show", "show jobs with what happened to them");
    add_filters(show, *options);
    show.option("JOB", options->jobs, "as in the list: analysis/12");
    show.does([options](const Context& c) { return show_jobs(c, *options); });

    const auto retry = jobs.verb("retry", "put jobs that were given up back into the queue");
    add_filters(retry, *options);
    retry.option("JOB", options->jobs, "as in the list: analysis/12");
    retry.does([options](const Context& c) {
        return change_jobs(c, *options, ControlVerb::jobs_retry, "put back into the queue");
    });

    const auto discard = jobs.verb("discard", "give jobs up for good");
    add_filters(discard, *options);
    discard.option("JOB", options->jobs, "as in the list: analysis/12");
    discard.does([options](const Context& c) {
        return change_jobs(c, *options, ControlVerb::jobs_discard, "discarded");
    });
}

}  // namespace hilum::cli
