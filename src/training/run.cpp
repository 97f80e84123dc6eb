#include "training/run.h"

#include <ATen/Parallel.h>
#include <torch/script.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/digest.h"
#include "base/output/output_folder.h"
#include "base/text.h"
#include "training/data/image_decoding.h"
#include "training/fit/fit.h"
#include "training/network/executor.h"
#include "training/package/package_writer.h"
#include "training/run_folder.h"
#include "training/trained_epochs.h"

namespace hilum::training {
namespace {

namespace fs = std::filesystem;

class Run {
  public:
    Run(const RunOptions& options, const RunListener& listener, std::string site_rules, RunFolder folder,
        TensorStore store)
        : options_(options),
          listener_(listener),
          site_rules_(std::move(site_rules)),
          folder_(std::move(folder)),
          store_(std::move(store)),
          fit_(options.recipe.fit) {}

    Status prepare();
    Status train();
    Status write();
    nlohmann::json outcome() const;

  private:
    Result<torch::jit::Module> initial_network();
    Result<FitTask> task();
    FitListener fit_listener();
    Result<std::vector<GoldenImage>> golden_images();
    std::vector<std::pair<std::string, std::string>> recipe_told() const;

    const RunOptions& options_;
    const RunListener& listener_;
    const std::string site_rules_;
    RunFolder folder_;
    TensorStore store_;
    FitSettings fit_;
    TrainingSet set_;
    NetworkSettings network_settings_;
    std::string initial_weights_sha256_;
    torch::jit::Module network_;
    Fitted fitted_;
    nlohmann::json settings_;
};

Status Run::prepare() {
    const auto& recipe = options_.recipe;
    if (store_.damaged() > 0)
        listener_.note(fmt::format("{} tensors in {} were cut off or changed, and are made again",
                                   store_.damaged(), folder_.path().string()));
    SetWishes wishes;
    for (const auto& label : recipe.package.labels) wishes.labels.push_back(label.name);
    wishes.renamed = recipe.renamed;
    wishes.exclusive = fit_.loss.exclusive;
    wishes.boxes = options_.boxes;
    wishes.reading = {options_.configuration, static_cast<std::size_t>(options_.machine.data_workers)};
    wishes.most_unread = options_.most_unread;
    if (options_.resume) {
        auto left_out = left_out_by(folder_.checkpoint());
        if (!left_out) return tl::unexpected(left_out.error());
        wishes.left_out = std::move(*left_out);
    }
    auto set = prepare_training_set(
        options_.dataset, wishes, recipe.package.input, store_,
        [&](std::size_t done, std::size_t all) { listener_.count("decoding images", done, all); });
    if (!set) return tl::unexpected(set.error());
    set_ = std::move(*set);
    if (auto written = folder_.write_unread(set_.unread); !written) return written;
    if (auto checked = check_training_set(set_, wishes, options_.dataset); !checked) return checked;
    listener_.note(fmt::format("{} training and {} validation images; {} decoded now, {} cannot be read{}",
                               set_.training.size(), set_.validation.size(), set_.decoded, set_.unread.size(),
                               set_.unread.empty() ? "" : " (unreadable.csv)"));
    if (!set_.readable_now.empty())
        listener_.note(
            fmt::format("{} of these could not be read when the training began, and can be now: they stay "
                        "left out (--anew takes them in); the first: {}",
                        set_.readable_now.size(), set_.readable_now.front().string()));
    return {};
}

Result<torch::jit::Module> Run::initial_network() {
    torch::manual_seed(fit_.seed);
    auto network = make_network(network_settings_);
    const auto& weights = options_.recipe.network.initial_weights;
    if (!network || weights.empty()) return network;
    auto digest = sha256_of_file(weights);
    if (!digest) return fail("unreadable", "{}", digest.error().message);
    initial_weights_sha256_ = std::move(*digest);
    const auto taken = take_weights(*network, weights);
    if (!taken) return tl::unexpected(taken.error());
    listener_.note(fmt::format("{} initial weights from {}", taken->weights, weights.string()));
    for (const auto& left : taken->left) listener_.note("initial weights: " + left);
    return network;
}

// Of having a label against not having it.
std::vector<double> negatives_by_positive(const std::vector<std::vector<float>>& targets) {
    std::vector<double> weights(targets.front().size());
    for (std::size_t label = 0; label < weights.size(); ++label) {
        const auto with =
            std::ranges::count_if(targets, [label](const auto& target) { return target[label] > 0.5F; });
        weights[label] =
            static_cast<double>(targets.size() - static_cast<std::size_t>(with)) / static_cast<double>(with);
    }
    return weights;
}

Result<FitTask> Run::task() {
    const auto& recipe = options_.recipe;
    if (recipe.label_weights == LabelWeights::inverse) {
        std::vector<std::vector<float>> targets;
        for (const auto& image : set_.training) targets.push_back(image.target);
        fit_.loss.weights =
            fit_.loss.exclusive ? inverse_frequencies(targets) : negatives_by_positive(targets);
    }
    auto machine = options_.machine;
    auto device = resolved_device(machine.device);
    if (!device) return tl::unexpected(device.error());
    machine.device = std::move(*device);
    if (fit_.mixed_precision && machine.device == "cpu")
        listener_.note("mixed_precision is for GPUs: the processor computes in single precision");
    settings_ = settings_of(recipe, initial_weights_sha256_);
    std::error_code ignored;
    const bool there = fs::exists(folder_.checkpoint(), ignored);
    if (there && options_.anew)
        fs::remove(folder_.checkpoint(), ignored);
    else if (there && !options_.resume)
        return fail(
            "exists",
            "{} has the checkpoint of a training that began: --resume goes on with it, --anew throws it away",
            folder_.path().string());
    return FitTask{set_,           store_,  recipe.package.input, recipe.augmentation, recipe.balance,
                   fit_,           machine, network_settings_,    settings_,           folder_.checkpoint(),
                   options_.resume};
}

FitListener Run::fit_listener() {
    FitListener fit;
    fit.note = listener_.note;
    fit.stop = listener_.stop;
    fit.step = [this](int epoch, std::size_t step, std::size_t steps) {
        const auto all = static_cast<std::size_t>(fit_.epochs) * steps;
        listener_.count("training steps", static_cast<std::size_t>(epoch) * steps + step, all);
    };
    fit.epoch = [this](const std::vector<EpochFigures>& history) -> Status {
        const auto& last = history.back();
        listener_.note(
            fmt::format("epoch {} of {}: training loss {:.4f}, validation loss {:.4f}, AUC {:.4f}{}; {:.1f} "
                        "images/s, {:.0f} % of the time spent waiting for them",
                        last.epoch, fit_.epochs, last.training_loss, last.validation_loss, last.auc,
                        last.best ? " (best)" : "", last.images_a_second, last.waited * 100));
        return folder_.write_history(history);
    };
    return fit;
}

Status Run::train() {
    const auto threads = options_.machine.threads > 0 ? options_.machine.threads
                                                      : static_cast<int>(std::thread::hardware_concurrency());
    at::set_num_threads(std::max(threads, 1));
    use_reproducible_executor();
    const auto& recipe = options_.recipe;
    network_settings_ = {recipe.network.architecture, recipe.package.input.channels,
                         static_cast<int>(recipe.package.labels.size()), recipe.network.dense_width,
                         recipe.network.dropout};
    auto network = initial_network();
    if (!network) return tl::unexpected(network.error());
    network_ = std::move(*network);
    const auto what = task();
    if (!what) return tl::unexpected(what.error());
    auto fitted = fit(network_, *what, fit_listener());
    if (!fitted) return tl::unexpected(fitted.error());
    fitted_ = std::move(*fitted);
    network_.to(torch::Device(torch::kCPU));
    network_.eval();
    if (recipe.network.test_time_mirror) network_ = with_mirror_average(network_);
    return {};
}

Result<std::vector<GoldenImage>> Run::golden_images() {
    std::vector<GoldenImage> golden;
    for (const auto& file : options_.golden) golden.push_back({file, {}});
    const auto& input = options_.recipe.package.input;
    const auto take = [&](std::size_t image, const DecodingOutcome& outcome) -> Status {
        const auto& file = options_.golden[image];
        if (const auto* refused = std::get_if<NotAnalysed>(&outcome))
            return fail(refused->code, "the golden image {} cannot be read: {}", file.string(),
                        refused->message);
        const auto tensor = std::get<DecodedInput>(outcome).tensor;
        const torch::NoGradGuard no_gradients;
        const auto batch = torch::from_blob(const_cast<float*>(tensor.data()),
                                            {1, input.channels, input.rows, input.columns}, torch::kFloat);
        const auto logits = network_.forward({batch}).toTuple()->elements()[0].toTensor().contiguous();
        golden[image].outputs.assign(logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel());
        return {};
    };
    if (auto decoded = decode_images(options_.golden, input, {.golden = true}, take); !decoded)
        return tl::unexpected(decoded.error());
    return golden;
}

// "optimizer.learning_rate", "0.001".
std::vector<std::pair<std::string, std::string>> Run::recipe_told() const {
    std::vector<std::pair<std::string, std::string>> told;
    for (const auto& [section, values] : settings_.items())
        if (values.is_object())
            for (const auto& [key, value] : values.items())
                told.emplace_back(section + "." + key,
                                  value.is_string() ? value.get<std::string>() : value.dump());
    if (!site_rules_.empty())
        told.emplace_back("site", joined(split(std::string_view(site_rules_).substr(1), '\n')));
    told.emplace_back("threads", std::to_string(at::get_num_threads()));
    told.emplace_back("hilum", HILUM_VERSION);
    told.emplace_back("torch", TORCH_VERSION);
    return told;
}

Status Run::write() {
    const auto& recipe = options_.recipe;
    TrainedModel model;
    model.package = recipe.package;
    auto weights = saved(network_);
    if (!weights) return tl::unexpected(weights.error());
    model.weights = std::move(*weights);
    auto golden = golden_images();
    if (!golden) return tl::unexpected(golden.error());
    model.golden = std::move(*golden);
    model.intended_use = recipe.intended_use;
    model.limits = recipe.limits;
    auto manifest = dataset::read_manifest(options_.dataset);
    if (!manifest) return tl::unexpected(manifest.error());
    model.data = std::move(*manifest);
    for (const auto& image : set_.unread) ++model.unread[image.reason];
    model.recipe = recipe_told();
    model.epochs = trained_epochs(fitted_.history);
    model.best_epoch = fitted_.best_epoch;
    return write_package(model, options_.output);
}

nlohmann::json Run::outcome() const {
    nlohmann::json json{{"images", set_.images},
                        {"unreadable", set_.unread.size()},
                        {"decoded", set_.decoded},
                        {"training", set_.training.size()},
                        {"validation", set_.validation.size()}};
    if (fitted_.best_epoch == 0) return json;
    const auto& best = fitted_.history.at(static_cast<std::size_t>(fitted_.best_epoch) - 1);
    json["package"] = options_.output.string();
    json["epochs"] = fitted_.history.size();
    json["best_epoch"] = fitted_.best_epoch;
    json["auc"] = best.auc;
    json["validation_loss"] = best.validation_loss;
    json["training_loss"] = best.training_loss;
    return json;
}

}  // namespace

Result<nlohmann::json> run_training(const RunOptions& options, const RunListener& listener) {
    if (auto free = OutputFolder::is_free(options.output); !free) return tl::unexpected(free.error());
    auto rules = site_rules(options.configuration);
    if (!rules) return tl::unexpected(rules.error());
    auto folder = RunFolder::open(options.output);
    if (!folder) return tl::unexpected(folder.error());
    auto store = TensorStore::open(folder->path(), options.recipe.package.input, *rules);
    if (!store) return tl::unexpected(store.error());
    Run run(options, listener, std::move(*rules), std::move(*folder), std::move(*store));
    if (auto prepared = run.prepare(); !prepared) return tl::unexpected(prepared.error());
    if (options.prepare_only) return run.outcome();
    if (auto trained = run.train(); !trained) return tl::unexpected(trained.error());
    if (auto written = run.write(); !written) return tl::unexpected(written.error());
    return run.outcome();
}

}  // namespace hilum::training
