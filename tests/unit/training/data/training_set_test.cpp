#include "training/data/training_set.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_folder.h"
#include "unit/training/training_images.h"

namespace hilum::training {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A dataset whose tensors are in the store already, so that no decoder is needed.
class PrepareTrainingSet : public testing::Test {
  protected:
    PrepareTrainingSet() {
        dataset::Manifest manifest{folder_.path(), {}};
        for (int i = 0; i < 8; ++i)
            manifest.images.push_back({.file = name_of_image(i),
                                       .patient = std::to_string(i),
                                       .split = i < 6 ? dataset::Split::training : dataset::Split::validation,
                                       .labels = {i % 2 == 0 ? "Normal" : "Pneumonia"},
                                       .pixels = pixels_of(i)});
        EXPECT_TRUE(dataset::write_manifest(manifest));
        for (int i = 0; i < 8; ++i)
            if (i != late_) make_image(i);
    }

    static std::string name_of_image(int i) { return std::to_string(i) + ".dcm"; }
    static std::string pixels_of(int i) { return sha256_hex(std::to_string(i)); }

    void make_image(int i) {
        const auto file = folder_ / name_of_image(i);
        std::ofstream(file) << "image " << i;
        const std::vector<float> tensor(store_.floats(), static_cast<float>(i));
        EXPECT_TRUE(store_.add(tensor_key(pixels_of(i), file).value(), {}, tensor));
    }

    TrainingSet prepared(std::vector<UnreadImage> left_out = {}) {
        SetWishes wishes;
        wishes.labels = {"Normal", "Pneumonia"};
        wishes.left_out = std::move(left_out);
        auto set = prepare_training_set(folder_.path(), wishes, test::training_input(), store_,
                                        [](std::size_t, std::size_t) {});
        EXPECT_TRUE(set) << set.error().message;
        return set.value_or(TrainingSet());
    }

    static constexpr int late_ = 3;
    test::TemporaryFolder folder_;
    TensorStore store_{*TensorStore::open(folder_.path(), test::training_input())};
};

TEST_F(PrepareTrainingSet, GoesOnWithoutAnImageThatHasBecomeReadable) {
    const auto begun = prepared();
    ASSERT_EQ(begun.unread.size(), 1U);
    EXPECT_EQ(begun.unread.front().file, "3.dcm");
    EXPECT_THAT(begun.readable_now, IsEmpty());
    make_image(late_);
    const auto gone_on = prepared(begun.unread);
    EXPECT_EQ(gone_on.digest, begun.digest);
    EXPECT_EQ(gone_on.training.size(), 5U);
    EXPECT_EQ(gone_on.images, 8U);
    EXPECT_THAT(gone_on.readable_now, ElementsAre("3.dcm"));
    ASSERT_EQ(gone_on.unread.size(), 1U);
    EXPECT_EQ(gone_on.unread.front().words, begun.unread.front().words);
    const auto anew = prepared();
    EXPECT_NE(anew.digest, begun.digest);
    EXPECT_EQ(anew.training.size(), 6U);
    EXPECT_THAT(anew.unread, IsEmpty());
}

TEST_F(PrepareTrainingSet, TellsOfAnImageThatStaysUnreadableAsWhenTheTrainingBegan) {
    const auto set = prepared({{"3.dcm", "timeout", "the decoder did not answer"}, {"no image.dcm", "", ""}});
    EXPECT_THAT(set.readable_now, IsEmpty());
    ASSERT_EQ(set.unread.size(), 1U);
    EXPECT_EQ(set.unread.front().reason, "timeout");
}

// Without it, it would be another training, which the digest tells.
TEST_F(PrepareTrainingSet, DoesNotHideAnImageThatHasBecomeUnreadable) {
    make_image(late_);
    const auto begun = prepared();
    std::filesystem::remove(folder_ / "5.dcm");
    const auto gone_on = prepared(begun.unread);
    EXPECT_NE(gone_on.digest, begun.digest);
    ASSERT_EQ(gone_on.unread.size(), 1U);
    EXPECT_EQ(gone_on.unread.front().file, "5.dcm");
}

}  // namespace
}  // namespace hilum::training
