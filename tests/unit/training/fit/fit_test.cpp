#include "training/fit/fit.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/temporary_folder.h"
#include "training/fit/checkpoint.h"
#include "training/fit/weight_average.h"
#include "training/network/executor.h"
#include "unit/training/training_images.h"

namespace hilum::training {
namespace {

using testing::HasSubstr;

class FitTest : public testing::Test {
  protected:
    FitTest() {
        at::set_num_threads(1);
        use_reproducible_executor();
        fit_.epochs = 3;
        fit_.batch_size = 8;  // 3 steps an epoch
        fit_.seed = 4;
        fit_.weight_average = 0.9;
        fit_.optimizer.learning_rate = 3e-3;
        machine_.device = "cpu";
        machine_.checkpoint_minutes = 1000;
        network_.architecture = "densenet-small";
        network_.outputs = 2;
        network_.dense_width = 8;
        network_.dropout = 0.3;
        listener_.step = [this](int, std::size_t, std::size_t) { stop_ = ++steps_ == stop_after_; };
        listener_.epoch = [](const std::vector<EpochFigures>&) -> Status { return {}; };
        listener_.note = [this](const std::string& note) { notes_ += note + "\n"; };
        listener_.stop = &stop_;
    }

    FitTask task(bool resume) {
        return {images_.set,
                images_.store,
                test::training_input(),
                augmentation_,
                Balance::none,
                fit_,
                machine_,
                network_,
                {{"seed", fit_.seed}},
                folder_ / "checkpoint.bin",
                resume};
    }
    torch::jit::Module fresh() {
        torch::manual_seed(fit_.seed);
        return std::move(*make_network(network_));
    }
    Result<Fitted> run(torch::jit::Module& network, bool resume = false, int stop_after = 0) {
        steps_ = 0;
        stop_ = false;
        stop_after_ = stop_after;
        return fit(network, task(resume), listener_);
    }

    test::TemporaryFolder folder_;
    test::TrainingImages images_{folder_.path()};
    AugmentationSettings augmentation_;
    FitSettings fit_;
    MachineSettings machine_;
    NetworkSettings network_;
    FitListener listener_;
    std::string notes_;
    std::atomic<bool> stop_ = false;
    int steps_ = 0, stop_after_ = 0;
};

void expect_equal(const torch::jit::Module& one, const torch::jit::Module& other) {
    const auto first = tensors_of(one), second = tensors_of(other);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i)
        EXPECT_TRUE(first[i].second.equal(second[i].second)) << first[i].first;
}

TEST_F(FitTest, LearnsWhatCanBeLearned) {
    fit_.epochs = 12;
    augmentation_ = AugmentationSettings::none();
    auto network = fresh();
    const auto fitted = run(network);
    ASSERT_TRUE(fitted) << fitted.error().message;
    EXPECT_GT(fitted->history.at(static_cast<std::size_t>(fitted->best_epoch) - 1).auc, 0.95);
    EXPECT_LT(fitted->history.back().training_loss, fitted->history.front().training_loss);
}

TEST_F(FitTest, TheSameSeedGivesTheSameWeights) {
    auto first = fresh(), second = fresh();
    ASSERT_TRUE(run(first));
    machine_.data_workers = 5;
    ASSERT_TRUE(run(second));
    expect_equal(first, second);
    fit_.seed = 5;
    auto third = fresh();
    ASSERT_TRUE(run(third));
    EXPECT_FALSE(tensors_of(first)[0].second.equal(tensors_of(third)[0].second));
}

TEST_F(FitTest, GoesOnAfterAnyStepAsIfNothingHadBeen) {
    for (const auto kind : {OptimizerKind::adamw, OptimizerKind::sgd}) {
        fit_.optimizer.kind = kind;
        fit_.freeze_epochs = 1;
        auto undisturbed = fresh();
        const auto expected = run(undisturbed);
        ASSERT_TRUE(expected);
        for (int after = 1; after <= 9; ++after) {
            auto network = fresh();
            const auto stopped = run(network, false, after);
            ASSERT_FALSE(stopped);
            ASSERT_EQ(stopped.error().code, "stopped");
            auto resumed = fresh();
            const auto fitted = run(resumed, true);
            ASSERT_TRUE(fitted) << fitted.error().message;
            expect_equal(undisturbed, resumed);
            EXPECT_EQ(history_csv(fitted->history), history_csv(expected->history)) << after;
        }
    }
}

TEST_F(FitTest, ACheckpointTellsWhichImagesItsTrainingLeftOut) {
    EXPECT_TRUE(left_out_by(folder_ / "checkpoint.bin")->empty());
    images_.set.unread = {{"a.dcm", "timeout", "the decoder did not answer"}};
    auto network = fresh();
    ASSERT_FALSE(run(network, false, 1));
    const auto left_out = left_out_by(folder_ / "checkpoint.bin");
    ASSERT_TRUE(left_out) << left_out.error().message;
    ASSERT_EQ(left_out->size(), 1U);
    EXPECT_EQ(left_out->front().file, "a.dcm");
    EXPECT_EQ(left_out->front().reason, "timeout");
    EXPECT_EQ(left_out->front().words, "the decoder did not answer");
    // What has become unreadable since is named where it makes another training of it.
    images_.set.unread.push_back({"b.dcm", "unreadable", "cannot open the file"});
    images_.set.digest = sha256_hex("fewer images");
    auto resumed = fresh();
    const auto refused = run(resumed, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "checkpoint");
    EXPECT_THAT(refused.error().message,
                HasSubstr("on other images or labels; 1 cannot be read now that it did not leave out, the "
                          "first: b.dcm: cannot open the file"));
}

TEST_F(FitTest, AFrozenBodyKeepsItsWeightsAndStatistics) {
    fit_.freeze_epochs = 1;
    fit_.epochs = 2;
    fit_.weight_average = 0;
    fit_.keep_best = false;
    const auto start = copies_of(tensors_of(fresh()));
    auto network = fresh();
    run(network, false, 3);
    const auto after = tensors_of(network);
    bool head_moved = false;
    for (std::size_t i = 0; i < start.size(); ++i) {
        const bool same = start[i].second.equal(after[i].second);
        const auto& name = start[i].first;
        if (name.find("classifier") == std::string::npos && !name.starts_with("dense.")) {
            EXPECT_TRUE(same) << start[i].first;
        } else {
            head_moved = head_moved || !same;
        }
    }
    EXPECT_TRUE(head_moved);
}

TEST_F(FitTest, StopsInWordsWhereTheLossIsNoNumberAndKeepsTheLastGoodCheckpoint) {
    fit_.epochs = 40;
    fit_.optimizer.kind = OptimizerKind::sgd;
    fit_.schedule.warm_up = 0;
    fit_.schedule.kind = ScheduleKind::constant;
    auto network = fresh();
    run(network, false, 4);  // a step of the second epoch with a sound rate
    const auto good = read_checkpoint(folder_ / "checkpoint.bin");
    ASSERT_TRUE(good);
    fit_.optimizer.learning_rate = 1e30;
    auto wild = fresh();
    const auto fitted = run(wild, true);
    ASSERT_FALSE(fitted);
    EXPECT_EQ(fitted.error().code, "diverged");
    EXPECT_THAT(fitted.error().message, HasSubstr("of epoch 2"));
    EXPECT_THAT(fitted.error().message, HasSubstr("learning_rate"));
    const auto kept = read_checkpoint(folder_ / "checkpoint.bin");
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->head, good->head);
}

TEST_F(FitTest, RefusesACheckpointOfAnotherTraining) {
    auto network = fresh();
    run(network, false, 1);
    fit_.seed = 9;
    EXPECT_THAT(run(network, true).error().message, HasSubstr("seed is 9 and was 4"));
    fit_.seed = 4;
    images_.set.digest = "other";
    EXPECT_THAT(run(network, true).error().message, HasSubstr("other images or labels"));
    images_.set.digest = sha256_hex("training images");
    network_.dense_width = 16;
    auto wider = fresh();
    EXPECT_EQ(run(wider, true).error().code, "other_network");
    network_.dense_width = 8;
    auto same = fresh();
    EXPECT_TRUE(run(same, true));
}

TEST_F(FitTest, EndsEarlyWhereValidationGetsNoBetter) {
    fit_.epochs = 30;
    fit_.patience = 2;
    fit_.optimizer.learning_rate = 1e-9;
    fit_.weight_average = 0;
    for (auto& image : images_.set.validation)
        image.place = images_.set.validation.front().place;  // all alike
    auto network = fresh();
    const auto fitted = run(network);
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->history.size(), 3u);
    EXPECT_EQ(fitted->best_epoch, 1);
    EXPECT_THAT(notes_, HasSubstr("without a better one"));
    EXPECT_THAT(notes_, HasSubstr("every validation image the same answer"));
}

TEST_F(FitTest, TakesFewerImagesThanABatch) {
    fit_.batch_size = 100;
    fit_.epochs = 1;
    auto network = fresh();
    const auto fitted = run(network);
    ASSERT_TRUE(fitted);
    EXPECT_EQ(steps_, 1);
}

TEST(Device, NamesWhatIsThere) {
    EXPECT_EQ(*resolved_device("cpu"), "cpu");
    EXPECT_EQ(resolved_device("cuda:99").error().code, "device");
    EXPECT_EQ(resolved_device("tpu").error().code, "device");
}

}  // namespace
}  // namespace hilum::training
