#include "store/audit/trail_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/audit/audit_event.h"
#include "store/overview/time_words.h"

namespace hilum::audit {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Ten events, and what is signed of them is not looked at here: heads are said to be good.
class TrailCheckTest : public testing::Test {
  protected:
    TrailCheckTest() {
        for (int i = 1; i <= 10; ++i) append("patient " + std::to_string(i));
    }

    void append(const std::string& patient) {
        AuditEvent event;
        event.id = trail.empty() ? 1 : trail.back().at("id").get<int>() + 1;
        event.at = 1'000'000 * event.id;
        event.type = "analysed";
        event.patient_id = patient;
        event.detail = {{"score", 0.1}, {"text", "M\xc3\xbcller"}};
        auto told = to_json(event);
        told["hash"] = chain_hash(trail.empty() ? first_hash : hash_of(event.id - 1), event);
        trail.push_back(told);
    }

    std::string hash_of(std::int64_t id) const {
        return trail.at(static_cast<std::size_t>(id - 1)).at("hash").get<std::string>();
    }
    SignedHead head(std::int64_t event) const {
        return {event, hash_of(event), "2026-03-01T06:00:" + std::to_string(10 + event) + "Z", "key", "good"};
    }

    // As who can write to the database rewrites it: all digests fit again.
    void rewrite(std::size_t from) {
        auto rest =
            std::vector<nlohmann::json>(trail.begin() + static_cast<std::ptrdiff_t>(from), trail.end());
        trail.resize(from);
        for (std::size_t i = 0; i < rest.size(); ++i) append(i == 0 ? "somebody else" : "patient");
    }

    TrailCheck::Outcome check(std::vector<SignedHead> heads, std::size_t from = 0) const {
        TrailCheck check(std::move(heads), static_cast<std::int64_t>(from),
                         from == 0 ? first_hash : hash_of(static_cast<std::int64_t>(from)), age);
        for (std::size_t i = from; i < trail.size(); ++i) check.add(trail[i]);
        return check.finish();
    }

    // As audit_removal.h tells it, when all events are ten years old unless a test says otherwise.
    void tell_removal(std::int64_t through, const char* at = "2036-03-01") {
        AuditEvent event;
        event.id = trail.back().at("id").get<int>() + 1;
        event.at = to_microseconds(parse_utc(at).value());
        event.type = "audit_removed";
        event.detail = {{"from", 1}, {"through", through}, {"hash", hash_of(through)}};
        auto told = to_json(event);
        told["hash"] = chain_hash(hash_of(event.id - 1), event);
        trail.push_back(told);
    }

    // The first `read` events are added before all up to `through` are removed.
    TrailCheck::Outcome check_while_removed(std::vector<SignedHead> heads, std::size_t read,
                                            std::int64_t through) const {
        TrailCheck check(std::move(heads), 0, first_hash, age);
        for (std::size_t i = 0; i < read; ++i) check.add(trail[i]);
        check.removed_meanwhile(through, hash_of(through));
        EXPECT_EQ(check.reached(), through);
        for (auto i = static_cast<std::size_t>(through); i < trail.size(); ++i) check.add(trail[i]);
        return check.finish();
    }

    std::vector<nlohmann::json> trail;
    TrailAge age{std::chrono::years(7), parse_utc("2036-06-01").value()};
};

TEST_F(TrailCheckTest, FindsNothingInTheTrailThatWasSigned) {
    const auto outcome = check({head(9), head(4), head(4), head(10)});
    EXPECT_THAT(outcome.findings, IsEmpty());
    EXPECT_EQ(outcome.witnessed, 10);
    EXPECT_EQ(outcome.heads_fitting, 4);
    EXPECT_EQ(check({}).witnessed, 0);
}

TEST_F(TrailCheckTest, FindsATailThatWasCutOff) {
    const auto newest = head(10);
    trail.resize(7);
    EXPECT_THAT(check({newest}).findings,
                ElementsAre(HasSubstr("events 8 to 10 are missing: the trail ends with event 7")));
    trail.clear();
    EXPECT_THAT(check({newest}).findings, ElementsAre(HasSubstr("events 1 to 10 are missing")));
}

TEST_F(TrailCheckTest, FindsAPastThatWasRewrittenWithFreshDigests) {
    const std::vector<SignedHead> heads{head(3), head(8), head(10)};
    rewrite(4);
    const auto outcome = check(heads);
    EXPECT_THAT(outcome.findings, ElementsAre(HasSubstr("events 4 to 8 are not those that were signed")));
    EXPECT_EQ(outcome.witnessed, 3);
}

TEST_F(TrailCheckTest, FindsEventsThatWereTakenOutOrChanged) {
    auto whole = trail;
    trail.erase(trail.begin() + 4, trail.begin() + 6);
    EXPECT_THAT(check({}).findings, ElementsAre("events 5 to 6 are missing"));
    trail = whole;
    trail[4]["patient_id"] = "somebody else";
    EXPECT_THAT(check({}).findings, ElementsAre("event 5 does not fit its digest, or what stands before it"));
    trail = whole;
    std::swap(trail[4], trail[5]);
    EXPECT_FALSE(check({}).findings.empty());
    trail = whole;
    trail.erase(trail.begin() + 4, trail.begin() + 6);  // and the rest numbered and digested anew
    rewrite(4);
    EXPECT_THAT(check({}).findings, IsEmpty()) << "a chain alone does not show it";
    EXPECT_FALSE(check({SignedHead{10, whole[9]["hash"], "", "", ""}}).findings.empty());
}

TEST_F(TrailCheckTest, NamesAnEventThatCannotBeReadOnce) {
    trail[4]["detail"] = nlohmann::json::object();
    trail[4][unreadable_detail] = "{\"score\": 0.";
    const auto outcome = check({head(9)});
    EXPECT_THAT(outcome.findings, ElementsAre("event 5 cannot be read: its detail is no JSON"));
    EXPECT_EQ(outcome.witnessed, 9);
}

TEST_F(TrailCheckTest, FindsTwoTrailsUnderOneKey) {
    const auto before = head(9);
    rewrite(4);
    EXPECT_THAT(check({before, head(9)}).findings,
                testing::Contains(HasSubstr("two trails were signed: event 9")));
}

TEST_F(TrailCheckTest, HoldsOverWhatWasRemovedWhenItsTimeWasOver) {
    tell_removal(3);  // an earlier one
    tell_removal(5);
    const auto outcome = check({head(2), head(5), head(8)}, 5);
    EXPECT_THAT(outcome.findings, IsEmpty());
    EXPECT_EQ(outcome.heads_before, 1);
    EXPECT_EQ(outcome.heads_before_until, "2026-03-01T06:00:12Z");
    EXPECT_EQ(outcome.heads_fitting, 2);
    // Who removes more, and makes a beginning of it, is found: a head of that event would have to fit.
    TrailCheck forged({head(8)}, 6, "another digest", age);
    for (std::size_t i = 6; i < trail.size(); ++i) forged.add(trail[i]);
    EXPECT_FALSE(forged.finish().findings.empty());
}

// Who may write to the database takes the first five events out and says of it all that audit.keep says.
TEST_F(TrailCheckTest, FindsARemovalOfWhatAHeadSaysWasTooYoungToGo) {
    tell_removal(5, "2033-02-27");
    const auto words =
        AllOf(HasSubstr("events 1 to 5 went before their time"), HasSubstr("a head of event 4"),
              HasSubstr("signed at 2026-03-01T06:00:14Z"), HasSubstr("audit.keep is 2557 days"));
    EXPECT_THAT(check({head(2), head(4), head(8)}, 5).findings, ElementsAre(words));
    EXPECT_THAT(check_while_removed({head(2), head(4), head(8)}, 3, 5).findings,
                ElementsAre(HasSubstr("before their time")));
    EXPECT_THAT(check({head(8)}, 5).findings, IsEmpty()) << "nobody knows when those were";
    age.keep = std::chrono::years(1);
    EXPECT_THAT(check({head(2), head(4), head(8)}, 5).findings, IsEmpty());
    age.keep.reset();
    EXPECT_THAT(check({head(4), head(8)}, 5).findings, ElementsAre(HasSubstr("audit.keep is none")));
}

TEST_F(TrailCheckTest, LeavesADayBetweenAnEventAndItsHead) {
    tell_removal(5, "2033-02-28T12:00");  // by the head it is eleven hours too soon
    EXPECT_THAT(check({head(4), head(8)}, 5).findings, IsEmpty());
}

TEST_F(TrailCheckTest, FindsARemovalInATimeToCome) {
    tell_removal(5, "2036-06-03");
    EXPECT_THAT(check({head(8)}, 5).findings, ElementsAre(HasSubstr("no time that has come")));
}

TEST_F(TrailCheckTest, WantsAnEventThatTellsWhatWasRemovedBefore) {
    const auto words = HasSubstr("events 1 to 5 are missing: the trail says that it begins after them");
    EXPECT_THAT(check({head(2), head(8)}, 5).findings, ElementsAre(words));
    tell_removal(3);  // and that of another removal is none
    EXPECT_THAT(check({head(2), head(8)}, 5).findings, ElementsAre(words));
}

TEST_F(TrailCheckTest, HoldsOverARemovalOfWhichTheEventGoesWhileItIsRead) {
    tell_removal(3);   // event 11
    tell_removal(11);  // event 12
    TrailCheck check({head(2), head(11), head(12)}, 3, hash_of(3), age);
    for (std::size_t i = 3; i < 6; ++i) check.add(trail[i]);
    check.removed_meanwhile(11, hash_of(11));
    check.add(trail[11]);
    EXPECT_THAT(check.finish().findings, IsEmpty());
}

TEST_F(TrailCheckTest, HoldsOverWhatIsRemovedWhileItIsRead) {
    tell_removal(6);
    const auto outcome = check_while_removed({head(1), head(4), head(6), head(9)}, 2, 6);
    EXPECT_THAT(outcome.findings, IsEmpty());
    EXPECT_EQ(outcome.heads_before, 1) << "head 4";
    EXPECT_EQ(outcome.heads_fitting, 3);
    EXPECT_EQ(outcome.newest, 11);
    EXPECT_THAT(check_while_removed({}, 0, 6).findings, IsEmpty());
}

TEST_F(TrailCheckTest, WantsAnEventThatTellsWhatIsRemovedWhileItIsRead) {
    const auto words = HasSubstr("events 3 to 6 are missing: the trail says that it begins after them");
    EXPECT_THAT(check_while_removed({head(9)}, 2, 6).findings, ElementsAre(words));
    tell_removal(5);  // and that of another removal is none
    EXPECT_THAT(check_while_removed({head(9)}, 2, 6).findings, ElementsAre(words));
}

TEST_F(TrailCheckTest, FindsAPastThatWasRewrittenBehindWhatIsRemovedWhileItIsRead) {
    const std::vector<SignedHead> heads{head(6), head(8)};
    rewrite(4);
    tell_removal(6);
    EXPECT_THAT(check_while_removed(heads, 2, 6).findings,
                ElementsAre(HasSubstr("events 1 to 6 are not those that were signed")));
    trail[7]["patient_id"] = "a third";
    EXPECT_THAT(check_while_removed({}, 2, 6).findings,
                ElementsAre("event 8 does not fit its digest, or what stands before it"));
}

TEST_F(TrailCheckTest, SaysSoWhereAllHeadsAreOfWhatWasRemoved) {
    tell_removal(5);
    EXPECT_THAT(
        check({head(2), head(4)}, 5).findings,
        ElementsAre(HasSubstr("nothing could be compared: all 2 heads are of events that were removed")));
}

}  // namespace
}  // namespace hilum::audit
