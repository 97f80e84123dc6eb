#include "training/fit/fit.h"

#include <torch/cuda.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/utils.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "training/data/batch_stream.h"
#include "training/fit/autocast.h"
#include "training/fit/batch_tensors.h"
#include "training/fit/fit_state.h"
#include "training/fit/loss.h"
#include "training/fit/schedule.h"
#include "training/fit/validation.h"

namespace hilum::training {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<torch::Tensor> parameters_of(const torch::jit::Module& network) {
    std::vector<torch::Tensor> parameters;
    for (const auto& parameter : network.parameters()) parameters.push_back(parameter);
    return parameters;
}

class Fitting {
  public:
    Fitting(torch::jit::Module& network, const FitTask& task, const FitListener& listener)
        : network_(network),
          task_(task),
          fit_(task.fit),
          listener_(listener),
          device_(task.machine.device),
          average_(network, task.fit.weight_average),
          optimizer_(make_optimizer(parameters_of(network), task.fit.optimizer)) {
        for (const auto& image : task.set.training) targets_.push_back(image.target);
        for (const auto& image : task.set.training) has_boxes_ = has_boxes_ || !image.boxes.empty();
        classes_ = sampling_classes(targets_);
    }

    Result<Fitted> run();

  private:
    Status train_epoch();
    Status train_step(const Batch& batch);
    Status finish_epoch();
    void judge(EpochFigures& figures);
    bool is_over() const;
    void let_parts_learn();
    Status keep_if_due(bool stopping);
    double rate_of(std::int64_t step) const;
    const Batch* next_batch(BatchStream& stream);
    std::string where() const;
    Error diverged() const;
    BatchSource source(const std::vector<TrainingImage>& images,
                       const AugmentationSettings& augmentation) const;

    torch::jit::Module& network_;
    const FitTask& task_;
    const FitSettings& fit_;
    const FitListener& listener_;
    const torch::Device device_;
    WeightAverage average_;
    std::unique_ptr<torch::optim::Optimizer> optimizer_;
    std::vector<std::vector<float>> targets_;
    std::vector<std::size_t> classes_;
    bool has_boxes_ = false;
    FitState state_;
    std::int64_t steps_per_epoch_ = 1;
    double rate_ = 0;
    Clock::time_point begun_ = Clock::now(), kept_ = Clock::now();
};

BatchSource Fitting::source(const std::vector<TrainingImage>& images,
                            const AugmentationSettings& augmentation) const {
    return {images,
            task_.store,
            task_.input,
            augmentation,
            fit_.seed,
            static_cast<std::uint64_t>(state_.epoch),
            has_boxes_ && fit_.loss.location_weight > 0};
}

// The head alone in the first epochs, then all from train_from on.
void Fitting::let_parts_learn() {
    const auto parts = parts_of(task_.network.architecture);
    const bool frozen = state_.epoch < fit_.freeze_epochs;
    bool reached = fit_.train_from.empty();
    for (const auto& part : parts) {
        reached = reached || part == fit_.train_from;
        set_training(network_, part, frozen ? part == parts.back() : reached);
    }
}

std::string Fitting::where() const {
    return fmt::format("step {} of epoch {}, learning rate {:.3g}", state_.step + 1, state_.epoch + 1, rate_);
}

Error Fitting::diverged() const {
    return {"diverged",
            fmt::format(
                "the loss is no number any more (after {}): try a lower optimizer.learning_rate, a longer "
                "schedule.warm_up or optimizer.gradient_norm: 1; the last good checkpoint, if there is one, "
                "stays in {}",
                where(), task_.checkpoint.string()),
            Retry::never};
}

double Fitting::rate_of(std::int64_t step) const {
    return learning_rate(fit_.schedule, fit_.optimizer.learning_rate, step, steps_per_epoch_, fit_.epochs);
}

Status Fitting::train_step(const Batch& batch) {
    rate_ = rate_of(state_.steps);
    set_learning_rate(*optimizer_, rate_);
    // What a step draws (dropout) depends on its number alone, so that no generator's state must be kept.
    torch::manual_seed(Draws(fit_.seed, 0, static_cast<std::uint64_t>(state_.steps)).next());
    const auto tensors = tensors_of_batch(batch, task_.input);
    const auto targets = tensors.targets.to(device_);
    torch::Tensor logits, maps;
    {
        const Autocast autocast(fit_.mixed_precision && device_.is_cuda());
        const auto output = network_.forward({tensors.inputs.to(device_)}).toTuple();
        logits = output->elements()[0].toTensor().to(torch::kFloat);
        maps = output->elements()[1].toTensor().to(torch::kFloat);
    }
    auto loss = classification_loss(logits, targets, fit_.loss);
    if (tensors.places.defined())
        loss = loss + fit_.loss.location_weight *
                          location_loss(maps, targets, tensors.places.to(device_).to(torch::kFloat));
    const double value = loss.item<double>();
    if (!std::isfinite(value)) return tl::unexpected(diverged());
    optimizer_->zero_grad();
    loss.backward();
    if (fit_.optimizer.gradient_norm > 0) {
        const double norm =
            torch::nn::utils::clip_grad_norm_(parameters_of(network_), fit_.optimizer.gradient_norm);
        if (!std::isfinite(norm)) return tl::unexpected(diverged());
    }
    optimizer_->step();
    state_.loss_sum += value;
    ++state_.step;
    ++state_.steps;
    average_.update(state_.steps);
    return {};
}

Status Fitting::keep_if_due(bool stopping) {
    if (!stopping && seconds_since(kept_) < task_.machine.checkpoint_minutes * 60) return {};
    state_.seconds += seconds_since(begun_);
    begun_ = Clock::now();
    auto kept = keep(state_, task_, network_, average_, *optimizer_);
    if (!kept) return kept.error().code == "diverged" ? tl::unexpected(diverged()) : kept;
    kept_ = Clock::now();
    if (stopping)
        return fail("stopped", "stopped after step {} of epoch {}; --resume goes on from there", state_.step,
                    state_.epoch + 1);
    return {};
}

const Batch* Fitting::next_batch(BatchStream& stream) {
    const auto begin = Clock::now();
    const auto* const batch = stream.next();
    state_.waited += seconds_since(begin);
    return batch;
}

Status Fitting::train_epoch() {
    let_parts_learn();
    auto order = epoch_order(classes_, task_.balance, fit_.seed, static_cast<std::uint64_t>(state_.epoch));
    const auto images = source(task_.set.training, task_.augmentation);
    const auto size = static_cast<std::size_t>(fit_.batch_size);
    const bool all_in_one = order.size() < size;
    BatchStream stream(images, std::move(order), size, all_in_one, state_.step,
                       static_cast<std::size_t>(task_.machine.data_workers));
    steps_per_epoch_ = static_cast<std::int64_t>(stream.batches());
    rate_ = rate_of(std::max<std::int64_t>(state_.steps - 1, 0));  // where no step of the epoch is left
    begun_ = Clock::now();
    while (const auto* batch = next_batch(stream)) {
        if (auto made = train_step(*batch); !made) return made;
        listener_.step(state_.epoch, state_.step, stream.batches());
        const bool stopping = listener_.stop != nullptr && *listener_.stop;
        if (auto kept = keep_if_due(stopping); !kept) return kept;
    }
    return finish_epoch();
}

void Fitting::judge(EpochFigures& figures) {
    const double figure = fit_.watch == Watch::auc ? figures.auc : -figures.validation_loss;
    figures.best = state_.best_epoch == 0 || figure > state_.best_figure;
    if (!figures.best) return;
    state_.best_epoch = figures.epoch;
    state_.best_figure = figure;
    state_.best = copies_of(average_.used() ? average_.tensors() : tensors_of(network_));
}

Status Fitting::finish_epoch() {
    const double now = seconds_since(begun_);
    EpochFigures figures;
    figures.epoch = state_.epoch + 1;
    figures.training_loss = state_.loss_sum / static_cast<double>(std::max<std::size_t>(state_.step, 1));
    figures.learning_rate = rate_;
    figures.seconds = state_.seconds + now;
    figures.images_a_second =
        static_cast<double>(state_.step) * fit_.batch_size / std::max(figures.seconds, 1e-9);
    figures.waited = state_.waited / std::max(figures.seconds, 1e-9);
    const auto none = AugmentationSettings::none();
    {
        const WeightAverage::Shown shown(average_);
        const auto judged = validate(network_, source(task_.set.validation, none), fit_, device_,
                                     static_cast<std::size_t>(task_.machine.data_workers));
        if (!judged)
            return judged.error().code == "diverged" ? tl::unexpected(diverged())
                                                     : tl::unexpected(judged.error());
        figures.validation_loss = judged->loss;
        figures.auc = judged->auc;
        if (judged->constant)
            listener_.note(fmt::format(
                "epoch {}: the network gives every validation image the same answer: if that stays, look "
                "at the learning rate ({:.3g}) and at the images",
                figures.epoch, rate_));
    }
    judge(figures);
    state_.history.push_back(figures);
    ++state_.epoch;
    state_.step = 0;
    state_.loss_sum = state_.seconds = state_.waited = 0;
    begun_ = Clock::now();
    if (auto kept = keep(state_, task_, network_, average_, *optimizer_); !kept)
        return kept.error().code == "diverged" ? tl::unexpected(diverged()) : kept;
    kept_ = Clock::now();
    return listener_.epoch(state_.history);
}

bool Fitting::is_over() const {
    if (state_.epoch >= fit_.epochs) return true;
    return fit_.patience > 0 && state_.best_epoch > 0 &&
           state_.epoch - std::max(state_.best_epoch, fit_.freeze_epochs) >= fit_.patience;
}

Result<Fitted> Fitting::run() {
    if (task_.resume) {
        auto state = resumed(task_, network_, average_, *optimizer_);
        if (!state) return tl::unexpected(state.error());
        if (*state) {
            state_ = std::move(**state);
            listener_.note(state_.epoch >= fit_.epochs ? fmt::format("going on after the last epoch")
                                                       : fmt::format("going on from step {} of epoch {}",
                                                                     state_.step, state_.epoch + 1));
            if (!state_.history.empty())
                if (auto told = listener_.epoch(state_.history); !told) return tl::unexpected(told.error());
        } else {
            listener_.note("there is no checkpoint yet: beginning with the first epoch");
        }
    }
    while (!is_over())
        if (auto trained = train_epoch(); !trained) return tl::unexpected(trained.error());
    if (state_.epoch < fit_.epochs)
        listener_.note(
            fmt::format("ended after {} epochs: {} without a better one", state_.epoch, fit_.patience));
    network_.eval();
    if (fit_.keep_best && state_.best_epoch > 0)
        assign(state_.best, tensors_of(network_));
    else if (average_.used())
        assign(average_.tensors(), tensors_of(network_));
    return Fitted{state_.history, fit_.keep_best ? state_.best_epoch : state_.epoch};
}

}  // namespace

Result<Fitted> fit(torch::jit::Module& network, const FitTask& task, const FitListener& listener) {
    try {
        network.to(torch::Device(task.machine.device));
        return Fitting(network, task, listener).run();
    } catch (const std::bad_alloc&) {
        return fail("out_of_memory", "memory does not suffice: try a smaller training.batch_size");
    } catch (const std::exception& error) {  // LibTorch's
        const std::string words = error.what();
        const auto first = words.substr(0, words.find('\n'));
        if (words.find("out of memory") != std::string::npos ||
            words.find("not enough memory") != std::string::npos)
            return fail("out_of_memory", "memory does not suffice, try a smaller training.batch_size: {}",
                        first);
        return fail("training_failed", "LibTorch cannot go on: {}", first);
    }
}

Result<std::string> resolved_device(const std::string& wanted) {
    const auto count = wanted == "cpu" ? 0 : torch::cuda::device_count();
    if (wanted == "cpu" || (wanted == "auto" && count == 0)) return "cpu";
    if (wanted == "auto") return "cuda:0";
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
        if (wanted == fmt::format("cuda:{}", i)) return wanted;
    return fail("device", "there is no device '{}': LibTorch finds {}", wanted,
                count == 0 ? "no GPU that it can use" : fmt::format("{} GPUs, cuda:0 and up", count));
}

}  // namespace hilum::training
