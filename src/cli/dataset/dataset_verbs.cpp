// hilum dataset create|check: from a hospital's images and labels to a manifest that training and evaluation
// read.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/output/output_folder.h"
#include "cli/command_line.h"
#include "cli/dataset/deidentifying.h"
#include "cli/dataset_making.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/terminal_text.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;

struct CreateOptions {
    DatasetSources sources;
    fs::path output;
    std::string split = "70:10:10:10", split_by = "patient";
    std::uint64_t seed = 1;
};

struct CheckOptions {
    fs::path folder;
    std::vector<fs::path> images;
};

nlohmann::json findings_json(const std::vector<dataset::Finding>& findings) {
    auto list = nlohmann::json::array();
    for (const auto& finding : findings) {
        auto files = nlohmann::json::array();
        for (const auto& file : finding.files) files.push_back(file.string());
        list.push_back({{"code", finding.code},
                        {"refused", finding.refused},
                        {"words", finding.words},
                        {"count", finding.count},
                        {"files", std::move(files)}});
    }
    return list;
}

void print_findings(const Context& context, const std::vector<dataset::Finding>& findings) {
    for (const auto& finding : findings) {
        const auto times = finding.count > 1 ? fmt::format(" ({} times)", finding.count) : "";
        context.err << (finding.refused ? "refused" : "note") << ": " << finding.code << times << ": "
                    << finding.words << "\n";
        const auto shown = std::min(finding.files.size(), dataset::most_shown_files);
        for (std::size_t i = 0; i < shown; ++i) context.err << "    " << finding.files[i].string() << "\n";
        if (shown < finding.files.size())
            context.err << fmt::format("    and {} more files (--json names all)\n",
                                       finding.files.size() - shown);
    }
}

// Those that another command line would need to make the same dataset.
std::vector<std::string> arguments_of(const CreateOptions& options) {
    std::vector<std::string> all{"dataset", "create"};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) all.insert(all.end(), {name, printable(value)});
    };
    const auto& sources = options.sources;
    add("--output", options.output.string());
    for (const auto& folder : sources.images) add("--images", folder.string());
    add("--labels", sources.labels.string());
    add("--file-column", sources.columns.file);
    add("--label-column", sources.columns.label);
    add("--patient-column", sources.columns.patient);
    add("--site-column", sources.columns.site);
    add("--site", sources.site);
    const auto& reports = sources.reports;
    for (const auto& folder : reports.reports) add("--reports", folder.string());
    for (const auto& finding : reports.findings) add("--finding", finding);
    add("--without-finding", reports.without_finding);
    if (reports.include_unverified) all.emplace_back("--include-unverified");
    if (sources.configuration) add("--config", sources.configuration->string());
    add("--split", options.split);
    add("--split-by", options.split_by);
    add("--seed", std::to_string(options.seed));
    return all;
}

void print_summary(const Context& context, const nlohmann::json& summary, const fs::path& output) {
    const auto flow = mapping_of(summary, "flow");
    print_wrapped(
        context.out, "",
        fmt::format("{}: {} files found, {} with a label, {} read, {} kept, of {}", output.string(),
                    number_of(flow, "found"), number_of(flow, "labelled"), number_of(flow, "read"),
                    number_of(flow, "kept"), counted(number_of(summary, "patients"), "patient", "patients")),
        context.terminal.columns);
    const auto excluded = mapping_of(flow, "excluded"), splits = mapping_of(summary, "splits");
    for (const auto& [reason, count] : excluded.items())
        context.out << fmt::format("  left out: {} {}\n", count.get<std::size_t>(), reason);
    std::vector<Table::Column> head{"SPLIT", "IMAGES", "PATIENTS"};
    for (const auto& label : list_of(summary, "labels")) head.emplace_back(label.get<std::string>());
    Table table(std::move(head));
    for (const auto& [name, counts] : splits.items()) {
        std::vector<std::string> row{name, text_of(counts, "images"), text_of(counts, "patients")};
        const auto of_label = mapping_of(counts, "label");
        for (const auto& label : list_of(summary, "labels"))
            row.push_back(std::to_string(number_of(of_label, label.get<std::string>().c_str())));
        table.add(row);
    }
    table.print(context.out, context.terminal.columns);
}

Error nothing_kept(const GatheredImages& gathered) {
    std::map<std::string, std::size_t> reasons;
    for (const auto& one : gathered.exclusions) ++reasons[one.reason];
    std::string why;
    for (const auto& [reason, count] : reasons) why += fmt::format("\n  {} {}", count, reason);
    const auto& first = gathered.exclusions;
    if (!first.empty())
        why += fmt::format("\n  the first: {}: {}", first.front().file.string(), first.front().words);
    return {"no_images", "no image is left for the dataset; left out were:" + why};
}

Status check_sources(const DatasetSources& sources) {
    const auto& reports = sources.reports;
    if (sources.labels.empty() && reports.reports.empty())
        return fail("usage", "what are the labels? --labels names a table, --reports Structured Reports");
    if (!reports.reports.empty() && reports.findings.empty())
        return fail("usage",
                    "--reports needs --finding: which findings of the reports are labels, such as "
                    "SCT:233604007=Pneumonia");
    if (reports.without_finding.find('|') != std::string::npos)
        return fail("usage", "--without-finding: a label has no '|'");
    return {};
}

// None where all images are one set.
Result<std::optional<dataset::Shares>> shares_of(const CreateOptions& options) {
    if (options.split == "none") return std::nullopt;
    return dataset::parse_shares(options.split);
}

// Splits them, and says where that was not possible.
std::vector<dataset::Finding> splits_without_images(GatheredImages& gathered, dataset::SplitUnit unit,
                                                    const std::optional<dataset::Shares>& shares,
                                                    std::uint64_t seed) {
    std::vector<dataset::Finding> findings;
    if (!shares) return findings;
    for (const auto split : dataset::split_images(gathered.images, unit, *shares, seed))
        findings.push_back(
            {true,
             "split_without_images",
             fmt::format("no image came into the {} split: there are fewer {} than splits; find "
                         "more, or give that split no share (--split)",
                         dataset::name_of(split), unit == dataset::SplitUnit::site ? "sites" : "patients"),
             {},
             1});
    return findings;
}

int refuse(const Context& context, const std::vector<dataset::Finding>& findings) {
    if (context.json)
        print_json(context.out, {{"valid", false}, {"findings", findings_json(findings)}});
    else
        print_findings(context, findings);
    return exit_failed;
}

int create(const Context& context, CreateOptions options) {
    options.sources.configuration = context.named_config();
    if (auto sound = check_sources(options.sources); !sound) return context.failed(sound.error());
    if (const auto free = OutputFolder::is_free(options.output); !free) return context.failed(free.error());
    const auto shares = shares_of(options);
    if (!shares) return context.failed(shares.error());
    Progress progress(context.terminal);
    auto gathered = gather_images(options.sources, progress);
    progress.clear();
    if (!gathered) return context.failed(gathered.error());
    if (gathered->images.empty()) return context.failed(nothing_kept(*gathered));
    const auto unit = options.split_by == "site" ? dataset::SplitUnit::site : dataset::SplitUnit::patient;
    auto findings = splits_without_images(*gathered, unit, *shares, options.seed);
    for (auto& finding : dataset::check_images(gathered->images, gathered->thumbnails))
        findings.push_back(std::move(finding));
    if (dataset::is_refused(findings)) return refuse(context, findings);
    const dataset::Origin origin{arguments_of(options), options.seed, gathered->flow};
    auto summary = dataset::summary_of(gathered->images, gathered->exclusions, origin);
    if (auto written = write_dataset(options.output, *gathered, summary); !written)
        return context.failed(written.error());
    if (context.json) {
        summary["findings"] = findings_json(findings);
        print_json(context.out, summary);
        return exit_ok;
    }
    print_summary(context, summary, options.output);
    print_findings(context, findings);
    return exit_ok;
}

int check(const Context& context, const CheckOptions& options) {
    Progress progress(context.terminal);
    const auto findings = check_dataset(options.folder, options.images, context.named_config(), progress);
    progress.clear();
    if (!findings) return context.failed(findings.error());
    const bool refused = dataset::is_refused(*findings);
    if (context.json) {
        print_json(context.out, {{"valid", !refused}, {"findings", findings_json(*findings)}});
        return refused ? exit_failed : exit_ok;
    }
    print_findings(context, *findings);
    if (!refused) context.out << options.folder.string() << " can be used\n";
    return refused ? exit_failed : exit_ok;
}

void add_create_verb(const Verb& group) {
    auto options = std::make_shared<CreateOptions>();
    auto& sources = options->sources;
    const auto verb = group.verb("create", "make a dataset of images and their labels");
    verb.option("--output", options->output, "folder to be made").required();
    verb.option("--images", sources.images, "DICOM files or grey PNG files, and folders of them").required();
    verb.option("--labels", sources.labels, "CSV file with a header row: one image a line");
    verb.option("--file-column", sources.columns.file, "which names the image (default: file)");
    verb.option("--label-column", sources.columns.label, "its labels, joined by '|' (default: label)");
    verb.option("--patient-column", sources.columns.patient,
                "whose it is (default: patient, else the header's Patient ID)");
    auto& reports = sources.reports;
    auto folders = verb.option("--reports", reports.reports,
                               "Structured Reports, and folders of them, for images without a label there");
    verb.option("--finding", reports.findings, "what a report's finding is called here")
        .checked("FINDING=LABEL", problem_of_finding)
        .needs(folders);
    verb.option("--without-finding", reports.without_finding, "label where a report has none of these")
        .needs(folders);
    verb.flag("--include-unverified", reports.include_unverified,
              "also reports that no person wrote or verified")
        .needs(folders);
    auto column = verb.option("--site-column", sources.columns.site, "where it was taken (default: site)");
    verb.option("--site", sources.site, "where all were taken").excludes(column);
    verb.option("--split", options->split,
                "shares of training, validation, calibration and test, or none: an external set")
        .shows_default();
    verb.option("--split-by", options->split_by, "what never comes into two splits")
        .shows_default()
        .one_of({"patient", "site"});
    verb.option("--seed", options->seed, "the same seed makes the same splits").shows_default();
    verb.does([options](const Context& c) { return create(c, *options); });
}

}  // namespace

void add_dataset_verbs(const Verb& app) {
    const auto group = app.verb("dataset", "images and labels for training and evaluation");
    add_create_verb(group);
    auto options = std::make_shared<CheckOptions>();
    const auto verb = group.verb("check", "look for what would make a model's figures wrong");
    verb.option("DIR", options->folder, "the dataset").required();
    verb.option("--images", options->images, "folders in which every image should be in the dataset");
    verb.does([options](const Context& c) { return check(c, *options); });
    add_deidentify_verb(group);
}

}  // namespace hilum::cli
