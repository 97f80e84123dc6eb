#include "pipeline/children/signs_of_life.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using Verdict = SignsOfLife::Verdict;

TEST(SignsOfLife, OneLookInVainMeansNothing) {
    SignsOfLife signs;
    EXPECT_EQ(signs.look(true), Verdict::alive);
    EXPECT_EQ(signs.look(false), Verdict::alive);
    EXPECT_EQ(signs.look(true), Verdict::alive);
    EXPECT_EQ(signs.look(false), Verdict::alive) << "they have to follow each other";
}

TEST(SignsOfLife, SilenceThatLastsIsTheEnd) {
    SignsOfLife signs;
    signs.look(true);
    signs.look(false);
    EXPECT_EQ(signs.look(false), Verdict::silent);
    EXPECT_EQ(signs.look(false), Verdict::silent);
    EXPECT_EQ(signs.look(false), Verdict::lost);
    EXPECT_EQ(signs.silence(), SignsOfLife::usual_silence);
    EXPECT_EQ(signs.look(true), Verdict::alive);
}

TEST(SignsOfLife, ARoleMayBeSilentForLonger) {
    SignsOfLife signs(2 * SignsOfLife::usual_silence);
    signs.look(true);
    for (int i = 0; i < 7; ++i) EXPECT_NE(signs.look(false), Verdict::lost);
    EXPECT_EQ(signs.look(false), Verdict::lost);
}

TEST(SignsOfLife, AProcessThatBeginsHasMoreTime) {
    SignsOfLife signs;
    const auto looks = SignsOfLife::longest_beginning / SignsOfLife::between_looks;
    for (int i = 1; i < looks; ++i) EXPECT_EQ(signs.look(false), Verdict::alive);
    EXPECT_EQ(signs.look(false), Verdict::lost);
}

}  // namespace
}  // namespace hilum
