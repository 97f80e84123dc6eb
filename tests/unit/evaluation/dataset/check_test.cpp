#include "evaluation/dataset/check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace hilum::dataset {
namespace {

Image image(const std::string& patient, Split split, std::vector<std::string> labels = {"Normal"}) {
    static int number = 0;
    return {.file = fmt::format("{}.dcm", ++number),
            .patient = patient,
            .split = split,
            .labels = std::move(labels),
            .pixels = fmt::format("{:064}", number)};
}

std::vector<Finding> check(const std::vector<Image>& images, std::vector<Thumbnail> thumbnails = {}) {
    thumbnails.resize(images.size());
    return check_images(images, thumbnails);
}

std::set<std::string> codes_of(const std::vector<Finding>& findings) {
    std::set<std::string> codes;
    for (const auto& finding : findings) codes.insert((finding.refused ? "" : "note ") + finding.code);
    return codes;
}

using Codes = std::set<std::string>;

// A picture of `seed`, smooth, with every intensity.
Thumbnail picture(unsigned seed) {
    Thumbnail thumbnail;
    const double a = 0.17 + 0.05 * (seed % 7), b = 0.23 + 0.03 * (seed % 5);
    for (int y = 0; y < thumbnail_side; ++y)
        for (int x = 0; x < thumbnail_side; ++x)
            thumbnail.push_back(
                static_cast<std::uint8_t>(128 + 100 * std::sin(a * x + seed) * std::cos(b * y)));
    return thumbnail;
}

TEST(Check, FindsNothingWhereNothingIsWrong) {
    EXPECT_TRUE(
        check({image("1", Split::training), image("1", Split::training), image("2", Split::test)}).empty());
    EXPECT_TRUE(check({image("1", Split::none), image("2", Split::none)}).empty());
}

TEST(Check, RefusesASetWithoutImages) {
    EXPECT_EQ(codes_of(check({})), Codes{"no_images"});
}

TEST(Check, RefusesAPatientInTwoSplitsAndNamesFilesNotPatients) {
    const auto findings = check({image("SECRET", Split::training), image("SECRET", Split::test)});
    EXPECT_EQ(codes_of(findings), Codes{"patient_in_two_splits"});
    EXPECT_TRUE(is_refused(findings));
    EXPECT_EQ(findings[0].files.size(), 2);
    EXPECT_EQ(findings[0].words.find("SECRET"), std::string::npos);
}

TEST(Check, TakesOneNumberAtTwoSitesForTwoPeopleAndSaysSo) {
    auto north = image("1", Split::training), south = image("1", Split::test);
    north.site = "north";
    south.site = "south";
    const auto findings = check({north, south});
    EXPECT_EQ(codes_of(findings), Codes{"note patient_at_two_sites"});
    EXPECT_FALSE(is_refused(findings));
}

TEST(Check, RefusesTheSamePixelsInTwoSplits) {
    auto first = image("1", Split::training), second = image("2", Split::test);
    second.pixels = first.pixels;
    EXPECT_EQ(codes_of(check({first, second})), Codes{"pixels_in_two_splits"});
    second.split = Split::training;
    EXPECT_EQ(codes_of(check({first, second})), Codes{"note duplicate"});
}

TEST(Check, RefusesOneImageWithDifferingLabels) {
    auto first = image("1", Split::training, {"Normal"}), second = image("1", Split::training, {"Pneumonia"});
    second.pixels = first.pixels;
    EXPECT_EQ(codes_of(check({first, second})), Codes{"differing_labels"});
    second.labels = {"Normal"};
    EXPECT_EQ(codes_of(check({first, second})), Codes{"note duplicate"});
}

TEST(Check, RefusesOnePictureInTwoSplitsInWhateverGreyScale) {
    const auto original = picture(1);
    auto brighter = original;
    for (auto& value : brighter) value = static_cast<std::uint8_t>(value * 0.7 + 60);
    const std::vector images{image("1", Split::training), image("2", Split::test)};
    EXPECT_EQ(codes_of(check(images, {original, brighter})), Codes{"picture_in_two_splits"});
    EXPECT_TRUE(check(images, {original, picture(2)}).empty());
    EXPECT_TRUE(check(images, {original, {}}).empty());
}

TEST(Check, RefusesALabelThatASplitLacks) {
    const auto findings = check({image("1", Split::training, {"Normal"}),
                                 image("2", Split::training, {"Mass"}), image("3", Split::test, {"Normal"})});
    EXPECT_EQ(codes_of(findings), Codes{"class_without_images"});
    EXPECT_NE(findings[0].words.find("'Mass' is in the test split (1 patient"), std::string::npos)
        << findings[0].words;
}

TEST(Check, RefusesImagesOfWhichSomeHaveNoSplit) {
    EXPECT_EQ(codes_of(check({image("1", Split::training), image("2", Split::none)})),
              Codes{"split_in_part"});
}

TEST(Check, CountsWhatIsWrongOftenAndNamesAllOfIt) {
    std::vector<Image> images;
    for (int i = 0; i < 10'000; ++i)
        images.push_back(image(fmt::format("{}", i / 2), i % 2 == 0 ? Split::training : Split::test));
    const auto findings = check(images);
    ASSERT_EQ(findings.size(), 1);
    EXPECT_EQ(findings[0].count, 5'000);
    EXPECT_EQ(findings[0].files.size(), 10'000);
}

TEST(CheckJudged, RefusesASplitWhosePatientsAreInAnotherToo) {
    const std::vector<Image> parted{image("SECRET", Split::training), image("SECRET", Split::test),
                                    image("2", Split::validation)};
    const auto refused = check_judged(parted, Split::test);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "patient_in_two_splits");
    EXPECT_NE(refused.error().message.find(parted[1].file.string()), std::string::npos);
    EXPECT_EQ(refused.error().message.find("SECRET"), std::string::npos);
    EXPECT_TRUE(check_judged(parted, Split::validation));  // nobody of whom is elsewhere
    EXPECT_TRUE(check_judged(parted, std::nullopt));       // no split is claimed
    auto copied = std::vector{image("1", Split::training), image("2", Split::test)};
    copied[1].pixels = copied[0].pixels;
    EXPECT_EQ(check_judged(copied, Split::test).error().code, "pixels_in_two_splits");
}

TEST(CheckJudged, RefusesOneImageWithTwoTruths) {
    auto both = std::vector{image("1", Split::none), image("1", Split::none, {"Pneumonia"})};
    EXPECT_TRUE(check_judged(both, std::nullopt));
    both[1].pixels = both[0].pixels;
    EXPECT_EQ(check_judged(both, std::nullopt).error().code, "differing_labels");
}

TEST(CheckJudged, AsksForNoLabelInEverySplit) {
    EXPECT_TRUE(
        check_judged({image("1", Split::training), image("2", Split::test, {"Pneumonia"})}, Split::test));
}

TEST(LeaveOutDoubled, KeepsTheFirstOfImagesThatAreOne) {
    std::vector images{image("1", Split::test, {"A", "B"}), image("1", Split::test, {"B", "A"}),
                       image("2", Split::test, {"A", "B"}), image("1", Split::test, {"A", "B"})};
    for (std::size_t i = 1; i < 3; ++i) images[i].pixels = images[0].pixels;
    const auto first = images[0].file, of_another = images[2].file, other_pixels = images[3].file;
    EXPECT_EQ(leave_out_doubled(images), 1U);
    ASSERT_EQ(images.size(), 3U);
    EXPECT_EQ(images[0].file, first);
    EXPECT_EQ(images[1].file, of_another);
    EXPECT_EQ(images[2].file, other_pixels);
}

}  // namespace
}  // namespace hilum::dataset
