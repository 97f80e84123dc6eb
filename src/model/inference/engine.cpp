#include "model/inference/engine.h"

#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "model/inference/probe.h"
#include "model/inference/torchscript_model.h"

namespace hilum::model {
namespace {

constexpr double rounding_tolerance = 1e-3;  // of single precision in another order of operations
constexpr double half_tolerance = 2e-2;      // of half precision, where the package leaves the choice to us
constexpr int profiling_runs = 3;            // until LibTorch runs the module as it will from then on

const char* name_of(at::ScalarType type) {
    return type == at::kHalf ? "fp16" : type == at::kBFloat16 ? "bf16" : "fp32";
}

// A CPU computes in single precision: half is slower there, and what a package asks for is the most it
// tolerates.
at::ScalarType type_for(Precision precision, at::Device device) {
    if (device.is_cpu()) return at::kFloat;
    switch (precision) {
        case Precision::fp32:
            return at::kFloat;
        case Precision::bf16:
            return at::kBFloat16;
        case Precision::fp16:
        case Precision::automatic:
            break;
    }
    return at::kHalf;
}

}  // namespace

struct Engine::Impl {
    const InputSpecification input;
    const std::int64_t labels;
    const at::Device device;
    at::ScalarType type = at::kFloat;
    bool fast = false;  // frozen and fused
    torch::jit::Module module{};

    at::Tensor batch(std::span<const InputTensor> inputs) const {
        auto tensor =
            at::empty({static_cast<std::int64_t>(inputs.size()), input.channels, input.rows, input.columns});
        auto* to = tensor.data_ptr<float>();
        for (const auto& one : inputs) {
            std::memcpy(to, one.data(), one.size_bytes());
            to += one.size();
        }
        return tensor;
    }

    Result<ForwardOutputs> run(torch::jit::Module& which, const at::Tensor& floats, at::ScalarType as) const {
        try {
            return forward(which, floats.to(device, as), labels);
        } catch (const std::exception& error) {
            return fail("model_failed", "cannot move the input to {}: {}", device.str(), error.what());
        }
    }

    // `plain` made faster where that does not change what it says about `probe` (`reference` is what it
    // should say). True when it did; then it is this engine's module.
    bool adopt_optimised(const torch::jit::Module& plain, const at::Tensor& probe,
                         const ForwardOutputs& reference, double tolerance) {
        auto candidate = optimised(plain, device);
        Result<ForwardOutputs> result = fail("model_failed", "not run");
        for (int i = 0; candidate && i < profiling_runs; ++i) result = run(*candidate, probe, type);
        if (candidate && result && agree(*result, reference, tolerance)) {
            module = std::move(*candidate);
            fast = true;
            return true;
        }
        spdlog::warn("running the model in {} and optimised {}", name_of(type),
                     !candidate ? "is not possible: " + candidate.error().message
                     : !result  ? "fails: " + result.error().message
                                : "changes its outputs");
        return false;
    }

    Status prepare(const std::string& weights, Precision precision) {
        auto plain = load_torchscript(weights, device);
        if (!plain) return tl::unexpected(plain.error());
        const auto values = make_probe(input);
        const InputTensor one(values);
        const auto probe = batch(std::span(&one, 1));
        const auto reference = run(*plain, probe, at::kFloat);
        if (!reference) return tl::unexpected(reference.error());

        type = type_for(precision, device);
        if (type != at::kFloat) {
            auto half = load_torchscript(weights, device);
            if (!half) return tl::unexpected(half.error());
            half->to(type);
            if (adopt_optimised(*half, probe, *reference, half_tolerance)) return {};
            type = at::kFloat;
        }
        if (!adopt_optimised(*plain, probe, *reference, rounding_tolerance)) module = std::move(*plain);
        return {};
    }
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<std::string> choose_device(const std::string& wanted) {
    const bool available = wanted != "cpu" && torch::cuda::is_available();
    if (wanted == "cpu" || (wanted == "auto" && !available)) return "cpu";
    if (!available)
        return fail("device", "device {} is configured, but LibTorch finds no usable GPU", wanted);
    const auto numbered = wanted.starts_with("cuda:") ? wanted : std::string("cuda:0");
    const auto index = numbered.substr(5);
    const auto count = torch::cuda::device_count();
    if (index.size() > 3 || std::stoul(index) >= count)
        return fail("device", "device {} is configured, but there are only {} GPUs", wanted, count);
    return numbered;
}

Result<Engine> Engine::load(const ModelPackage& package, const std::string& weights,
                            const std::string& device, int threads) {
    at::set_num_threads(threads > 0 ? threads
                                    : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    auto impl = std::unique_ptr<Impl>(
        new Impl{package.input, static_cast<std::int64_t>(package.labels.size()), at::Device(device)});
    try {
        if (auto ready = impl->prepare(weights, package.input.precision); !ready)
            return tl::unexpected(ready.error());
    } catch (const std::exception& error) {
        return fail("model_failed", "cannot prepare the model on {}: {}", device, error.what());
    }
    return Engine(std::move(impl));
}

Result<std::vector<Inference>> Engine::run(std::span<const InputTensor> inputs) {
    const auto start = std::chrono::steady_clock::now();
    auto result = impl_->run(impl_->module, impl_->batch(inputs), impl_->type);
    if (!result) return tl::unexpected(result.error());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

    std::vector<Inference> inferences(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto& one = inferences[i];
        one.seconds = seconds;
        const auto copy = [i](const at::Tensor& all) {
            const auto mine = all[static_cast<std::int64_t>(i)];
            const auto* first = mine.data_ptr<float>();
            return std::vector<float>(first, first + mine.numel());
        };
        one.outputs = copy(result->outputs);
        if (!result->maps.defined()) continue;
        one.maps = copy(result->maps);
        one.map_rows = static_cast<int>(result->maps.size(2));
        one.map_columns = static_cast<int>(result->maps.size(3));
    }
    return inferences;
}

bool Engine::device_works() const {
    if (impl_->device.is_cpu()) return true;
    try {
        return at::ones({1}, impl_->device).item<float>() == 1;
    } catch (const std::exception&) {
        return false;
    }
}

double Engine::rounding() const {
    return impl_->type == at::kFloat ? 0 : half_tolerance;
}

std::string Engine::description() const {
    return fmt::format("{}, {}, {}", impl_->device.str(), name_of(impl_->type),
                       impl_->fast ? "optimised" : "as loaded");
}

}  // namespace hilum::model
