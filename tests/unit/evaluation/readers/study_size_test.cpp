#include "evaluation/readers/study_size.h"

#include <gtest/gtest.h>

#include "unit/evaluation/readers/van_dyke.h"

namespace hilum::readers {
namespace {

// Figures of RJafroc's (Chakraborty) reference results for Van Dyke's data, after Hillis 2011 and 2018.
TEST(PowerOfStudy, IsThatOfAnIndependentProgram) {
    const auto pilot = compare_readers(test::van_dyke()).value();
    EXPECT_NEAR(power_of_study(pilot, 0.043800322, 10, 165), 0.80541995, 1e-7);
    EXPECT_NEAR(power_of_study(pilot, -0.043800322, 6, 111), 0.5526116, 1e-7);
    EXPECT_EQ(cases_needed(pilot, 0.043800322, 6), 251U);
}

TEST(CasesNeeded, HasNoneWhereReadersDifferTooMuch) {
    const auto pilot = compare_readers(test::van_dyke()).value();
    EXPECT_FALSE(cases_needed(pilot, 0.005, 3));
    EXPECT_LT(cases_needed(pilot, 0.1, 10).value(), cases_needed(pilot, 0.1, 4).value());
}

}  // namespace
}  // namespace hilum::readers
