#include "training/network/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "network_run.h"

namespace hilum::training {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::jit::Module;

std::int64_t weights_of(const std::vector<torch::Tensor>& tensors) {
    std::int64_t count = 0;
    for (const auto& tensor : tensors) count += tensor.numel();
    return count;
}

std::int64_t weights_of(const Module& network) {
    std::int64_t count = 0;
    for (const auto& parameter : network.parameters()) count += parameter.numel();
    return count;
}

torch::Tensor weight(const Module& network, const std::string& layer, const std::string& name) {
    return network.attr(layer).toModule().attr(name).toTensor();
}

// https://pytorch.org/vision/stable/models/densenet.html, "num_params".
TEST(MakeNetwork, HasAsManyWeightsAsPublished) {
    const std::map<std::string, std::int64_t> published{
        {"densenet121", 7'978'856}, {"densenet169", 14'149'480}, {"densenet201", 20'013'928}};
    for (const auto& [architecture, count] : published)
        EXPECT_EQ(weights_of(made({architecture, 3, 1000})), count) << architecture;
    EXPECT_EQ(weights_of(made({"densenet-small", 1, 3})), 84'324);
    EXPECT_NEAR(static_cast<double>(weights_of(made({"densenet-medium", 1, 3}))), 0.3e6, 1e4);
}

TEST(MakeNetwork, MapsHaveAnEighthOrA32ndOfTheInputsSides) {
    const torch::NoGradGuard no_gradients;
    const auto input = torch::rand({2, 1, 64, 96});
    for (const auto& architecture : architectures()) {
        const std::int64_t divisor = architecture.starts_with("densenet-") ? 8 : 32;
        auto network = made({architecture, 1, 3, 16, 0.5});
        network.eval();
        const auto outputs = run(network, input);
        EXPECT_EQ(outputs.logits.sizes(), (std::vector<std::int64_t>{2, 3})) << architecture;
        EXPECT_EQ(outputs.maps.sizes(), (std::vector<std::int64_t>{2, 3, 64 / divisor, 96 / divisor}));
    }
}

// What a head with a hidden layer is by its definition, written down anew.
struct Head {
    explicit Head(const Module& network)
        : w1(weight(network, "dense", "weight")),
          b1(weight(network, "dense", "bias")),
          w2(weight(network, "classifier", "weight")),
          b2(weight(network, "classifier", "bias")) {}
    torch::Tensor hidden(const torch::Tensor& features) const {
        return torch::linear(features.mean({2, 3}), w1, b1);
    }
    torch::Tensor logits(const torch::Tensor& features) const {
        return torch::linear(torch::relu(hidden(features)), w2, b2);
    }
    torch::Tensor bias_terms(const torch::Tensor& features) const {
        return torch::linear((hidden(features) > 0).to(torch::kFloat) * b1, w2, b2);
    }
    torch::Tensor w1, b1, w2, b2;
};

TEST(MakeNetwork, AMapsMeanAndItsBiasTermAreTheLogit) {
    for (const auto& architecture : architectures()) {
        auto network = made({architecture, 1, 3, 16, 0.5});
        season(network);
        network.eval();
        const torch::NoGradGuard no_gradients;
        const auto input = torch::randn({3, 1, 64, 64});
        const auto features = network.attr("features").toModule().forward({input}).toTensor();
        const auto outputs = run(network, input);
        const Head head(network);
        EXPECT_LT(furthest(outputs.logits, head.logits(features)), 1e-5) << architecture;
        EXPECT_LT(furthest(outputs.maps.mean({2, 3}) + head.bias_terms(features), outputs.logits), 1e-4)
            << architecture;
        EXPECT_GT(furthest(outputs.maps.mean({2, 3}), outputs.logits), 1e-3) << "the bias term is something";
    }
}

// HiResCAM is the gradient of the logit times the feature, summed over the channels; Grad-CAM takes the
// gradient's mean over the places first.
TEST(MakeNetwork, MapsAreHiResCamsAndGradCams) {
    auto network = made({"densenet-small", 1, 2, 16});
    season(network);
    network.eval();
    const auto input = torch::randn({1, 1, 64, 64});
    auto features = network.attr("features").toModule().forward({input}).toTensor().detach();
    features.requires_grad_(true);
    const Head head(network);
    const auto maps = run(network, input).maps;
    const double places = static_cast<double>(features.size(2) * features.size(3));
    for (const int label : {0, 1}) {
        features.mutable_grad().reset();
        head.logits(features)[0][label].backward();
        const auto gradient = features.grad();
        const auto hires_cam = (gradient * features).sum(1)[0] * places;
        const auto grad_cam = (gradient.mean({2, 3}, true) * features).sum(1)[0] * places;
        EXPECT_LT(furthest(maps[0][label], hires_cam), 1e-4);
        EXPECT_LT(furthest(maps[0][label], grad_cam), 1e-4);
    }
}

TEST(MakeNetwork, MapsBelongToTheLogitsInTrainingWithDropoutToo) {
    for (const int width : {0, 32}) {
        auto network = made({"densenet-small", 1, 2, width, 0.5});
        const auto input = torch::randn({4, 1, 64, 64});
        const auto first = run(network, input), second = run(network, input);
        EXPECT_LT(furthest(first.maps.mean({2, 3}), first.logits), 1e-4);  // the biases are 0 still
        EXPECT_GT(furthest(first.logits, second.logits), 1e-3) << "dropout closes others each time";
        network.eval();
        EXPECT_EQ(furthest(run(network, input).logits, run(network, input).logits), 0);
    }
}

TEST(MakeNetwork, DropsSuchAShareAndScalesTheRest) {
    auto network = made({"densenet-small", 1, 1, 4096, 0.25});
    const torch::NoGradGuard no_gradients;
    for (const auto& [layer, name, value] : std::vector<std::tuple<std::string, std::string, double>>{
             {"dense", "weight", 0}, {"dense", "bias", 1}, {"classifier", "weight", 1}})
        weight(network, layer, name).fill_(value);
    const auto sum = run(network, torch::randn({64, 1, 32, 32})).logits;  // of units that say 1
    EXPECT_NEAR(sum.mean().item<double>(), 4096, 15);
    EXPECT_NEAR(sum.std().item<double>(), std::sqrt(4096 * 0.25 / 0.75), 8);
}

TEST(MakeNetwork, RefusesSettingsThatMakeNoNetwork) {
    const std::vector<std::pair<NetworkSettings, std::string>> cases{
        {{"resnet50", 1, 2}, "known are densenet121"},
        {{"densenet121", 2, 2}, "2 input channels"},
        {{"densenet121", 1, 0}, "an output for each label"},
        {{"densenet121", 1, 2, -1}, "-1 units"},
        {{"densenet121", 1, 2, 0, 1.0}, "dropout of 1"},
        {{"densenet121", 1, 2, 0, std::nan("")}, "dropout of nan"}};
    for (const auto& [settings, words] : cases) {
        const auto network = make_network(settings);
        ASSERT_FALSE(network) << words;
        EXPECT_EQ(network.error().code, "configuration");
        EXPECT_THAT(network.error().message, HasSubstr(words));
    }
}

TEST(MakeNetwork, TheSameSeedGivesTheSameWeights) {
    const auto a = made({"densenet-medium", 1, 2}, 7), b = made({"densenet-medium", 1, 2}, 7),
               c = made({"densenet-medium", 1, 2}, 8);
    const auto weights = [](const Module& network) { return weight(network, "classifier", "weight"); };
    EXPECT_TRUE(torch::equal(weights(a), weights(b)));
    EXPECT_FALSE(torch::equal(weights(a), weights(c)));
}

TEST(Parts, HoldEachWeightOnce) {
    EXPECT_THAT(parts_of("densenet169"), ElementsAre("stem", "block1", "block2", "block3", "block4", "head"));
    EXPECT_THAT(parts_of("densenet-small"), ElementsAre("stem", "block1", "block2", "block3", "head"));
    EXPECT_TRUE(parts_of("vgg16").empty());
    for (const auto& architecture : architectures()) {
        auto network = made({architecture, 1, 2, 8});
        std::set<void*> seen;
        std::int64_t weights = 0;
        for (const auto& part : parts_of(architecture)) {
            const auto parameters = parameters_of_part(network, part);
            EXPECT_FALSE(parameters.empty()) << part;
            weights += weights_of(parameters);
            for (const auto& parameter : parameters) EXPECT_TRUE(seen.insert(parameter.data_ptr()).second);
        }
        EXPECT_EQ(weights, weights_of(network)) << architecture;
        EXPECT_TRUE(parameters_of_part(network, "block9").empty());
    }
}

TEST(SetTraining, APartThatIsFrozenKeepsWeightsAndStatistics) {
    auto network = made({"densenet-small", 1, 2, 8});
    for (const auto& part : {"stem", "block1", "block2"}) set_training(network, part, false);
    std::map<std::string, torch::Tensor> before;
    for (const auto& buffer : network.named_buffers()) before[buffer.name] = buffer.value.clone();
    run(network, torch::randn({4, 1, 64, 64})).logits.sum().backward();
    std::set<std::string> changed;
    for (const auto& buffer : network.named_buffers())
        if (!torch::equal(buffer.value, before[buffer.name]))
            changed.insert(buffer.name.substr(0, std::string("features.denseblockN").size()));
    EXPECT_THAT(changed, ElementsAre("features.denseblock3", "features.norm4.runni"));
    for (const auto& part : parts_of("densenet-small"))
        for (const auto& parameter : parameters_of_part(network, part))
            EXPECT_EQ(parameter.grad().defined(), part == "block3" || part == "head") << part;
    network.eval();
    set_training(network, "block3", true);
    EXPECT_TRUE(parameters_of_part(network, "block3")[0].requires_grad());
    EXPECT_FALSE(parameters_of_part(network, "block1")[0].requires_grad());
}

TEST(Fits, NamesWhatDiffers) {
    const NetworkSettings wanted{"densenet121", 1, 3, 256, 0.5};
    EXPECT_TRUE(fits(wanted, wanted));
    auto other = wanted;
    other.architecture = "densenet-small";
    other.outputs = 14;
    const auto status = fits(other, wanted);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "other_network");
    EXPECT_EQ(
        status.error().message,
        "the checkpoint is of another network: its architecture is densenet-small, not densenet121, its "
        "outputs are 14, not 3");
}

TEST(Saved, LoadsAgainReadyToServe) {
    const NetworkSettings settings{"densenet-small", 1, 2, 8, 0.125};
    auto network = made(settings);
    season(network);
    const auto bytes = saved(network);
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(network.is_training()) << "the network itself stays as it is";
    EXPECT_TRUE(weight(network, "classifier", "weight").requires_grad());
    std::istringstream stream(*bytes);
    auto again = torch::jit::load(stream);
    EXPECT_EQ(settings_of(again).value(), settings);
    for (const auto& parameter : again.parameters()) EXPECT_FALSE(parameter.requires_grad());
    for (const auto& module : again.named_modules())
        EXPECT_FALSE(Module(module.value).is_training()) << module.name;
    network.eval();
    const torch::NoGradGuard no_gradients;
    const auto input = torch::randn({1, 1, 64, 64});
    EXPECT_EQ(furthest(run(network, input).logits, run(again, input).logits), 0);
}

// As hilum-worker runs it.
TEST(Saved, SaysTheSameFrozenAndFused) {
    const torch::NoGradGuard no_gradients;
    for (const auto& architecture : {"densenet-small", "densenet121"})
        for (const auto& [width, dropout] :
             std::vector<std::pair<int, double>>{{0, 0}, {0, 0.5}, {16, 0.5}}) {
            auto network = made({architecture, 1, 2, width, dropout});
            season(network);
            network.eval();
            auto frozen = torch::jit::freeze(network);
            auto fused = torch::jit::optimize_for_inference(frozen);
            const auto input = torch::randn({2, 1, 64, 64});
            const auto expected = run(network, input), found = run(fused, input);
            const double size = expected.logits.abs().max().item<double>();
            EXPECT_LT(furthest(expected.logits, found.logits), 1e-4 * (1 + size)) << architecture << width;
            EXPECT_LT(furthest(expected.maps, found.maps),
                      1e-4 * (1 + expected.maps.abs().max().item<double>()));
        }
}

TEST(WithMirrorAverage, SaysTheSameOfAnImageAndItsMirrorImage) {
    auto network = made({"densenet-small", 1, 2, 8, 0.5});
    season(network);
    std::istringstream bytes(saved(with_mirror_average(network)).value());
    auto average = torch::jit::load(bytes);
    network.eval();
    const torch::NoGradGuard no_gradients;
    const auto input = torch::randn({1, 1, 64, 96}), mirrored = torch::flip(input, {3});
    const auto one = run(average, input), other = run(average, mirrored);
    EXPECT_LT(furthest(one.logits, other.logits), 1e-5);
    EXPECT_LT(furthest(one.maps, torch::flip(other.maps, {3})), 1e-4);
    EXPECT_LT(furthest(one.logits, (run(network, input).logits + run(network, mirrored).logits) / 2), 1e-5);
    EXPECT_GT(furthest(one.logits, run(network, input).logits), 1e-4);
}

TEST(SettingsOf, RefusesANetworkOfSomebodyElse) {
    const Module other("Other");
    EXPECT_EQ(settings_of(other).error().code, "not_ours");
}

}  // namespace
}  // namespace hilum::training
