// `hilum` as a whole, within the test's process: arguments in, text and exit code out.
#include "hilum/command_line.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/channel.h"
#include "phantom/phantom_dicom.h"
#include "support/loopback.h"
#include "support/storescp.h"
#include "support/temporary_folder.h"

namespace hilum::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class CommandLineTest : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_ / "data");
        configure("");
    }
    void configure(const std::string& more) {
        std::ofstream(folder_ / "hilum.yaml") << "node: {ae_title: HILUM, data_dir: data}\n" << more;
    }
    int hilum(std::vector<std::string> arguments, bool json = false) {
        out_.str("");
        err_.str("");
        std::vector<std::string> all = {"--config", (folder_ / "hilum.yaml").string()};
        if (json) all.emplace_back("--json");
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run(all, out_, err_);
    }
    nlohmann::json printed_json() { return nlohmann::json::parse(out_.str()); }
    std::string phantoms(int count) {
        phantom::PhantomOptions options;
        options.folder = folder_ / "phantoms";
        options.count = count;
        options.long_side = 64;
        EXPECT_TRUE(phantom::write_phantoms(options));
        return options.folder.string();
    }

    test::TemporaryFolder folder_;
    std::ostringstream out_, err_;
};

// A daemon that answers one request with what the test says, and keeps the request.
class FakeDaemon {
  public:
    FakeDaemon(const std::filesystem::path& socket_file, nlohmann::json answer) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_file.native().copy(address.sun_path, sizeof address.sun_path - 1);
        listening_ = UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        if (::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listening_.get(), 1) != 0)
            throw std::runtime_error("no control socket for a test");
        thread_ = std::thread([this, answer = std::move(answer)] {
            Channel client(UniqueFd(::accept(listening_.get(), nullptr, nullptr)));
            if (auto message = client.receive()) request_ = message->body;
            (void)client.send(answer);
        });
    }
    ~FakeDaemon() {
        ::shutdown(listening_.get(), SHUT_RDWR);  // for a client that never came
        if (thread_.joinable()) thread_.join();
    }
    nlohmann::json request() {
        thread_.join();
        return request_;
    }

  private:
    UniqueFd listening_;
    std::thread thread_;
    nlohmann::json request_;
};

TEST_F(CommandLineTest, TellsWrongUsageByItsExitCode) {
    EXPECT_EQ(hilum({}), exit_usage);
    EXPECT_EQ(hilum({"frobnicate"}), exit_usage);
    EXPECT_EQ(hilum({"jobs"}), exit_usage);
    EXPECT_EQ(hilum({"jobs", "list", "--limit", "0"}), exit_usage);
    EXPECT_EQ(hilum({"jobs", "retry"}), exit_usage);
    EXPECT_EQ(hilum({"jobs", "retry", "nonsense"}), exit_usage);
    EXPECT_EQ(hilum({"echo", "--host", "127.0.0.1"}), exit_usage);
    EXPECT_EQ(hilum({"echo", "--host", "127.0.0.1", "--port", "104", "--aec", "SEVENTEEN_LETTERS"}),
              exit_usage);
    EXPECT_EQ(hilum({"predict", "file", "--model", "a", "--package", "b"}), exit_usage);
    EXPECT_EQ(hilum({"audit", "export", "--from", "yesterday"}), exit_usage);
    EXPECT_EQ(hilum({"phantom", "--out", "x", "--class", "healthy"}), exit_usage);
}

TEST_F(CommandLineTest, HelpIsNoFailure) {
    EXPECT_EQ(hilum({"--help"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("status"));
    EXPECT_EQ(hilum({"--version"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr(HILUM_VERSION));
}

TEST_F(CommandLineTest, SaysWhatIsWrongWithTheConfigurationAndWhere) {
    configure("scp: {port: many}\n");
    EXPECT_EQ(hilum({"status"}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("hilum.yaml:2"));
    EXPECT_EQ(hilum({"status"}, true), exit_failed);
    EXPECT_EQ(printed_json()["error"]["code"], "configuration");
}

TEST_F(CommandLineTest, SaysWhenThereIsNeitherADaemonNorADatabase) {
    EXPECT_EQ(hilum({"status"}, true), exit_failed);
    EXPECT_EQ(printed_json()["error"]["code"], "database");
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
                            {"refused", 0}},
                           {{"name", "archive"}, {"paused_at", "2026-11-23T22:24:48.123456Z"}}}},
                         {"destination_states",
                          {{{"name", "pacs"},
                            {"state", "down"},
                            {"since", "2026-11-24T10:00:00.123456Z"},
                            {"error", "no route"}},
                           {{"name", "archive"}, {"state", "up"}}}},
                         {"disk", {{"free_bytes", 1073741824}}}}}});
    EXPECT_EQ(hilum({"status"}), exit_ok);
    EXPECT_EQ(daemon.request()["verb"], "status");
    EXPECT_THAT(out_.str(), HasSubstr("receiving  yes, port 11112"));
    EXPECT_THAT(out_.str(), HasSubstr("inferring  NO"));
    EXPECT_THAT(out_.str(), HasSubstr("no such file"));
    EXPECT_THAT(out_.str(), HasSubstr("1.0 GiB"));
    EXPECT_THAT(out_.str(), ContainsRegex("pacs +DOWN since 2026-11-24 10:00:00 +3 +3 +1 of 3 +0 +no route"));
    EXPECT_THAT(out_.str(), ContainsRegex("archive +paused since 2026-11-23 22:24:48"));
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

TEST_F(CommandLineTest, WithdrawsAStudysResults) {
    EXPECT_EQ(hilum({"results", "withdraw", "--accession", "A1"}), exit_usage);
    EXPECT_EQ(hilum({"results", "withdraw", "--reason", "quality"}), exit_usage);
    EXPECT_EQ(hilum({"results", "withdraw", "--accession", "A1", "--reason", "mood"}), exit_usage);
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"jobs", 1}}}});
    EXPECT_EQ(
        hilum({"results", "withdraw", "--accession", "A1", "--reason", "safety", "--note", "wrong patient"}),
        exit_ok);
    const auto request = daemon.request();
    EXPECT_EQ(request["verb"], "results.withdraw");
    EXPECT_EQ(request["args"]["reason"], "safety");
    EXPECT_EQ(request["args"]["note"], "wrong patient");
    EXPECT_THAT(out_.str(), HasSubstr("rejects them"));
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
    EXPECT_EQ(args["limit"], 5);
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
    FakeDaemon daemon(folder_ / "data/control.sock",
                      {{"ok", {{"intact", false}, {"events", 9}, {"first_broken", 4}}}});
    EXPECT_EQ(hilum({"audit", "verify"}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("event 4"));
}

TEST_F(CommandLineTest, EchoesAHostAndADestination) {
    if (!test::Storescp::available()) GTEST_SKIP() << "storescp is not installed (package dcmtk)";
    const test::Storescp scp;
    EXPECT_EQ(hilum({"echo", "--host", "127.0.0.1", "--port", std::to_string(scp.port()), "--aec", "PACS"}),
              exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("PACS at 127.0.0.1"));
    configure("destinations:\n  - {name: pacs, ae_title: PACS, host: 127.0.0.1, port: " +
              std::to_string(scp.port()) + "}\n  - {name: down, ae_title: DOWN, host: 127.0.0.1, port: " +
              std::to_string(test::closed_port()) + "}\n");
    EXPECT_EQ(hilum({"echo", "pacs"}), exit_ok);
    EXPECT_EQ(hilum({"echo"}, true), exit_failed);
    EXPECT_TRUE(printed_json()["echoes"][0]["answers"]);
    EXPECT_FALSE(printed_json()["echoes"][1]["answers"]);
    EXPECT_EQ(hilum({"echo", "nowhere"}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("pacs, down"));
}

TEST_F(CommandLineTest, AsksADestinationThatTakesHl7ForAConnectionAndSendsItNoDicom) {
    const auto [listening, port] = test::bind_loopback(4);
    configure("destinations:\n  - {name: ris, protocol: hl7, host: 127.0.0.1, port: " + std::to_string(port) +
              "}\n  - {name: down, protocol: hl7, host: 127.0.0.1, port: " +
              std::to_string(test::closed_port()) + "}\n");
    EXPECT_EQ(hilum({"echo", "ris"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("takes connections"));
    EXPECT_EQ(hilum({"echo"}, true), exit_failed);
    EXPECT_FALSE(printed_json()["echoes"][1]["answers"]);
    EXPECT_EQ(hilum({"send", "--to", "ris", phantoms(1)}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("takes HL7 messages"));
}

TEST_F(CommandLineTest, SendsAFolderOfFilesAndSkipsWhatIsNoDicom) {
    if (!test::Storescp::available()) GTEST_SKIP() << "storescp is not installed (package dcmtk)";
    const test::Storescp scp;
    const auto folder = phantoms(3);
    std::ofstream(folder + "/README") << "not DICOM";
    const auto port = std::to_string(scp.port());
    EXPECT_EQ(hilum({"send", folder, "--host", "127.0.0.1", "--port", port}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("3 of 3 stored"));
    EXPECT_EQ(scp.files(), 3u);
    EXPECT_EQ(hilum({"send", folder + "/README", "--host", "127.0.0.1", "--port", port}, true), exit_failed);
    EXPECT_FALSE(printed_json()["files"][0]["stored"]);
}

TEST_F(CommandLineTest, SendsToTheNodeItselfByDefault) {
    if (!test::Storescp::available()) GTEST_SKIP() << "storescp is not installed (package dcmtk)";
    const test::Storescp scp;
    configure("scp: {port: " + std::to_string(scp.port()) + "}\n");
    EXPECT_EQ(hilum({"send", phantoms(1), "--calling", "MODALITY"}), exit_ok);
    EXPECT_EQ(scp.files(), 1u);
}

TEST_F(CommandLineTest, FailsToSendWhereNobodyListens) {
    EXPECT_EQ(
        hilum({"send", phantoms(1), "--host", "127.0.0.1", "--port", std::to_string(test::closed_port())}),
        exit_failed);
    EXPECT_THAT(out_.str(), HasSubstr("cannot connect"));
    EXPECT_EQ(hilum({"send", (folder_ / "absent").string(), "--host", "127.0.0.1", "--port", "1"}),
              exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("there is no file"));
}

TEST_F(CommandLineTest, AnswersAPredictionThatCannotBeMadeWithJson) {
    EXPECT_EQ(hilum({"predict", (folder_ / "absent.dcm").string()}), exit_failed);
    EXPECT_EQ(printed_json()["error"]["code"], "unreadable");
    EXPECT_EQ(hilum({"predict", (folder_ / "hilum.yaml").string()}), exit_failed);
    EXPECT_THAT(printed_json()["error"]["message"].get<std::string>(), HasSubstr("names no model"));
}

TEST_F(CommandLineTest, TellsAllProblemsOfAModelPackage) {
    EXPECT_EQ(hilum({"model", "inspect", (folder_ / "data").string()}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("model.yaml"));
    EXPECT_EQ(hilum({"model", "verify", (folder_ / "data").string()}, true), exit_failed);
    EXPECT_FALSE(printed_json()["valid"]);
    EXPECT_FALSE(printed_json()["problems"].empty());
}

TEST_F(CommandLineTest, WritesPhantomsOfAClass) {
    const auto out = (folder_ / "made").string();
    EXPECT_EQ(hilum({"phantom", "--out", out, "--count", "2", "--seed", "5", "--size", "64", "--class",
                     "pneumonia"},
                    true),
              exit_ok);
    const auto files = printed_json()["files"];
    ASSERT_EQ(files.size(), 2u);
    for (const auto& file : files) {
        EXPECT_EQ(file["finding"], "Pneumonia");
        EXPECT_TRUE(std::filesystem::exists(file["file"].get<std::string>()));
    }
}

}  // namespace
}  // namespace hilum::cli
