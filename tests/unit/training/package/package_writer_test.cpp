#include "training/package/package_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/file_system.h"
#include "made_model.h"
#include "support/temporary_folder.h"

namespace hilum::training {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class WritePackage : public testing::Test {
  protected:
    static std::string text_of(const fs::path& file) { return read_file(file, 1 << 20).value(); }

    // Nothing in its place, and nothing half-made beside it.
    void expect_nothing_written() const { EXPECT_TRUE(fs::is_empty(temporary_.path())); }

    test::TemporaryFolder temporary_, elsewhere_;
    fs::path folder_ = temporary_.path() / "package";
};

TEST_F(WritePackage, GivesWhatANodeReads) {
    auto model = made_model();
    std::ofstream(elsewhere_.path() / "Meier Anna.dcm") << "DICM";
    std::ofstream(elsewhere_.path() / "film") << "\x89PNG...";
    model.golden = {{elsewhere_.path() / "Meier Anna.dcm", {1.5, -1.5}},
                    {elsewhere_.path() / "film", {0.5, 0.25}}};
    const auto status = write_package(model, folder_);
    ASSERT_TRUE(status) << status.error().message;
    const auto loaded = model::read_model_package(folder_);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_TRUE(model::verify_weights(loaded.package));
    EXPECT_EQ(loaded.package.notice, default_notice);
    EXPECT_FALSE(loaded.package.cleared_for_clinical_use);
    ASSERT_EQ(loaded.package.golden.size(), 2U);
    EXPECT_EQ(loaded.package.golden[0].input, "golden/1.dcm") << "a file's name may be a patient's";
    EXPECT_EQ(loaded.package.golden[1].input, "golden/2.png");
    EXPECT_EQ(loaded.package.golden[0].outputs, (std::vector<double>{1.5, -1.5}));
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    EXPECT_THAT(names, testing::UnorderedElementsAre("model.pt", "model.yaml", "golden", "golden.yaml",
                                                     "metrics.json", "MODEL_CARD.md", "curves.svg"));
}

TEST_F(WritePackage, NothingIsThereAfterAnError) {
    auto model = made_model();
    model.golden = {{elsewhere_.path() / "nothing.dcm", {1, 2}}};
    EXPECT_EQ(write_package(model, folder_).error().code, "unreadable");
    expect_nothing_written();

    model = made_model();
    model.package.labels[1].name = "Normal";
    const auto twice = write_package(model, folder_);
    EXPECT_EQ(twice.error().code, "configuration");
    EXPECT_THAT(twice.error().message, HasSubstr("another label has this name too"));
    expect_nothing_written();

    model = made_model();
    std::ofstream(elsewhere_.path() / "one.dcm") << "DICM";
    model.golden = {{elsewhere_.path() / "one.dcm", {1, 2, 3}}};
    EXPECT_THAT(write_package(model, folder_).error().message, HasSubstr("one for each of the 2 labels"));
    expect_nothing_written();
}

TEST_F(WritePackage, WhatIsThereStays) {
    fs::create_directory(folder_);
    std::ofstream(folder_ / "letter.txt") << "dear";
    EXPECT_EQ(write_package(made_model(), folder_).error().code, "exists");
    EXPECT_EQ(text_of(folder_ / "letter.txt"), "dear");
}

TEST_F(WritePackage, MetricsAreThoseThatWereHandedIn) {
    auto model = made_model();
    model.unread = {{"undecodable", 2}};
    evaluation::Figures figures;
    figures.cases = 20;
    figures.patients = 10;
    figures.labels.emplace_back();
    figures.labels[0].label = "Pneumonia";
    figures.labels[0].counts = {
        .true_positive = 4, .false_positive = 1, .true_negative = 14, .false_negative = 1};
    figures.labels[0].area = statistics::Estimate{0.9, {0.8, 0.97}};
    model.figures = {{"south/test", true, figures}};
    ASSERT_TRUE(write_package(model, folder_));
    const auto metrics = nlohmann::json::parse(text_of(folder_ / "metrics.json"));
    EXPECT_EQ(metrics["weights_sha256"], sha256_hex("bytes"));
    EXPECT_EQ(metrics["best_epoch"], 2);
    EXPECT_EQ(metrics["epochs"][1]["validation_area"], 0.8);
    EXPECT_EQ(metrics["data"]["splits"]["training"]["label"]["Pneumonia"], 10);
    EXPECT_EQ(metrics["data"]["unread"]["undecodable"], 2);
    EXPECT_EQ(metrics["figures"][0]["set"], "south/test");
    EXPECT_EQ(metrics["figures"][0]["external"], true);
    EXPECT_EQ(metrics["recipe"][1], (nlohmann::json{"seed", "1"}));
    const auto card = text_of(folder_ / "MODEL_CARD.md");
    EXPECT_THAT(card, HasSubstr("### south/test (external)"));
    EXPECT_THAT(card, HasSubstr("| Pneumonia | 5 | 0.900 (0.800 to 0.970) |"));
    EXPECT_THAT(card, HasSubstr("not read in training: undecodable | 2 |"));
    EXPECT_THAT(card, testing::Not(HasSubstr("No figures of another hospital")));
}

TEST_F(WritePackage, TheCardTellsTheDataByWhatTheyAre) {
    auto model = made_model();
    model.data.folder = elsewhere_.path();
    std::ofstream(elsewhere_.path() / "dataset.json")
        << R"({"flow": {"found": 70, "labelled": 66, "read": 62, "kept": 60, "excluded": {"no_label": 4}}})";
    ASSERT_TRUE(write_package(model, folder_));
    const auto card = text_of(folder_ / "MODEL_CARD.md");
    EXPECT_THAT(card, HasSubstr("| files found | 70 |"));
    EXPECT_THAT(card, HasSubstr("| left out: no\\_label | 4 |"));
    EXPECT_THAT(card, HasSubstr("| images | 40 | 20 |\n| patients | 20 | 10 |"));
    EXPECT_THAT(card, HasSubstr("| Pneumonia | 10 | 5 |"));
    EXPECT_THAT(card, HasSubstr("| A\\|B \\<b\\> | 40 | 20 |")) << "a header's text is no markup";
    EXPECT_THAT(card, HasSubstr("Pneumonia was learned from 10 images only."));
    EXPECT_THAT(card, HasSubstr("The sex of 14 training images is not known."));
    EXPECT_THAT(card, HasSubstr("All training images are of one site"));
    EXPECT_THAT(
        card,
        HasSubstr("The weights are those of epoch 2 of 2: training loss 0.5000, validation loss 0.5500"));
    EXPECT_THAT(card, HasSubstr("Nobody has stated one"));
    EXPECT_THAT(card, testing::Not(HasSubstr(elsewhere_.path().string()))) << "paths are nobody's business";
}

TEST_F(WritePackage, ADatasetsSummaryThatIsDamagedIsNoReasonToLoseATraining) {
    auto model = made_model();
    model.data.folder = elsewhere_.path();
    for (const std::string text :
         {"", "{", "[1]", R"({"flow": 3})", R"({"flow": {"found": "x", "excluded": [1]}})"}) {
        std::ofstream(elsewhere_.path() / "dataset.json") << text;
        ASSERT_TRUE(write_package(model, folder_)) << text;
        fs::remove_all(folder_);
    }
}

TEST_F(WritePackage, AModelWithoutEpochsOrImagesIsWrittenToo) {
    auto model = made_model();
    model.epochs.clear();
    model.data.images.clear();
    ASSERT_TRUE(write_package(model, folder_));
    EXPECT_FALSE(fs::exists(folder_ / "curves.svg"));
    EXPECT_THAT(text_of(folder_ / "MODEL_CARD.md"), testing::Not(HasSubstr("curves.svg")));
}

}  // namespace
}  // namespace hilum::training
