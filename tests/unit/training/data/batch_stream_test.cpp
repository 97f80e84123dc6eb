#include "training/data/batch_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/temporary_folder.h"
#include "unit/training/training_images.h"

namespace hilum::training {
namespace {

class BatchStreamTest : public testing::Test {
  protected:
    BatchSource source(const AugmentationSettings& augmentation) {
        return {images_.set.training, images_.store, test::training_input(), augmentation, 5, 2, true};
    }
    static std::vector<std::size_t> order(std::size_t count) {
        std::vector<std::size_t> places(count);
        std::iota(places.rbegin(), places.rend(), std::size_t{0});
        return places;
    }
    static std::vector<Batch> all(BatchStream& stream) {
        std::vector<Batch> batches;
        while (const auto* batch = stream.next()) batches.push_back(*batch);
        return batches;
    }

    test::TemporaryFolder folder_;
    test::TrainingImages images_{folder_.path()};
};

TEST_F(BatchStreamTest, GivesTheTensorsAsTheyAreWithoutAugmentation) {
    const auto from = source(AugmentationSettings::none());
    BatchStream stream(from, order(24), 5, true, 0, 2);
    EXPECT_EQ(stream.batches(), 5u);
    const auto batches = all(stream);
    ASSERT_EQ(batches.size(), 5u);
    EXPECT_EQ(batches.back().count, 4u);
    const auto& image = images_.set.training[23 - 6];  // second of the second batch
    const auto expected = images_.store.tensor(image.place);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), batches[1].inputs.begin() + 32 * 32));
    EXPECT_EQ(batches[1].targets[2], image.target[0]);
    EXPECT_EQ(batches[1].targets[3], image.target[1]);
}

TEST_F(BatchStreamTest, IsTheSameWithAnyNumberOfThreads) {
    const auto from = source(AugmentationSettings());
    BatchStream one(from, order(24), 4, false, 0, 1), many(from, order(24), 4, false, 0, 7);
    const auto first = all(one), second = all(many);
    ASSERT_EQ(first.size(), 6u);
    ASSERT_EQ(second.size(), 6u);
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].inputs, second[i].inputs);
        EXPECT_EQ(first[i].targets, second[i].targets);
        EXPECT_EQ(first[i].places, second[i].places);
    }
}

TEST_F(BatchStreamTest, GoesOnInTheMiddleWithTheSameBatches) {
    const auto from = source(AugmentationSettings());
    BatchStream whole(from, order(24), 4, false, 0, 2), rest(from, order(24), 4, false, 4, 2);
    const auto first = all(whole), second = all(rest);
    ASSERT_EQ(second.size(), 2u);
    EXPECT_EQ(first[4].inputs, second[0].inputs);
    EXPECT_EQ(first[5].inputs, second[1].inputs);
}

TEST_F(BatchStreamTest, LeavesOutAnIncompleteBatchOnlyWhereThatIsAskedFor) {
    const auto from = source(AugmentationSettings::none());
    BatchStream stream(from, order(23), 4, false, 0, 3);
    EXPECT_EQ(all(stream).size(), 5u);
    BatchStream none(from, {}, 4, true, 0, 3);
    EXPECT_EQ(none.next(), nullptr);
}

TEST_F(BatchStreamTest, EndsWhereNobodyTakesTheRest) {
    const auto from = source(AugmentationSettings());
    BatchStream stream(from, order(24), 2, false, 0, 3);
    EXPECT_NE(stream.next(), nullptr);
}

TEST_F(BatchStreamTest, AugmentedImagesStayWithinTheInputsRange) {
    const auto from = source(AugmentationSettings());
    BatchStream stream(from, order(24), 24, false, 0, 2);
    const auto* batch = stream.next();
    ASSERT_NE(batch, nullptr);
    const auto [low, high] = std::ranges::minmax(batch->inputs);
    EXPECT_GE(low, -2.0001F);  // (0 - 0.5) / 0.25
    EXPECT_LE(high, 2.0001F);
}

TEST_F(BatchStreamTest, RepeatsAGreyImageInEachChannelWithItsOwnMean) {
    auto input = test::training_input();
    input.channels = 3;
    input.mean = {0.5, 0.4, 0.3};
    input.std = {0.25, 0.5, 1};
    test::TemporaryFolder folder;
    auto store = std::move(*TensorStore::open(folder.path(), input));
    const std::vector<float> tensor(store.floats(), 0.1F);
    const std::string key(64, 'a');
    ASSERT_TRUE(store.add(key, {}, tensor));
    ASSERT_TRUE(store.finish());
    const std::vector<TrainingImage> images{{"a", 0, {1, 0}, {}}};
    const BatchSource from{images, store, input, AugmentationSettings(), 1, 0, false};
    std::vector<float> out(store.floats());
    prepare_image(from, 0, out, {});
    for (std::size_t i = 0; i < 32 * 32; ++i) {
        const float grey = out[i] * 0.25F + 0.5F;
        ASSERT_NEAR(out[32 * 32 + i] * 0.5F + 0.4F, grey, 1e-5);
        ASSERT_NEAR(out[2 * 32 * 32 + i] + 0.3F, grey, 1e-5);
    }
}

}  // namespace
}  // namespace hilum::training
