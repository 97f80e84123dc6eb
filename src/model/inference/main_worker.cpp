// hilum-worker: of what the node runs the only program that links LibTorch. Started by the coordinator, never
// by hand.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/channel.h"
#include "base/confinement/confinement.h"
#include "base/file_system.h"
#include "base/heartbeat.h"
#include "base/logging.h"
#include "base/process.h"
#include "base/yaml_reader.h"
#include "model/inference/worker.h"

namespace {

using namespace hilum;

constexpr std::size_t largest_configuration = 1 << 20;

struct Arguments {
    std::string config;
    int config_fd = -1, channel_fd = -1, heartbeat_fd = -1;
    std::size_t model = 0;
    std::string device;
    bool confined = false;
};

Result<Configuration> read_configuration(const Arguments& arguments) {
    const auto text = read_fd(arguments.config_fd, largest_configuration);
    if (!text) return tl::unexpected(text.error());
    auto loaded = parse_configuration(*text, arguments.config);
    if (!loaded.problems.empty()) return fail("configuration", "{}", loaded.problems.front().text());
    if (arguments.model >= loaded.configuration.models.size())
        return fail("configuration", "{} has no model number {}", arguments.config, arguments.model);
    return std::move(loaded.configuration);
}

bool may_use_gpu(const std::string& device) {
    return device != "cpu" && (device != "auto" || std::filesystem::exists("/dev/nvidiactl"));
}

std::string device_of(const Arguments& arguments, const ModelSettings& settings) {
    return arguments.device.empty() ? settings.devices.front() : arguments.device;
}

// LibTorch's libraries have started threads before main(), which Landlock would not reach: this one is
// confined, and executes the program once more. Returns only where that fails.
Error start_again_confined(const Arguments& arguments, char** argv, int argc) {
    auto configuration = read_configuration(arguments);
    if (!configuration) return configuration.error();
    const auto& settings = configuration->models[arguments.model];
    const auto role = may_use_gpu(device_of(arguments, settings)) ? Role::gpu_worker : Role::worker;
    if (const auto confined =
            confine_program(role, {.package = settings.package, .also_reads = settings.signed_by});
        !confined)
        return confined.error();
    std::vector<char*> again(argv, argv + argc);
    std::string marker = "--confined";
    again.push_back(marker.data());
    again.push_back(nullptr);
    return start_again_with_sleeping_threads(again.data());
}

int run(const Arguments& arguments) {
    Channel coordinator((UniqueFd(arguments.channel_fd)));
    const BeatingThread beating((Heartbeat(UniqueFd(arguments.heartbeat_fd))));
    start_logging("worker", "info");
    const auto configuration = read_configuration(arguments);
    ::close(arguments.config_fd);
    if (!configuration) return model::report_failure(coordinator, configuration.error());
    start_logging("worker", configuration->node.log_level);
    const auto& settings = configuration->models[arguments.model];
    return model::run_worker(std::move(coordinator), settings, configuration->site,
                             device_of(arguments, settings));
}

}  // namespace

int main(int argc, char** argv) {
    name_process("hilum-worker");
    // A terminal's Ctrl-C reaches the whole group: the coordinator alone decides when its children end.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Hilum's inference worker, started by hilumd", "hilum-worker");
    Arguments arguments;
    app.set_version_flag("--version", HILUM_VERSION);
    app.add_option("--config", arguments.config, "configuration file")->required();
    app.add_option("--config-fd", arguments.config_fd, "descriptor of its text")->required();
    app.add_option("--channel-fd", arguments.channel_fd, "descriptor of the channel to hilumd")->required();
    app.add_option("--heartbeat-fd", arguments.heartbeat_fd, "descriptor of its heartbeat; default: none");
    app.add_option("--model", arguments.model, "which of the configured models, from 0")->required();
    app.add_option("--device", arguments.device, "which of the model's devices; default: its first");
    app.add_flag("--confined", arguments.confined)->group("");
    CLI11_PARSE(app, argc, argv);
    if (arguments.confined) return run(arguments);
    const auto failed = start_again_confined(arguments, argv, argc);
    Channel coordinator((UniqueFd(arguments.channel_fd)));
    start_logging("worker", "info");
    return model::report_failure(coordinator, failed);
}
