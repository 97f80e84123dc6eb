#include "model/inference/worker.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/confinement/confinement.h"
#include "base/file_system.h"
#include "contract/messages/inference.h"
#include "model/inference/engine.h"
#include "model/inference/probe.h"
#include "model/inference/request_server.h"
#include "model/inference/warm_up.h"
#include "model/package/package_signature.h"

namespace hilum::model {
namespace {

constexpr std::size_t largest_golden_input = 1UL << 30;  // bytes

Result<ModelPackage> read_package(const ModelSettings& settings, const SiteSettings& site) {
    auto [loaded, signer] = read_vouched_package(settings.package, settings.signed_by);
    if (!loaded.problems.empty()) {
        std::string all;
        for (const auto& problem : loaded.problems) all += (all.empty() ? "" : "; ") + problem.text();
        return fail("package", "{}", all);
    }
    if (auto applied = apply_thresholds(loaded.package, settings.thresholds); !applied)
        return tl::unexpected(applied.error());
    if (!settings.thresholds.empty() && loaded.package.activation == Activation::softmax)
        spdlog::warn("model {}: the configured thresholds decide nothing, its classes exclude each other",
                     loaded.package.name);
    apply_site(loaded.package, site);
    if (!signer.empty()) spdlog::info("model {}: signed by {}", loaded.package.name, signer);
    return std::move(loaded.package);
}

Result<Engine> load_engine(const ModelPackage& package, const std::string& device, int threads, int channel) {
    const auto weights = read_verified_weights(package);
    if (!weights) return tl::unexpected(weights.error());
    // Before the model file, which is code: what is in it runs on any of the threads.
    const auto role = device == "cpu" ? Role::worker : Role::gpu_worker;
    if (auto inside = confine_threads(role, channel); !inside) return tl::unexpected(inside.error());
    auto engine = Engine::load(package, *weights, device, threads);
    if (!engine)
        engine.error().message = fmt::format("{}: {}", package.file.string(), engine.error().message);
    return engine;
}

Error about_model_file(const ModelPackage& package, Error error) {
    if (error.code != "unreadable" && error.code != "weights_digest")  // these name it already
        error.message = fmt::format("{}: {}", package.file.string(), error.message);
    return error;
}

Result<BatchRunner> warm_up_engine(Engine& engine, const ModelPackage& package, const std::string& device,
                                   int max_batch) {
    const auto forward = [&engine](std::span<const InputTensor> inputs) { return engine.run(inputs); };
    WarmUpPlan plan;
    plan.max_batch = static_cast<std::size_t>(max_batch);
    if (device != "cpu") plan.candidates = {1, 4, 16};
    auto sizes = warm_up(forward, make_probe(package.input), plan);
    if (!sizes) return tl::unexpected(sizes.error());
    return BatchRunner(forward, std::move(*sizes));
}

// The inputs of the golden cases as they are now, with the weights that were read now: a newer package may be
// copied over the files of this one.
Result<std::vector<UniqueFd>> copy_golden_inputs(const ModelPackage& package) {
    std::vector<UniqueFd> inputs;
    for (const auto& one : package.golden) {
        auto input = read_file(package.folder / one.input, largest_golden_input)
                         .and_then([](const std::string& bytes) {
                             return make_memfd("hilum-golden-input", std::as_bytes(std::span(bytes)));
                         });
        if (!input) return fail("unreadable", "{}", input.error().message);
        inputs.push_back(std::move(*input));
    }
    return inputs;
}

Status announce(Channel& coordinator, const ModelPackage& package, const std::vector<UniqueFd>& golden_inputs,
                const std::string& device, std::size_t batch) {
    WorkerReady ready{identity_of(package), device, static_cast<int>(batch), diagnoses_of(package),
                      package.yaml_sha256,  {}};
    for (const auto& one : package.golden) ready.golden.push_back(one.input.string());
    const auto yaml = make_memfd("hilum-model-yaml", std::as_bytes(std::span(package.yaml)));
    if (!yaml) return tl::unexpected(yaml.error());
    std::vector<int> fds{yaml->get()};
    for (const auto& input : golden_inputs) fds.push_back(input.get());
    return coordinator.send(to_packet(ready), fds);
}

}  // namespace

int report_failure(Channel& coordinator, const Error& error) {
    spdlog::error("{}", error.message);
    const auto sent = coordinator.send(to_packet(WorkerFailed{error}));
    if (!sent) spdlog::error("{}", sent.error().message);
    return unusable;
}

int run_worker(Channel coordinator, const ModelSettings& settings, const SiteSettings& site,
               const std::string& wanted_device) {
    const auto start = std::chrono::steady_clock::now();
    const auto package = read_package(settings, site);
    if (!package) return report_failure(coordinator, package.error());
    const auto golden_inputs = copy_golden_inputs(*package);
    if (!golden_inputs) return report_failure(coordinator, golden_inputs.error());
    const auto device = choose_device(wanted_device);
    if (!device) return report_failure(coordinator, device.error());
    auto engine = load_engine(*package, *device, settings.threads, coordinator.fd());
    if (!engine) return report_failure(coordinator, about_model_file(*package, engine.error()));
    auto runner = warm_up_engine(*engine, *package, *device, settings.batch_max_size);
    if (!runner) return report_failure(coordinator, about_model_file(*package, runner.error()));

    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    spdlog::info("model {} {} is ready on {}: batches of up to {}, after {:.1f} s", package->name,
                 package->version, engine->description(), runner->largest(), seconds.count());
    if (const auto told = announce(coordinator, *package, *golden_inputs, *device, runner->largest()); !told)
        return told.error().code == "closed" ? served : report_failure(coordinator, told.error());
    const auto device_works = [&engine] { return engine->device_works(); };
    return RequestServer(coordinator,
                         {*package, *device, device_works, settings.batch_max_delay, engine->rounding()},
                         std::move(*runner))
        .serve();
}

}  // namespace hilum::model
