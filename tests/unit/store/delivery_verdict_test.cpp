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

}  // namespace
}  // namespace hilum
