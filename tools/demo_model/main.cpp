// hilum-train-demo-model: makes the demonstration model from nothing but seeds.
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/logging.h"
#include "demo_model/demo_network.h"
#include "demo_model/demo_package.h"
#include "demo_model/measurement.h"
#include "demo_model/phantom_set.h"
#include "demo_model/training.h"

namespace {

using namespace hilum;
using namespace hilum::demo_model;

struct Settings {
    std::filesystem::path output = "config/models/demo";
    std::uint64_t seed = 1;
    int threads = 2;
    PhantomSetPlan training{"training", 1'000'000, 3600, 384};
    PhantomSetPlan calibration{"calibration", 2'000'000, 300, 768};
    PhantomSetPlan held_out{"held out", 3'000'000, 600, 768};
    TrainingSettings fit;
};

class Stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string seeds_of(const PhantomSetPlan& plan) {
    return fmt::format("{}-{}", plan.first_seed,
                       plan.first_seed + static_cast<std::uint64_t>(plan.count) - 1);
}

PhantomSet rendered(const PhantomSetPlan& plan, int threads) {
    const Stopwatch watch;
    PhantomSet set = render_phantom_set(plan, demo_input(), threads);
    spdlog::info("{}: {} phantoms rendered in {:.0f} s", plan.name, plan.count, watch.seconds());
    return set;
}

std::int64_t weights_of(const torch::jit::Module& network) {
    std::int64_t count = 0;
    for (const auto& parameter : network.parameters()) count += parameter.numel();
    return count;
}

nlohmann::json recipe_of(const Settings& settings, const torch::jit::Module& network, double seconds) {
    return {{"seed", settings.seed},
            {"training_phantoms", settings.training.count},
            {"training_seeds", seeds_of(settings.training)},
            {"calibration_seeds", seeds_of(settings.calibration)},
            {"held_out_seeds", seeds_of(settings.held_out)},
            {"epochs", settings.fit.epochs},
            {"batch_size", settings.fit.batch_size},
            {"threads", settings.threads},
            {"torch", TORCH_VERSION},
            {"weights", weights_of(network)},
            {"training_seconds", std::round(seconds)}};
}

Status make_demonstration_model(const Settings& settings) {
    torch::set_num_threads(
        1);  // sums are added in the same order everywhere, and busy machines do not stall it
    torch::manual_seed(settings.seed);
    DemoPackage package{
        make_demo_network(), 1, "synthetic phantoms, seeds " + seeds_of(settings.calibration), {}};
    double seconds = 0;
    {
        const PhantomSet set = rendered(settings.training, settings.threads);
        const Stopwatch watch;
        train(package.network, set, settings.fit);
        seconds = watch.seconds();
    }
    spdlog::info("trained {} weights in {:.0f} s", weights_of(package.network), seconds);
    const PhantomSet calibration = rendered(settings.calibration, settings.threads);
    package.temperature = fit_temperature(evaluate(package.network, calibration).logits, calibration.labels);
    const PhantomSet held_out = rendered(settings.held_out, settings.threads);
    package.metrics = {
        {"held_out", measure(held_out, evaluate(package.network, held_out), package.temperature)},
        {"temperature", package.temperature},
        {"recipe", recipe_of(settings, package.network, seconds)}};
    spdlog::info("measured: {}", package.metrics["held_out"].dump());
    return write_package(package, settings.output);
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app{"Trains and measures Hilum's demonstration model on synthetic radiographs."};
    app.add_option("--output", settings.output, "folder of the model package")->capture_default_str();
    app.add_option("--seed", settings.seed, "of the weights and of the order of learning")
        ->capture_default_str();
    app.add_option("--threads", settings.threads, "that draw phantoms")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--epochs", settings.fit.epochs)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--training-phantoms", settings.training.count)
        ->check(CLI::Range(96, 900'000))
        ->capture_default_str();
    app.add_option("--calibration-phantoms", settings.calibration.count)
        ->check(CLI::Range(30, 900'000))
        ->capture_default_str();
    app.add_option("--held-out-phantoms", settings.held_out.count)
        ->check(CLI::Range(30, 900'000))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    start_logging("train-demo-model", "info");
    try {
        if (const auto status = make_demonstration_model(settings); !status) {
            spdlog::error("{}", status.error().message);
            return 1;
        }
    } catch (const c10::Error& error) {
        spdlog::error("{}", error.what_without_backtrace());
        return 1;
    } catch (const std::exception& error) {
        spdlog::error("{}", error.what());
        return 1;
    }
    return 0;
}
