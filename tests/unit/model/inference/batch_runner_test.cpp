#include "model/inference/batch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hilum::model {
namespace {

using testing::ElementsAre;

// An engine that echoes its inputs, remembers the batch sizes, and fails as it is told.
struct FakeEngine {
    std::size_t memory_for = 100;  // images at once
    float poison = -1;             // an input with which every batch fails
    std::vector<std::size_t> batches{};

    Forward forward() {
        return [this](std::span<const InputTensor> inputs) -> Result<std::vector<Inference>> {
            batches.push_back(inputs.size());
            if (inputs.size() > memory_for) return fail_for_now("out_of_memory", "too many");
            std::vector<Inference> all;
            for (const auto& input : inputs) {
                if (input[0] == poison) return fail("model_failed", "poisoned");
                all.push_back({{input[0]}, {}, 0, 0, 0});
            }
            return all;
        };
    }
};

std::vector<std::string> outcomes_of(BatchRunner& runner, const std::vector<float>& images) {
    std::vector<InputTensor> inputs;
    for (const auto& image : images) inputs.emplace_back(&image, 1);
    std::vector<std::string> outcomes;
    for (const auto& outcome : runner.run(inputs))
        outcomes.push_back(outcome ? fmt::format("{}", outcome->outputs.at(0)) : outcome.error().code);
    return outcomes;
}

TEST(BatchRunner, TakesTheLargestWarmSizeThatWaits) {
    FakeEngine engine;
    const BatchRunner runner(engine.forward(), {1, 2, 4});
    EXPECT_EQ(runner.next_size(1), 1u);
    EXPECT_EQ(runner.next_size(2), 2u);
    EXPECT_EQ(runner.next_size(3), 2u);
    EXPECT_EQ(runner.next_size(4), 4u);
    EXPECT_EQ(runner.next_size(9), 4u);
}

TEST(BatchRunner, AnswersInTheOrderOfTheInputs) {
    FakeEngine engine;
    BatchRunner runner(engine.forward(), {1, 4});
    EXPECT_THAT(outcomes_of(runner, {1, 2, 3, 4}), ElementsAre("1", "2", "3", "4"));
    EXPECT_THAT(engine.batches, ElementsAre(4));
}

TEST(BatchRunner, HalvesTheBatchForGoodWhereMemoryDoesNotSuffice) {
    FakeEngine engine{.memory_for = 2};
    BatchRunner runner(engine.forward(), {1, 2, 4, 8});
    EXPECT_THAT(outcomes_of(runner, {1, 2, 3, 4, 5, 6, 7, 8}),
                ElementsAre("1", "2", "3", "4", "5", "6", "7", "8"));
    EXPECT_EQ(runner.largest(), 2u);
}

TEST(BatchRunner, SaysSoWhereMemoryDoesNotSufficeForOneImage) {
    FakeEngine engine{.memory_for = 0};
    BatchRunner runner(engine.forward(), {1, 2});
    EXPECT_THAT(outcomes_of(runner, {1, 2}), ElementsAre("out_of_memory", "out_of_memory"));
    EXPECT_EQ(runner.largest(), 1u);
}

TEST(BatchRunner, LetsOneImageFailAlone) {
    FakeEngine engine{.poison = 3};
    BatchRunner runner(engine.forward(), {1, 2, 4});
    EXPECT_THAT(outcomes_of(runner, {1, 2, 3, 4}), ElementsAre("1", "2", "model_failed", "4"));
    EXPECT_EQ(runner.largest(), 4u) << "the batch size was not to blame";
}

}  // namespace
}  // namespace hilum::model
