#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "base/digest.h"
#include "model/package/model_package.h"
#include "support/temporary_folder.h"

namespace hilum::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string digest(64, 'a');

const std::string complete = R"(name: chest-triage
version: 1.2.0
file: weights/model.pt
sha256: )" + digest + R"(
cleared: true
notice: For trained readers
input:
  rows: 512
  columns: 384
  channels: 3
  intensity: window
  resize: crop
  interpolation: bilinear
  range: [-1024, 1024]
  mean: [0.485, 0.456, 0.406]
  std: 0.25
  precision: auto
accepts:
  modalities: [CR, DX]
  body_parts: CHEST
  views: [PA, AP]
  patient_age: {min: 6m, max: 90y}
output:
  activation: sigmoid
  labels:
    - name: Pneumonia
      code: {value: "233604007", scheme: SCT, meaning: Pneumonia}
      site: {value: "39607008", scheme: SCT, meaning: Lung}
      threshold: 0.62
      abnormal: true
    - name: Support devices
calibration: {method: temperature, value: 1.7, set: validation-2026}
)";

const std::string smallest = R"(name: tiny
version: 1
file: model.pt
sha256: )" + digest + R"(
input: {rows: 8, columns: 8}
output: {activation: softmax, labels: [{name: A}, {name: B}]}
)";

LoadedPackage load(const std::string& yaml) {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "model.yaml") << yaml;
    return read_model_package(folder.path());
}

ModelPackage loaded_without_problems(const std::string& yaml) {
    auto loaded = load(yaml);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    return loaded.package;
}

// "LINE KEY: MESSAGE" of each.
std::vector<std::string> problems_of(const std::string& yaml) {
    std::vector<std::string> all;
    for (const auto& problem : load(yaml).problems)
        all.push_back(fmt::format("{} {}: {}", problem.line, problem.key, problem.message));
    return all;
}

std::string with(const std::string& from, const std::string& to, const std::string& yaml = complete) {
    const auto at = yaml.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return std::string(yaml).replace(at, from.size(), to);
}

TEST(ModelYaml, IsReadCompletely) {
    const auto package = loaded_without_problems(complete);
    EXPECT_EQ(package.name, "chest-triage");
    EXPECT_EQ(package.version, "1.2.0");
    EXPECT_EQ(package.file, package.folder / "weights/model.pt");
    EXPECT_EQ(package.sha256, digest);
    EXPECT_TRUE(package.cleared_for_clinical_use);
    EXPECT_EQ(package.notice, "For trained readers");
    EXPECT_EQ(package.yaml_sha256, sha256_hex(complete));

    const auto& input = package.input;
    EXPECT_EQ(input.rows, 512);
    EXPECT_EQ(input.columns, 384);
    EXPECT_EQ(input.channels, 3);
    EXPECT_EQ(input.intensity, Intensity::window);
    EXPECT_EQ(input.resize, Resize::crop);
    EXPECT_EQ(input.range_low, -1024);
    EXPECT_EQ(input.range_high, 1024);
    EXPECT_THAT(input.mean, ElementsAre(0.485, 0.456, 0.406));
    EXPECT_THAT(input.std, ElementsAre(0.25, 0.25, 0.25));
    EXPECT_EQ(input.precision, Precision::automatic);

    EXPECT_THAT(package.accepts.modalities, ElementsAre("CR", "DX"));
    EXPECT_THAT(package.accepts.body_parts, ElementsAre("CHEST"));
    EXPECT_THAT(package.accepts.views, ElementsAre("PA", "AP"));
    EXPECT_DOUBLE_EQ(package.accepts.min_age_years.value(), 0.5);
    EXPECT_DOUBLE_EQ(package.accepts.max_age_years.value(), 90);

    EXPECT_EQ(package.activation, Activation::sigmoid);
    ASSERT_EQ(package.labels.size(), 2u);
    EXPECT_EQ(package.labels[0].name, "Pneumonia");
    EXPECT_EQ(package.labels[0].code, (Code{"233604007", "SCT", "Pneumonia"}));
    EXPECT_EQ(package.labels[0].site, (Code{"39607008", "SCT", "Lung"}));
    EXPECT_EQ(package.labels[0].threshold, 0.62);
    EXPECT_TRUE(package.labels[0].abnormal);
    EXPECT_EQ(package.labels[1].name, "Support devices");
    EXPECT_TRUE(package.calibrated());
    EXPECT_EQ(package.calibration.value, 1.7);
}

TEST(ModelYaml, HasDefaultsForWhatIsNotNeeded) {
    const auto package = loaded_without_problems(smallest);
    EXPECT_EQ(package.input.channels, 1);
    EXPECT_EQ(package.input.intensity, Intensity::minmax);
    EXPECT_EQ(package.input.resize, Resize::letterbox);
    EXPECT_EQ(package.input.range_low, 0);
    EXPECT_EQ(package.input.range_high, 1);
    EXPECT_THAT(package.input.mean, ElementsAre(0.0));
    EXPECT_THAT(package.input.std, ElementsAre(1.0));
    EXPECT_EQ(package.input.precision, Precision::fp32);
    EXPECT_THAT(package.accepts.modalities, IsEmpty());
    EXPECT_EQ(package.accepts.refused_image_types, default_refused_image_types());
    EXPECT_FALSE(package.accepts.min_age_years);
    EXPECT_EQ(package.labels[0].threshold, 0.5);
    EXPECT_FALSE(package.labels[0].abnormal);
    EXPECT_EQ(package.labels[0].code, Code());
    EXPECT_FALSE(package.calibrated());
}

TEST(ModelYaml, RefusesTheImageTypesThatItNamesInPlaceOfTheDefault) {
    const auto accepts = [](const char* types) {
        return smallest + "accepts:\n  refused_image_types: " + types + "\n";
    };
    EXPECT_THAT(
        loaded_without_problems(accepts("[\"*BONE*\", \"AI_?\", LOCALIZER]")).accepts.refused_image_types,
        ElementsAre("*BONE*", "AI_?", "LOCALIZER"));
    EXPECT_THAT(loaded_without_problems(accepts("[]")).accepts.refused_image_types, IsEmpty());
    for (const char* const types : {"[\"*\"]", "[\"*bone*\"]", "[A_VALUE_TOO_LONG_1]"})
        EXPECT_THAT(problems_of(accepts(types)), ElementsAre(HasSubstr("is not a DICOM code string")))
            << types;
}

TEST(ModelYaml, SaysHowCloseTheBestTwoOfASoftmaxMayCome) {
    const std::string two = "    - name: Normal\n    - name: Pneumonia\n";
    const auto output = [&](const std::string& keys) {
        return smallest.substr(0, smallest.find("output:")) + "output:\n" + keys + "  labels:\n" + two;
    };
    const auto margin = [&](const std::string& keys) {
        return loaded_without_problems(output(keys)).indeterminate_margin;
    };
    EXPECT_EQ(margin("  activation: softmax\n"), 0.1);
    EXPECT_EQ(margin("  activation: softmax\n  indeterminate_margin: 0\n"), 0);
    EXPECT_EQ(margin("  activation: softmax\n  indeterminate_margin: 0.25\n"), 0.25);
    EXPECT_EQ(margin("  activation: sigmoid\n"), 0);
    EXPECT_THAT(problems_of(output("  activation: sigmoid\n  indeterminate_margin: 0.1\n")),
                ElementsAre(HasSubstr("is for softmax")));
    EXPECT_THAT(problems_of(output("  activation: softmax\n  indeterminate_margin: 1.5\n")),
                ElementsAre(HasSubstr("must be from 0 to 1")));
    const std::string named = "    - name: Normal\n    - name: indeterminate\n";
    EXPECT_THAT(problems_of(smallest.substr(0, smallest.find("output:")) +
                            "output:\n  activation: softmax\n  labels:\n" + named),
                ElementsAre(HasSubstr("no class is clearly first")));
}

TEST(ModelYaml, SaysWhichFramesAreRead) {
    EXPECT_EQ(loaded_without_problems(smallest).input.frames, Frames::first);
    const auto reading = [](const std::string& frames) {
        return with("columns: 8", "columns: 8, frames: " + frames, smallest);
    };
    EXPECT_EQ(loaded_without_problems(reading("first")).input.frames, Frames::first);
    EXPECT_EQ(loaded_without_problems(reading("each")).input.frames, Frames::each);
    EXPECT_THAT(problems_of(reading("3")), ElementsAre(HasSubstr("5 input.frames: is '3'")));
}

TEST(ModelYaml, SaysWhatTheModelSeesUnderADisplayShutter) {
    EXPECT_EQ(loaded_without_problems(smallest).input.shutter, Shutter::as_stored);
    const auto seeing = [](const std::string& shutter) {
        return with("columns: 8", "columns: 8, shutter: " + shutter, smallest);
    };
    EXPECT_EQ(loaded_without_problems(seeing("as_stored")).input.shutter, Shutter::as_stored);
    EXPECT_EQ(loaded_without_problems(seeing("black")).input.shutter, Shutter::black);
    EXPECT_THAT(problems_of(seeing("white")), ElementsAre(HasSubstr("5 input.shutter: is 'white'")));
}

TEST(ModelYaml, NeverLeavesAModelThatNobodyClearedWithoutANotice) {
    const auto package = loaded_without_problems(smallest);
    EXPECT_FALSE(package.cleared_for_clinical_use);
    EXPECT_EQ(package.notice, "Not cleared for clinical use");
    EXPECT_EQ(loaded_without_problems("cleared: true\n" + smallest).notice, "");
    EXPECT_THAT(problems_of("notice: ''\n" + smallest),
                ElementsAre(HasSubstr("1 notice: must have 1 to 64")));
}

TEST(ModelYaml, TakesADigestInCapitals) {
    EXPECT_EQ(loaded_without_problems(with(digest, std::string(64, 'A'))).sha256, digest);
}

TEST(ModelYaml, NamesEveryMissingKey) {
    EXPECT_THAT(problems_of("cleared: false\n"),
                UnorderedElementsAre("1 name: is missing", "1 version: is missing", "1 file: is missing",
                                     "1 sha256: is missing", "1 input: is missing", "1 output: is missing"));
    EXPECT_THAT(
        problems_of(with("{activation: softmax, labels: [{name: A}, {name: B}]}", "{labels: [{name: A}]}",
                         with("{rows: 8, columns: 8}", "{channels: 1}", smallest))),
        UnorderedElementsAre("5 input.rows: is missing", "5 input.columns: is missing",
                             "6 output.activation: is missing", HasSubstr("6 output.labels: must list 2")));
}

TEST(ModelYaml, ReportsAllProblemsAtOnceWithLineAndKey) {
    const auto yaml = with(
        "rows: 512", "rows: 0",
        with("Pneumonia\n", "Pneumonia\n      color: red\n", with("resize: crop", "resize: zoom", complete)));
    EXPECT_THAT(problems_of(yaml),
                ElementsAre("8 input.rows: is 0, must be from 1 to 4096",
                            "12 input.resize: is 'zoom', must be one of: letterbox, stretch, crop",
                            "27 output.labels[0].color: is not a key that Hilum knows"));
}

struct Mistake {
    const char* from;
    const char* to;
    const char* problem;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
    *out << mistake.problem;
}

class ModelYamlMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ModelYamlMistake, IsReportedOnceWithLineAndKey) {
    EXPECT_THAT(problems_of(with(GetParam().from, GetParam().to)),
                ElementsAre(HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ModelYamlMistake,
    testing::Values(
        Mistake{"cleared:", "clear:", "5 clear: is not a key"},
        Mistake{"name: chest-triage", "name: a\\b", "1 name: must have 1 to 64 characters"},
        Mistake{"weights/model.pt", "../model.pt", "3 file: must name a file within"},
        Mistake{"weights/model.pt", "weights/../../model.pt", "3 file: must name a file within"},
        Mistake{"weights/model.pt", "/etc/passwd", "3 file: must name a file within"},
        Mistake{"weights/model.pt", "weights/", "3 file: must name a file within"},
        Mistake{"aaaa\n", "aaag\n", "4 sha256: must be 64 hexadecimal digits"},
        Mistake{"cleared: true", "cleared: perhaps", "5 cleared: must be true or false"},
        Mistake{"rows: 512", "rows: many", "8 input.rows: must be a whole number"},
        Mistake{"columns: 384", "columns: 5000", "9 input.columns: is 5000"},
        Mistake{"intensity: window", "intensity: histogram", "11 input.intensity: is 'histogram'"},
        Mistake{"interpolation: bilinear", "interpolation: cubic", "13 input.interpolation: is 'cubic'"},
        Mistake{"[-1024, 1024]", "[1, 1]", "14 input.range: must be two different numbers"},
        Mistake{"[-1024, 1024]", "5", "14 input.range: must be two different numbers"},
        Mistake{"[0.485, 0.456, 0.406]", "[0.485, 0.456]", "15 input.mean: has 2 values"},
        Mistake{"[0.485, 0.456, 0.406]", "[0.485, .nan, 0.406]", "15 input.mean: must hold finite numbers"},
        Mistake{"std: 0.25", "std: 0", "16 input.std: must be larger than 0"},
        Mistake{"precision: auto", "precision: int8", "17 input.precision: is 'int8'"},
        Mistake{"[CR, DX]", "[CR, dx]", "19 accepts.modalities: 'dx' is not a DICOM code string"},
        Mistake{"6m", "6", "22 accepts.patient_age.min: must be an age"},
        Mistake{"[CR, DX]", "", "19 accepts.modalities: is empty"},
        Mistake{"6m", "", "22 accepts.patient_age.min: is empty"},
        Mistake{"90y", "1m", "22 accepts.patient_age.max: must not be lower than min"},
        Mistake{"activation: sigmoid", "activation: relu", "24 output.activation: is 'relu'"},
        Mistake{"name: Support devices", "name: Pneumonia", "31 output.labels[1].name: another label"},
        Mistake{"name: Support devices", "name: no finding", "31 output.labels[1].name: is what Hilum says"},
        Mistake{", scheme: SCT, meaning: Pneumonia", ", meaning: Pneumonia",
                "27 output.labels[0].code.scheme: is missing"},
        Mistake{"{value: \"39607008\", scheme: SCT, meaning: Lung}", "lung",
                "28 output.labels[0].site: must be a mapping"},
        Mistake{"threshold: 0.62", "threshold: 62", "29 output.labels[0].threshold: is 62"},
        Mistake{"method: temperature", "method: guesswork", "32 calibration.method: is 'guesswork'"},
        Mistake{"value: 1.7", "value: 0", "32 calibration.value: is 0"},
        Mistake{"activation: sigmoid", "activation: none",
                "32 calibration.method: temperature divides logits"}));

TEST(ModelYaml, NeedsAsManyChannelsAsAGreyImageCanFill) {
    EXPECT_THAT(problems_of(with("columns: 8", "columns: 8, channels: 2", smallest)),
                ElementsAre("5 input.channels: must be 1 or 3"));
}

TEST(ModelYaml, IsNamedWhenItIsMissingOrNoYaml) {
    const auto missing = read_model_package("/nonexistent-package");
    ASSERT_EQ(missing.problems.size(), 1u);
    EXPECT_THAT(missing.problems[0].text(), HasSubstr("/nonexistent-package/model.yaml"));
    EXPECT_THAT(problems_of("name: [unclosed\n"), ElementsAre(HasSubstr("not valid YAML")));
    EXPECT_THAT(problems_of("- a list\n"), ElementsAre(HasSubstr("must be a mapping")));
}

}  // namespace
}  // namespace hilum::model
