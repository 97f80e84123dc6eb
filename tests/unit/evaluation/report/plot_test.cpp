#include "evaluation/report/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hilum::evaluation {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Plot, MarksAreRound) {
    EXPECT_THAT(marks_of(0, 1), ElementsAre(DoubleEq(0), DoubleEq(0.2), DoubleEq(0.4),
                                            DoubleEq(0.6000000000000001), DoubleEq(0.8), DoubleEq(1)));
    EXPECT_THAT(marks_of(-0.1, 0.4), ElementsAre(DoubleEq(-0.1), DoubleEq(0), DoubleEq(0.1), DoubleEq(0.2),
                                                 DoubleEq(0.30000000000000004), DoubleEq(0.4)));
}

TEST(Plot, NamesAreEscapedAndPointsStayWithin) {
    const auto svg =
        svg_of({"<a & b>", {"x"}, {"y"}, {{"<script>", PlotSeries::Style::line, {{-5, 9}, {2, 0.5}}}}});
    EXPECT_THAT(svg, Not(HasSubstr("<script>")));
    EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
    EXPECT_THAT(svg, HasSubstr("M56.0 12.0L404.0"));  // the corner, and the right edge
    EXPECT_THAT(svg, Not(HasSubstr("-0<")));
}

}  // namespace
}  // namespace hilum::evaluation
