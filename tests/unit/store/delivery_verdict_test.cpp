#include "store/delivery_verdict.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using namespace std::chrono_literals;

class JudgeDelivery : public testing::Test {
  protected:
    JudgeDelivery() {
        settings.first_delay = 5s;
        settings.longest_delay = 10min;
        settings.refused_delay = 1h;
        settings.refused_attempts = 3;
        settings.give_up_after = 72h;
    }
    DeliveryVerdict judge(DeliveryOutcome outcome, bool no_association = false) {
        return judge_delivery({1, outcome, -1, "", no_association}, history, settings, at);
    }
    Duration wait(const DeliveryVerdict& verdict) { return Duration(verdict.next_attempt_at - at); }

    DestinationSettings settings;
    const std::int64_t at = Duration(1'000'000h).count();
    DeliveryHistory history{1, 0, Duration(1'000'000h - 1h).count()};
};

TEST_F(JudgeDelivery, EndsWithWhatIsDelivered) {
    EXPECT_EQ(judge(DeliveryOutcome::delivered).state, JobState::delivered);
}

TEST_F(JudgeDelivery, SetsAsideWhatCannotBeSent) {
    EXPECT_EQ(judge(DeliveryOutcome::unsendable).state, JobState::refused);
}

TEST_F(JudgeDelivery, TriesAgainSoonWhatIsTheDestinationsTrouble) {
    EXPECT_EQ(judge(DeliveryOutcome::retry).state, JobState::queued);
    EXPECT_GE(wait(judge(DeliveryOutcome::retry)), Duration(4s));
    EXPECT_LE(wait(judge(DeliveryOutcome::retry)), Duration(6s));
    history.attempts = 100;
    EXPECT_GE(wait(judge(DeliveryOutcome::retry)), Duration(8min));
}

TEST_F(JudgeDelivery, GivesUpAfterTheTimeForIt) {
    history.waits_since = at - Duration(73h).count();
    EXPECT_EQ(judge(DeliveryOutcome::retry).state, JobState::expired);
    EXPECT_EQ(judge(DeliveryOutcome::retry, true).state, JobState::expired);
}

TEST_F(JudgeDelivery, WaitsForTheNodeHoweverLong) {
    history.waits_since = at - Duration(73h).count();
    const DeliverReply trouble{1, DeliveryOutcome::retry, -1, "", false, Retry::once_mended};
    EXPECT_EQ(judge_delivery(trouble, history, settings, at).state, JobState::queued);
}

TEST_F(JudgeDelivery, LeavesTheWaitingToTheLaneWithoutAnAssociation) {
    history.attempts = 100;
    EXPECT_EQ(judge(DeliveryOutcome::retry, true).state, JobState::queued);
    EXPECT_EQ(wait(judge(DeliveryOutcome::retry, true)), Duration(0s));
}

TEST_F(JudgeDelivery, TriesAgainSlowlyWhatTheObjectIsBlamedFor) {
    EXPECT_EQ(judge(DeliveryOutcome::refused).state, JobState::queued);
    EXPECT_EQ(wait(judge(DeliveryOutcome::refused)), Duration(1h));
    history.refusals = 1;
    EXPECT_EQ(judge(DeliveryOutcome::refused).state, JobState::queued);
    history.refusals = 2;
    EXPECT_EQ(judge(DeliveryOutcome::refused).state, JobState::refused) << "the third";
}

class JudgeUncommitted : public JudgeDelivery {
  protected:
    DeliveryVerdict judge(int failure_reason) {
        return judge_uncommitted(failure_reason, answers, settings, at);
    }
    CommitmentHistory answers;
};

TEST_F(JudgeUncommitted, WaitsMinutesForWhatPassesAndCountsNoRefusal) {
    answers.refusals = 2;
    for (const int reason : {0x0110, 0x0112, 0x0213}) {
        const auto verdict = judge(reason);
        EXPECT_EQ(verdict.state, JobState::queued);
        EXPECT_FALSE(verdict.counts_as_refusal);
        EXPECT_GE(wait(verdict), Duration(96s));
        EXPECT_LE(wait(verdict), Duration(144s));
    }
    answers.failures = 10;
    EXPECT_GE(wait(judge(0x0110)), Duration(8min));
    EXPECT_LE(wait(judge(0x0110)), Duration(12min));
}

TEST_F(JudgeUncommitted, GivesUpWhatDoesNotPassInTheTimeForIt) {
    answers.failures = 72 * 6 - 10;  // ten minutes each
    EXPECT_EQ(judge(0x0110).state, JobState::queued);
    answers.failures = 72 * 6 + 10;
    EXPECT_EQ(judge(0x0110).state, JobState::expired);
    EXPECT_FALSE(judge(0x0110).counts_as_refusal);
}

TEST_F(JudgeUncommitted, TriesAgainSlowlyWhatTheObjectIsBlamedFor) {
    answers.failures = 100;
    for (const int reason : {0x0122, 0x0119, 0x0131, 0xC123}) {
        answers.refusals = 1;
        EXPECT_EQ(judge(reason).state, JobState::queued);
        EXPECT_TRUE(judge(reason).counts_as_refusal);
        EXPECT_EQ(wait(judge(reason)), Duration(1h));
        answers.refusals = 2;
        EXPECT_EQ(judge(reason).state, JobState::refused) << "the third";
    }
}

}  // namespace
}  // namespace hilum
