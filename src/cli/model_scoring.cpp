#include "cli/model_scoring.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace hilum::cli {
namespace {

using evaluation::ScoredCase;
using evaluation::ScoredSet;
using evaluation::UnscoredCase;

// What a softmax's or sigmoid's scores came from, but for a constant that changes nothing.
double raw_output(const LabelResult& label, const std::string& activation) {
    if (activation == "softmax") return std::log(std::max(label.score, 1e-300));
    return activation == "sigmoid" ? model::log_odds(label.score) : label.score;
}

Result<std::vector<bool>> truth_of(const LabelledImage& image, const ScoredSet& set) {
    std::vector<bool> truth(set.labels.size());
    for (const auto& label : image.labels) {
        if (!set.exclusive && label == model::no_finding) continue;  // as in training
        const auto found = std::ranges::find(set.labels, label);
        if (found == set.labels.end())
            return fail("labels", "{}: its label '{}' is none of the model's ({})", image.facts.file, label,
                        joined(set.labels));
        truth[static_cast<std::size_t>(found - set.labels.begin())] = true;
    }
    const auto held = std::ranges::count(truth, true);
    if (set.exclusive && held != 1)
        return fail(
            "labels",
            "{}: has {} labels; the model's classes exclude each other, so that it must have one of {}",
            image.facts.file, held, joined(set.labels));
    return truth;
}

ScoredCase scored(const LabelledImage& image, std::vector<bool> truth, const InferenceResult& result) {
    ScoredCase one{image.facts, std::move(truth), {}, {}, {}, result.diagnosis};
    for (const auto& label : result.labels) {
        one.outputs.push_back(raw_output(label, result.activation));
        one.probabilities.push_back(label.probability);
        one.positive.push_back(label.positive);
    }
    return one;
}

ScoredSet empty_set(const model::ModelPackage& package, const std::string& name) {
    ScoredSet set;
    set.model = package.name;
    set.version = package.version;
    set.sha256 = package.sha256;
    set.set = name;
    for (const auto& label : package.labels) {
        set.labels.push_back(label.name);
        set.thresholds.push_back(label.threshold);
        set.abnormal.push_back(label.abnormal);
    }
    const auto identity = model::identity_of(package);
    set.configuration_sha256 = identity.configuration_sha256;
    set.notice = identity.notice;
    set.cleared_for_clinical_use = identity.cleared_for_clinical_use;
    set.exclusive = package.activation == model::Activation::softmax;
    set.calibrated = package.calibrated();
    return set;
}

// As the worker has it.
Result<model::ModelPackage> package_in_force(const std::filesystem::path& folder,
                                             const model::ModelChoice& choice) {
    auto loaded = model::read_model_package(folder);
    if (!loaded.problems.empty()) return fail("configuration", "{}", loaded.problems.front().text());
    if (auto applied = model::apply_thresholds(loaded.package, choice.settings().thresholds); !applied)
        return tl::unexpected(applied.error());
    model::apply_site(loaded.package, choice.configuration.site);
    return std::move(loaded.package);
}

}  // namespace

bool use_is_checked(const std::filesystem::path& file, const ScoringSettings& settings) {
    return !settings.any_use && upper(file.extension().string()) != ".PNG";
}

Result<ScoredSet> score_images(const std::filesystem::path& folder, const std::vector<LabelledImage>& images,
                               const ScoringSettings& settings, Progress& progress) {
    auto choice = model::choose_package(folder, settings.configuration);
    if (!choice) return tl::unexpected(choice.error());
    const auto package = package_in_force(folder, *choice);
    if (!package) return tl::unexpected(package.error());
    auto set = empty_set(*package, settings.set);
    if (settings.configuration) set.node_configuration = settings.configuration->string();
    set.site_thresholds = choice->settings().thresholds;
    std::vector<std::vector<bool>> truths;
    for (const auto& image : images) {  // all of them first: the model may take hours
        auto truth = truth_of(image, set);
        if (!truth) return tl::unexpected(truth.error());
        truths.push_back(std::move(*truth));
    }
    progress.say("loading the model");
    auto predictor = model::Predictor::start(std::move(*choice));
    if (!predictor) return tl::unexpected(predictor.error());
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto& image = images[i];
        progress.count("judging images", i + 1, images.size());
        const auto outcome = use_is_checked(image.file, settings)
                                 ? predictor->predict(image.file)
                                 : predictor->predict_whatever_its_use(image.file);
        if (!outcome)
            set.unscored.push_back({image.facts, outcome.error().code, outcome.error().message});
        else if (const auto* refusal = std::get_if<model::Predictor::Refusal>(&*outcome))
            set.unscored.push_back({image.facts, refusal->reason.code, refusal->reason.message});
        else
            set.cases.push_back(
                scored(image, truths[i], std::get<model::Predictor::Prediction>(*outcome).result));
    }
    progress.clear();
    return set;
}

}  // namespace hilum::cli
