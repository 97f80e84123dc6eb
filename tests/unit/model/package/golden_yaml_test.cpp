#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "model/package/model_package.h"
#include "support/temporary_folder.h"

namespace hilum::model {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GoldenYaml : public testing::Test {
  protected:
    GoldenYaml() {
        std::ofstream(folder / "model.yaml")
            << "name: test\nversion: 1\nfile: model.pt\nsha256: " << std::string(64, 'a')
            << "\ninput: {rows: 4, columns: 4}\noutput: {activation: softmax, labels: [{name: Dark}, {name: "
               "Bright}]}\n";
        std::filesystem::create_directory(folder / "golden");
        std::ofstream(folder / "golden/1.dcm") << "an image";
        std::ofstream(folder / "golden/2.png") << "another";
    }
    LoadedPackage read(const std::string& yaml) {
        std::ofstream(folder / "golden.yaml") << yaml;
        return read_model_package(folder.path());
    }
    std::vector<std::string> problems(const std::string& yaml) {
        std::vector<std::string> texts;
        for (const auto& problem : read(yaml).problems) texts.push_back(problem.text());
        return texts;
    }
    std::string at(int line) { return fmt::format("{}:{}: ", (folder / "golden.yaml").string(), line); }

    test::TemporaryFolder folder;
};

TEST_F(GoldenYaml, IsNotNeeded) {
    const auto loaded = read_model_package(folder.path());
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_THAT(loaded.package.golden, IsEmpty());
}

TEST_F(GoldenYaml, IsReadCompletely) {
    const auto loaded = read(
        "- {input: golden/1.dcm, outputs: [-1.5, 2], tolerance: 0.01}\n"
        "- input: golden/2.png\n"
        "  outputs: [3, 4]\n");
    ASSERT_THAT(loaded.problems, IsEmpty());
    ASSERT_EQ(loaded.package.golden.size(), 2u);
    EXPECT_EQ(loaded.package.golden[0].input, "golden/1.dcm");
    EXPECT_THAT(loaded.package.golden[0].outputs, ElementsAre(-1.5, 2));
    EXPECT_EQ(loaded.package.golden[0].tolerance, 0.01);
    EXPECT_EQ(loaded.package.golden[1].tolerance, 1e-3);
}

TEST_F(GoldenYaml, NamesEveryMistakeWithItsLine) {
    EXPECT_THAT(
        problems("- {input: golden/3.dcm, outputs: [1, 2]}\n"
                 "- {input: ../1.dcm, outputs: [1]}\n"
                 "- {input: golden/1.dcm, outputs: [1, .nan], tolerance: -1}\n"
                 "- {outputs: [1, 2], within: 0.1}\n"),
        ElementsAre(at(1) + "[0].input: golden/3.dcm is not there",
                    at(2) + "[1].input: must name a file within the package's folder",
                    at(2) + "[1].outputs: has 1 values, must have one for each of the 2 labels",
                    at(3) + "[2].outputs: must hold finite numbers",
                    AllOf(HasSubstr(at(3) + "[2].tolerance"), HasSubstr("0 to")),
                    at(4) + "[3].input: is missing", at(4) + "[3].within: is not a key that Hilum knows"));
}

TEST_F(GoldenYaml, HasNoMoreCasesThanAreRun) {
    std::string yaml;
    for (std::size_t i = 0; i <= most_golden_cases; ++i) yaml += "- {input: golden/1.dcm, outputs: [1, 2]}\n";
    EXPECT_THAT(problems(yaml), ElementsAre(HasSubstr("has 33 cases; at most 32 are run")));
}

ModelPackage two_labels() {
    ModelPackage package;
    package.labels = {{"Dark", {}, {}, 0.5, false}, {"Bright", {}, {}, 0.5, false}};
    return package;
}

TEST(CompareGolden, AcceptsOutputsWithinTheTolerance) {
    const GoldenCase expected{"1.dcm", {-10.0, 2.0}, 0.5};
    EXPECT_TRUE(compare_golden(two_labels(), expected, {-10.4F, 2.4F}));
}

TEST(CompareGolden, NamesTheOutputThatIsFurthestOff) {
    const GoldenCase expected{"1.dcm", {-10.0, 2.0}, 0.5};
    const auto compared = compare_golden(two_labels(), expected, {-10.75F, 3.0F});
    ASSERT_FALSE(compared);
    EXPECT_EQ(compared.error().code, "golden_mismatch");
    EXPECT_EQ(compared.error().message, "golden case 1.dcm: output Bright is 3, expected 2 within 0.5");
}

TEST(CompareGolden, AllowsForTheRoundingOfHalfPrecision) {
    const GoldenCase expected{"1.dcm", {-10.0, 2.0}, 0.001};
    EXPECT_FALSE(compare_golden(two_labels(), expected, {-10.1F, 2.0F}));
    EXPECT_TRUE(compare_golden(two_labels(), expected, {-10.1F, 2.0F}, 0.02)) << "of the largest, 10: 0.2";
    EXPECT_FALSE(compare_golden(two_labels(), expected, {-10.3F, 2.0F}, 0.02));
}

TEST(CompareGolden, RefusesAnotherNumberOfOutputs) {
    EXPECT_EQ(compare_golden(two_labels(), {"1.dcm", {1.0, 2.0}, 1}, {1.0F}).error().code, "golden_mismatch");
}

}  // namespace
}  // namespace hilum::model
