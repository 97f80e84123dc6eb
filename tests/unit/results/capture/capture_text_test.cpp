// Of more labels than a picture usually shows, whoever sees the picture alone knows of each finding.
#include "results/capture/capture_text.h"

#include <gmock/gmock.h>

#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

using testing::ElementsAre;

std::vector<std::string> rows_of(const CaptureText& text) {
    std::vector<std::string> names;
    for (const LabelResult* label : text.labels) names.push_back(label->name);
    return names;
}

TEST(CaptureTextOfManyLabels, ShowsAFindingBeforeAHigherScoreThatIsNone) {
    const auto result = eight_labels_result();
    const auto text = capture_text(result, english(), "now", "", false);
    EXPECT_THAT(rows_of(text), ElementsAre("Atelectasis", "Consolidation", "Infiltration", "Pneumothorax",
                                           "Edema", "Effusion"));
    EXPECT_EQ(text.more_findings, "");
    EXPECT_EQ(text.more_labels, "2 more in the report");
}

TEST(CaptureTextOfManyLabels, ShowsAPositiveLabelThatIsNoFindingBeforeWhatIsNotPositive) {
    auto result = eight_labels_result();
    result.labels[3].abnormal = false;
    const auto text = capture_text(result, english(), "now", "", false);
    EXPECT_THAT(rows_of(text), testing::Contains("Pneumothorax"));
}

TEST(CaptureTextOfManyLabels, HasARowForEachFindingWhereThereIsRoom) {
    const auto result = all_findings_result(9);
    const auto text = capture_text(result, english(), "now", "", false, 12);
    EXPECT_EQ(text.labels.size(), 9U);
    EXPECT_EQ(text.more_findings + text.more_labels, "");
}

TEST(CaptureTextOfManyLabels, NamesTheFindingsThatHaveNoRow) {
    auto result = all_findings_result(9);
    result.labels[0].positive = false;  // the highest score of all is no finding
    result.labels[0].threshold = 0.995;
    const auto text = capture_text(result, english(), "now", "", false);
    EXPECT_THAT(rows_of(text),
                ElementsAre("Finding 2", "Finding 3", "Finding 4", "Finding 5", "Finding 6", "Finding 7"));
    EXPECT_EQ(text.more_findings, "More findings, in the report: Finding 8, Finding 9");
    EXPECT_EQ(text.more_labels, "1 more in the report");
    EXPECT_EQ(capture_text(result, words_in("de"), "now", "", false).more_findings,
              "Weitere Befunde, im Bericht: Finding 8, Finding 9");
}

TEST(CaptureTextOfManyLabels, CountsTheFindingsWhoseNamesHaveNoRoom) {
    const auto result = all_findings_result(30);
    const auto text = capture_text(result, english(), "now", "", false);
    EXPECT_EQ(text.more_findings, "More findings, in the report: 24");
    EXPECT_EQ(text.more_labels, "");
}

TEST(CaptureTextOfManyLabels, IsAllOfThemWhereTheyAreFew) {
    const auto result = all_findings_result(6);
    const auto text = capture_text(result, english(), "now", "", false);
    EXPECT_EQ(text.labels.size(), 6U);
    EXPECT_EQ(text.more_findings + text.more_labels, "");
}

}  // namespace
}  // namespace hilum::results::test
