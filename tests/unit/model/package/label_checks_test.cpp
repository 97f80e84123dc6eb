#include "model/package/label_checks.h"

#include <gmock/gmock.h>

namespace hilum::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LoadedPackage with_labels(const std::string& labels) {
    return parse_model_yaml(
        "name: m\nversion: '1'\nfile: model.pt\nsha256: " + std::string(64, 'a') +
            "\ninput: {rows: 8, columns: 8}\noutput:\n  activation: sigmoid\n  labels:\n" + labels,
        "/nowhere");
}

// "KEY: MESSAGE" of each.
std::vector<std::string> problems_with(const std::string& labels) {
    std::vector<std::string> all;
    for (const auto& problem : with_labels(labels).problems)
        all.push_back(problem.key + ": " + problem.message);
    return all;
}

TEST(LabelCodes, AreRefusedWhereTwoLabelsHaveOne) {
    const std::string pneumonia = "code: {value: '233604007', scheme: SCT, meaning: Pneumonia}}\n";
    EXPECT_THAT(problems_with("    - {name: Left, " + pneumonia + "    - {name: Right, " + pneumonia),
                ElementsAre("output.labels[1].code: has the code (233604007, SCT) in results, as the label "
                            "'Left' has: give each a code of its own"));
    EXPECT_THAT(problems_with("    - {name: Lung nodule}\n    - {name: LUNG_NODULE}\n"),
                ElementsAre(HasSubstr("output.labels[1].name: has the code (lung-nodule, 99HILUM)")));
    EXPECT_THAT(problems_with("    - {name: Nodule}\n    - {name: Mass, code: {value: nodule, scheme: "
                              "99HILUM, meaning: Mass}}\n"),
                ElementsAre(HasSubstr("output.labels[1].code: has the code (nodule, 99HILUM)")));
    EXPECT_THAT(problems_with("    - {name: A, code: {value: '1', scheme: X, meaning: A}}\n"
                              "    - {name: B, code: {value: '1', scheme: Y, meaning: B}}\n"
                              "    - {name: 'Nodule <3cm'}\n    - {name: 'Nodule >3cm'}\n"),
                IsEmpty());
}

TEST(LabelCodes, AreRefusedWhereTheyMeanSomethingElse) {
    const auto own = [](const char* value) {
        return fmt::format("    - {{name: None, code: {{value: {}, scheme: 99HILUM, meaning: None}}}}\n",
                           value);
    };
    EXPECT_THAT(
        problems_with(own("no-finding")),
        ElementsAre(HasSubstr("output.labels[0].code: (no-finding, 99HILUM) is a code of Hilum's own")));
    EXPECT_THAT(problems_with(own("further-eval")), IsEmpty());
    EXPECT_THAT(problems_with("    - {name: No Finding}\n"), IsEmpty());
}

TEST(LettersBeyondTheFont, AreToldOfAllThatPicturesShow) {
    auto package = with_labels("    - {name: Épanchement}\n    - {name: 肺炎}\n").package;
    EXPECT_THAT(letters_beyond_the_font(package),
                ElementsAre(testing::StartsWith("output.labels[1].name: '肺' is beyond Latin")));
    package.labels.pop_back();
    package.notice = "Nur für Studien – Περιορισμός, только для исследований";
    EXPECT_THAT(letters_beyond_the_font(package), IsEmpty());
    package.notice = "臨床使用不可";
    package.calibration.set = "東京";
    EXPECT_THAT(letters_beyond_the_font(package), ElementsAre(testing::StartsWith("notice: '臨'"),
                                                              testing::StartsWith("calibration.set: '東'")));
}

}  // namespace
}  // namespace hilum::model
