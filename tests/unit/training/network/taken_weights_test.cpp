#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "network_run.h"
#include "support/temporary_folder.h"
#include "training/network/network.h"

namespace hilum::training {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using torch::jit::Module;

const std::filesystem::path demonstration =
    std::filesystem::path(HILUM_SOURCE) / "config/models/demo/model.pt";

class TakeWeights : public testing::Test {
  protected:
    std::filesystem::path written(const Module& network) const {
        const auto file = folder_.path() / "network.pt";
        const auto bytes = saved(network).value();
        std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return file;
    }
    static Error refused(Module& network, const std::filesystem::path& file) {
        const auto before = parameters_of_part(network, "stem")[0].clone();
        const auto taken = take_weights(network, file);
        EXPECT_TRUE(torch::equal(before, parameters_of_part(network, "stem")[0]));
        return taken ? Error{} : taken.error();
    }

    test::TemporaryFolder folder_;
};

TEST_F(TakeWeights, OfTheDemonstrationModelGiveItsLogitsAndMaps) {
    auto shipped = torch::jit::load(demonstration.string());
    shipped.eval();
    auto network = made({"densenet-small", 1, 3});
    const auto taken = take_weights(network, demonstration);
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_THAT(taken->left, IsEmpty());
    EXPECT_GT(taken->weights, 84'000U);
    network.eval();
    const torch::NoGradGuard no_gradients;
    const auto input = torch::randn({2, 1, 192, 192});
    const auto expected = run(shipped, input), found = run(network, input);
    EXPECT_LT(furthest(found.logits, expected.logits), 1e-5);
    EXPECT_LT(furthest(found.maps, expected.maps), 1e-4);
    EXPECT_GT(expected.logits.abs().max().item<double>(), 0.1);
}

TEST_F(TakeWeights, OfANetworkOfOursAreAllOfIt) {
    auto first = made({"densenet-medium", 1, 2, 16, 0.5}, 1);
    season(first);
    auto second = made({"densenet-medium", 1, 2, 16, 0.25}, 2);
    const auto taken = take_weights(second, written(first));
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_THAT(taken->left, IsEmpty());
    first.eval();
    second.eval();
    const auto input = torch::randn({2, 1, 64, 64});
    EXPECT_EQ(furthest(run(first, input).logits, run(second, input).logits), 0);
    EXPECT_TRUE(parameters_of_part(second, "stem")[0].requires_grad());
}

TEST_F(TakeWeights, OfThreeChannelsGiveOneTheSameForGrey) {
    for (const auto& [from, to] : std::vector<std::pair<int, int>>{{3, 1}, {1, 3}}) {
        auto first = made({"densenet121", from, 2}, 1), second = made({"densenet121", to, 2}, 2);
        const auto taken = take_weights(second, written(first));
        ASSERT_TRUE(taken) << taken.error().message;
        ASSERT_EQ(taken->left.size(), 1U);
        EXPECT_THAT(taken->left[0], HasSubstr("first convolution"));
        first.eval();
        second.eval();
        const torch::NoGradGuard no_gradients;
        const auto grey = torch::randn({2, 1, 64, 64}), three = grey.expand({2, 3, 64, 64});
        const auto a = run(first, from == 3 ? three : grey), b = run(second, to == 3 ? three : grey);
        EXPECT_LT(furthest(a.logits, b.logits), 1e-4);
    }
}

TEST_F(TakeWeights, AHeadOfOtherLabelsIsLeftAndTold) {
    auto network = made({"densenet-small", 1, 14});
    const auto head = parameters_of_part(network, "head")[0].clone();
    const auto taken = take_weights(network, demonstration);
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_THAT(taken->left, testing::ElementsAre("the head is another one and was left"));
    EXPECT_TRUE(torch::equal(head, parameters_of_part(network, "head")[0]));
}

TEST_F(TakeWeights, OfAnotherArchitectureAreRefused) {
    auto network = made({"densenet121", 1, 3});
    const auto error = refused(network, demonstration);
    EXPECT_EQ(error.code, "other_network");
    EXPECT_THAT(error.message, HasSubstr("features.conv0.weight is [16, 1, 3, 3], not [64, 1, 7, 7]"));
    EXPECT_EQ(refused(network, written(made({"densenet169", 1, 3}))).code, "other_network");
    auto larger = made({"densenet169", 1, 3});
    EXPECT_THAT(refused(larger, written(network)).message, HasSubstr("is missing"));
}

TEST_F(TakeWeights, ThatAreNotNumbersAreRefused) {
    auto damaged = made({"densenet-small", 1, 2}), network = made({"densenet-small", 1, 2}, 2);
    {
        const torch::NoGradGuard no_gradients;
        parameters_of_part(damaged, "block2")[0][3] = std::numeric_limits<float>::quiet_NaN();
    }
    const auto error = refused(network, written(damaged));
    EXPECT_EQ(error.code, "not_finite");
    EXPECT_THAT(error.message, HasSubstr("features.denseblock2.denselayer1.norm1.weight"));
}

TEST_F(TakeWeights, OfWhatIsNoTorchScriptAreRefusedWithAdvice) {
    auto network = made({"densenet-small", 1, 2});
    EXPECT_EQ(refused(network, folder_.path() / "nothing.pt").code, "unreadable");
    EXPECT_EQ(refused(network, folder_.path()).code, "unreadable");
    const auto text = folder_.path() / "text.pt";
    std::ofstream(text) << "weights";
    const auto error = refused(network, text);
    EXPECT_EQ(error.code, "weights_corrupt");
    EXPECT_THAT(error.message, HasSubstr("hilum-import-model"));
    std::ofstream(folder_.path() / "empty.pt");
    EXPECT_EQ(refused(network, folder_.path() / "empty.pt").code, "weights_corrupt");
}

}  // namespace
}  // namespace hilum::training
