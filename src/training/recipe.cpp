#include "training/recipe.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "training/network/network.h"

namespace hilum::training {
namespace {

template <typename Enum, std::size_t count>
struct Words {
    std::array<std::string_view, count> words;
    std::array<Enum, count> values;

    Enum read(YamlMapping& at, const char* key, Enum fallback) const {
        const auto text = at.choice(key, words, std::string(word_of(fallback)));
        const auto found = std::ranges::find(words, text);
        return found == words.end() ? fallback : values[static_cast<std::size_t>(found - words.begin())];
    }
    std::string_view word_of(Enum value) const {
        return words[static_cast<std::size_t>(std::ranges::find(values, value) - values.begin())];
    }
};

constexpr Words<Balance, 3> balance_words{{"none", "oversample", "undersample"},
                                          {Balance::none, Balance::oversample, Balance::undersample}};
constexpr Words<LossKind, 3> loss_words{
    {"cross_entropy", "focal", "binary_cross_entropy"},
    {LossKind::cross_entropy, LossKind::focal, LossKind::binary_cross_entropy}};
constexpr Words<LabelWeights, 3> weight_words{
    {"none", "inverse", "given"}, {LabelWeights::none, LabelWeights::inverse, LabelWeights::given}};
constexpr Words<OptimizerKind, 2> optimizer_words{{"adamw", "sgd"},
                                                  {OptimizerKind::adamw, OptimizerKind::sgd}};
constexpr Words<ScheduleKind, 3> schedule_words{
    {"constant", "cosine", "step"}, {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::step}};
constexpr Words<Watch, 2> watch_words{{"auc", "loss"}, {Watch::auc, Watch::loss}};

// The strengths by their keys, with what they may be at most.
struct Strength {
    const char* key;
    double AugmentationSettings::*value;
    double most;
};
constexpr Strength strengths[] = {
    {"rotation", &AugmentationSettings::rotation, 180},
    {"zoom", &AugmentationSettings::zoom, 1},
    {"aspect", &AugmentationSettings::aspect, 1},
    {"shift", &AugmentationSettings::shift, 0.5},
    {"gamma", &AugmentationSettings::gamma, 2},
    {"contrast", &AugmentationSettings::contrast, 2},
    {"brightness", &AugmentationSettings::brightness, 0.5},
    {"sharpness", &AugmentationSettings::sharpness, 5},
    {"noise", &AugmentationSettings::noise, 0.5},
    {"bars", &AugmentationSettings::bars, 1},
    {"boxes", &AugmentationSettings::boxes, 1},
    {"grey_transfer", &AugmentationSettings::grey_transfer, 1},
};

void read_network(YamlMapping at, NetworkChoice& network, const std::filesystem::path& folder) {
    const auto known = architectures();
    const std::vector<std::string_view> names(known.begin(), known.end());
    network.architecture = at.choice("architecture", names, network.architecture);
    network.dense_width = static_cast<int>(at.integer("dense_width", 0, 0, 65536));
    network.dropout = at.number("dropout", 0, 0, 0.99);
    const auto weights = at.string("initial_weights", "");
    if (!weights.empty()) network.initial_weights = folder / weights;
    network.test_time_mirror = at.boolean("test_time_mirror", false);
    at.finish();
}

void read_augmentation(YamlMapping at, AugmentationSettings& augmentation) {
    const bool enabled = at.boolean("enabled", true);
    for (const auto& strength : strengths)
        augmentation.*strength.value =
            at.number(strength.key, augmentation.*strength.value, 0, strength.most);
    augmentation.mirror = at.boolean("mirror", false);
    if (!enabled) augmentation = AugmentationSettings::none();
    at.finish();
}

void read_loss(YamlMapping at, Recipe& recipe) {
    auto& loss = recipe.fit.loss;
    loss.exclusive = recipe.package.activation == model::Activation::softmax;
    const auto usual = loss.exclusive ? LossKind::cross_entropy : LossKind::binary_cross_entropy;
    loss.kind = loss_words.read(at, "kind", usual);
    if (loss.kind != usual && loss.kind != LossKind::focal)
        at.problem("kind", loss.exclusive
                               ? "must be cross_entropy or focal: the labels exclude each other (softmax)"
                               : "must be binary_cross_entropy or focal: each label stands alone (sigmoid)");
    loss.label_smoothing = at.number("label_smoothing", 0, 0, 0.9);
    if (loss.kind == LossKind::focal && loss.exclusive && loss.label_smoothing > 0)
        at.problem("label_smoothing", "is not for the focal loss of labels that exclude each other");
    loss.focal_gamma = at.number("focal_gamma", 2, 0, 10);
    loss.location_weight = at.number("location_weight", 0, 0, 100);
    recipe.label_weights = weight_words.read(at, "label_weights", LabelWeights::none);
    loss.weights = at.numbers("weights");
    const bool given = recipe.label_weights == LabelWeights::given;
    if (given && loss.weights.size() != recipe.package.labels.size())
        at.problem("weights", fmt::format("has {} numbers for {} labels", loss.weights.size(),
                                          recipe.package.labels.size()));
    if (!given && at.has("weights")) at.problem("weights", "is for label_weights: given");
    if (!std::ranges::all_of(loss.weights, [](double weight) { return weight > 0 && weight < 1e6; }))
        at.problem("weights", "must be larger than 0");
    at.finish();
}

void read_optimizer(YamlMapping at, OptimizerSettings& optimizer) {
    optimizer.kind = optimizer_words.read(at, "kind", OptimizerKind::adamw);
    optimizer.learning_rate = at.number("learning_rate", optimizer.learning_rate, 1e-9, 10);
    optimizer.weight_decay = at.number("weight_decay", optimizer.weight_decay, 0, 1);
    optimizer.momentum = at.number("momentum", optimizer.momentum, 0, 0.9999);
    optimizer.gradient_norm = at.number("gradient_norm", 0, 0, 1e6);
    at.finish();
}

void read_schedule(YamlMapping at, ScheduleSettings& schedule) {
    schedule.kind = schedule_words.read(at, "kind", ScheduleKind::cosine);
    schedule.warm_up = at.number("warm_up", schedule.warm_up, 0, 0.9);
    schedule.step_epochs = static_cast<int>(at.integer("step_epochs", schedule.step_epochs, 1, 100'000));
    schedule.step_factor = at.number("step_factor", schedule.step_factor, 1e-6, 1);
    at.finish();
}

void read_training(YamlMapping at, Recipe& recipe) {
    auto& fit = recipe.fit;
    fit.epochs = static_cast<int>(at.integer("epochs", fit.epochs, 1, 100'000));
    fit.batch_size = static_cast<int>(at.integer("batch_size", fit.batch_size, 1, 4096));
    fit.seed = static_cast<std::uint64_t>(at.integer("seed", 1, 0));
    fit.weight_average = at.number("weight_average", 0, 0, 0.99999);
    fit.freeze_epochs = static_cast<int>(at.integer("freeze_epochs", 0, 0, 100'000));
    fit.train_from = at.string("train_from", "");
    const auto parts = parts_of(recipe.network.architecture);
    if (!fit.train_from.empty() && std::ranges::find(parts, fit.train_from) == parts.end())
        at.problem("train_from", fmt::format("'{}' is no part of {}: {}", fit.train_from,
                                             recipe.network.architecture, fmt::join(parts, ", ")));
    if (fit.freeze_epochs > 0 && fit.freeze_epochs >= fit.epochs)
        at.problem("freeze_epochs", "must be fewer than the epochs");
    fit.watch = watch_words.read(at, "watch", Watch::auc);
    fit.patience = static_cast<int>(at.integer("patience", 0, 0, 100'000));
    fit.keep_best = at.choice("keep", {"best", "last"}, "best") == "best";
    fit.mixed_precision = at.boolean("mixed_precision", false);
    at.finish();
}

void read_renamed(YamlMapping at, Recipe& recipe) {
    for (const auto& key : at.keys()) recipe.renamed[key] = at.string(key);
    at.finish();
}

void read_recipe(YamlMapping root, Recipe& recipe, const std::filesystem::path& folder) {
    if (!root.has("package"))
        root.problem("package", "is missing: what the model is given and says, as in model.yaml");
    auto package = root.mapping("package");
    if (package.line() > 0) {
        model::read_description(package, recipe.package);
        if (recipe.package.activation == model::Activation::none)
            package.problem("output", "activation must be softmax or sigmoid for a model that is trained");
    }
    recipe.intended_use = root.string("intended_use", "");
    recipe.limits = root.strings("limits");
    read_renamed(root.mapping("rename"), recipe);
    read_network(root.mapping("network"), recipe.network, folder);
    auto sampling = root.mapping("sampling");
    recipe.balance = balance_words.read(sampling, "balance", Balance::none);
    sampling.finish();
    read_augmentation(root.mapping("augmentation"), recipe.augmentation);
    read_loss(root.mapping("loss"), recipe);
    read_optimizer(root.mapping("optimizer"), recipe.fit.optimizer);
    read_schedule(root.mapping("schedule"), recipe.fit.schedule);
    read_training(root.mapping("training"), recipe);
    root.finish();
}

nlohmann::json augmentation_json(const AugmentationSettings& augmentation) {
    nlohmann::json json{{"mirror", augmentation.mirror}};
    for (const auto& strength : strengths) json[strength.key] = augmentation.*strength.value;
    return json;
}

nlohmann::json fit_json(const Recipe& recipe) {
    const auto& fit = recipe.fit;
    return {{"loss",
             {{"kind", loss_words.word_of(fit.loss.kind)},
              {"label_smoothing", fit.loss.label_smoothing},
              {"focal_gamma", fit.loss.focal_gamma},
              {"location_weight", fit.loss.location_weight},
              {"label_weights", weight_words.word_of(recipe.label_weights)},
              {"weights", fit.loss.weights}}},
            {"optimizer",
             {{"kind", optimizer_words.word_of(fit.optimizer.kind)},
              {"learning_rate", fit.optimizer.learning_rate},
              {"weight_decay", fit.optimizer.weight_decay},
              {"momentum", fit.optimizer.momentum},
              {"gradient_norm", fit.optimizer.gradient_norm}}},
            {"schedule",
             {{"kind", schedule_words.word_of(fit.schedule.kind)},
              {"warm_up", fit.schedule.warm_up},
              {"step_epochs", fit.schedule.step_epochs},
              {"step_factor", fit.schedule.step_factor}}},
            {"training",
             {{"epochs", fit.epochs},
              {"batch_size", fit.batch_size},
              {"seed", fit.seed},
              {"weight_average", fit.weight_average},
              {"freeze_epochs", fit.freeze_epochs},
              {"train_from", fit.train_from},
              {"watch", watch_words.word_of(fit.watch)},
              {"patience", fit.patience},
              {"keep", fit.keep_best ? "best" : "last"},
              {"mixed_precision", fit.mixed_precision}}}};
}

}  // namespace

LoadedRecipe parse_recipe(const std::string& text, const std::filesystem::path& file) {
    LoadedRecipe loaded;
    auto root = YamlMapping::parse(text, file.string(), loaded.problems);
    // Where it is no YAML every key would be missing.
    if (loaded.problems.empty()) read_recipe(std::move(root), loaded.recipe, file.parent_path());
    return loaded;
}

nlohmann::json settings_of(const Recipe& recipe, const std::string& initial_weights_sha256) {
    auto json = fit_json(recipe);
    json["augmentation"] = augmentation_json(recipe.augmentation);
    json["sampling"] = {{"balance", balance_words.word_of(recipe.balance)}};
    json["network"] = {{"architecture", recipe.network.architecture},
                       {"dense_width", recipe.network.dense_width},
                       {"dropout", recipe.network.dropout},
                       {"initial_weights", initial_weights_sha256},
                       {"test_time_mirror", recipe.network.test_time_mirror}};
    for (const auto& label : recipe.package.labels) json["labels"].push_back(label.name);
    return json;
}

}  // namespace hilum::training
