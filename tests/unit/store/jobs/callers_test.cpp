#include "store/jobs/callers.h"

#include <set>

#include "store/database/sql.h"
#include "store/jobs/compose_requests.h"
#include "store/jobs/orders.h"
#include "store/retention/forgetting.h"
#include "store/retention/removal.h"
#include "store/retention/removed_files.h"
#include "store/spool_records.h"
#include "store/stored_deadlines.h"
#include "store/withdrawals.h"
#include "unit/store/recovery/rebuilding.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// XRAY1 sends images straight, and PACS forwards them.
class CallersContract : public test::Rebuilding {
  protected:
    CallersContract() { pacs().from = {"PACS"}; }
    StoredInstance send(const std::string& calling_ae, const std::string& bytes = "a") {
        auto object = test::received("1.1", "1.2.3", bytes);
        object.calling_ae = calling_ae;
        object.file = std::to_string(++files_) + ".dcm";
        test::put_in_spool(folder_, object.file);
        return commit([&](Transaction& t) { return instances_.store(t, object); });
    }
    DestinationSettings& add_destination(const std::string& name, std::vector<std::string> from) {
        auto& added = configuration_.destinations.emplace_back(configuration_.destinations.front());
        added.name = name;
        added.from = std::move(from);
        return added;
    }
    // For whom the composer is asked to make results; empty: nothing is composed.
    std::set<std::string> destinations_of(const NextReport& next) {
        std::set<std::string> names;
        if (!next.report) return names;
        for (const auto& profile : next.report->request.profiles)
            names.insert(profile.destinations.begin(), profile.destinations.end());
        return names;
    }
    std::set<std::string> report(const std::string& uid = "9.1") {
        const auto next = claim_report();
        const auto names = destinations_of(next);
        if (!next.report) return names;
        auto reply = composed(next.report->claim, uid);
        reply.results.front().destinations = {names.begin(), names.end()};
        keep(next.report->claim, reply);
        return names;
    }
    // A capture that archive has, and whose file retention took.
    void make_removed_capture() {
        add_destination("archive", {"XRAY1"});
        send("XRAY1");
        keep(*claim_analysis());
        keep_capture(claim_report());
        attempt("archive", DeliveryOutcome::delivered);
        pass(24h * 8);
        const RemovalRules rules{RetentionSettings{}, true, false, 10s};
        ASSERT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, rules); }).removed, 1);
        ASSERT_EQ(captures_there(), 0);
    }
    void keep_capture(const NextReport& next, const std::optional<Error>& error = std::nullopt) {
        ASSERT_TRUE(next.report);
        const auto names = destinations_of(next);
        auto reply = composed(next.report->claim);
        reply.results.front().kind = ResultKind::sc;
        reply.results.front().destinations = {names.begin(), names.end()};
        reply.composed_for = reply.results.front().destinations;
        reply.error = error;
        keep(next.report->claim, reply);
    }
    void attempt(const std::string& destination, DeliveryOutcome outcome) {
        const auto& settings =
            *std::ranges::find(configuration_.destinations, destination, &DestinationSettings::name);
        commit([&](Transaction& t) {
            const auto claimed = std::move(claim_sending(t, settings).delivery);
            ASSERT_TRUE(claimed);
            keep_delivery(t, *claimed, {claimed->claim.job(), outcome, -1, "", false}, settings);
        });
    }
    std::int64_t captures_there() {
        return commit([](Transaction& t) {
            return sql::number(t, "SELECT count(*) FROM result WHERE removed_at IS NULL AND kind = 'sc'")
                .value();
        });
    }
    // The SOP Instance UID of what goes to the destination next; empty: nothing does.
    std::string next_for(const std::string& destination) {
        const auto& settings =
            *std::ranges::find(configuration_.destinations, destination, &DestinationSettings::name);
        const auto claimed = commit([&](Transaction& t) { return claim_sending(t, settings); });
        return claimed.delivery ? claimed.delivery->request.sop_instance_uid : "";
    }

    int files_ = 0;
};
HILUM_FOR_ALL_ENGINES(CallersContract);

using Names = std::set<std::string>;

TEST_P(CallersContract, WhoSentTheSameBytesAfterAnotherCountsToo) {
    send("XRAY1");
    EXPECT_EQ(send("PACS").answer.outcome, StoreOutcome::duplicate);
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{"pacs"});
}

TEST_P(CallersContract, WhoSentAnotherHeaderCountsToo) {
    send("XRAY1");
    EXPECT_EQ(send("PACS", "b").answer.outcome, StoreOutcome::new_version);
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{"pacs"});
}

TEST_P(CallersContract, WhoSentNothingOfTheStudyDoesNot) {
    send("XRAY1");
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{});
}

TEST_P(CallersContract, WhatWasForNobodyIsComposedOnceItsCallerComes) {
    configuration_.study.revise = false;
    send("XRAY1");
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{});
    EXPECT_TRUE(send("PACS").new_caller);
    EXPECT_FALSE(send("PACS").new_caller) << "it is known";
    const auto next = claim_report();
    EXPECT_EQ(destinations_of(next), Names{"pacs"});
    EXPECT_EQ(next.report->request.version, 1) << "nobody has it, so that nothing is revised";
    EXPECT_FALSE(claim_report().report);
}

TEST_P(CallersContract, TheVersionThatStandsIsComposedForOneMoreAndSentToNobodyTwice) {
    configuration_.study.revise = false;
    add_destination("archive", {"XRAY1"}).reports.sr_class = ReportClass::enhanced;
    send("XRAY1");
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{"archive"});
    EXPECT_EQ(next_for("archive"), "9.1");
    EXPECT_TRUE(send("PACS").new_caller);
    const auto next = claim_report();
    EXPECT_EQ(destinations_of(next), (Names{"archive", "pacs"}));
    EXPECT_EQ(next.report->request.version, 1);
    auto reply = composed(next.report->claim);  // as it was made
    reply.results.front().destinations = {"archive"};
    reply.results.push_back(composed(next.report->claim, "9.2").results.front());
    keep(next.report->claim, reply);
    EXPECT_EQ(next_for("pacs"), "9.2");
    EXPECT_EQ(next_for("archive"), "") << "it has it";
    send("PACS");
    EXPECT_FALSE(claim_report().report) << "once";
}

TEST_P(CallersContract, ANewOneMakesNoReportOfWhatRetentionHasLeft) {
    add_destination("archive", {"XRAY1"});
    send("XRAY1");
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{"archive"});
    commit([](Transaction& t) {
        sql::execute(t, "UPDATE instance SET removed_at = ?", t.at());
        sql::execute(t, "UPDATE result SET removed_at = ?", t.at());
    });
    send("PACS", "b");
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(next_for("pacs"), "");
}

TEST_P(CallersContract, ANewOneIsServedWhatRetentionHadComposedAnew) {
    make_removed_capture();
    const ResultSelection results{"1.2.3", "", ""};
    EXPECT_EQ(commit([&](Transaction& t) { return resend_results(t, results, "operator"); }), 1);
    attempt("archive", DeliveryOutcome::damaged);
    keep_capture(claim_report());
    pass(2 * pacs().longest_delay);
    attempt("archive", DeliveryOutcome::delivered);
    EXPECT_TRUE(send("PACS").new_caller);
    keep_capture(claim_report(), Error{"writing", "", Retry::later});
    EXPECT_EQ(next_for("pacs"), "9.1");
    EXPECT_EQ(next_for("archive"), "") << "it has it";
    const auto again = claim_report();
    ASSERT_TRUE(again.report);
    auto reply = composed(again.report->claim);
    reply.results.push_back(composed(again.report->claim, "9.2").results.front());
    for (auto& result : reply.results) result.destinations = {"archive", "pacs"};
    reply.composed_for = {"archive", "pacs"};
    keep(again.report->claim, reply);
    EXPECT_EQ(next_for("pacs"), "9.2") << "what could not be made at once";
    EXPECT_EQ(next_for("archive"), "");
}

TEST_P(CallersContract, WhatRetentionTookIsThereAgainOnceItIsComposedForANewOne) {
    make_removed_capture();
    send("PACS");
    keep_capture(claim_report());
    EXPECT_EQ(captures_there(), 1);
    EXPECT_EQ(commit([](Transaction& t) { return files_to_measure(t); }).size(), 1u);
    EXPECT_EQ(next_for("pacs"), "9.1");
}

TEST_P(CallersContract, WhatIsComposedForOneMoreSaysTheTimeThatItSaidWhateverTheClockDid) {
    add_destination("archive", {"XRAY1"});
    send("XRAY1");
    keep(*claim_analysis());
    const auto first = claim_report();
    keep_capture(first);
    send("PACS");
    commit([&](Transaction& t) {
        open_due_reports(t, configuration_);
        clock_was_set(t, configuration_, 1h);
    });
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.opened_at, first.report->request.opened_at);
}

TEST_P(CallersContract, ANewOneIsServedTheReportOfALateImageThatWasOpenedAfterRetentionTookTheOthers) {
    add_destination("archive", {"XRAY1"});
    send("XRAY1");
    keep(*claim_analysis());
    report();
    attempt("archive", DeliveryOutcome::delivered);
    pass(24h * 31);
    const RemovalRules rules{RetentionSettings{}, true, false, 10s};
    ASSERT_EQ(commit([&](Transaction& t) { return remove_studies(t, {}, rules, 0); }).removed, 1);
    auto late = test::received("1.2", "1.2.3", "late", "late");
    late.calling_ae = "XRAY1";
    commit([&](Transaction& t) { instances_.store(t, late); });
    keep(*claim_analysis());
    EXPECT_EQ(report("9.2"), Names{"archive"});
    late.calling_ae = "PACS";
    EXPECT_TRUE(commit([&](Transaction& t) { return instances_.store(t, late); }).new_caller);
    const auto next = claim_report();
    EXPECT_EQ(destinations_of(next), (Names{"archive", "pacs"}));
    EXPECT_EQ(next.report->request.version, 2);
    EXPECT_EQ(next.report->request.images.size(), 1u);
}

TEST_P(CallersContract, WhoComesWhileItIsComposedIsServedAfterwards) {
    add_destination("archive", {"XRAY1"});
    send("XRAY1");
    keep(*claim_analysis());
    const auto composing = claim_report();
    ASSERT_EQ(destinations_of(composing), Names{"archive"});
    EXPECT_TRUE(send("PACS").new_caller);
    EXPECT_FALSE(claim_report().report);
    auto reply = composed(composing.report->claim);
    reply.results.front().destinations = {"archive"};
    keep(composing.report->claim, reply);
    EXPECT_EQ(report(), (Names{"archive", "pacs"}));
    EXPECT_EQ(next_for("pacs"), "9.1");
}

TEST_P(CallersContract, WhoSendsOurResultsBackSentNoImage) {
    add_destination("archive", {"XRAY1"});
    send("XRAY1");
    keep(*claim_analysis());
    report("9.1");
    auto back = test::received("9.1");
    EXPECT_EQ(commit([&](Transaction& t) { return instances_.store(t, back); }).answer.outcome,
              StoreOutcome::discarded);
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(next_for("pacs"), "");
}

TEST_P(CallersContract, WhatWasWithdrawnIsForNobody) {
    add_destination("archive", {"XRAY1"});
    send("XRAY1");
    keep(*claim_analysis());
    report();
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    send("PACS");
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(next_for("pacs"), "");
}

// Of the second caller's object there is no file.
TEST_P(CallersContract, AreKnownAfterTheLossOfTheDatabase) {
    send("XRAY1");
    send("PACS");
    lose_the_database();
    auto found = test::received("1.1");
    found.calling_ae = "XRAY1";
    found.file = "1.dcm";
    commit([&](Transaction& t) { keep_adopted(t, 1, instances_, found, time_); });
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{"pacs"});
}

TEST_P(CallersContract, OfAnAdoptedFileAreKnownByIt) {
    auto found = test::received("1.1");
    commit([&](Transaction& t) { keep_adopted(t, 1, instances_, found, time_); });
    keep(*claim_analysis());
    EXPECT_EQ(report(), Names{"pacs"});
}

TEST(Callers, GoWithTheirStudy) {
    test::TemporaryFolder folder;
    auto database = test::open_database(folder);
    test::instance_store(folder).store(database, test::received("1.1", "1.2.3"));
    test::instance_store(folder).store(database, test::received("2.1", "2.2.3"));
    database.execute("DELETE FROM analysis");
    database.execute("DELETE FROM job");
    database.execute("UPDATE instance SET removed_at = 1");
    database.execute("UPDATE study SET removed_at = 1, due_at = NULL");
    EXPECT_EQ(forget_studies(database, 1h), 1) << "the newest stays";
    EXPECT_EQ(database.number("SELECT count(*) FROM study_caller"), 1);
    EXPECT_EQ(callers_of(database, 2), (std::set<std::string>{"PACS"}));
}

}  // namespace
}  // namespace hilum
