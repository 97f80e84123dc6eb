#include "model/inference/worker.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/sandbox.h"
#include "contract/messages/inference.h"
#include "model/inference/engine.h"
#include "model/inference/probe.h"
#include "model/inference/request_server.h"
#include "model/inference/warm_up.h"
#include "model/package/package_signature.h"

namespace hilum::model {
namespace {

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

// From here on, on a CPU, this process and the model in it have no network.
Status enter_sandbox(const std::string& device) {
    return device == "cpu" ? deny_new_sockets() : Status();
}

Result<Engine> load_engine(const ModelPackage& package, const std::string& device, int threads) {
    const auto weights = read_verified_weights(package);
    if (!weights) return tl::unexpected(weights.error());
    if (auto inside = enter_sandbox(device); !inside) return tl::unexpected(inside.error());
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

// The inputs of the golden cases, opened now, so that they belong to the weights that were read now.
Result<std::vector<UniqueFd>> open_golden_inputs(const ModelPackage& package) {
    std::vector<UniqueFd> inputs;
    for (const auto& one : package.golden) {
        const auto file = package.folder / one.input;
        inputs.emplace_back(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!inputs.back())
            return fail("unreadable", "{}", system_error(errno, "cannot open " + file.string()).message);
    }
    return inputs;
}

Status announce(Channel& coordinator, const ModelPackage& package, const std::vector<UniqueFd>& golden_inputs,
                const std::string& device, std::size_t batch) {
    WorkerReady ready{identity_of(package), device, static_cast<int>(batch), {}, package.yaml_sha256, {}};
    for (const auto& label : package.labels) ready.labels.push_back(label.name);
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
    const auto golden_inputs = open_golden_inputs(*package);
    if (!golden_inputs) return report_failure(coordinator, golden_inputs.error());
    const auto device = choose_device(wanted_device);
    if (!device) return report_failure(coordinator, device.error());
    auto engine = load_engine(*package, *device, settings.threads);
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
