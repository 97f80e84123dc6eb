#include "pipeline/lanes/syslog_lane.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "contract/messages/auditing.h"
#include "contract/messages/request_table.h"
#include "store/audit/audit_event.h"
#include "store/audit/audit_forwarding.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class SyslogLaneTest : public test::LaneTest {
  protected:
    SyslogLaneTest() {
        server_.name = "arr";
        server_.first_delay = server_.longest_delay = 10s;
        commit([](Transaction& t) { configure_audit_servers(t, {"arr"}); });
    }
    void happen(int events) {
        commit([events](Transaction& t) {
            for (int i = 0; i < events; ++i) {
                audit::AuditEvent event;
                event.type = "analysed";
                t.append_audit(event);
            }
        });
    }
    void start() {
        Happenings& happenings = *this;
        lane_.emplace(world_, commits_, server_, happenings);
        lane_->start(specification("syslog"));
    }
    Act replies(ForwardOutcome outcome, std::int64_t connection) {
        return answers([=, this](const Message& message) {
            const auto request = from_packet<ForwardRequest>(message).value();
            std::vector<std::int64_t> numbers;
            for (const auto& record : request.records)
                numbers.push_back(record.kind == AuditRecordKind::event ? record.number : -record.number);
            asked_.push_back({request.connection, numbers});
            return to_packet(ForwardReply{request.batch, connection, outcome, "as the test has it"});
        });
    }
    Act takes(std::int64_t connection = 1) { return replies(ForwardOutcome::sent, connection); }
    // Whatever it is asked, but for these events, of which it dies.
    void dies_of(const std::set<std::int64_t>& numbers) {
        for_ever(
            [this, numbers, take = takes(), die = dies()](const Message& message) {
                const auto request = from_packet<ForwardRequest>(message).value();
                const bool fatal = std::ranges::any_of(request.records, [&](const AuditRecord& record) {
                    return record.kind == AuditRecordKind::event && numbers.contains(record.number);
                });
                (fatal ? die : take)(message);
            },
            5'000);
    }
    std::int64_t times_sent(std::int64_t number) const {
        std::int64_t times = 0;
        for (const auto& [connection, numbers] : asked_) times += std::ranges::count(numbers, number);
        return times;
    }
    void for_ever(const Act& act, std::size_t times = 50) { acts_.insert(acts_.end(), times, act); }
    std::int64_t arrived() {
        return commit([](Transaction& t) { return forwarded_through(t, "arr"); });
    }
    bool down() { return lane_->status().state == DestinationState::down; }

    // What the process was asked: over which connection, which events; a head's or unreadable one's number is
    // negative.
    std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>> asked_;
    SyslogSettings server_;
    std::optional<SyslogLane> lane_;
};

TEST_F(SyslogLaneTest, EventsHaveArrivedWhenTheirConnectionLivedOn) {
    happen(3);
    for_ever(takes());
    start();
    run_for(SyslogLane::settling - 1s);
    ASSERT_THAT(asked_, ElementsAre(std::pair(0, std::vector<std::int64_t>{1, 2, 3})));
    EXPECT_EQ(arrived(), 0);
    run_for(3s);
    EXPECT_EQ(arrived(), 3);
    ASSERT_EQ(asked_.size(), 2u);
    EXPECT_EQ(asked_[1], std::pair(std::int64_t{1}, std::vector<std::int64_t>{})) << "it was looked at";
    happen(1);
    run_for(SyslogLane::between_looks + 1s);
    EXPECT_EQ(asked_.back(), std::pair(std::int64_t{1}, std::vector<std::int64_t>{4}));
}

TEST_F(SyslogLaneTest, AsksNothingWhileThereIsNothing) {
    for_ever(takes());
    start();
    run_for(10min);
    EXPECT_THAT(asked_, IsEmpty());
    EXPECT_FALSE(down());
}

TEST_F(SyslogLaneTest, WhatALostConnectionCarriedIsSentAgainInOrder) {
    happen(2);
    acts_ = {takes(1), replies(ForwardOutcome::lost, 0), takes(2)};
    start();
    run_for(6s);
    EXPECT_EQ(arrived(), 0);
    EXPECT_TRUE(down()) << "nothing was seen to arrive over it";
    run_for(20s);
    ASSERT_EQ(asked_.size(), 3u);
    EXPECT_EQ(asked_[2], std::pair(std::int64_t{0}, std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(arrived(), 0) << "the server says nothing to the look";
}

TEST_F(SyslogLaneTest, AConnectionThatServedIsReplacedWithoutMuchAdo) {
    happen(1);
    acts_ = {takes(1), takes(1)};
    start();
    run_for(7s);
    EXPECT_EQ(arrived(), 1);
    acts_ = {replies(ForwardOutcome::lost, 0), takes(2), takes(2)};
    happen(1);
    run_for(6s);
    EXPECT_FALSE(down());
    EXPECT_EQ(asked_.back(), std::pair(std::int64_t{0}, std::vector<std::int64_t>{2}));
    run_for(10s);
    EXPECT_EQ(arrived(), 2);
}

TEST_F(SyslogLaneTest, AServerThatIsGoneIsTriedAfterDelaysAndEverythingWaits) {
    happen(1);
    for_ever(replies(ForwardOutcome::failed, 0));
    start();
    run_for(101s);
    EXPECT_TRUE(down());
    EXPECT_EQ(lane_->status().error, "as the test has it");
    EXPECT_GE(asked_.size(), 8u);
    EXPECT_LE(asked_.size(), 14u);
    acts_.clear();
    for_ever(takes(5));
    run_for(30s);
    EXPECT_FALSE(down());
    EXPECT_EQ(arrived(), 1);
}

TEST_F(SyslogLaneTest, ManyEventsGoInBatchesWithoutWaiting) {
    happen(1000);
    for_ever(takes());
    start();
    run_for(1s);
    EXPECT_EQ(asked_.size(), 5u);
    EXPECT_EQ(asked_.back().second.back(), 1000);
    run_for(10s);
    EXPECT_EQ(arrived(), 1000);
}

TEST_F(SyslogLaneTest, OverUdpThereArePausesBetweenBatches) {
    server_.protocol = SyslogProtocol::udp;
    happen(1000);
    for_ever(takes());
    start();
    run_for(500ms);
    EXPECT_LE(asked_.size(), 4u);
    run_for(1s);
    EXPECT_EQ(asked_.size(), 5u);
}

TEST_F(SyslogLaneTest, AnEventOfWhichTheProcessDiesHoldsUpNoOther) {
    happen(3);
    acts_ = {dies(), dies(), dies()};
    for_ever(takes());
    start();
    run_for(10min);
    EXPECT_EQ(arrived(), 3);
    ASSERT_FALSE(asked_.empty());
    EXPECT_EQ(asked_.front().second, std::vector<std::int64_t>{-1}) << "its number is told";
    EXPECT_EQ(asked_[1].second, std::vector<std::int64_t>{2}) << "it was in the batch that died";
    EXPECT_EQ(asked_[2].second, std::vector<std::int64_t>{3});
    happen(3);
    run_for(1min);
    EXPECT_EQ(asked_.back().second, std::vector<std::int64_t>{});
    EXPECT_EQ(asked_[asked_.size() - 2].second, (std::vector<std::int64_t>{4, 5, 6})) << "together again";
}

TEST_F(SyslogLaneTest, NorDoesItWhereItIsNotTheFirstOfItsBatch) {
    happen(5);
    dies_of({3});
    start();
    run_for(10min);
    EXPECT_EQ(arrived(), 5);
    EXPECT_EQ(times_sent(-3), 1) << "its number is told";
    EXPECT_EQ(times_sent(3), 0);
    for (const int innocent : {1, 2}) EXPECT_LE(times_sent(innocent), 3) << innocent;
    for (const int innocent : {4, 5}) EXPECT_EQ(times_sent(innocent), 1) << innocent;
}

TEST_F(SyslogLaneTest, SeveralOfThemHoldUpNoOtherEither) {
    happen(1000);
    dies_of({150, 151, 777});
    start();
    run_for(30min);
    EXPECT_EQ(arrived(), 1000);
    for (const int number : {150, 151, 777}) EXPECT_GE(times_sent(-number), 1) << number;
    for (const int innocent : {1, 149, 152, 776, 1000}) {
        EXPECT_GE(times_sent(innocent), 1) << innocent;
        EXPECT_LE(times_sent(innocent), 10) << innocent;
    }
}

TEST_F(SyslogLaneTest, AServerThatIsGoneMeanwhileSaysNothingForAnEvent) {
    happen(2);
    acts_ = {dies(), dies(), replies(ForwardOutcome::failed, 0), dies()};
    for_ever(takes());
    start();
    run_for(10min);
    EXPECT_EQ(arrived(), 2);
    EXPECT_EQ(asked_[1].second, std::vector<std::int64_t>{-1});
}

TEST_F(SyslogLaneTest, TheNodesTroubleIsNoEventsFault) {
    happen(2);
    acts_.insert(acts_.end(), 8, dies(ended_by_the_nodes_trouble << 8));
    acts_.insert(acts_.end(), 8, dies(SIGKILL));  // by the kernel that lacks memory
    for_ever(takes());
    start();
    run_for(30min);
    EXPECT_EQ(asked_.front().second, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(arrived(), 2);
}

TEST_F(SyslogLaneTest, AHeadFollowsTheEventThatItCovers) {
    happen(2);
    for_ever(takes());
    start();
    lane_->signed_head({AuditRecordKind::head, 3, 1, "{}", ""});
    run_for(1s);
    EXPECT_EQ(asked_.back().second, (std::vector<std::int64_t>{1, 2}));
    happen(1);
    run_for(7s);
    EXPECT_EQ(asked_[1].second.back(), -3);
    lane_->signed_head({AuditRecordKind::head, 3, 1, "{}", ""});
    run_for(1s);
    EXPECT_EQ(asked_.back().second, std::vector<std::int64_t>{-3}) << "alone, too";
}

TEST_F(SyslogLaneTest, AHeadThatWentWithALostConnectionIsSentAgain) {
    happen(1);
    acts_ = {takes(1), replies(ForwardOutcome::lost, 0)};
    start();
    lane_->signed_head({AuditRecordKind::head, 1, 1, "{}", ""});
    run_for(6s);
    acts_.clear();
    for_ever(takes(2));
    run_for(20s);
    EXPECT_EQ(asked_[0].second, (std::vector<std::int64_t>{1, -1}));
    EXPECT_EQ(asked_[2].second, (std::vector<std::int64_t>{1, -1}));
}

TEST_F(SyslogLaneTest, TakesNoMoreWhileTheNodeEnds) {
    happen(1);
    for_ever(takes());
    start();
    lane_->drain();
    run_for(1min);
    EXPECT_LE(asked_.size(), 1u);
    happen(1);
    run_for(1min);
    EXPECT_LE(asked_.size(), 1u);
}

}  // namespace
}  // namespace hilum
