#include "training/fit/checkpoint.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/file_system.h"
#include "support/temporary_folder.h"

namespace hilum::training {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Checkpoint example() {
    Checkpoint checkpoint;
    checkpoint.head = {{"epoch", 3}, {"loss", 0.1}};
    checkpoint.groups["weights"] = {{"a", torch::randn({2, 3})}, {"count", torch::tensor(7, torch::kLong)}};
    checkpoint.groups["average"] = {{"a", torch::randn({2, 3}).t()}};  // not contiguous
    checkpoint.optimizer = std::string("\0bytes\xff", 7);
    return checkpoint;
}

class CheckpointTest : public testing::Test {
  protected:
    fs::path file() const { return folder_ / "checkpoint.bin"; }
    std::string bytes() const { return *read_file(file(), 1 << 20); }
    void put(const std::string& bytes) { std::ofstream(file(), std::ios::binary) << bytes; }

    test::TemporaryFolder folder_;
};

TEST_F(CheckpointTest, ReadsWhatItWrites) {
    const auto written = example();
    ASSERT_TRUE(write_checkpoint(written, file()));
    const auto read = read_checkpoint(file());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->head, written.head);
    EXPECT_EQ(read->optimizer, written.optimizer);
    for (const auto& [group, tensors] : written.groups)
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            EXPECT_EQ(read->groups.at(group)[i].first, tensors[i].first);
            EXPECT_TRUE(read->groups.at(group)[i].second.equal(tensors[i].second));
        }
}

TEST_F(CheckpointTest, RefusesWhatWasCutOffAnywhereOrChanged) {
    ASSERT_TRUE(write_checkpoint(example(), file()));
    const auto whole = bytes();
    for (std::size_t length = 0; length < whole.size(); length += 7) {
        put(whole.substr(0, length));
        EXPECT_EQ(read_checkpoint(file()).error().code, "checkpoint");
    }
    auto changed = whole;
    changed[whole.size() / 2] ^= 1;
    put(changed);
    EXPECT_THAT(read_checkpoint(file()).error().message, HasSubstr("cut off or changed"));
    fs::remove(file());
    EXPECT_EQ(read_checkpoint(file()).error().code, "unreadable");
}

TEST_F(CheckpointTest, KeepsTheFormerOneWhereTheNewOneCannotBeWritten) {
    ASSERT_TRUE(write_checkpoint(example(), file()));
    const auto before = bytes();
    fs::create_directory(file().string() + ".tmp");  // in the way
    EXPECT_FALSE(write_checkpoint(example(), file()));
    EXPECT_EQ(bytes(), before);
}

TEST_F(CheckpointTest, TensorsOfAnotherShapeOrNameDoNotFit) {
    const NamedTensors wanted{{"a", torch::zeros({2, 3})}};
    EXPECT_TRUE(fit_together({{"a", torch::ones({2, 3})}}, wanted));
    EXPECT_FALSE(fit_together({{"a", torch::ones({3, 2})}}, wanted));
    EXPECT_FALSE(fit_together({{"b", torch::ones({2, 3})}}, wanted));
    EXPECT_FALSE(fit_together({{"a", torch::ones({2, 3}, torch::kLong)}}, wanted));
    EXPECT_FALSE(fit_together({}, wanted));
}

TEST(Differences, NamesEveryKeyThatDiffers) {
    const nlohmann::json was{{"training", {{"seed", 1}, {"epochs", 3}}}, {"gone", true}};
    const nlohmann::json wanted{{"training", {{"seed", 2}, {"epochs", 3}}}, {"fresh", "x"}};
    EXPECT_EQ(differences(was, was), "");
    const auto words = differences(wanted, was);
    EXPECT_THAT(words, HasSubstr("training.seed is 2 and was 1"));
    EXPECT_THAT(words, HasSubstr("gone is null and was true"));
    EXPECT_THAT(words, HasSubstr("fresh is \"x\" and was null"));
    EXPECT_THAT(words, testing::Not(HasSubstr("epochs")));
}

}  // namespace
}  // namespace hilum::training
