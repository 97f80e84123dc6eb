#include "evaluation/dataset/splitting.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace hilum::dataset {
namespace {

constexpr Shares usual{70, 10, 10, 10};

// Patients with one to four images; every third image of those with the rarer labels shows one.
std::vector<Image> hospital(int patients) {
    std::vector<Image> images;
    for (int p = 0; p < patients; ++p)
        for (int i = 0; i <= p % 4; ++i)
            images.push_back({.file = fmt::format("{}-{}.dcm", p, i),
                              .patient = fmt::format("P{}", p),
                              .site = p % 3 == 0 ? "north" : "south",
                              .labels = {p % 20 == 0  ? "Rare"
                                         : p % 3 == 0 ? "Pneumonia"
                                                      : "Normal"}});
    return images;
}

std::map<std::string, Split> splits_by_file(const std::vector<Image>& images) {
    std::map<std::string, Split> splits;
    for (const auto& image : images) splits[image.file.string()] = image.split;
    return splits;
}

double share_of(const std::vector<Image>& images, Split split, const std::string& label) {
    double all = 0, in = 0;
    for (const auto& image : images) {
        if (!image.has(label)) continue;
        all += 1;
        in += image.split == split ? 1 : 0;
    }
    return in / all;
}

TEST(Splitting, NeverPartsAPatient) {
    auto images = hospital(500);
    split_images(images, SplitUnit::patient, usual, 1);
    std::map<std::string, std::set<Split>> splits;
    for (const auto& image : images) {
        EXPECT_NE(image.split, Split::none);
        splits[image.person()].insert(image.split);
    }
    for (const auto& [person, of_person] : splits) EXPECT_EQ(of_person.size(), 1) << person;
}

TEST(Splitting, GivesEverySplitItsShareOfEveryLabel) {
    auto images = hospital(4000);  // 10,000 images
    split_images(images, SplitUnit::patient, usual, 1);
    for (const auto* label : {"Normal", "Pneumonia", "Rare"}) {
        EXPECT_NEAR(share_of(images, Split::training, label), 0.7, 0.02) << label;
        for (const auto split : {Split::validation, Split::calibration, Split::test})
            EXPECT_NEAR(share_of(images, split, label), 0.1, 0.02) << label;
    }
}

TEST(Splitting, IsTheSameInWhateverOrderTheImagesCome) {
    auto images = hospital(300), reversed = images;
    std::ranges::reverse(reversed);
    split_images(images, SplitUnit::patient, usual, 7);
    split_images(reversed, SplitUnit::patient, usual, 7);
    EXPECT_EQ(splits_by_file(images), splits_by_file(reversed));
}

TEST(Splitting, IsAnotherForAnotherSeed) {
    auto images = hospital(300), others = images;
    split_images(images, SplitUnit::patient, usual, 7);
    split_images(others, SplitUnit::patient, usual, 8);
    EXPECT_NE(splits_by_file(images), splits_by_file(others));
}

TEST(Splitting, GivesALabelOfFourPatientsToAllFourSplits) {
    auto images = hospital(200);
    std::erase_if(images, [](const Image& image) { return image.has("Rare"); });
    for (int i = 0; i < 4; ++i)
        images.push_back(
            {.file = fmt::format("rare-{}", i), .patient = fmt::format("R{}", i), .labels = {"Rare"}});
    split_images(images, SplitUnit::patient, usual, 3);
    std::set<Split> splits;
    for (const auto& image : images)
        if (image.has("Rare")) splits.insert(image.split);
    EXPECT_EQ(splits.size(), 4);
}

// Those with follow-ups are often sicker than others, and must not all be trained on.
TEST(Splitting, DoesNotSortPatientsByTheirNumberOfImages) {
    auto images = hospital(4000);
    split_images(images, SplitUnit::patient, usual, 1);
    std::map<std::string, std::size_t> of_person;
    for (const auto& image : images) ++of_person[image.person()];
    double large = 0, in_test = 0;
    for (const auto& image : images) {
        if (of_person[image.person()] != 4) continue;
        large += 1;
        in_test += image.split == Split::test ? 1 : 0;
    }
    EXPECT_NEAR(in_test / large, 0.1, 0.03);
}

TEST(Splitting, LeavesASplitWithoutAShareEmpty) {
    auto images = hospital(100);
    split_images(images, SplitUnit::patient, {80, 20, 0, 0}, 1);
    for (const auto& image : images)
        EXPECT_TRUE(image.split == Split::training || image.split == Split::validation);
}

TEST(Splitting, NeverPartsASite) {
    auto images = hospital(100);
    split_images(images, SplitUnit::site, {50, 0, 0, 50}, 1);
    std::map<std::string, std::set<Split>> splits;
    for (const auto& image : images) splits[image.site].insert(image.split);
    ASSERT_EQ(splits.size(), 2);
    for (const auto& [site, of_site] : splits) EXPECT_EQ(of_site.size(), 1) << site;
    EXPECT_NE(splits["north"], splits["south"]);
}

TEST(Splitting, ReadsShares) {
    EXPECT_EQ(*parse_shares("70:10:10:10"), usual);
    EXPECT_EQ(*parse_shares("0:0:0:1"), (Shares{0, 0, 0, 1}));
    for (const auto* bad : {"", "70:30", "70:10:10:10:0", "0:0:0:0", "-1:1:1:1", "a:1:1:1", "nan:1:1:1",
                            "inf:1:1:1", "1e300:1:1:1", "70 :10:10:10"})
        EXPECT_FALSE(parse_shares(bad)) << bad;
}

// One patient in four splits, or sites that nobody told: a set to judge by that is not there.
TEST(Splitting, TellsWhichSplitsGotNoImage) {
    auto one = hospital(1), few = hospital(2), enough = hospital(60), no_sites = hospital(60);
    for (auto& image : no_sites) image.site.clear();
    EXPECT_EQ(split_images(one, SplitUnit::patient, usual, 1).size(), 3U);
    const auto without = split_images(few, SplitUnit::patient, usual, 1);
    EXPECT_GE(without.size(), 2U);
    for (const auto split : without) EXPECT_EQ(std::ranges::count(few, split, &Image::split), 0);
    EXPECT_TRUE(split_images(enough, SplitUnit::patient, usual, 1).empty());
    EXPECT_EQ(split_images(no_sites, SplitUnit::site, {50, 0, 0, 50}, 1), std::vector{Split::test});
}

}  // namespace
}  // namespace hilum::dataset
