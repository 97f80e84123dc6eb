#include "training/recipe.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/file_system.h"

namespace hilum::training {
namespace {

using testing::HasSubstr;

const std::string package_text = R"(package:
  name: two
  version: 1.0.0
  input: {rows: 64, columns: 64, mean: 0.5, std: 0.25}
  output:
    activation: softmax
    labels: [{name: Normal, abnormal: false}, {name: Pneumonia, abnormal: true}]
)";

std::string problems_of(const std::string& text) {
    std::string words;
    for (const auto& problem : parse_recipe(text, "recipe.yaml").problems) words += problem.text() + "\n";
    return words;
}

TEST(Recipe, NeedsNoMoreThanThePackage) {
    const auto loaded = parse_recipe(package_text, "recipe.yaml");
    EXPECT_EQ(problems_of(package_text), "");
    EXPECT_EQ(loaded.recipe.package.labels.at(1).name, "Pneumonia");
    EXPECT_EQ(loaded.recipe.package.input.rows, 64);
    EXPECT_TRUE(loaded.recipe.fit.loss.exclusive);
    EXPECT_EQ(loaded.recipe.fit.loss.kind, LossKind::cross_entropy);
    EXPECT_FALSE(loaded.recipe.augmentation.mirror);
}

TEST(Recipe, TheExampleSaysWhatIsTrueWithoutIt) {
    const auto text = read_file(HILUM_RECIPE, largest_recipe);
    ASSERT_TRUE(text);
    EXPECT_EQ(problems_of(*text), "");
    const auto told = settings_of(parse_recipe(*text, "recipe.yaml").recipe, "");
    const auto silent = settings_of(parse_recipe(package_text, "recipe.yaml").recipe, "");
    EXPECT_EQ(told, silent);
}

TEST(Recipe, TheExampleHasEveryKey) {
    const auto text = read_file(HILUM_RECIPE, largest_recipe);
    ASSERT_TRUE(text);
    const auto told = settings_of(parse_recipe(*text, "recipe.yaml").recipe, "");
    for (const auto& [section, values] : told.items())
        if (values.is_object()) {
            for (const auto& [key, value] : values.items()) EXPECT_THAT(*text, HasSubstr(key + ":"));
        }
}

TEST(Recipe, TellsEveryProblemWithLineAndKey) {
    const auto words = problems_of(package_text + R"(network: {architecture: resnet}
augmentation: {rotation: 400, blur: 1}
training: {epochs: 0, train_from: block9}
loss: {kind: binary_cross_entropy, weights: [1]}
colour: red
)");
    EXPECT_THAT(words, HasSubstr("recipe.yaml:8: network.architecture: "));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:9: augmentation.rotation: "));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:9: augmentation.blur: "));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:10: training.epochs: "));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:10: training.train_from: 'block9' is no part of "));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:11: loss.kind: must be cross_entropy or focal"));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:11: loss.weights: "));
    EXPECT_THAT(words, HasSubstr("recipe.yaml:12: colour: "));
}

TEST(Recipe, ThePackagesProblemsHaveTheirLinesToo) {
    EXPECT_THAT(problems_of("network: {}\n"), HasSubstr("package: is missing"));
    auto text = package_text;
    text.replace(text.find("rows: 64"), 8, "rows: -4");
    EXPECT_THAT(problems_of(text), HasSubstr("recipe.yaml:4: package.input.rows: "));
    EXPECT_THAT(problems_of(package_text + "  sha256: abc\n"), HasSubstr("recipe.yaml:8: package.sha256: "));
}

TEST(Recipe, IndependentLabelsHaveTheirOwnLoss) {
    auto text = package_text;
    text.replace(text.find("softmax"), 7, "sigmoid");
    EXPECT_EQ(problems_of(text), "");
    EXPECT_EQ(parse_recipe(text, "r").recipe.fit.loss.kind, LossKind::binary_cross_entropy);
    EXPECT_THAT(problems_of(text + "loss: {kind: cross_entropy}\n"), HasSubstr("loss.kind: must be binary"));
    text.replace(text.find("sigmoid"), 7, "none");
    EXPECT_THAT(problems_of(text), HasSubstr("activation must be softmax or sigmoid"));
}

TEST(Recipe, PathsAreTakenFromItsFolder) {
    const auto text = package_text + "network: {initial_weights: weights/body.pt}\n";
    EXPECT_EQ(parse_recipe(text, "/recipes/a.yaml").recipe.network.initial_weights,
              "/recipes/weights/body.pt");
}

TEST(Recipe, RenamesLabels) {
    const auto loaded = parse_recipe(package_text + "rename: {No Finding: Normal}\n", "r");
    EXPECT_TRUE(loaded.problems.empty());
    EXPECT_EQ(loaded.recipe.renamed.at("No Finding"), "Normal");
}

}  // namespace
}  // namespace hilum::training
