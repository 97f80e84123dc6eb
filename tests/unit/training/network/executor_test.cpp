#include "training/network/executor.h"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "network_run.h"

namespace hilum::training {
namespace {

using torch::jit::Module;

constexpr int steps = 6;

// Plain gradient descent; each step's images, labels and dropout are those of its number.
void descend(Module& network, int first, int last) {
    for (int step = first; step < last; ++step) {
        torch::manual_seed(1000 + static_cast<std::uint64_t>(step));
        const auto input = torch::randn({4, 1, 64, 64});
        const auto labels = torch::randint(2, {4});
        network.train();
        const auto outputs = run(network, input);
        const auto loss =
            torch::cross_entropy_loss(outputs.logits, labels) + 0.01 * outputs.maps.square().mean();
        loss.backward();
        const torch::NoGradGuard no_gradients;
        for (auto parameter : network.parameters()) {
            parameter.sub_(0.01 * parameter.grad());
            parameter.mutable_grad().reset();
        }
    }
}

std::vector<torch::Tensor> state(const Module& network) {
    std::vector<torch::Tensor> tensors;
    for (const auto& parameter : network.parameters()) tensors.push_back(parameter.detach());
    for (const auto& buffer : network.buffers()) tensors.push_back(buffer);
    return tensors;
}

Module resumed(const Module& network) {
    std::istringstream bytes(saved(network).value());
    auto again = torch::jit::load(bytes);
    for (const auto& part : parts_of(settings_of(again).value().architecture))
        set_training(again, part, true);
    return again;
}

TEST(ReproducibleExecutor, ResumedAtAnyStepGivesTheSameWeightsBitForBit) {
    std::thread([] {
        use_reproducible_executor();
        for (const auto& architecture : {"densenet-small", "densenet121"}) {
            const NetworkSettings settings{architecture, 1, 2, 16, 0.5};
            auto whole = made(settings);
            descend(whole, 0, steps);
            for (const int killed_at : {1, 3, 5}) {
                auto first = made(settings);
                descend(first, 0, killed_at);
                auto second = resumed(first);
                descend(second, killed_at, steps);
                const auto expected = state(whole), found = state(second);
                ASSERT_EQ(expected.size(), found.size());
                for (std::size_t i = 0; i < expected.size(); ++i)
                    ASSERT_TRUE(torch::equal(expected[i], found[i])) << architecture << killed_at << " " << i;
            }
        }
    }).join();
}

}  // namespace
}  // namespace hilum::training
