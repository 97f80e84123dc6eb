#include "store/jobs/delivery_order.h"

#include <set>

#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/orders.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class DeliveryOrderContract : public test::StoreContract {
  protected:
    DeliveryOrderContract() {
        pacs().first_delay = pacs().longest_delay = 1h;
        pacs().refused_delay = 1h;
    }
    // The next report that waits is made, with one result.
    void compose(const std::string& result, ResultKind kind = ResultKind::sr) {
        const auto next = claim_report();
        auto reply = composed(next.report->claim, result);
        reply.results.front().kind = kind;
        keep(next.report->claim, reply);
    }
    // Another image of the study, and the version of its report that it causes.
    void make_version(const std::string& image, const std::string& result, ResultKind kind = ResultKind::sr,
                      const std::string& study = "1.2.3") {
        receive(image, study);
        keep(*claim_analysis());
        compose(result, kind);
    }
    // Another image, and a version that tells of these pictures; some may have been made before.
    void tell_of(const std::string& image, const std::string& report,
                 const std::vector<std::string>& pictures, const std::string& composed_for = "pacs") {
        receive(image);
        keep(*claim_analysis());
        const auto next = claim_report();
        auto reply = composed(next.report->claim, report);
        const auto one = reply.results.front();
        if (report.empty()) reply.results.clear();
        for (const auto& picture : pictures) {
            auto& result = reply.results.emplace_back(one);
            result.kind = ResultKind::sc;
            result.sop_instance_uid = picture;
            result.file = "/results/" + picture + ".dcm";
        }
        reply.composed_for = {composed_for};
        keep(next.report->claim, reply);
    }
    std::set<std::string> send_all() {
        std::set<std::string> sent;
        for (auto one = send(); !one.empty(); one = send()) sent.insert(one);
        return sent;
    }
    int resend() {
        return commit([](Transaction& t) { return resend_results(t, {"1.2.3", "", ""}, "operator"); });
    }
    SendingClaim claim(std::uint64_t served = 0) {
        return commit([&](Transaction& t) { return claim_sending(t, pacs(), served); });
    }
    // What is sent, and is through whatever became of it; empty: nothing.
    std::string send(DeliveryOutcome outcome = DeliveryOutcome::delivered, std::uint64_t served = 0) {
        const auto claimed = claim(served);
        if (!claimed.delivery) return "";
        keep(*claimed.delivery, outcome);
        return claimed.delivery->request.sop_instance_uid;
    }
    void not_kept(const std::string& result, int reason) {
        commit([&](Transaction& t) {
            CommitmentReport report;
            report.transaction_uid = "asked for " + result;
            report.failed.push_back({result, reason});
            sql::execute(t,
                         "INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES(?, "
                         "'pacs', ?)",
                         report.transaction_uid, t.at());
            keep_commitment_report(t, report, pacs());
        });
    }
    void withdraw(const std::string& reason = "quality") {
        commit([&](Transaction& t) { withdraw_results(t, {"1.2.3", "", reason, ""}, "operator"); });
    }
    // The note that takes the results of the first version back is made only after a newer version has
    // arrived.
    void withdraw_late(const std::string& reason) {
        make_version("1.1", "9.1", ResultKind::oru);
        send();
        withdraw(reason);
        const auto note = claim_report();
        commit([&](Transaction& t) {
            return keep_report_failure(t, note.report->claim, {"writing", "", Retry::never},
                                       configuration_.retry);
        });
        retry({"analysis", 1, "", ""});
        keep(*claim_analysis());
        compose("9.3", ResultKind::oru);
        EXPECT_EQ(send(), "9.3");
        ASSERT_EQ(retry({"report", note.report->claim.job(), "", ""}), 1);
        const auto late = claim_report();
        ASSERT_TRUE(late.report);
        auto reply = composed(late.report->claim, "9.2");
        reply.results.front().kind = ResultKind::oru;
        auto& key_object = reply.results.emplace_back(reply.results.front());
        key_object.kind = ResultKind::ko;
        key_object.sop_instance_uid = "9.2.ko";
        keep(late.report->claim, reply);
    }
    int retry(const JobSelection& selection) {
        return commit([&](Transaction& t) { return retry_jobs(t, selection, "operator"); });
    }
    int retry_study() { return retry({"", 0, "1.2.3", ""}); }
};
HILUM_FOR_ALL_ENGINES(DeliveryOrderContract);

TEST_P(DeliveryOrderContract, WhatTheDestinationLeavesUnansweredHoldsUpNothingNew) {
    for (const auto* study : {"1", "2", "3"})
        make_version(std::string("1.") + study, std::string("9.") + study, ResultKind::sr, study);
    for (int i = 0; i < 3; ++i) send(DeliveryOutcome::retry);
    EXPECT_EQ(send(), "");
    make_version("1.4", "9.4", ResultKind::sr, "4");
    pass(2h);
    make_version("1.5", "9.5", ResultKind::sr, "5");
    EXPECT_EQ(send(), "9.4");
    EXPECT_EQ(send(), "9.5");
    EXPECT_NE(send(), "") << "then it is the others' turn";
}

TEST_P(DeliveryOrderContract, WhatIsTriedAgainHasItsTurnsThoughNewOnesCome) {
    make_version("1.1", "9.1", ResultKind::sr, "1");
    send(DeliveryOutcome::retry);
    pass(2h);
    make_version("1.2", "9.2", ResultKind::sr, "2");
    EXPECT_EQ(send(DeliveryOutcome::delivered, 3), "9.1");
    EXPECT_EQ(send(DeliveryOutcome::delivered, 3), "9.2") << "where nothing else waits";
}

TEST_P(DeliveryOrderContract, WhatIsTriedAgainGoesByTheTimeAtWhichItIsDue) {
    for (const auto* study : {"1", "2"})
        make_version(std::string("1.") + study, std::string("9.") + study, ResultKind::sr, study);
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.1");
    pass(10min);
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.2");
    pass(2h);
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.1");
    pass(1h);
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.2") << "the older study has had its turn";
}

TEST_P(DeliveryOrderContract, RequestsForCommitmentHaveTheirTurns) {
    pacs().storage_commitment = true;
    for (const auto* study : {"1", "2", "3"})
        make_version(std::string("1.") + study, std::string("9.") + study, ResultKind::sr, study);
    EXPECT_EQ(send(), "9.1");
    EXPECT_EQ(send(DeliveryOutcome::retry), "9.2");
    pass(2h);
    EXPECT_EQ(send(DeliveryOutcome::retry, 2), "9.3") << "what is new goes first";
    make_version("1.4", "9.4", ResultKind::sr, "4");
    EXPECT_EQ(send(DeliveryOutcome::retry, 7), "9.2");
    EXPECT_TRUE(claim(3).commitment);
    EXPECT_EQ(send(), "9.4");
}

TEST_P(DeliveryOrderContract, AReportWaitsForTheVersionBeforeAndHoldsUpNoOtherStudy) {
    make_version("1.1", "9.1");
    send(DeliveryOutcome::retry);
    make_version("1.2", "9.2");
    make_version("2.1", "9.3", ResultKind::sr, "2.2.2");
    EXPECT_EQ(send(), "9.3");
    const auto waits = claim();
    EXPECT_FALSE(waits.delivery);
    ASSERT_TRUE(waits.next_at);
    EXPECT_GT(*waits.next_at, to_microseconds(time_)) << "no busy loop";
    time_ = from_microseconds(*waits.next_at);
    const auto first = claim_delivery();
    EXPECT_EQ(first->request.sop_instance_uid, "9.1");
    EXPECT_FALSE(claim_delivery()) << "it is being sent";
    keep(*first, DeliveryOutcome::delivered);
    EXPECT_EQ(send(), "9.2");
}

TEST_P(DeliveryOrderContract, AVersionThatWasGivenUpHoldsUpNothing) {
    pacs().refused_attempts = 1;
    make_version("1.1", "9.1");
    make_version("1.2", "9.2");
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.1");
    EXPECT_EQ(send(), "9.2");
}

TEST_P(DeliveryOrderContract, AReportThatWasRefusedHoldsUpNoNewerOneAndDoesNotComeAfterIt) {
    make_version("1.1", "9.1");
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.1");
    make_version("1.2", "9.2");
    const auto newer = claim_delivery();
    ASSERT_TRUE(newer);
    EXPECT_EQ(newer->request.sop_instance_uid, "9.2");
    EXPECT_EQ(state(Lane::delivery, 1), "queued") << "the newer one may be refused, too";
    keep(*newer, DeliveryOutcome::delivered);
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    pass(2h);
    EXPECT_EQ(send(), "");
}

TEST_P(DeliveryOrderContract, AReportThatCannotBeReadHereHoldsUpNoNewerOne) {
    make_version("1.1", "9.1");
    commit([](Transaction& t) { sql::execute(t, "UPDATE job SET troubles = 1, due = due * 2"); });
    make_version("1.2", "9.2");
    EXPECT_EQ(send(), "9.2");
}

TEST_P(DeliveryOrderContract, CapturesWaitForNoVersion) {
    make_version("1.1", "9.1", ResultKind::sc);
    send(DeliveryOutcome::refused);
    make_version("1.2", "9.2", ResultKind::sc);
    EXPECT_EQ(send(), "9.2");
}

using Sent = std::set<std::string>;

TEST_P(DeliveryOrderContract, APictureThatTheNewestVersionDoesNotTellOfIsNotSentAgain) {
    tell_of("1.1", "9.1", {"8.1", "8.2"});
    EXPECT_EQ(send_all(), (Sent{"8.1", "8.2", "9.1"}));
    tell_of("1.2", "9.2", {"8.2", "8.3"});
    EXPECT_EQ(send_all(), (Sent{"8.3", "9.2"}));
    EXPECT_EQ(resend(), 3);
    EXPECT_EQ(send_all(), (Sent{"8.2", "8.3", "9.2"}));
    const JobSelection old_picture{"delivery", 2, "", ""};
    EXPECT_EQ(retry(old_picture), 0);
    const auto words = commit([&](Transaction& t) { return words_for_unfit(t, old_picture); });
    EXPECT_NE(words.find("a newer version"), std::string::npos) << words;
    EXPECT_EQ(retry({"delivery", 3, "", ""}), 1) << "told of by both";
}

// As of a destination that takes pictures of findings alone.
TEST_P(DeliveryOrderContract, APictureInWhosePlaceNoneWasMadeIsNotSentAgain) {
    tell_of("1.1", "", {"8.1"});
    EXPECT_EQ(send_all(), Sent{"8.1"});
    tell_of("1.2", "", {}, "archive");
    EXPECT_EQ(resend(), 1) << "that version was for another destination";
    EXPECT_EQ(send_all(), Sent{"8.1"});
    tell_of("1.3", "", {});
    EXPECT_EQ(resend(), 0);
}

TEST_P(DeliveryOrderContract, APictureThatIsToldOfNoMoreWaitsNoMoreUnlessItIsToldOfAgain) {
    pacs().refused_attempts = 1;
    tell_of("1.1", "", {"8.1"});
    send(DeliveryOutcome::refused);
    EXPECT_EQ(state(Lane::delivery, 1), "refused");
    tell_of("1.2", "", {"8.2"});
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    tell_of("1.3", "", {"8.1"});
    EXPECT_EQ(state(Lane::delivery, 1), "queued") << "its image is back as it was";
    EXPECT_EQ(state(Lane::delivery, 2), "discarded");
    EXPECT_EQ(send_all(), Sent{"8.1"});
}

TEST_P(DeliveryOrderContract, APictureThatIsToldOfNoMoreWhileItIsSentIsNotSentAgain) {
    tell_of("1.1", "", {"8.1"});
    const auto claimed = claim_delivery();
    tell_of("1.2", "", {"8.2"});
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::retry), JobState::discarded);
    EXPECT_EQ(job(Lane::delivery, 1).at("error"), std::string(newer_version));
}

TEST_P(DeliveryOrderContract, AMessageThatANewerOneReplacesIsSentNoMore) {
    make_version("1.1", "9.1", ResultKind::oru);
    send(DeliveryOutcome::refused);
    make_version("1.2", "9.2", ResultKind::oru);
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    EXPECT_EQ(send(), "9.2");
    pass(2h);
    EXPECT_EQ(send(), "");
}

TEST_P(DeliveryOrderContract, AMessageThatIsReplacedWhileItIsSentIsNotSentAgain) {
    make_version("1.1", "9.1", ResultKind::oru);
    const auto claimed = claim_delivery();
    make_version("1.2", "9.2", ResultKind::oru);
    EXPECT_FALSE(claim_delivery()) << "one after the other";
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::retry), JobState::discarded);
    EXPECT_EQ(job(Lane::delivery, 1).at("error"), std::string(newer_version));
    EXPECT_EQ(send(), "9.2");
}

TEST_P(DeliveryOrderContract, AMessageThatIsReplacedWhileItsOwnerIsLostIsNotSentAgain) {
    make_version("1.1", "9.1", ResultKind::oru);
    const auto lost = claim_delivery();
    make_version("1.2", "9.2", ResultKind::oru);
    pass(1h);
    take_up();
    EXPECT_EQ(state(Lane::delivery, lost->claim.job()), "discarded");
}

TEST_P(DeliveryOrderContract, ResultsWaitForTheMessageThatTakesEarlierOnesBack) {
    make_version("1.1", "9.1", ResultKind::oru);
    send();
    withdraw();
    compose("9.2", ResultKind::oru);
    EXPECT_EQ(send(DeliveryOutcome::refused), "9.2");
    EXPECT_EQ(retry({"analysis", 1, "", ""}), 1);
    keep(*claim_analysis());
    compose("9.3", ResultKind::oru);
    EXPECT_EQ(state(Lane::delivery, 2), "queued") << "it is never replaced";
    EXPECT_EQ(send(), "");
    pass(1h);
    EXPECT_EQ(send(), "9.2");
    EXPECT_EQ(send(), "9.3");
}

TEST_P(DeliveryOrderContract, WhatTheDestinationDoesNotKeepHoldsUpNoNewerOneAndDoesNotComeAfterIt) {
    pacs().storage_commitment = true;
    make_version("1.1", "9.1");
    send();
    not_kept("9.1", 0x0122);
    EXPECT_EQ(state(Lane::delivery, 1), "queued");
    make_version("1.2", "9.2");
    EXPECT_EQ(send(), "9.2");
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    make_version("1.3", "9.3");
    EXPECT_EQ(send(), "9.3");
    not_kept("9.2", 0x0110);
    EXPECT_EQ(state(Lane::delivery, 2), "discarded");
}

TEST_P(DeliveryOrderContract, ResultsWaitAlsoWhileThatMessageIsComposed) {
    configuration_.retry.first_delay = configuration_.retry.longest_delay = 1h;
    make_version("1.1", "9.1", ResultKind::oru);
    send();
    withdraw();
    const auto note = claim_report();
    commit([&](Transaction& t) {
        return keep_report_failure(t, note.report->claim, {"process_died", "gone", Retry::later},
                                   configuration_.retry);
    });
    EXPECT_EQ(retry({"analysis", 1, "", ""}), 1);
    keep(*claim_analysis());
    compose("9.3", ResultKind::oru);
    EXPECT_EQ(send(), "");
    pass(2h);
    compose("9.2", ResultKind::oru);
    EXPECT_EQ(send(), "9.2");
    EXPECT_EQ(send(), "9.3");
}

TEST_P(DeliveryOrderContract, AWithdrawalThatFailedIsMadeLaterAndTakesNoNewerMessageBack) {
    withdraw_late("quality");
    EXPECT_EQ(send_all(), std::set<std::string>{"9.2.ko"});
    EXPECT_EQ(state(Lane::delivery, 3), "discarded");
}

TEST_P(DeliveryOrderContract, WhatWasToldOfAnotherPatientIsTakenBackHoweverLate) {
    withdraw_late("patient_changed");
    EXPECT_EQ(send_all(), (std::set<std::string>{"9.2", "9.2.ko"}));
}

TEST_P(DeliveryOrderContract, ARetryOfTheStudySendsTheNewestVersionAlone) {
    pacs().refused_attempts = 1;
    make_version("1.1", "9.1");
    send(DeliveryOutcome::refused);
    make_version("1.2", "9.2");
    send();
    EXPECT_EQ(retry_study(), 0);
    const auto words = commit([](Transaction& t) { return words_for_unfit(t, {"", 0, "1.2.3", ""}); });
    EXPECT_NE(words.find("a newer version"), std::string::npos) << words;
    EXPECT_EQ(retry({"delivery", 1, "", ""}), 0);
}

TEST_P(DeliveryOrderContract, ARetryBringsNoMessageBackThatWasReplaced) {
    pacs().refused_attempts = 1;
    make_version("1.1", "9.1", ResultKind::oru);
    send(DeliveryOutcome::refused);
    make_version("1.2", "9.2", ResultKind::oru);
    send();
    EXPECT_EQ(retry_study(), 0);
    EXPECT_EQ(retry({"delivery", 1, "", ""}), 0);
    EXPECT_EQ(retry({"delivery", 2, "", ""}), 1);
}

// Told by how often reading asks whether to stop, each time after so many steps of SQLite's.
TEST_P(DeliveryOrderContract, APictureCostsTheSameHoweverManyTheStudyHas) {
    int asked = 0;
    database_.stop_reading_when([&] { return ++asked < 0; });
    const auto cost_of = [&](const std::string& image, int count) {
        std::vector<std::string> pictures;
        for (int i = 0; i < count; ++i) pictures.push_back("8." + image + "." + std::to_string(i));
        asked = 0;
        tell_of(image, "9." + image, pictures);
        return asked;
    };
    const int few = cost_of("1.1", 50);
    const int many = cost_of("1.2", 400);
    EXPECT_LT(many, 16 * few) << "for eight times as many";
}

}  // namespace
}  // namespace hilum
