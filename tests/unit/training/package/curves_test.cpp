#include "training/package/curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hilum::training {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CurvesSvg, OpensAlone) {
    const auto svg = curves_svg({{1, 1e-3, 0.9, 0.8, 0.6}, {2, 1e-3, 0.5, 0.6, 0.8}});
    EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    EXPECT_THAT(svg, Not(HasSubstr("var(--"))) << "there is no page around it";
    EXPECT_THAT(svg, HasSubstr("Area under the ROC curve"));
}

TEST(CurvesSvg, OneEpochOrNoneOrNoNumbersAreDrawnToo) {
    for (const auto& epochs : std::vector<std::vector<Epoch>>{
             {}, {{1, 1e-3, 0.7, {}, {}}}, {{1, 1e-3, std::nan(""), 0.0, {}}, {2, 1e-3, INFINITY, {}, {}}}}) {
        const auto svg = curves_svg(epochs);
        EXPECT_THAT(svg, Not(HasSubstr("nan")));
        EXPECT_THAT(svg, Not(HasSubstr("inf")));
        EXPECT_THAT(svg, Not(HasSubstr("Area under"))) << "which was not measured";
    }
}

}  // namespace
}  // namespace hilum::training
