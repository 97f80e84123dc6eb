#include "pipeline/receiving/caller_events.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using namespace std::chrono_literals;

class CallerEventsTest : public testing::Test {
  protected:
    static ReceiverEvent event_of(ReceiverEventKind kind, const std::string& peer = "10.1.0.5") {
        ReceiverEvent event;
        event.event = kind;
        event.calling_ae = "PACS";
        event.peer = peer;
        return event;
    }
    static ReceiverEvent refused(const std::string& contexts, int accepted = 1) {
        auto event = event_of(ReceiverEventKind::contexts_refused);
        event.detail = contexts;
        event.contexts_accepted = accepted;
        return event;
    }
    int audited(const ReceiverEvent& event, int times, MonotonicTime at = {}) {
        int all = 0;
        for (int i = 0; i < times; ++i) all += events_.judge(event, at).audited ? 1 : 0;
        return all;
    }

    CallerEvents events_;
};

TEST_F(CallerEventsTest, NoKindTakesTheShareOfAnother) {
    auto aborted = event_of(ReceiverEventKind::association_aborted);
    aborted.code = "connection_lost";
    EXPECT_EQ(audited(aborted, 5000), 1000);
    EXPECT_EQ(audited(refused("CT", 0), 5000), 1000);
    EXPECT_EQ(audited(event_of(ReceiverEventKind::store_failed), 5000), 1000);
    EXPECT_EQ(audited(event_of(ReceiverEventKind::store_failed, "10.1.0.6"), 5), 5);
}

TEST_F(CallerEventsTest, NorDoManyPeersOfAnotherKind) {
    for (int i = 0; i < 30; ++i)
        audited(event_of(ReceiverEventKind::bad_command, "10.2.0." + std::to_string(i)), 1000);
    EXPECT_EQ(audited(event_of(ReceiverEventKind::store_failed), 100), 100);
}

TEST_F(CallerEventsTest, ContextsRefusedBesideAcceptedOnesAreToldOnceADay) {
    const MonotonicTime start{};
    EXPECT_EQ(audited(refused("CT"), 100, start), 1);
    EXPECT_EQ(audited(refused("MR"), 100, start), 1) << "others of the same peer";
    EXPECT_EQ(audited(refused("CT"), 100, start + 23h), 0);
    const auto verdict = events_.judge(refused("CT"), start + 25h);
    EXPECT_TRUE(verdict.audited);
    EXPECT_EQ(verdict.left_out, 199);
}

TEST_F(CallerEventsTest, WhatWasLeftOutIsKnownWithoutAnotherEvent) {
    audited(event_of(ReceiverEventKind::store_failed), 1003);
    audited(event_of(ReceiverEventKind::bad_command, "10.1.0.6"), 1001);
    audited(refused("CT"), 5);
    const auto left_out = events_.take_left_out(false);
    ASSERT_EQ(left_out.size(), 2u);
    EXPECT_EQ(left_out[0].sort, "10.1.0.6: bad_command");
    EXPECT_EQ(left_out[0].count, 1);
    EXPECT_EQ(left_out[1].sort, "10.1.0.5: store_failed");
    EXPECT_EQ(left_out[1].count, 3);
    const auto at_end = events_.take_left_out(true);
    ASSERT_EQ(at_end.size(), 1u) << "once";
    EXPECT_EQ(at_end[0].sort, "PACS@10.1.0.5: the same contexts refused again");
    EXPECT_EQ(at_end[0].count, 4);
    EXPECT_TRUE(events_.take_left_out(true).empty());
}

TEST_F(CallerEventsTest, WhatIsNoFailureIsNotTold) {
    EXPECT_EQ(audited(event_of(ReceiverEventKind::echo), 3), 0);
    EXPECT_EQ(audited(event_of(ReceiverEventKind::commitment_reported), 3), 0);
}

}  // namespace
}  // namespace hilum
