#include "model/inference/warm_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "model/inference/probe.h"

namespace hilum::model {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;

// An engine with a cost for each batch and each image in it, by a clock of its own.
struct TimedEngine {
    std::chrono::microseconds for_batch{0}, for_image{0};
    std::size_t memory_for = 100;  // images at once
    std::string error = "out_of_memory";
    std::map<std::size_t, int> runs{};
    std::chrono::steady_clock::time_point time{};

    Forward forward() {
        return [this](std::span<const InputTensor> inputs) -> Result<std::vector<Inference>> {
            ++runs[inputs.size()];
            if (inputs.size() > memory_for) return fail(error, "fails");
            time += for_batch + for_image * inputs.size();
            return std::vector<Inference>(inputs.size());
        };
    }
    WarmUpPlan plan() {
        return {.now = [this] { return time; }};
    }
};

const std::vector<float> probe(1);

TEST(WarmUp, TakesLargerBatchesWhereTheyGiveMoreImagesASecond) {
    TimedEngine engine{.for_batch = 5ms};
    EXPECT_THAT(warm_up(engine.forward(), probe, engine.plan()).value(), ElementsAre(1, 4));
}

TEST(WarmUp, StaysAtOneImageWhereBatchesDoNotPay) {
    TimedEngine engine{.for_image = 5ms};
    EXPECT_THAT(warm_up(engine.forward(), probe, engine.plan()).value(), ElementsAre(1));
    EXPECT_EQ(engine.runs.count(4), 1u) << "it was measured";
}

TEST(WarmUp, DoesNotTryWhatWouldTakeTooLong) {
    TimedEngine engine{.for_batch = 5ms};
    auto plan = engine.plan();
    plan.budget = 50ms;
    EXPECT_THAT(warm_up(engine.forward(), probe, plan).value(), ElementsAre(1));
    EXPECT_EQ(engine.runs.count(4), 0u);
}

TEST(WarmUp, RunsEveryConfiguredSizeBeforeItIsUsed) {
    TimedEngine engine;
    EXPECT_THAT(warm_up(engine.forward(), probe, {.max_batch = 6}).value(), ElementsAre(1, 2, 4, 6));
    EXPECT_THAT(engine.runs, Each(testing::Pair(testing::_, testing::Ge(2))));
}

TEST(WarmUp, EndsTheConfiguredSizesWhereMemoryDoes) {
    TimedEngine engine{.memory_for = 2};
    EXPECT_THAT(warm_up(engine.forward(), probe, {.max_batch = 8}).value(), ElementsAre(1, 2));
}

TEST(WarmUp, FailsWhereNotEvenOneImageFits) {
    TimedEngine engine{.memory_for = 0};
    EXPECT_EQ(warm_up(engine.forward(), probe, {.max_batch = 8}).error().code, "out_of_memory");
    EXPECT_EQ(warm_up(engine.forward(), probe, {}).error().code, "out_of_memory");
}

TEST(WarmUp, FailsWhereAConfiguredSizeDoesNotWork) {
    TimedEngine engine{.memory_for = 1, .error = "wrong_shape"};
    EXPECT_EQ(warm_up(engine.forward(), probe, {.max_batch = 2}).error().code, "wrong_shape");
}

TEST(MakeProbe, FillsTheModelsInputWithVariedValuesOfItsRange) {
    InputSpecification input;
    input.rows = 16;
    input.columns = 8;
    input.channels = 3;
    input.range_low = -1;
    input.range_high = 3;
    input.mean = {0, 1, 2};
    input.std = {1, 1, 2};
    const auto values = make_probe(input);
    ASSERT_EQ(values.size(), 16u * 8 * 3);
    EXPECT_THAT(values, Each(testing::AllOf(testing::Ge(-2.0F), testing::Le(3.0F))));
    EXPECT_NE(values[0], values[1]);
    EXPECT_EQ(values, make_probe(input)) << "the same at every call";
}

}  // namespace
}  // namespace hilum::model
