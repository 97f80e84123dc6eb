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

}  // namespace
}  // namespace hilum::dataset
