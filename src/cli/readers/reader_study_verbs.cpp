// hilum reader-study create|analyse: does the model help the radiologists here?
#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.h"
#include "base/output/output_folder.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/dataset_images.h"
#include "cli/input_files.h"
#include "cli/output.h"
#include "cli/readers/study_making.h"
#include "cli/terminal/progress.h"
#include "evaluation/readers/analysis_report.h"
#include "evaluation/report/html.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;

struct CreateStudyOptions {
    StudyWishes wishes;
    fs::path output;
    std::string readers, findings, design = "crossover", washout = "28d", scale = "100";
    int cases = 0;
};

struct AnalyseOptions {
    fs::path study, output;
    std::vector<fs::path> results;
};

// "28d", "4w" or "28".
std::optional<int> days_in(const std::string& text) {
    std::size_t end = 0;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (end == 0 || end > 4) return std::nullopt;
    const int number = std::stoi(text.substr(0, end));
    const auto unit = text.substr(end);
    if (unit.empty() || unit == "d") return number;
    return unit == "w" ? std::optional(7 * number) : std::nullopt;
}

StudyWishes wishes_of(const CreateStudyOptions& options) {
    auto wishes = options.wishes;
    wishes.readers = split(options.readers, ',');
    if (!options.findings.empty()) wishes.findings = split(options.findings, ',');
    wishes.design = *readers::design_named(options.design);
    wishes.washout_days = *days_in(options.washout);
    wishes.scale = options.scale == "5" ? 5 : 100;
    wishes.cases = static_cast<std::size_t>(options.cases);
    return wishes;
}

nlohmann::json made_json(const MadeStudy& made, const fs::path& output) {
    const auto& study = made.study;
    std::map<std::string, std::size_t> counts;
    for (const auto& one : study.cases)
        for (const auto& label : one.labels) ++counts[label];
    return {{"study", study.id},
            {"folder", output.string()},
            {"design", name_of(study.design)},
            {"readers", study.readers},
            {"sessions", study.sessions.size()},
            {"cases", study.cases.size()},
            {"labels", counts},
            {"findings", study.findings},
            {"model", study.model},
            {"further_images", made.further_images},
            {"without_result", made.without_result},
            {"findings_without_result", made.unjudged}};
}

void print_made(const Context& context, const MadeStudy& made, const fs::path& output) {
    const auto& study = made.study;
    const auto line = [&](const std::string& text) {
        print_wrapped(context.out, "", text, context.terminal.columns);
    };
    line(fmt::format("Study {}: {} read by {}, asked for {}.", study.id,
                     counted(std::ssize(study.cases), "case", "cases"), joined(study.readers),
                     joined(study.findings)));
    for (const auto& session : study.sessions)
        line(fmt::format(
            "  {} session {}: {}", session.reader, session.number,
            (output / "readers" / session.reader / fmt::format("session-{}", session.number)).string()));
    if (made.further_images > 0)
        line(
            fmt::format("{} left out: one of each patient becomes a case.",
                        counted(static_cast<std::int64_t>(made.further_images), "image was", "images were")));
    if (made.without_result > 0)
        line(fmt::format("{} by the model; readers are told why.",
                         counted(static_cast<std::int64_t>(made.without_result), "case is not judged",
                                 "cases are not judged")));
    if (!made.unjudged.empty()) line(fmt::format("The model has no label for {}.", joined(made.unjudged)));
    line(fmt::format(
        "The truth is in {}: keep it from the readers. Look at the pictures before you give them away: what "
        "is burned into an image, such as a name, is not taken out.",
        (output / readers::key_name).string()));
}

int create_study(const Context& context, const CreateStudyOptions& options) {
    if (const auto free = OutputFolder::is_free(options.output); !free) return context.failed(free.error());
    Progress progress(context.terminal);
    const auto wishes = wishes_of(options);
    auto output = OutputFolder::begin(options.output);
    if (!output) return context.failed(output.error());
    const auto made = make_study(wishes, *output, progress);
    if (!made) return context.failed(made.error());
    if (const auto status = output->finish(); !status) return context.failed(status.error());
    if (context.json)
        print_json(context.out, made_json(*made, options.output));
    else
        print_made(context, *made, options.output);
    return exit_ok;
}

Result<readers::AnalysisReport> analysed(const AnalyseOptions& options) {
    auto study = readers::read_study(options.study);
    if (!study) return tl::unexpected(study.error());
    const auto files = collect_files(options.results);
    if (!files) return tl::unexpected(files.error());
    std::vector<readers::ResultsFile> results;
    for (const auto& file : *files) {
        const auto ending = upper(file.path.extension().string());
        if (!file.named && ending != ".JSON" && ending != ".CSV") continue;
        auto read = readers::read_results(file.path, *study);
        if (!read) return tl::unexpected(read.error());
        results.push_back(std::move(*read));
    }
    auto checked = readers::check_results(*study, results);
    if (!checked) return tl::unexpected(checked.error());
    if (checked->answers.empty())
        return fail(
            "results", "no answer counts: {}",
            checked->remarks.empty() ? "there is no file of results" : checked->remarks.front().words);
    auto figures = readers::figures_of(*study, *checked);
    return readers::AnalysisReport{std::move(*study), std::move(*checked), std::move(figures),
                                   to_iso8601(now()).substr(0, 10), "hilum " HILUM_VERSION};
}

Status write_analysis(const readers::AnalysisReport& report, const nlohmann::json& json,
                      const fs::path& place) {
    auto output = OutputFolder::begin(place);
    if (!output) return tl::unexpected(output.error());
    const std::vector<std::pair<std::string, std::string>> files{
        {"report.html", readers::analysis_page(report)},
        {"figures.json", json.dump(1) + "\n"},
        {"figures.csv", readers::figures_csv(report)},
        {"remarks.csv", readers::remarks_csv(report.checked)}};
    for (const auto& [name, text] : files)
        if (auto status = output->write(name, text); !status) return status;
    return output->finish();
}

void print_analysis(const Context& context, const readers::AnalysisReport& report) {
    const auto line = [&](const std::string& text) {
        print_wrapped(context.out, "", text, context.terminal.columns);
    };
    for (const auto& finding : report.figures.findings) {
        Table table({"READER", "MODALITY", "SENSITIVITY", "SPECIFICITY", "AUC"});
        for (const auto& one : finding.readers)
            table.add({one.reader, std::string(name_of(one.modality)),
                       evaluation::figure_text(one.sensitivity), evaluation::figure_text(one.specificity),
                       evaluation::figure_text(one.area)});
        context.out << finding.finding << "\n";
        table.print(context.out, context.terminal.columns);
        for (const auto* comparison : {&finding.area, &finding.sensitivity, &finding.specificity})
            line(comparison_words(*comparison, finding.finding));
    }
    line(comparison_words(report.figures.time.comparison, ""));
    std::map<std::string, std::int64_t> excluded, told;
    for (const auto& remark : report.checked.remarks) ++(remark.excluded ? excluded : told)[remark.code];
    for (const auto& [code, count] : excluded) line(fmt::format("excluded: {} ({})", code, count));
    for (const auto& [code, count] : told) line(fmt::format("note: {} ({})", code, count));
}

int analyse(const Context& context, const AnalyseOptions& options) {
    if (const auto free = OutputFolder::is_free(options.output); !free) return context.failed(free.error());
    const auto report = analysed(options);
    if (!report) return context.failed(report.error());
    const auto json = readers::analysis_json(*report);
    if (const auto status = write_analysis(*report, json, options.output); !status)
        return context.failed(status.error());
    if (context.json) {
        print_json(context.out, json);
        return exit_ok;
    }
    print_analysis(context, *report);
    context.out << "The report: " << (options.output / "report.html").string() << "\n";
    return exit_ok;
}

void add_create(const Verb& group) {
    auto options = std::make_shared<CreateStudyOptions>();
    auto& wishes = options->wishes;
    const auto verb =
        group.verb("create", "worksheets for readers, blinded and in drawn orders, from a dataset");
    verb.option("DATASET", wishes.dataset, "folder that hilum dataset made").required();
    verb.option("--output", options->output, "new folder for the study").required();
    verb.option("--readers", options->readers, "their names, joined by commas, as folders are to be called")
        .required();
    verb.option("--package", wishes.package, "the model package whose results are shown");
    verb.option(
            "--design", options->design,
            "crossover: two sessions, halves with and without results; sequential: first without, then with; "
            "unaided: without")
        .shows_default()
        .one_of({"crossover", "sequential", "unaided"});
    verb.option("--cases", options->cases, "how many, stratified by label (default: one of every patient)")
        .between(1, 100'000);
    verb.flag("--balanced", wishes.balanced, "as many cases of each label, not in the dataset's shares");
    verb.option("--findings", options->findings,
                "labels that are asked for, joined by commas (default: all but Normal and No Finding)");
    verb.option("--scale", options->scale, "of confidence: 0 to 100, or 1 to 5")
        .shows_default()
        .one_of({"100", "5"});
    verb.option("--washout", options->washout, "between a reader's two sessions")
        .shows_default()
        .checked("TIME", [](const std::string& text) {
            return days_in(text) ? "" : "must be days or weeks, such as 28d or 4w";
        });
    verb.option("--split", wishes.split, "which images")
        .shows_default()
        .one_of({"training", "validation", "calibration", "test", "all"});
    verb.option("--rename", wishes.renamed, "a label of the dataset, and its name in the study")
        .checked("LABEL=NAME", problem_of_renaming);
    verb.flag("--may-go-back", wishes.may_go_back, "readers may change earlier answers");
    verb.flag("--any-use", wishes.any_use, "show results outside of the package's intended use too");
    verb.option("--seed", wishes.seed, "of what is drawn").shows_default();
    verb.does([options](const Context& c) {
        options->wishes.configuration = c.named_config();
        return create_study(c, *options);
    });
}

void add_analyse(const Verb& group) {
    auto options = std::make_shared<AnalyseOptions>();
    const auto verb = group.verb("analyse", "what the readers' results say");
    verb.option("STUDY", options->study, "folder that hilum reader-study create made, with its key")
        .required();
    verb.option("--results", options->results, "files that readers saved (JSON or CSV), and folders of them")
        .required();
    verb.option("--output", options->output,
                "new folder for report.html, figures.json, figures.csv, remarks.csv")
        .required();
    verb.does([options](const Context& c) { return analyse(c, *options); });
}

}  // namespace

void add_reader_study_verbs(const Verb& app) {
    const auto group = app.verb("reader-study", "whether a model helps the radiologists who use it");
    add_create(group);
    add_analyse(group);
}

}  // namespace hilum::cli
