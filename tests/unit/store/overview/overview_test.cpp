// What is listed of studies and jobs: which, in which order, with which words.
#include "store/overview/overview.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "pipeline/control/control_requests.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using testing::ElementsAre;

class ListTest : public testing::Test {
  protected:
    // A study with one image, received `seconds` after 2026-01-01; its id.
    std::int64_t study(const std::string& uid, const std::string& accession = "A1", int seconds = 0) {
        database_.execute(
            "INSERT INTO study(study_instance_uid, accession_number, patient_id, created_at) VALUES(?, ?, ?, "
            "?)",
            uid, accession, "P" + uid, at(seconds));
        const auto id = database_.last_id();
        image(id, uid + ".1", seconds);
        return id;
    }
    std::int64_t image(std::int64_t study, const std::string& uid, int seconds,
                       const char* state = "to_analyse") {
        database_.execute(
            "INSERT INTO instance(study_id, sop_instance_uid, sop_class_uid, series_instance_uid, "
            "transfer_syntax_uid,"
            " modality, file, size, dataset_sha256, analysis_sha256, calling_ae, peer, state, version, "
            "received_at)"
            " VALUES(?1, ?2, '1', '1', '1', 'CR', ?2, 1, ?2, ?2, 'PACS', '::1', ?3, 1, ?4)",
            study, uid, state, at(seconds));
        return database_.last_id();
    }
    std::int64_t analysis(std::int64_t instance, JobState state, int seconds = 0,
                          const std::string& model = "m") {
        database_.execute("INSERT INTO analysis(instance_id, model, outcome) VALUES(?, ?, '{}')", instance,
                          model);
        const auto id = database_.last_id();
        const auto study = *database_.number("SELECT study_id FROM instance WHERE id = ?", instance);
        test::make_job(database_, Lane::analysis, model, id, study, state, at(seconds));
        return id;
    }
    std::int64_t only_image() { return *database_.number("SELECT max(id) FROM instance"); }
    void why(Lane lane, std::int64_t subject, const char* error) {
        database_.execute("UPDATE job SET error = ? WHERE kind = ? AND subject = ?", error, to_text(lane),
                          subject);
    }
    // Of model 'm', composed; with the image that it is the last to tell of.
    std::int64_t report(std::int64_t study, int version) {
        database_.execute("INSERT INTO report(study_id, model, version) VALUES(?, 'm', ?)", study, version);
        const auto id = database_.last_id();
        test::make_job(database_, Lane::report, "", id, study, JobState::composed, at(version));
        return id;
    }
    void outcome(JobState state, const char* json) {
        test::set_jobs(database_, Lane::analysis, state);
        database_.execute("UPDATE analysis SET outcome = ?", json);
    }
    std::int64_t delivery(std::int64_t study, JobState state, const char* destination = "pacs") {
        if (database_.execute("INSERT OR IGNORE INTO report(study_id, model, version) VALUES(?, 'm', 1)",
                              study) > 0)
            test::make_job(database_, Lane::report, "", database_.last_id(), study, JobState::composed);
        const auto report =
            *database_.number("SELECT id FROM report WHERE study_id = ? ORDER BY version DESC", study);
        const auto uid = std::to_string(++results_);
        database_.execute(
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
            " transfer_syntax_uid, file, sha256, created_at) VALUES(?, 'sr', '1', ?, '1', '1', '', '', 1)",
            report, uid);
        database_.execute("INSERT INTO delivery(result_id, destination) VALUES(?, ?)", database_.last_id(),
                          destination);
        const auto id = database_.last_id();
        test::make_job(database_, Lane::delivery, destination, id, study, state, at(1));
        database_.execute("UPDATE job SET error = 'A700' WHERE word = 'refused'");
        return id;
    }
    static std::int64_t at(int seconds) { return 1'767'225'600'000'000 + seconds * 1'000'000LL; }

    nlohmann::json studies(const StudyFilter& filter = {}) { return reader_.studies(filter).value(); }
    std::vector<std::string> uids(const StudyFilter& filter = {}) {
        std::vector<std::string> all;
        const auto listed = studies(filter);
        for (const auto& one : listed) all.push_back(one["study_instance_uid"]);
        return all;
    }
    std::string state_of(const std::string& uid) {
        StudyFilter filter;
        filter.study_instance_uid = uid;
        const std::string state = studies(filter).at(0)["state"];
        StudyFilter by_state;
        by_state.state = state;
        EXPECT_THAT(uids(by_state), testing::Contains(uid)) << "found by its state as well";
        return state;
    }
    std::vector<std::string> jobs(const JobFilter& filter = {}) {
        std::vector<std::string> all;
        const auto listed = reader_.jobs(filter).value();
        for (const auto& one : listed) all.push_back(one["kind"].get<std::string>() + "/" + one["id"].dump());
        return all;
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Overview reader_ = Overview::open(folder_.path() / "hilum.db").value();
    int results_ = 0;
};

TEST_F(ListTest, StudiesAreListedByWhatTheyReceivedLast) {
    const auto first = study("1", "A1", 0);
    study("2", "A2", 10);
    study("3", "A3", 20);
    EXPECT_THAT(uids(), ElementsAre("3", "2", "1"));
    image(first, "1.2", 30, "prior");
    EXPECT_THAT(uids(), ElementsAre("1", "3", "2"));
    EXPECT_EQ(studies()[0]["instances"], 2);
    EXPECT_EQ(studies()[0]["priors"], 1);
    EXPECT_EQ(studies()[0]["received_at"], "2026-01-01T00:00:30.000000Z");
    StudyFilter filter;
    filter.limit = 1;
    EXPECT_THAT(uids(filter), ElementsAre("1"));
}

TEST_F(ListTest, StudiesAreFoundByEachFilterAndByAllTogether) {
    study("1", "A1", 0);
    study("2", "A2", 10);
    study("3", "A2", 20);
    StudyFilter filter;
    filter.accession_number = "A2";
    EXPECT_THAT(uids(filter), ElementsAre("3", "2"));
    filter.patient_id = "P2";
    EXPECT_THAT(uids(filter), ElementsAre("2"));
    filter.since = at(11);
    EXPECT_TRUE(uids(filter).empty());
    filter = {};
    filter.since = at(10);
    EXPECT_THAT(uids(filter), ElementsAre("3", "2"));
    filter = {};
    filter.study_instance_uid = "1";
    EXPECT_THAT(uids(filter), ElementsAre("1"));
    filter.accession_number = "'; DROP TABLE study; --";
    EXPECT_TRUE(uids(filter).empty());
}

TEST_F(ListTest, AStudyIsInTheFirstStateThatFits) {
    const auto id = study("1");
    EXPECT_EQ(state_of("1"), "received");
    const auto image = *database_.number("SELECT id FROM instance");
    analysis(image, JobState::queued);
    EXPECT_EQ(state_of("1"), "waiting");
    outcome(JobState::not_analysed, R"({"not_analysed": {"message": "no"}})");
    EXPECT_EQ(state_of("1"), "not_analysed");
    EXPECT_EQ(studies()[0]["not_analysed"], "no");
    outcome(JobState::analysed, R"({"result": {"diagnosis": "Normal"}})");
    const auto sent = delivery(id, JobState::queued);
    EXPECT_EQ(state_of("1"), "sending");
    EXPECT_EQ(studies()[0]["diagnoses"], "Normal");
    test::set_jobs(database_, Lane::delivery, JobState::discarded, sent);
    EXPECT_EQ(state_of("1"), "discarded");
    database_.execute("DELETE FROM job WHERE kind = 'delivery'");
    EXPECT_EQ(state_of("1"), "reported") << "no destination takes them";
    test::make_job(database_, Lane::delivery, "pacs", sent, id, JobState::delivered, at(1));
    EXPECT_EQ(state_of("1"), "delivered");
    delivery(id, JobState::refused, "ris");
    EXPECT_EQ(state_of("1"), "failed");
    EXPECT_EQ(studies()[0]["error"], "A700");
    EXPECT_EQ(
        studies()[0]["destinations"],
        nlohmann::json::parse(R"([{"name": "pacs", "delivered": 1, "waiting": 0, "failed": 0, "discarded": 0},
                                        {"name": "ris", "delivered": 0, "waiting": 0, "failed": 1,
                                         "discarded": 0}])"));
    database_.execute("UPDATE study SET withdrawn_at = 5");
    EXPECT_EQ(state_of("1"), "withdrawn");
}

// ---- what never arrives ----

TEST_F(ListTest, AStudyOfWhichAResultWasDiscardedIsNotDelivered) {
    const auto id = study("1");
    analysis(only_image(), JobState::analysed);
    const auto report_sent = delivery(id, JobState::discarded);
    delivery(id, JobState::delivered);
    why(Lane::delivery, report_sent, "C000; given up by retention.keep_failed");
    EXPECT_EQ(state_of("1"), "discarded");
    EXPECT_EQ(studies()[0]["error"], "C000; given up by retention.keep_failed");
    EXPECT_EQ(studies()[0]["destinations"][0]["discarded"], 1);
}

TEST_F(ListTest, AStudyOfWhichEverythingWasDiscardedSaysSo) {
    const auto id = study("1");
    const auto failed = analysis(only_image(), JobState::discarded);
    why(Lane::analysis, failed, "the decoder died");
    EXPECT_EQ(state_of("1"), "discarded");
    EXPECT_EQ(studies()[0]["error"], "the decoder died");
    delivery(id, JobState::delivered);
    EXPECT_EQ(state_of("1"), "discarded") << "the report does not tell of that image";
    study("2");
    analysis(only_image(), JobState::discarded);
    why(Lane::analysis, failed + 1, "the model is no longer configured");
    EXPECT_EQ(state_of("2"), "discarded") << "no other model had it";
}

TEST_F(ListTest, AStudyOfWhichAReportWasDiscardedIsNotAsTheOneBefore) {
    const auto id = study("1");
    delivery(id, JobState::delivered);
    const auto second = report(id, 2);
    test::set_jobs(database_, Lane::report, JobState::discarded, second);
    EXPECT_EQ(state_of("1"), "discarded");
    report(id, 3);
    delivery(id, JobState::delivered);
    EXPECT_EQ(state_of("1"), "delivered") << "a newer one takes its place";
}

TEST_F(ListTest, ADiscardedPictureThatTheNewestReportTellsOfIsMissed) {
    const auto id = study("1");
    const auto picture = delivery(id, JobState::discarded);
    report(id, 2);
    delivery(id, JobState::delivered);
    EXPECT_EQ(state_of("1"), "delivered") << "it told of another image";
    database_.execute("UPDATE delivery SET told_version = 2 WHERE id = ?", picture);
    EXPECT_EQ(state_of("1"), "discarded");
}

TEST_F(ListTest, WhatSomethingNewerTookThePlaceOfIsNotMissed) {
    const auto id = study("1");
    delivery(id, JobState::discarded);
    const auto old = analysis(only_image(), JobState::discarded);
    database_.execute("UPDATE instance SET state = 'superseded'");
    analysis(image(id, "1.1b", 1), JobState::analysed);
    const auto of_another = analysis(only_image(), JobState::discarded, 0, "gone");
    why(Lane::analysis, of_another, "the model is no longer configured");
    EXPECT_EQ(state_of("1"), "discarded") << old;
    report(id, 2);
    delivery(id, JobState::delivered);
    EXPECT_EQ(state_of("1"), "delivered");
    EXPECT_TRUE(studies()[0]["error"].is_null());
    EXPECT_EQ(studies()[0]["destinations"][0]["discarded"], 0);
}

TEST_F(ListTest, AStudyWhoseImagesMovedAwayIsWithdrawnAndNotDelivered) {
    const auto id = study("1");
    delivery(id, JobState::delivered);
    database_.execute("UPDATE report SET withdrawn = 2");
    database_.execute("UPDATE instance SET state = 'superseded'");
    EXPECT_EQ(state_of("1"), "withdrawn");
    EXPECT_EQ(studies()[0]["instances"], 0);
}

TEST_F(ListTest, AStudyThatGetsNoReportSinceItsRowIsDamagedFailed) {
    const auto id = study("1");
    delivery(id, JobState::delivered);
    database_.execute("UPDATE study SET damage = 'malformed JSON'");
    EXPECT_EQ(state_of("1"), "failed");
    EXPECT_EQ(studies()[0]["error"], "malformed JSON");
}

// ---- images and shadows ----

TEST_F(ListTest, AnImageCountsOnceHoweverOftenItWasSent) {
    const auto id = study("1");
    const auto add = [&](const char* state, const char* bytes) {
        const auto version = image(id, bytes, 1, state);
        database_.execute("UPDATE instance SET sop_instance_uid = '1.1' WHERE id = ?", version);
    };
    add("superseded", "b");
    add("superseded", "c");
    database_.execute("UPDATE instance SET removed_at = 5 WHERE state = 'superseded'");
    add("kept", "d");
    EXPECT_EQ(studies()[0]["instances"], 1);
    image(id, "1.2", 2);
    EXPECT_EQ(studies()[0]["instances"], 2);
}

TEST_F(ListTest, NothingOfAShadowIsWaitedFor) {
    const auto id = study("1");
    const auto trial = analysis(only_image(), JobState::queued, 0, "trial");
    EXPECT_EQ(state_of("1"), "waiting") << "it is active";
    database_.execute("INSERT INTO shadow_model VALUES('trial')");
    EXPECT_EQ(state_of("1"), "received");
    analysis(only_image(), JobState::analysed);
    delivery(id, JobState::delivered);
    for (const auto state : {JobState::queued, JobState::running, JobState::quarantined, JobState::discarded,
                             JobState::not_analysed}) {
        test::set_jobs(database_, Lane::analysis, state, trial);
        why(Lane::analysis, trial, "the worker died");
        EXPECT_EQ(state_of("1"), "delivered") << to_text(state);
        EXPECT_TRUE(studies()[0]["error"].is_null());
        EXPECT_TRUE(studies()[0]["not_analysed"].is_null());
    }
}

TEST_F(ListTest, WhatWasReportedStaysSoWhenItsModelBecomesAShadow) {
    const auto id = study("1");
    const auto made = analysis(only_image(), JobState::not_analysed);
    const auto sent = delivery(id, JobState::delivered), lost = delivery(id, JobState::discarded);
    database_.execute("INSERT INTO shadow_model VALUES('m')");
    EXPECT_NE(state_of("1"), "discarded") << "of what nobody was sent a part of nobody lacks any";
    database_.execute("UPDATE delivery SET tried = 1 WHERE id = ?", sent);
    EXPECT_EQ(state_of("1"), "discarded") << lost;
    database_.execute("DELETE FROM job WHERE kind = 'delivery' AND state = 'discarded'");
    EXPECT_EQ(state_of("1"), "not_analysed");
    test::set_jobs(database_, Lane::analysis, JobState::analysed, made);
    EXPECT_EQ(state_of("1"), "delivered");
}

TEST_F(ListTest, WhatAShadowSaysIsNoDiagnosisOfTheStudy) {
    const auto id = study("1");
    analysis(*database_.number("SELECT id FROM instance"), JobState::analysed);
    outcome(JobState::analysed, R"({"result": {"diagnosis": "Normal"}})");
    database_.execute(
        "INSERT INTO analysis(instance_id, model, outcome) SELECT instance_id, 'trial',"
        R"( '{"result": {"diagnosis": "Pneumonia"}}' FROM analysis)");
    test::make_job(database_, Lane::analysis, "trial", database_.last_id(), id, JobState::analysed, at(0));
    delivery(id, JobState::delivered);
    EXPECT_EQ(studies()[0]["diagnoses"], "Normal");
}

TEST_F(ListTest, EveryStateOfAStudyIsKnownToTheFilter) {
    for (const auto& state : study_states()) EXPECT_TRUE(study_filter({{"state", state}}, now())) << state;
}

TEST_F(ListTest, NoPatientIsNamed) {
    study("1");
    EXPECT_EQ(studies().dump().find("P1"), std::string::npos);
}

TEST_F(ListTest, JobsAreListedNewestFirstWhateverTheirKind) {
    const auto one = study("1", "A1"), other = study("2", "A2");
    const auto old = analysis(1, JobState::analysed, 0), late = analysis(2, JobState::queued, 9);
    const auto sent = delivery(one, JobState::refused);
    delivery(other, JobState::delivered);
    EXPECT_EQ(jobs().front(), "analysis/" + std::to_string(late));
    EXPECT_EQ(jobs().size(), 6u);
    JobFilter filter;
    filter.limit = 2;
    EXPECT_EQ(jobs(filter).size(), 2u);
    filter = {};
    filter.accession_number = "A1";
    EXPECT_EQ(jobs(filter).size(), 3u);
    filter.state = "refused";
    EXPECT_THAT(jobs(filter), ElementsAre("delivery/" + std::to_string(sent)));
    filter.study_instance_uid = "2";
    EXPECT_TRUE(jobs(filter).empty());
    filter = {};
    filter.state = "analysed";
    EXPECT_THAT(jobs(filter), ElementsAre("analysis/" + std::to_string(old)));
    EXPECT_TRUE(reader_.jobs(filter).value()[0]["next_attempt_at"].is_null()) << "no try is due in 1970";
    EXPECT_EQ(reader_.job("delivery", sent).value()["destination"], "pacs");
    EXPECT_EQ(reader_.job("delivery", 99).error().code, "not_found");
    EXPECT_EQ(reader_.job("letter", 1).error().code, "bad_request");
}

TEST_F(ListTest, TheListsOfTenThousandStudiesUseTheirIndexes) {
    database_.execute("BEGIN");
    for (int i = 0; i < 10'000; ++i) {
        const auto id = study(std::to_string(i + 1), "A" + std::to_string(i), i);
        analysis(id, JobState::analysed);
    }
    database_.execute("COMMIT");
    EXPECT_EQ(uids().size(), 100u);
    EXPECT_EQ(uids().front(), "10000");
    StudyFilter filter;
    filter.limit = most_listed;
    EXPECT_EQ(uids(filter).size(), 10'000u);
    for (const char* where : {"accession_number = 'A1'", "patient_id = 'P1'", "study_instance_uid = '1'"}) {
        const auto plan =
            database_.select((std::string("EXPLAIN QUERY PLAN SELECT id FROM study WHERE ") + where).c_str());
        EXPECT_NE(plan.dump().find("SEARCH study"), std::string::npos) << plan;
    }
    const auto newest = database_.select(
        "EXPLAIN QUERY PLAN SELECT id FROM study WHERE received_at >= 5 ORDER BY received_at DESC, id DESC "
        "LIMIT 5");
    EXPECT_NE(newest.dump().find("study_received"), std::string::npos) << newest;
    EXPECT_EQ(newest.dump().find("TEMP B-TREE"), std::string::npos) << newest;
}

TEST(ControlRequest, IsRefusedForWhatItDoesNotKnow) {
    const test::TemporaryFolder folder;
    const auto answer = [&](const char* verb, const nlohmann::json& args) {
        const auto request = control_request_in(Packet(nlohmann::json{{"verb", verb}, {"args", args}}));
        return request ? answer_control_request(folder.path(), *request) : control_error(request.error());
    };
    EXPECT_EQ(answer("studies", nlohmann::json::object())["error"]["code"], "database")
        << "there is none yet";
    const auto database = test::open_database(folder);
    EXPECT_EQ(answer("studies", nlohmann::json::object())["ok"]["studies"], nlohmann::json::array());
    EXPECT_EQ(answer("jobs.list", {{"limit", 5}, {"state", ""}})["ok"]["jobs"], nlohmann::json::array());
    EXPECT_EQ(answer("jobs.list", {{"stat", "queued"}})["error"]["code"], "bad_request");
    EXPECT_EQ(answer("jobs.list", {{"limit", "many"}})["error"]["code"], "bad_request");
    EXPECT_EQ(answer("studies", nlohmann::json::array())["error"]["code"], "bad_request");
}

}  // namespace
}  // namespace hilum
