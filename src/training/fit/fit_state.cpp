#include "training/fit/fit_state.h"

#include <nlohmann/json.hpp>
#include <set>

namespace hilum::training {
namespace {

constexpr const char *weights_group = "weights", *average_group = "average", *best_group = "best";

bool all_finite(const NamedTensors& tensors) {
    const torch::NoGradGuard no_gradients;
    for (const auto& [name, tensor] : tensors)
        if (tensor.is_floating_point() && !torch::isfinite(tensor).all().item<bool>()) return false;
    return true;
}

NetworkSettings network_from(const nlohmann::json& json) {
    NetworkSettings network;
    network.architecture = json.at("architecture").get<std::string>();
    network.channels = json.at("channels").get<int>();
    network.outputs = json.at("outputs").get<int>();
    network.dense_width = json.at("dense_width").get<int>();
    network.dropout = json.at("dropout").get<double>();
    return network;
}

nlohmann::json network_json(const NetworkSettings& network) {
    return {{"architecture", network.architecture},
            {"channels", network.channels},
            {"outputs", network.outputs},
            {"dense_width", network.dense_width},
            {"dropout", network.dropout}};
}

nlohmann::json unread_json(const std::vector<UnreadImage>& unread) {
    auto list = nlohmann::json::array();
    for (const auto& one : unread)
        list.push_back({{"file", one.file.string()}, {"reason", one.reason}, {"words", one.words}});
    return list;
}

std::vector<UnreadImage> unread_from(const nlohmann::json& list) {
    std::vector<UnreadImage> unread;
    for (const auto& one : list)
        unread.push_back({one.at("file").get<std::string>(), one.at("reason").get<std::string>(),
                          one.at("words").get<std::string>()});
    return unread;
}

tl::unexpected<Error> of_another_version(const std::filesystem::path& checkpoint) {
    return fail("checkpoint", "{} is not what this version of Hilum writes: begin anew without --resume",
                checkpoint.string());
}

// In words, what may have made the images others.
std::string unread_since(const std::vector<UnreadImage>& then, const std::vector<UnreadImage>& now) {
    std::set<std::filesystem::path> known;
    for (const auto& one : then) known.insert(one.file);
    const UnreadImage* first = nullptr;
    std::size_t count = 0;
    for (const auto& one : now)
        if (!known.contains(one.file) && count++ == 0) first = &one;
    if (first == nullptr) return {};
    return fmt::format("; {} cannot be read now that it did not leave out, the first: {}: {}", count,
                       first->file.string(), first->words);
}

// Whether it may be gone on from.
Status check_same_training(const Checkpoint& checkpoint, const FitTask& task) {
    const auto name = task.checkpoint.string();
    const auto& head = checkpoint.head;
    if (auto same = fits(network_from(head.at("network")), task.network); !same) {
        same.error().message = fmt::format("{}: {}", name, same.error().message);
        return same;
    }
    if (head.at("dataset") != task.set.digest)
        return fail("checkpoint",
                    "{} is of a training on other images or labels{}: bring the dataset back as it was, or "
                    "begin anew without --resume",
                    name, unread_since(unread_from(head.at("unread")), task.set.unread));
    const auto differing = differences(task.settings, head.at("settings"));
    if (differing.empty()) return {};
    return fail("checkpoint", "{} is of a training with other settings ({}): begin anew without --resume",
                name, differing);
}

Result<NamedTensors> group_of(Checkpoint& checkpoint, const char* group, const NamedTensors& wanted) {
    auto& tensors = checkpoint.groups[group];
    if (auto fitting = fit_together(tensors, wanted); !fitting) return tl::unexpected(fitting.error());
    return std::move(tensors);
}

FitState state_from(const nlohmann::json& head) {
    FitState state;
    state.epoch = head.at("epoch").get<int>();
    state.step = head.at("step").get<std::size_t>();
    state.steps = head.at("steps").get<std::int64_t>();
    state.loss_sum = head.at("loss_sum").get<double>();
    state.seconds = head.at("seconds").get<double>();
    state.waited = head.at("waited").get<double>();
    state.history = history_from(head.at("history"));
    state.best_epoch = head.at("best_epoch").get<int>();
    state.best_figure = head.at("best_figure").get<double>();
    return state;
}

}  // namespace

Checkpoint checkpoint_of(const FitState& state, const FitTask& task, const torch::jit::Module& network,
                         WeightAverage& average, const torch::optim::Optimizer& optimizer) {
    Checkpoint checkpoint;
    checkpoint.head = {{"version", HILUM_VERSION},
                       {"network", network_json(task.network)},
                       {"dataset", task.set.digest},
                       {"unread", unread_json(task.set.unread)},
                       {"settings", task.settings},
                       {"epoch", state.epoch},
                       {"step", state.step},
                       {"steps", state.steps},
                       {"loss_sum", state.loss_sum},
                       {"seconds", state.seconds},
                       {"waited", state.waited},
                       {"history", to_json(state.history)},
                       {"best_epoch", state.best_epoch},
                       {"best_figure", state.best_figure}};
    checkpoint.groups[weights_group] = tensors_of(network);
    if (average.used()) checkpoint.groups[average_group] = average.tensors();
    if (state.best_epoch > 0) checkpoint.groups[best_group] = state.best;
    checkpoint.optimizer = state_of(optimizer);
    return checkpoint;
}

Status keep(const FitState& state, const FitTask& task, const torch::jit::Module& network,
            WeightAverage& average, const torch::optim::Optimizer& optimizer) {
    if (!all_finite(tensors_of(network)))
        return fail("diverged", "weights are no numbers any more after {} steps", state.steps);
    auto written = write_checkpoint(checkpoint_of(state, task, network, average, optimizer), task.checkpoint);
    if (!written)
        written.error().message = fmt::format(
            "cannot keep a checkpoint in {} (the former one, if there is one, stays; --resume goes on from "
            "it): "
            "{}",
            task.checkpoint.string(), written.error().message);
    return written;
}

Result<std::optional<FitState>> resumed(const FitTask& task, const torch::jit::Module& network,
                                        WeightAverage& average, torch::optim::Optimizer& optimizer) {
    std::error_code ignored;
    if (!std::filesystem::exists(task.checkpoint, ignored)) return std::nullopt;
    auto checkpoint = read_checkpoint(task.checkpoint);
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    try {
        if (auto same = check_same_training(*checkpoint, task); !same) return tl::unexpected(same.error());
        auto state = state_from(checkpoint->head);
        const auto own = tensors_of(network);
        const auto weights = group_of(*checkpoint, weights_group, own);
        if (!weights) return tl::unexpected(weights.error());
        assign(*weights, own);
        if (average.used()) {
            const auto kept = group_of(*checkpoint, average_group, own);
            if (!kept) return tl::unexpected(kept.error());
            assign(*kept, average.tensors());
        }
        if (state.best_epoch > 0) {
            auto best = group_of(*checkpoint, best_group, own);
            if (!best) return tl::unexpected(best.error());
            state.best = std::move(*best);
        }
        if (auto restored = restore(optimizer, checkpoint->optimizer); !restored)
            return tl::unexpected(restored.error());
        return state;
    } catch (const nlohmann::json::exception&) {
        return of_another_version(task.checkpoint);
    }
}

Result<std::vector<UnreadImage>> left_out_by(const std::filesystem::path& checkpoint) {
    std::error_code ignored;
    if (!std::filesystem::exists(checkpoint, ignored)) return std::vector<UnreadImage>();
    const auto read = read_checkpoint(checkpoint);
    if (!read) return tl::unexpected(read.error());
    try {
        return unread_from(read->head.at("unread"));
    } catch (const nlohmann::json::exception&) {
        return of_another_version(checkpoint);
    }
}

}  // namespace hilum::training
