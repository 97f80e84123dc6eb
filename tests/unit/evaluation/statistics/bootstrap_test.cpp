#include "evaluation/statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace hilum::statistics {
namespace {

using Cases = std::span<const std::size_t>;

Figure mean_of(const std::vector<double>& values) {
    return [&values](Cases cases) -> std::optional<double> {
        double sum = 0;
        for (const auto index : cases) sum += values[index];
        return sum / static_cast<double>(cases.size());
    };
}

double width(const Bootstrapped& result) {
    return result.estimate.interval.high - result.estimate.interval.low;
}

// Eight images of each of 40 patients, all alike: what counts is 40, not 320.
TEST(Bootstrap, DrawsPatients) {
    std::mt19937 random(1);
    std::normal_distribution<double> noise;
    std::vector<double> values;
    std::vector<std::string> patients, images;
    for (int patient = 0; patient < 40; ++patient) {
        const double value = noise(random);
        for (int image = 0; image < 8; ++image) {
            values.push_back(value);
            patients.push_back(std::to_string(patient));
            images.push_back(std::to_string(values.size()));
        }
    }
    const auto by_patient = bootstrap_by_patient(patients, mean_of(values)).value();
    const auto by_image = bootstrap_by_patient(images, mean_of(values)).value();
    EXPECT_NEAR(width(by_patient) / width(by_image), std::sqrt(8.0), 0.4);
}

TEST(Bootstrap, SeveralFiguresHaveTheSamplesOfEachAlone) {
    const std::vector<double> low{1, 2, 3, 4, 9, 6}, high{5, 1, 8, 2, 0, 7};
    const std::vector<std::string> patients{"a", "b", "c", "c", "d", "e"};
    const Figure figures[] = {mean_of(low), [](Cases) { return std::optional<double>(); }, mean_of(high)};
    const auto all = bootstrap_by_patient(patients, figures, {200, 3});
    ASSERT_EQ(all.size(), 3u);
    EXPECT_FALSE(all[1]);
    for (const std::size_t i : {0, 2}) {
        const auto alone = bootstrap_by_patient(patients, figures[i], {200, 3}).value();
        EXPECT_EQ(all[i]->estimate.interval.low, alone.estimate.interval.low);
        EXPECT_EQ(all[i]->estimate.interval.high, alone.estimate.interval.high);
    }
}

TEST(Bootstrap, TheSameSeedGivesTheSame) {
    const std::vector<double> values{1, 2, 3, 4, 5, 9};
    const std::vector<std::string> patients{"a", "b", "b", "c", "d", "e"};
    const auto first = bootstrap_by_patient(patients, mean_of(values), {500, 7}).value();
    const auto second = bootstrap_by_patient(patients, mean_of(values), {500, 7}).value();
    EXPECT_EQ(first.estimate.interval.low, second.estimate.interval.low);
    EXPECT_EQ(first.estimate.interval.high, second.estimate.interval.high);
    EXPECT_EQ(first.rounds, 500);
    EXPECT_EQ(first.estimate.value, 4);
}

TEST(Bootstrap, WhatMostSamplesDoNotAllowHasNoInterval) {
    // Four draws of four patients see all of them in 24 of 256 samples.
    const std::vector<std::string> patients{"a", "b", "c", "d"};
    const Figure needs_all = [](Cases cases) -> std::optional<double> {
        std::vector<bool> seen(4);
        for (const auto index : cases) seen[index] = true;
        if (std::ranges::count(seen, true) < 4) return std::nullopt;
        return 1.0;
    };
    EXPECT_FALSE(bootstrap_by_patient(patients, needs_all));
    const Figure never = [](Cases) -> std::optional<double> { return std::nullopt; };
    EXPECT_FALSE(bootstrap_by_patient(patients, never));
}

// All samples are the same: an interval without a width would look sure.
TEST(Bootstrap, OnePatientHasNoInterval) {
    const std::vector<double> values{0, 1, 1, 1};
    EXPECT_FALSE(bootstrap_by_patient(std::vector<std::string>(4, "a"), mean_of(values)));
    EXPECT_TRUE(bootstrap_by_patient(std::vector<std::string>{"a", "a", "b", "b"}, mean_of(values)));
}

}  // namespace
}  // namespace hilum::statistics
