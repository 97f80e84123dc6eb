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

TEST(ScoreNumber, KeepsBetween0And1WhatIsBetweenThem) {
    EXPECT_EQ(score_number(0.93), "0.9300");
    EXPECT_EQ(score_number(0.00004), "0.00004");
    EXPECT_EQ(score_number(0.99996), "0.99996");
    EXPECT_EQ(score_number(0), "0.0000");
    EXPECT_EQ(score_number(1), "1.0000");
    for (const double score : {1e-300, 1e-15, std::nextafter(1.0, 0.0), 1 - 1e-13}) {
        const std::string text = score_number(score);
        EXPECT_LE(text.size(), 16U) << text;
        EXPECT_GT(std::stod(text), 0) << text;
        EXPECT_LT(std::stod(text), 1) << text;
        EXPECT_EQ(text.find('e'), std::string::npos) << "an NM of HL7 has no exponent: " << text;
    }
}

}  // namespace
}  // namespace hilum
