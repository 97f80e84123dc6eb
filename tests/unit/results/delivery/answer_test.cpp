#include "results/delivery/answer.h"

#include <gmock/gmock.h>

namespace hilum::delivery {
namespace {

using testing::HasSubstr;

const RemoteNode pacs{"HILUM", "PACS", "10.1.0.5", 104, std::chrono::seconds(30)};

struct StatusCase {
    int status;
    Outcome outcome;
};

void PrintTo(const StatusCase& one, std::ostream* out) {
    *out << std::hex << one.status << std::dec;
}

class StoreStatus : public testing::TestWithParam<StatusCase> {};

TEST_P(StoreStatus, HasTheOutcomeOfItsClass) {
    const auto answer = answer_for_store_status(GetParam().status, pacs, "");
    EXPECT_EQ(answer.outcome, GetParam().outcome) << std::hex << GetParam().status;
    EXPECT_EQ(answer.dimse_status, GetParam().status);
    EXPECT_THAT(answer.message, HasSubstr("PACS at 10.1.0.5:104"));
}

INSTANTIATE_TEST_SUITE_P(
    Standard, StoreStatus,
    testing::Values(StatusCase{0x0000, Outcome::delivered}, StatusCase{0xB000, Outcome::delivered},
                    StatusCase{0xB006, Outcome::delivered}, StatusCase{0xB007, Outcome::delivered},
                    StatusCase{0xBFFF, Outcome::delivered}, StatusCase{0x0111, Outcome::delivered},
                    StatusCase{0x0107, Outcome::delivered}, StatusCase{0xA700, Outcome::retry},
                    StatusCase{0xA7FF, Outcome::retry}, StatusCase{0x0110, Outcome::retry},
                    StatusCase{0x0213, Outcome::retry}, StatusCase{0xA900, Outcome::refused},
                    StatusCase{0xC000, Outcome::refused}, StatusCase{0xC123, Outcome::refused},
                    StatusCase{0x0122, Outcome::refused}, StatusCase{0x0124, Outcome::refused},
                    StatusCase{0x0117, Outcome::refused}, StatusCase{0xD001, Outcome::refused}));

TEST(StoreStatusText, NamesTheStatusAndTheAttributesComplainedOf) {
    const auto answer = answer_for_store_status(0xA900, pacs, "(0008,0016)");
    EXPECT_THAT(answer.message, HasSubstr("A900"));
    EXPECT_THAT(answer.message, HasSubstr("(0008,0016)"));
}

TEST(StoreStatusText, SaysThatADuplicateWasThereAlready) {
    EXPECT_THAT(answer_for_store_status(0x0111, pacs, "").message, HasSubstr("already had it"));
}

TEST(Rejection, IsRetriedEvenWhenPermanentAndSaysWhatToConfigure) {
    const auto answer = answer_for_rejection(true, 1, 3, pacs);
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_EQ(answer.dimse_status, -1);
    EXPECT_THAT(answer.message, HasSubstr("permanently"));
    EXPECT_THAT(answer.message, HasSubstr("does not know the calling AE title HILUM"));
    EXPECT_THAT(answer_for_rejection(true, 1, 7, pacs).message, HasSubstr("not called PACS"));
}

TEST(Rejection, ForALimitReadsAsPassing) {
    EXPECT_THAT(answer_for_rejection(false, 3, 2, pacs).message,
                testing::AllOf(HasSubstr("for the moment"), HasSubstr("limit of associations")));
}

TEST(UnreadableResult, IsTheNodesTroubleWhereItLacksSomethingAndElseAnAttempt) {
    const auto lacking = unreadable_result({}, {"unreadable", "Input/output error", Retry::once_mended});
    EXPECT_EQ(lacking.outcome, Outcome::retry);
    EXPECT_EQ(lacking.retry, Retry::once_mended);
    const auto other = unreadable_result({}, {"unreadable", "it is cut off", Retry::never});
    EXPECT_EQ(other.outcome, Outcome::retry);
    EXPECT_EQ(other.retry, Retry::later);
}

}  // namespace
}  // namespace hilum::delivery
