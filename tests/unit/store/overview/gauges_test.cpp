#include "store/overview/gauges.h"

#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class OverdueContract : public test::StoreContract {
  protected:
    std::int64_t overdue() {
        const auto gauges = commit([](Transaction& t) { return read_gauges(t); });
        const auto found =
            std::ranges::find_if(gauges, [](const auto& gauge) { return gauge.name == "overdue_jobs"; });
        return found->value;
    }
};
HILUM_FOR_ALL_ENGINES(OverdueContract);

TEST_P(OverdueContract, IsAReportThatNobodyOpensThoughItsImagesAreAnalysed) {
    receive("1.1");
    keep(*claim_analysis());
    EXPECT_EQ(overdue(), 0);
    pass(configuration_.study.max_wait + overdue_after);
    EXPECT_EQ(overdue(), 1);
}

TEST_P(OverdueContract, IsNoReportWhoseAnalysesEndedAMomentAgo) {
    receive("1.1");
    receive("1.2");
    keep(*claim_analysis());
    pass(3h);
    EXPECT_EQ(overdue(), 0) << "one is being analysed";
    keep(*claim_analysis());
    EXPECT_EQ(overdue(), 0) << "the composer comes to it soon";
    pass(overdue_after + 1s);
    EXPECT_EQ(overdue(), 1);
}

TEST_P(OverdueContract, IsAReportThatWasOpenedAndThatNoComposerTakes) {
    receive("1.1");
    keep(*claim_analysis());
    pass(configuration_.study.max_wait);
    commit([&](Transaction& t) { open_due_reports(t, configuration_); });
    EXPECT_EQ(overdue(), 0);
    pass(overdue_after);
    EXPECT_EQ(overdue(), 1);
}

}  // namespace
}  // namespace hilum
