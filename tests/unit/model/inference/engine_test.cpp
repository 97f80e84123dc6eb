#include "model/inference/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file_system.h"
#include "support/temporary_folder.h"
#include "torchscript_source.h"

namespace hilum::model {
namespace {

using testing::ElementsAre;
using testing::FloatNear;

ModelPackage package_of_two_labels() {
    ModelPackage package;
    package.input.rows = package.input.columns = 8;
    package.labels.resize(2);
    return package;
}

Engine loaded(const std::string& forward) {
    const test::TemporaryFolder folder;
    test::write_torchscript(folder / "model.pt", forward);
    const auto weights = read_file(folder / "model.pt", 1 << 20).value();
    return Engine::load(package_of_two_labels(), weights, "cpu", 1).value();
}

// A convolution and a batch norm: what freezing folds and oneDNN fuses.
const std::string network = R"(
def forward(self, x):
    kernel = torch.ones([2, 1, 3, 3]) * self.weight / 9
    y = torch.conv2d(x, kernel, None, [1, 1], [1, 1])
    zero = torch.zeros([2])
    y = torch.relu(torch.batch_norm(y, zero + 2, zero + 0.5, zero, zero + 1, False, 0.1, 0.0, False))
    return y.mean([2, 3])
)";

TEST(Engine, SaysTheSameOptimisedAtEveryBatchSize) {
    auto engine = loaded(network);
    EXPECT_EQ(engine.description(), "cpu, fp32, optimised");
    const std::vector<float> bright(64, 1.0F), dark(64, 0.0F);
    const float mean_of_blurred = (36 * 9 + 24 * 6 + 4 * 4) / 9.0F / 64;  // edges see padding
    const auto bright_outputs = ElementsAre(FloatNear(2 * mean_of_blurred + 0.5F, 1e-4F), testing::_);
    const auto dark_outputs = ElementsAre(FloatNear(0.5F, 1e-4F), FloatNear(0.5F, 1e-4F));
    for (int repetition = 0; repetition < 3; ++repetition) {
        const std::vector<InputTensor> one{bright}, three{dark, bright, dark};
        const auto single = engine.run(one).value();
        EXPECT_THAT(single.at(0).outputs, bright_outputs);
        const auto batch = engine.run(three).value();
        EXPECT_THAT(batch.at(0).outputs, dark_outputs);
        EXPECT_THAT(batch.at(1).outputs, bright_outputs);
        EXPECT_THAT(batch.at(2).outputs, dark_outputs);
    }
}

TEST(Engine, RunsAModelAsLoadedWhereOptimisingChangesWhatItSays) {
    // It says something else at every call, which looks like that.
    auto engine = loaded("\ndef forward(self, x):\n    return torch.rand([x.size(0), 2]) + self.weight\n");
    EXPECT_EQ(engine.description(), "cpu, fp32, as loaded");
    const std::vector<float> image(64);
    const std::vector<InputTensor> one{image};
    EXPECT_EQ(engine.run(one).value().at(0).outputs.size(), 2u);
}

TEST(ChooseDevice, TakesTheCpuWhereItIsNamed) {
    EXPECT_EQ(choose_device("cpu").value(), "cpu");
}

}  // namespace
}  // namespace hilum::model
