#include "training/fit/weight_average.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "training/network/network.h"

namespace hilum::training {
namespace {

torch::jit::Module small_network() {
    torch::manual_seed(1);
    return std::move(*make_network({"densenet-small", 1, 2, 0, 0}));
}

void set_all(const torch::jit::Module& network, double value) {
    const torch::NoGradGuard no_gradients;
    for (auto& [name, tensor] : tensors_of(network)) tensor.detach().fill_(value);
}

double first_of(const NamedTensors& tensors) {
    return tensors.front().second.flatten()[0].item<double>();
}

TEST(WeightAverage, FollowsTheWeightsByItsDecay) {
    const auto network = small_network();
    set_all(network, 1);
    WeightAverage average(network, 0.5);
    set_all(network, 3);
    average.update(1'000'000);
    for (const auto& [name, tensor] : average.tensors())
        EXPECT_TRUE(!tensor.is_floating_point() || tensor.eq(2).all().item<bool>()) << name;
    average.update(1'000'000);
    EXPECT_DOUBLE_EQ(first_of(average.tensors()), 2.5);
}

TEST(WeightAverage, ForgetsTheFirstWeightsSoon) {
    const auto network = small_network();
    set_all(network, 0);
    WeightAverage average(network, 0.999);
    set_all(network, 11);
    average.update(1);  // 1 / 11 of what was
    EXPECT_NEAR(first_of(average.tensors()), 10, 1e-5);
}

TEST(WeightAverage, HasRunningStatisticsToo) {
    const auto network = small_network();
    const auto average = WeightAverage(network, 0.9).tensors();
    EXPECT_TRUE(std::ranges::any_of(average, [](const auto& named) {
        return named.first.find("running_mean") != std::string::npos ||
               named.first.find("mean") != std::string::npos;
    }));
    EXPECT_EQ(average.size(), tensors_of(network).size());
}

TEST(WeightAverage, IsShownInTheNetworkAndTakenBackExactly) {
    const auto network = small_network();
    const auto before = copies_of(tensors_of(network));
    WeightAverage average(network, 0.5);
    for (auto& [name, tensor] : average.tensors()) tensor.fill_(7);
    {
        const WeightAverage::Shown shown(average);
        EXPECT_EQ(first_of(tensors_of(network)), 7);
    }
    const auto after = tensors_of(network);
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(after[i].second.equal(before[i].second));
}

TEST(WeightAverage, WithoutADecayIsNotThere) {
    const auto network = small_network();
    WeightAverage average(network, 0);
    EXPECT_FALSE(average.used());
    average.update(1);
    const auto before = first_of(tensors_of(network));
    const WeightAverage::Shown shown(average);
    EXPECT_EQ(first_of(tensors_of(network)), before);
}

}  // namespace
}  // namespace hilum::training
