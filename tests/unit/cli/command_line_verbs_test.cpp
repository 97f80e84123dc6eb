// The verbs that ask a node.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/control_client.h"
#include "cli/terminal/terminal_text.h"
#include "store/overview/time_words.h"
#include "unit/cli/command_line_fixture.h"

namespace hilum::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST_F(CommandLineTest, TakesItsOptionsBeforeAndBehindTheVerb) {
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"jobs", nlohmann::json::array()}}}});
    std::ostringstream out, err;
    EXPECT_EQ(run({"jobs", "list", "--json", "--config", (folder_ / "hilum.yaml").string()}, out, err),
              exit_ok);
    EXPECT_TRUE(nlohmann::json::parse(out.str()).contains("jobs"));
}

TEST_F(CommandLineTest, ShowsTheStatusThatTheDaemonTells) {
    FakeDaemon daemon(folder_ / "data/control.sock",
                      {{"ok",
                        {{"running", true},
                         {"node",
                          {{"ae_title", "HILUM"},
                           {"version", "1"},
                           {"pid", 7},
                           {"scp_port", 11112},
                           {"http_port", 8080},
                           {"started_at", "2026-11-23T22:24:48.123456Z"}}},
                         {"receiving", true},
                         {"inferring", false},
                         {"models", {{{"package", "demo"}, {"state", "failed"}, {"error", "no such file"}}}},
                         {"queue", {{"delivery", {{"queued", 3}}}}},
                         {"destinations",
                          {{{"name", "pacs"},
                            {"waiting", 3},
                            {"delivered", 3},
                            {"committed", 1},
                            {"uncommitted", 2},
                            {"unanswered", 1},
                            {"refused", 0},
                            {"last_error", "A700"},
                            {"last_error_at", "2026-11-24T09:59:00.123456Z"}},
                           {{"name", "archive"}, {"paused_at", "2026-11-23T22:24:48.123456Z"}}}},
                         {"destination_states",
                          {{{"name", "pacs"},
                            {"state", "down"},
                            {"since", "2026-11-24T10:00:00.123456Z"},
                            {"error", "no route"}},
                           {{"name", "archive"}, {"state", "up"}}}},
                         {"disk", {{"free_bytes", 1073741824}}}}}});
    EXPECT_EQ(hilum({"status"}), exit_failed);  // the node is not well
    EXPECT_EQ(daemon.request()["verb"], "status");
    EXPECT_THAT(out_.str(), HasSubstr("receiving  yes, port 11112"));
    EXPECT_THAT(out_.str(), HasSubstr("inferring  NO"));
    EXPECT_THAT(out_.str(), HasSubstr("no such file"));
    EXPECT_THAT(out_.str(), HasSubstr("1.0 GiB"));
    EXPECT_THAT(out_.str(), HasSubstr("- pacs is DOWN since 2026-11-24 10:00 UTC: no route"));
    EXPECT_THAT(out_.str(),
                HasSubstr("- archive is paused since 2026-11-23 22:24 UTC: 0 results wait for it"));
    EXPECT_THAT(out_.str(), ContainsRegex("pacs +DOWN +3 +3 +1 of 4 +0"));
    EXPECT_THAT(out_.str(), ContainsRegex("archive +paused"));
    EXPECT_THAT(out_.str(), HasSubstr("- pacs: last error, 2026-11-24 09:59 UTC: A700"));
}

TEST_F(CommandLineTest, ShowsADestinationThatNothingWasMadeForYet) {
    configure("destinations:\n  - {name: pacs, ae_title: PACS, host: pacs.example}\n");
    FakeDaemon daemon(
        folder_ / "data/control.sock",
        {{"ok",
          {{"running", true},
           {"receiving", true},
           {"inferring", true},
           {"models", {{{"package", "demo"}, {"state", "ready"}, {"error", ""}}}},
           {"destinations", nlohmann::json::array()},
           {"destination_states", {{{"name", "pacs"}, {"state", "up"}, {"since", ""}, {"error", ""}}}}}}});
    EXPECT_EQ(hilum({"status"}), exit_ok);
    EXPECT_THAT(out_.str(), ContainsRegex("pacs +up +0 +0 +- +0"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("NOT WELL")));
}

TEST_F(CommandLineTest, SaysOfANodeWithoutAnActiveModelThatItStoresAndReportsNothing) {
    const auto shown = [&](const nlohmann::json& models) {
        FakeDaemon daemon(folder_ / "data/control.sock", {{"ok",
                                                           {{"running", true},
                                                            {"receiving", true},
                                                            {"inferring", false},
                                                            {"stores_only", true},
                                                            {"models", models}}}});
        out_.str("");
        EXPECT_EQ(hilum({"status"}), exit_ok);
        daemon.requests();
        std::filesystem::remove(folder_ / "data/control.sock");
        return out_.str();
    };
    const auto without = shown(nlohmann::json::array());
    EXPECT_THAT(without, HasSubstr("inferring  no: it stores, and reports nothing"));
    EXPECT_THAT(without, HasSubstr("- no model is configured: what is received is stored"));
    EXPECT_THAT(without, Not(HasSubstr("NOT WELL")));
    const auto shadow = shown({{{"package", "demo"}, {"state", "ready"}, {"error", ""}}});
    EXPECT_THAT(shadow, HasSubstr("- every model is a shadow: what is received is stored"));
}

TEST_F(CommandLineTest, SurvivesAnAnswerOfAnotherKind) {
    for (const char* verb : {"status", "studies"}) {
        FakeDaemon daemon(folder_ / "data/control.sock", {{"ok",
                                                           {{"running", 7},
                                                            {"queue", "x"},
                                                            {"destinations", {{"pacs", nullptr}}},
                                                            {"studies", {1, "x"}}}}});
        EXPECT_NE(hilum({verb}), exit_usage);
        EXPECT_THAT(err_.str(), Not(HasSubstr("exception")));
        daemon.requests();
        std::filesystem::remove(folder_ / "data/control.sock");
    }
}

TEST_F(CommandLineTest, SaysWhenTheDaemonHangs) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto file = folder_ / "data/control.sock";
    file.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd silent(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(silent.get(), 1), 0);
    NodeSettings node;
    node.data_dir = folder_ / "data";
    const auto answer = ask(node, {.verb = ControlVerb::status}, std::chrono::milliseconds(50));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "no_answer");
    EXPECT_EQ(exit_code_of(answer.error()), exit_unreachable);
}

TEST_F(CommandLineTest, ListsStudiesWithin80Columns) {
    FakeDaemon daemon(
        folder_ / "data/control.sock",
        {{"ok",
          {{"studies",
            {{{"study_instance_uid", std::string(64, '1')},
              {"accession_number", "ACCESSION-NUMBER"},
              {"received_at", "2026-11-23T22:24:48.123456Z"},
              {"instances", 2},
              {"state", "delivered"},
              {"diagnoses", "Pneumonia"},
              {"urgent_at", "2026-11-23T22:24:50.123456Z"},
              {"report_version", 2},
              {"destinations",
               {{{"name", "pacs"}, {"delivered", 2}, {"waiting", 0}, {"failed", 0}},
                {{"name", "ris"}, {"delivered", 0}, {"waiting", 1}, {"failed", 0}}}}},
             {{"accession_number", "\u5c71\u7530\u009b"},
              {"received_at", "2026-11-23T22:24:48.123456Z"},
              {"instances", 1},
              {"state", "not_analysed"},
              {"not_analysed", "the view is LATERAL; this model reads PA and AP"},
              {"destinations", nlohmann::json::array()}},
             {{"received_at", "2026-11-23T22:24:48.123456Z"},
              {"instances", 1},
              {"state", "failed"},
              {"error", "no route to host"},
              {"destinations", {{{"name", "pacs"}, {"delivered", 0}, {"waiting", 0}, {"failed", 2}}}}},
             {{"received_at", "2026-11-23T22:24:48.123456Z"},
              {"instances", 1},
              {"state", "discarded"},
              {"diagnoses", "Normal"},
              {"error", "C000"},
              {"report_version", 1},
              {"destinations",
               {{{"name", "pacs"},
                 {"delivered", 1},
                 {"waiting", 0},
                 {"failed", 0},
                 {"discarded", 1}}}}}}}}}});
    EXPECT_EQ(hilum({"studies", "--patient", "P1", "--since", "2h", "--limit", "7"}), exit_ok);
    const auto args = daemon.request()["args"];
    EXPECT_EQ(args["patient_id"], "P1");
    EXPECT_EQ(args["limit"], "7");
    EXPECT_TRUE(parse_utc(args["since"].get<std::string>()));
    EXPECT_THAT(out_.str(), HasSubstr("RECEIVED (UTC)"));
    EXPECT_THAT(out_.str(), HasSubstr("2026-11-23 22:24  "));
    EXPECT_THAT(out_.str(), HasSubstr("urgent: Pneumonia"));
    EXPECT_THAT(out_.str(), HasSubstr("v2: pacs, "));
    EXPECT_THAT(out_.str(), HasSubstr("not analysed: the view"));
    EXPECT_THAT(out_.str(), HasSubstr("FAILED: no route to"));
    EXPECT_THAT(out_.str(), HasSubstr("pacs FAILED"));
    EXPECT_THAT(out_.str(), HasSubstr("discarded: C000"));
    EXPECT_THAT(out_.str(), HasSubstr("v1: pacs 1 "));
    std::istringstream lines(out_.str());
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 80u) << line;
}

TEST_F(CommandLineTest, ShowsAJobAsTextWithoutATimeThatNeverWas) {
    FakeDaemon daemon(folder_ / "data/control.sock",
                      {{"ok",
                        {{"job",
                          {{"kind", "analysis"},
                           {"id", 12},
                           {"state", "quarantined"},
                           {"error", std::string(300, 'e')},
                           {"next_attempt_at", nullptr},
                           {"created_at", "2026-11-23T22:24:48.123456Z"},
                           {"outcome", {{"result", {{"diagnosis", "Pneumonia"}, {"confidence", 0.93}}}}},
                           {"events",
                            {{{"at", "2026-11-23T22:24:48.123456Z"},
                              {"type", "instance_received"},
                              {"outcome", "success"},
                              {"actor", "PACS@127.0.0.1"},
                              {"detail", {{"modality", "CR"}, {"reason", ""}}}}}}}}}}});
    EXPECT_EQ(hilum({"jobs", "show", "analysis/12"}), exit_ok);
    EXPECT_THAT(out_.str(), ContainsRegex("job +analysis/12\nstate +quarantined\n"));
    EXPECT_THAT(out_.str(),
                HasSubstr("2026-11-23 22:24:48 UTC  instance_received: modality=CR (PACS@127.0.0.1)"));
    EXPECT_THAT(out_.str(), ContainsRegex("diagnosis +Pneumonia"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("1970")));
    EXPECT_THAT(out_.str(), Not(HasSubstr("{")));
    const auto text = out_.str();
    EXPECT_GE(std::count(text.begin(), text.end(), 'e'), 300) << "the whole error";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 80u) << line;
}

TEST_F(CommandLineTest, ResendsAStudysResults) {
    EXPECT_EQ(hilum({"results", "resend"}), exit_usage);
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"jobs", 2}}}});
    EXPECT_EQ(hilum({"results", "resend", "--accession", "A1", "--destination", "pacs"}), exit_ok);
    const auto request = daemon.request();
    EXPECT_EQ(request["verb"], "results.resend");
    EXPECT_EQ(request["args"]["accession_number"], "A1");
    EXPECT_EQ(request["args"]["destination"], "pacs");
    EXPECT_THAT(out_.str(), HasSubstr("2 deliveries are queued"));
}

TEST_F(CommandLineTest, TellsThatAnalysesAreQueuedInPlaceOfResultsThatAreGone) {
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"jobs", 0}, {"analyses", 2}}}});
    EXPECT_EQ(hilum({"results", "resend", "--study", "1.2.3"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("2 analyses are queued"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("deliveries")));
}

class WithdrawTest : public CommandLineTest {
  protected:
    nlohmann::json plan() {
        return {{"ok",
                 {{"studies",
                   {{{"study_instance_uid", "1.2"},
                     {"accession_number", "A1"},
                     {"study_date", "20261123"},
                     {"reports", {{{"model", "chest"}, {"version", 2}, {"state", "composed"}}}},
                     {"notes_to", {"pacs", "ris"}},
                     {"not_sent", 1}}}}}}};
    }
    int withdraw(const Terminal& terminal, std::vector<std::string> more = {}) {
        out_.str("");
        std::vector<std::string> all = {"--config",    (folder_ / "hilum.yaml").string(),
                                        "results",     "withdraw",
                                        "--accession", "A1",
                                        "--reason",    "safety",
                                        "--note",      "wrong patient"};
        all.insert(all.end(), more.begin(), more.end());
        return run(all, out_, err_, terminal);
    }
};

TEST_F(WithdrawTest, SaysWhatItWillDoAndDoesItWithYes) {
    EXPECT_EQ(hilum({"results", "withdraw", "--accession", "A1"}), exit_usage);
    EXPECT_EQ(hilum({"results", "withdraw", "--reason", "quality"}), exit_usage);
    EXPECT_EQ(hilum({"results", "withdraw", "--accession", "A1", "--reason", "mood"}), exit_usage);
    FakeDaemon daemon(folder_ / "data/control.sock", plan(), nlohmann::json{{"ok", {{"jobs", 1}}}});
    EXPECT_EQ(withdraw({}, {"--yes"}), exit_ok);
    const auto requests = daemon.requests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0]["verb"], "results.withdrawal");
    EXPECT_EQ(requests[1]["verb"], "results.withdraw");
    EXPECT_EQ(requests[1]["args"]["reason"], "safety");
    EXPECT_EQ(requests[1]["args"]["note"], "wrong patient");
    EXPECT_THAT(out_.str(), HasSubstr("report version 2 of chest (composed)"));
    EXPECT_THAT(out_.str(), HasSubstr("goes to: pacs, ris"));
    EXPECT_THAT(out_.str(), HasSubstr("1 delivery is not made any more"));
}

TEST_F(WithdrawTest, DoesNothingWhereNobodyCanBeAsked) {
    FakeDaemon daemon(folder_ / "data/control.sock", plan());
    EXPECT_EQ(withdraw({}), exit_usage);
    EXPECT_EQ(daemon.requests().size(), 1u);
    EXPECT_THAT(err_.str(), HasSubstr("--yes"));
}

TEST_F(WithdrawTest, AsksWhoSitsAtATerminal) {
    {
        FakeDaemon daemon(folder_ / "data/control.sock", plan());
        std::istringstream no("n\n");
        EXPECT_EQ(withdraw({.answers = &no}), exit_usage);
        EXPECT_EQ(daemon.requests().size(), 1u);
        EXPECT_THAT(err_.str(), HasSubstr("[y/N]"));
    }
    std::filesystem::remove(folder_ / "data/control.sock");
    FakeDaemon daemon(folder_ / "data/control.sock", plan(), nlohmann::json{{"ok", {{"jobs", 1}}}});
    std::istringstream yes("y\n");
    EXPECT_EQ(withdraw({.answers = &yes}, {"--json"}), exit_ok);
    EXPECT_EQ(daemon.requests().size(), 2u);
    EXPECT_EQ(printed_json()["jobs"], 1) << "the plan is not in the JSON";
}

TEST_F(WithdrawTest, NeedsARunningNodeBeforeItShowsAnything) {
    EXPECT_EQ(withdraw({}, {"--yes"}), exit_unreachable);
    EXPECT_THAT(err_.str(), HasSubstr("does not run"));
}

TEST_F(CommandLineTest, PausesADestination) {
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"changed", true}}}});
    EXPECT_EQ(hilum({"destinations", "pause", "pacs"}), exit_ok);
    const auto request = daemon.request();
    EXPECT_EQ(request["verb"], "destinations.pause");
    EXPECT_EQ(request["args"]["name"], "pacs");
    EXPECT_THAT(out_.str(), HasSubstr("pacs is paused"));
}

TEST_F(CommandLineTest, PassesTheFilterOfAJobsList) {
    FakeDaemon daemon(
        folder_ / "data/control.sock",
        {{"ok",
          {{"jobs", {{{"kind", "delivery"}, {"id", 4}, {"state", "refused"}, {"destination", "pacs"}}}}}}});
    EXPECT_EQ(hilum({"jobs", "list", "--accession", "A1", "--state", "refused", "--limit", "5"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("delivery/4"));
    const auto args = daemon.request()["args"];
    EXPECT_EQ(args["accession_number"], "A1");
    EXPECT_EQ(args["state"], "refused");
    EXPECT_EQ(args["limit"], "5");
}

TEST_F(CommandLineTest, RetriesTheJobNamed) {
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"jobs", 1}}}});
    EXPECT_EQ(hilum({"jobs", "retry", "delivery/4"}), exit_ok);
    EXPECT_EQ(out_.str(), "1 job put back into the queue\n");
    const auto request = daemon.request();
    EXPECT_EQ(request["verb"], "jobs.retry");
    EXPECT_EQ(request["args"]["kind"], "delivery");
    EXPECT_EQ(request["args"]["id"], 4);
}

TEST_F(CommandLineTest, PassesOnWhatTheDaemonRefuses) {
    FakeDaemon daemon(folder_ / "data/control.sock",
                      {{"error", {{"code", "not_found"}, {"message", "no job fits"}}}});
    EXPECT_EQ(hilum({"jobs", "discard", "--study", "1.2"}), exit_failed);
    EXPECT_EQ(err_.str(), "hilum: no job fits\n");
}

TEST_F(CommandLineTest, FailsWhenTheAuditTrailWasChanged) {
    FakeDaemon daemon(folder_ / "data/control.sock", does_not_hang,
                      nlohmann::json{{"ok", {{"intact", false}, {"events", 9}, {"first_broken", 4}}}});
    EXPECT_EQ(hilum({"audit", "verify"}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("event 4"));
}

}  // namespace
}  // namespace hilum::cli
