// Training steps as hilum-train takes them, to be timed: for each line on standard input, which says how
// many, one with the seconds that they took, by the clock and of the processor. Run by
// tools/support/training_bench.py beside the same in eager PyTorch.
#include <torch/optim/adamw.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <iostream>

#include "training/network/executor.h"
#include "training/network/network.h"

namespace {

struct Options {
    hilum::training::NetworkSettings network;
    int side = 224, batch = 16, threads = 2;
    bool profiling = false, channels_last = false;
};

struct Seconds {
    double clock = 0, processor = 0;
};

Seconds seconds_of(int steps, torch::jit::Module& network, torch::optim::Optimizer& optimizer,
                   std::vector<torch::Tensor>& parameters, const torch::Tensor& images,
                   const torch::Tensor& labels) {
    const auto start = std::chrono::steady_clock::now();
    const auto processor = std::clock();  // of all threads
    for (int step = 0; step < steps; ++step) {
        for (auto& parameter : parameters) parameter.mutable_grad().reset();
        const auto logits = network.forward({images}).toTuple()->elements()[0].toTensor();
        torch::cross_entropy_loss(logits, labels).backward();
        optimizer.step();
    }
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC};
}

int run(const Options& options) {
    torch::set_num_threads(options.threads);
    torch::manual_seed(1);
    if (!options.profiling) hilum::training::use_reproducible_executor();
    auto network = hilum::training::make_network(options.network);
    if (!network) {
        std::cerr << network.error().message << "\n";
        return 2;
    }
    auto images = torch::randn({options.batch, options.network.channels, options.side, options.side});
    if (options.channels_last) images = images.contiguous(torch::MemoryFormat::ChannelsLast);
    const auto labels = torch::randint(options.network.outputs, {options.batch});
    std::vector<torch::Tensor> parameters;
    for (auto parameter : network->parameters()) {
        if (options.channels_last && parameter.dim() == 4)
            parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
        parameters.push_back(parameter);
    }
    torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(1e-4));
    for (int steps = 0; std::cin >> steps;) {
        const auto taken = seconds_of(steps, *network, optimizer, parameters, images, labels);
        std::cout << taken.clock << " " << taken.processor << std::endl;
    }
    return 0;
}

}  // namespace

int main(int count, char** values) {
    Options options;
    CLI::App app("Training steps, timed: see tools/bench training");
    app.add_option("--architecture", options.network.architecture);
    app.add_option("--channels", options.network.channels);
    app.add_option("--outputs", options.network.outputs)->required();
    app.add_option("--side", options.side);
    app.add_option("--batch", options.batch);
    app.add_option("--threads", options.threads);
    app.add_flag("--profiling", options.profiling, "LibTorch's profiling executor, as it comes");
    app.add_flag("--channels-last", options.channels_last);
    CLI11_PARSE(app, count, values);
    return run(options);
}
