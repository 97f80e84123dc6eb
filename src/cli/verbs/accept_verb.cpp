// hilum accept: whether a model may serve at a hospital, judged on its own images against what it requires.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "base/output/output_folder.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/dataset_images.h"
#include "cli/dataset_making.h"
#include "cli/model_scoring.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "evaluation/acceptance/acceptance_json.h"
#include "evaluation/acceptance/acceptance_page.h"
#include "evaluation/report/html.h"
#include "evaluation/report/predictions_csv.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;
using evaluation::Acceptance;

struct AcceptOptions {
    fs::path package, output, dataset, maker;
    DatasetSources sources;
    std::string split = "all", prevalence, per_week, drop = "0.05";
    AimWords aim;
    std::vector<std::string> renamed, required;
    int bootstrap = 2000;
    std::uint64_t seed = 1;
    bool any_use = false;
};

constexpr std::size_t largest_maker_figures = std::size_t{64} << 20;  // bytes

// What the model is to judge, and how it came about.
struct AcceptanceImages {
    dataset::Manifest manifest;
    std::string name;
    evaluation::ImageSources sources;
    std::vector<dataset::Exclusion> excluded;
};

std::string digest_of(const dataset::Manifest& manifest) {
    std::vector<std::string> lines;
    for (const auto& image : manifest.images)
        lines.push_back(image.pixels + '\t' + image.person() + '\t' + joined(image.labels) + '\n');
    std::ranges::sort(lines);
    Sha256 sha;
    for (const auto& line : lines) sha.update(std::string_view(line));
    return sha.hex();
}

// One picture with two truths: one of them is wrong, and no figure would be worth anything.
Status check_truths(const std::vector<dataset::Image>& images,
                    const std::vector<dataset::Thumbnail>& thumbnails) {
    for (const auto& finding : dataset::check_images(images, thumbnails)) {
        if (finding.code != "differing_labels") continue;
        std::vector<std::string> files;
        for (const auto& file : finding.files)
            if (files.size() < dataset::most_shown_files) files.push_back(file.string());
        return fail("differing_labels", "{} ({}): mend the table of labels", finding.words, joined(files));
    }
    return {};
}

Result<AcceptanceImages> images_of_dataset(const AcceptOptions& options) {
    auto chosen = read_split(options.dataset, options.split);
    if (!chosen) return tl::unexpected(chosen.error());
    AcceptanceImages images{
        std::move(chosen->manifest), dataset_name(options.dataset, options.split), {}, {}};
    const auto& all = images.manifest.images;
    images.sources.found = all.size() + chosen->doubled;
    if (chosen->doubled > 0) images.sources.left_out["duplicate"] = chosen->doubled;
    images.sources.of_training =
        static_cast<std::size_t>(std::ranges::count_if(all, [](const dataset::Image& image) {
            return image.split == dataset::Split::training || image.split == dataset::Split::validation;
        }));
    return images;
}

Error no_images_in(const GatheredImages& gathered, const fs::path& labels) {
    const auto& exclusions = gathered.exclusions;
    return {
        "no_images",
        fmt::format("none of {} files can be judged: {} have a label in {}, and {} of these can be read{}",
                    gathered.flow.found, gathered.flow.labelled, labels.string(), gathered.flow.read,
                    exclusions.empty() ? ""
                                       : fmt::format("; the first: {}: {}", exclusions.front().file.string(),
                                                     exclusions.front().words))};
}

void count_exclusion(const dataset::Exclusion& one, evaluation::ImageSources& sources) {
    if (one.reason == "no_file") {
        ++sources.lines_without_file;
        return;
    }
    ++sources.left_out[one.reason];
    if (evaluation::is_labelled_exclusion(one.reason))
        sources.unread_patients.push_back(one.patient.empty() ? one.file.string()
                                                              : patient_key(one.site, one.patient));
}

Result<AcceptanceImages> images_of_archive(const AcceptOptions& options, Progress& progress) {
    auto gathered = gather_images(options.sources, progress);
    progress.clear();
    if (!gathered) return tl::unexpected(gathered.error());
    if (gathered->images.empty()) return tl::unexpected(no_images_in(*gathered, options.sources.labels));
    if (auto status = check_truths(gathered->images, gathered->thumbnails); !status)
        return tl::unexpected(status.error());
    AcceptanceImages images{{{}, std::move(gathered->images)}, options.sources.site, {}, {}};
    if (images.name.empty()) {
        std::vector<std::string> names;
        for (const auto& path : options.sources.images) names.push_back(dataset_name(path, "all"));
        images.name = joined(names);
    }
    images.sources.found = gathered->flow.found;
    for (const auto& one : gathered->exclusions) count_exclusion(one, images.sources);
    images.excluded = std::move(gathered->exclusions);
    return images;
}

Result<evaluation::AcceptanceSettings> acceptance_settings(const AcceptOptions& options) {
    evaluation::AcceptanceSettings settings;
    if (!options.prevalence.empty()) settings.measure.prevalence = number_within(options.prevalence, 0, 1);
    settings.measure.bootstrap_rounds = options.bootstrap;
    settings.measure.seed = settings.seed = options.seed;
    for (const auto& text : options.required) {
        auto criterion = evaluation::parse_criterion(text);
        if (!criterion) return fail("usage", "{}", criterion.error().message);
        settings.criteria.push_back(std::move(*criterion));
    }
    settings.aim = aim_of(options.aim, options.prevalence);
    settings.power.drop = *number_within(options.drop, 0.0099, 0.5);
    if (!options.per_week.empty()) settings.power.per_week = number_within(options.per_week, 0, 1e7);
    return settings;
}

// What would be found only after hours of judging.
Status check_before(const AcceptOptions& options, const evaluation::AcceptanceSettings& settings,
                    const model::ModelPackage& package) {
    if (settings.aim && package.activation == model::Activation::softmax)
        return fail(
            "usage",
            "the classes of {} exclude each other, so that no threshold decides: leave out "
            "--sensitivity, --specificity and --cost (hilum calibrate --coverage makes it say when it "
            "does not know)",
            package.name);
    std::vector<std::string> labels;
    for (const auto& label : package.labels) labels.push_back(label.name);
    for (const auto& criterion : settings.criteria)
        if (!criterion.finding.empty() && std::ranges::find(labels, criterion.finding) == labels.end())
            return fail("usage", "--require '{}': the model has no finding '{}'; it has {}", criterion.text,
                        criterion.finding, joined(labels));
    return OutputFolder::is_free(options.output);
}

// The file that is given, else the package's metrics.json where it is one that can be read.
Result<std::optional<evaluation::MakerFigures>> maker_figures_of(const AcceptOptions& options,
                                                                 const model::ModelPackage& package) {
    std::vector<std::string> labels;
    for (const auto& label : package.labels) labels.push_back(label.name);
    const bool given = !options.maker.empty();
    const auto file = given ? options.maker : options.package / "metrics.json";
    std::error_code ignored;
    if (!given && !fs::exists(file, ignored)) return std::nullopt;
    const auto text = read_file(file, largest_maker_figures);
    if (!text) return tl::unexpected(text.error());
    auto figures = evaluation::parse_maker_figures(*text, file.filename().string(), labels);
    if (figures) return std::move(*figures);
    if (given) return tl::unexpected(figures.error());
    return std::nullopt;  // whoever made the package chose its form; the page says that there are none
}

class AcceptanceRun {
  public:
    AcceptanceRun(const Context& context, const AcceptOptions& options)
        : options_(options), progress_(context.terminal) {}

    Result<Acceptance> run() {
        const auto settings = acceptance_settings(options_);
        if (!settings) return tl::unexpected(settings.error());
        const auto loaded = model::read_model_package(options_.package);
        if (!loaded.problems.empty()) return fail("configuration", "{}", loaded.problems.front().text());
        if (auto status = check_before(options_, *settings, loaded.package); !status)
            return tl::unexpected(status.error());
        auto maker = maker_figures_of(options_, loaded.package);
        if (!maker) return tl::unexpected(maker.error());
        auto images =
            options_.dataset.empty() ? images_of_archive(options_, progress_) : images_of_dataset(options_);
        if (!images) return tl::unexpected(images.error());
        excluded_ = std::move(images->excluded);
        images->sources.digest = digest_of(images->manifest);
        const auto labelled = labelled_images(images->manifest, options_.renamed);
        const ScoringSettings scoring{images->name, options_.any_use, options_.sources.configuration};
        images->sources.use_not_checked = static_cast<std::size_t>(std::ranges::count_if(
            labelled, [&](const LabelledImage& image) { return !use_is_checked(image.file, scoring); }));
        auto scored = score_images(options_.package, labelled, scoring, progress_);
        if (!scored) return tl::unexpected(scored.error());
        progress_.say("computing figures");
        auto acceptance =
            evaluation::assess(std::move(*scored), std::move(images->sources), std::move(*maker), *settings);
        progress_.clear();
        return acceptance;
    }

    Status write(const Acceptance& acceptance, const nlohmann::json& json) const {
        auto output = OutputFolder::begin(options_.output);
        if (!output) return tl::unexpected(output.error());
        std::vector<std::pair<std::string, std::string>> files{
            {"acceptance.html",
             acceptance_page(acceptance, {to_iso8601(now()).substr(0, 10), "hilum " HILUM_VERSION})},
            {"acceptance.json", json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"},
            {"predictions.csv", evaluation::predictions_csv(acceptance.set.scored)}};
        if (options_.dataset.empty())
            files.emplace_back(dataset::excluded_name, dataset::excluded_csv(excluded_));
        if (!acceptance.thresholds.empty())
            files.emplace_back("thresholds.yaml",
                               thresholds_yaml(acceptance.set.scored, acceptance.thresholds,
                                               fs::absolute(options_.package).lexically_normal().string(),
                                               evaluation::words_of(*acceptance.settings.aim)));
        for (const auto& [name, text] : files)
            if (auto status = output->write(name, text); !status) return status;
        return output->finish();
    }

  private:
    const AcceptOptions& options_;
    Progress progress_;
    std::vector<dataset::Exclusion> excluded_;
};

void print_acceptance(const Context& context, const Acceptance& acceptance, const fs::path& output) {
    const auto& set = acceptance.set;
    context.out << fmt::format(
        "{}: {} found, {} judged, {} outside of the intended use, {} could not be read or judged\n",
        set.scored.set, counted(static_cast<std::int64_t>(acceptance.sources.found), "image", "images"),
        set.figures.cases, acceptance.outside_of_use, acceptance.unreadable);
    print_figures(context, set.figures.labels);
    const auto say = [&](const std::string& head, const std::string& words) {
        print_wrapped(context.out, head, words, context.terminal.columns);
    };
    for (const auto& one : acceptance.criteria) say("  ", one.words);
    for (const auto& work : acceptance.workload) say("  ", work.words);
    for (const auto& condition : acceptance.conditions) say("  heed: ", condition);
    context.out << words_of(acceptance.verdict)
                << (acceptance.verdict == evaluation::Verdict::no_criteria
                        ? ": nothing is required (--require)\n"
                        : "\n");
    context.out << "The page: " << (output / "acceptance.html").string() << "\n";
}

int accept_model(const Context& context, const AcceptOptions& options) {
    if (options.dataset.empty() && (options.sources.images.empty() || options.sources.labels.empty()))
        return context.failed({"usage", "which images: give --images and --labels, or --dataset"});
    AcceptanceRun run(context, options);
    const auto acceptance = run.run();
    if (!acceptance) return context.failed(acceptance.error());
    const auto json = evaluation::to_json(*acceptance);
    if (const auto status = run.write(*acceptance, json); !status) return context.failed(status.error());
    if (context.json)
        print_json(context.out, json);
    else
        print_acceptance(context, *acceptance, options.output);
    return exit_ok;
}

void add_image_options(const Verb& verb, AcceptOptions& options) {
    auto& sources = options.sources;
    auto dataset = verb.option("--dataset", options.dataset, "folder that hilum dataset made");
    verb.option("--split", options.split, "which of its images")
        .shows_default()
        .one_of({"training", "validation", "calibration", "test", "all"});
    verb.option("--images", sources.images, "DICOM files or grey PNG files, and folders of them")
        .excludes(dataset);
    verb.option("--labels", sources.labels, "CSV file with a header row: one image a line").excludes(dataset);
    verb.option("--file-column", sources.columns.file, "which names the image (default: file)");
    verb.option("--label-column", sources.columns.label, "its labels, joined by '|' (default: label)");
    verb.option("--patient-column", sources.columns.patient,
                "whose it is (default: patient, else the header's Patient ID)");
    auto column = verb.option("--site-column", sources.columns.site, "where it was taken (default: site)");
    verb.option("--site", sources.site, "where all were taken").excludes(column);
    verb.option("--rename", options.renamed, "a label of the images, and the model's name for it")
        .checked("LABEL=NAME", problem_of_renaming);
    verb.flag("--any-use", options.any_use, "judge images outside of the package's intended use too");
}

void add_question_options(const Verb& verb, AcceptOptions& options) {
    verb.option("--require", options.required,
                "what must be shown: \"sensitivity>=0.9\", \"Pneumonia:specificity>=0.8\"");
    verb.option("--maker", options.maker,
                "the maker's figures: figures.json of hilum evaluate (default: the package's metrics.json)");
    auto prevalence = verb.option("--prevalence", options.prevalence, "of the findings here")
                          .checked("NUMBER", number_between(0, 1, "0.05"));
    verb.option("--per-week", options.per_week, "images that the model would analyse a week")
        .checked("NUMBER", number_between(0, 1e7, "150"));
    verb.option("--drop", options.drop, "what must not go unseen for long")
        .shows_default()
        .checked("NUMBER", number_between(0.0099, 0.5, "0.05"));
    auto sensitivity =
        verb.option("--sensitivity", options.aim.sensitivity, "find thresholds that reach it here")
            .checked("NUMBER", number_between(0, 1, "0.95"));
    auto specificity =
        verb.option("--specificity", options.aim.specificity, "find thresholds that keep it here")
            .checked("NUMBER", number_between(0, 1, "0.9"))
            .excludes(sensitivity);
    verb.option("--cost", options.aim.cost, "find thresholds where a missed case costs so many false alarms")
        .checked("NUMBER", number_between(0, 1e6, "10"))
        .excludes(sensitivity)
        .excludes(specificity)
        .needs(prevalence);
    verb.option("--bootstrap", options.bootstrap, "rounds that draw patients; 0: none")
        .shows_default()
        .between(0, 100'000);
    verb.option("--seed", options.seed, "of bootstrap and halves").shows_default();
}

}  // namespace

void add_accept_verb(const Verb& app) {
    auto options = std::make_shared<AcceptOptions>();
    const auto verb = app.verb("accept", "whether a model may serve here, judged on this hospital's images");
    verb.option("PACKAGE", options->package, "the model package's folder").required();
    verb.option("--output", options->output,
                "new folder for acceptance.html, acceptance.json, predictions.csv and thresholds.yaml")
        .required();
    add_image_options(verb, *options);
    add_question_options(verb, *options);
    verb.does([options](const Context& c) {
        options->sources.configuration = c.named_config();
        return accept_model(c, *options);
    });
}

}  // namespace hilum::cli
