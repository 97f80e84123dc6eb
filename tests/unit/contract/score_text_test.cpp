#include "contract/score_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hilum {
namespace {

TEST(ScoreText, HasTwoDecimalsAndIsNeverCertain) {
    EXPECT_EQ(score_text(0.934), "0.93");
    EXPECT_EQ(score_text(0.5), "0.50");
    EXPECT_EQ(score_text(0.994), "0.99");
    EXPECT_EQ(score_text(0.006), "0.01");
    for (const double score : {0.9951, 0.999, 1 - 1e-16, 1.0}) EXPECT_EQ(score_text(score), ">0.99") << score;
    for (const double score : {0.0049, 1e-9, 0.0, -1e-9}) EXPECT_EQ(score_text(score), "<0.01") << score;
    EXPECT_EQ(score_text(0.934, ","), "0,93");
    EXPECT_EQ(score_text(1, ","), ">0,99");
    EXPECT_EQ(score_text(0, ","), "<0,01");
}

TEST(LimitText, HasTheDecimalsThatItWasSetWith) {
    EXPECT_EQ(limit_text(0.5), "0.50");
    EXPECT_EQ(limit_text(0.075), "0.075");
    EXPECT_EQ(limit_text(1), "1.00");
    EXPECT_EQ(limit_text(0), "0.00");
    EXPECT_EQ(limit_text(0.62, ","), "0,62");
    EXPECT_EQ(limit_text(1.0 / 3), "0.333333");
}

std::string number(double score) {
    return compared_number(score, 0.5).score;
}

TEST(ScoreNumber, KeepsBetween0And1WhatIsBetweenThem) {
    EXPECT_EQ(number(0.93), "0.9300");
    EXPECT_EQ(number(0.00004), "0.00004");
    EXPECT_EQ(number(0.99996), "0.99996");
    EXPECT_EQ(number(0), "0.0000");
    EXPECT_EQ(number(1), "1.0000");
    for (const double score : {1e-300, 1e-15, std::nextafter(1.0, 0.0), 1 - 1e-13}) {
        const std::string text = number(score);
        EXPECT_LE(text.size(), 16U) << text;
        EXPECT_GT(std::stod(text), 0) << text;
        EXPECT_LT(std::stod(text), 1) << text;
        EXPECT_EQ(text.find('e'), std::string::npos) << "an NM of HL7 has no exponent: " << text;
    }
}

void expect_text(double score, double limit, const char* score_shown, const char* limit_shown) {
    const auto shown = compared_text(score, limit);
    EXPECT_EQ(shown.score, score_shown) << score << " against " << limit;
    EXPECT_EQ(shown.limit, limit_shown) << score << " against " << limit;
}

TEST(Compared, HasMoreDecimalsOnlyWhereFewerWouldContradictTheDecision) {
    expect_text(0.93, 0.5, "0.93", "0.50");
    expect_text(0.5, 0.5, "0.50", "0.50");
    expect_text(0.23491, 0.2345, "0.235", "0.2345");
    expect_text(0.6199, 0.62, "0.6199", "0.62");
    expect_text(1.0 / 3, 1.0 / 3, "0.333333", "0.333333");
    expect_text(0.1234566, 0.1234567, "0.12", "0.123457");
    expect_text(0.9951, 0.5, ">0.99", "0.50");
    expect_text(0.996, 0.998, "0.996", "0.998");
    expect_text(1 - 1e-9, 0.995, ">0.999", "0.995");
    expect_text(1, 1, ">0.99", "1.00");
    expect_text(0, 0, "<0.01", "0.00");
    EXPECT_EQ(compared_text(0.6199, 0.62, ",").score, "0,6199");
    EXPECT_EQ(compared_text(0.6199, 0.62, ",").limit, "0,62");
    EXPECT_EQ(compared_number(0.61996, 0.62).score, "0.61996");
    EXPECT_EQ(compared_number(0.61996, 0.62).limit, "0.62");
    EXPECT_EQ(compared_number(std::nextafter(0.5, 0.0), 0.5).score, "0.49999999999999");
}

// What whoever reads them makes of them: ">0.99" is more than 0.99, and less than 1.
bool seems_to_reach(const Compared& shown) {
    const double limit = std::stod(shown.limit);
    if (shown.score.front() == '<') return limit <= 0;
    const double score = std::stod(shown.score.front() == '>' ? shown.score.substr(1) : shown.score);
    return score >= limit;
}

TEST(Compared, OrdersAsTheScoreAndItsLimitDo) {
    for (int limit_place = 0; limit_place <= 2000; ++limit_place)
        for (const double distance : {-1e-2, -1e-4, -3e-7, -1e-12, 0.0, 1e-12, 3e-7, 1e-4, 1e-2}) {
            const double limit = limit_place / 2000.0;
            const double score = limit + distance;
            if (score < 0 || score >= 1) continue;
            for (const auto& shown : {compared_text(score, limit), compared_number(score, limit)})
                EXPECT_EQ(seems_to_reach(shown), score >= limit)
                    << score << " against " << limit << ": " << shown.score << ", " << shown.limit;
            EXPECT_LE(compared_number(score, limit).score.size(), 16U) << score;
        }
}

}  // namespace
}  // namespace hilum
