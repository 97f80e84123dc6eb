// Usage, and the verbs that need no node.
#include "cli/command_line.h"

#include "store/data_directory.h"
#include "store/database/database.h"
#include "support/loopback.h"
#include "support/storescp.h"
#include "unit/cli/command_line_fixture.h"

namespace hilum::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

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

TEST_F(CommandLineTest, NamesTheVerbsOfAGroupAndTheOneThatWasMeant) {
    EXPECT_EQ(hilum({"jobs"}), exit_usage);
    for (const char* verb : {"list", "show", "retry", "discard"}) EXPECT_THAT(err_.str(), HasSubstr(verb));
    EXPECT_EQ(hilum({"jobs", "lst"}), exit_usage);
    EXPECT_THAT(err_.str(), HasSubstr("'lst' is no verb of `hilum jobs`; did you mean 'list'?"));
    EXPECT_EQ(hilum({"stauts"}), exit_usage);
    EXPECT_THAT(err_.str(), HasSubstr("did you mean 'status'?"));
    EXPECT_EQ(hilum({"jobs", "list", "--acession", "A1"}), exit_usage);
    EXPECT_THAT(err_.str(),
                HasSubstr("'--acession' is no option of `hilum jobs list`; did you mean '--accession'?"));
    EXPECT_EQ(hilum({"jobs", "list", "everything"}), exit_usage);
    EXPECT_THAT(err_.str(), HasSubstr("'everything' was not expected"));
    EXPECT_EQ(hilum({"jobs", "status"}), exit_usage) << "no verb beside a group";
}

TEST_F(CommandLineTest, TellsOfItsOptionsAndExitCodesInEveryHelp) {
    const std::vector<std::vector<std::string>> verbs = {{},
                                                         {"status"},
                                                         {"studies"},
                                                         {"jobs"},
                                                         {"jobs", "list"},
                                                         {"jobs", "show"},
                                                         {"jobs", "retry"},
                                                         {"jobs", "discard"},
                                                         {"results"},
                                                         {"results", "resend"},
                                                         {"results", "withdraw"},
                                                         {"destinations"},
                                                         {"destinations", "pause"},
                                                         {"destinations", "resume"},
                                                         {"audit"},
                                                         {"audit", "verify"},
                                                         {"audit", "export"},
                                                         {"echo"},
                                                         {"send"},
                                                         {"predict"},
                                                         {"model"},
                                                         {"model", "inspect"},
                                                         {"model", "verify"},
                                                         {"model", "reload"},
                                                         {"phantom"}};
    for (auto verb : verbs) {
        verb.emplace_back("--help");
        EXPECT_EQ(hilum(verb), exit_ok);
        EXPECT_THAT(out_.str(), HasSubstr("--config"));
        EXPECT_THAT(out_.str(), HasSubstr("--json"));
    }
    hilum({"--help"});
    EXPECT_THAT(out_.str(), HasSubstr("Exit codes:"));
}

TEST_F(CommandLineTest, RefusesStatesDatesAndUidsThatAreNone) {
    EXPECT_EQ(hilum({"jobs", "list", "--state", "failed"}), exit_usage);
    EXPECT_THAT(err_.str(), HasSubstr("quarantined"));
    EXPECT_EQ(hilum({"jobs", "list", "--study", "DOE"}), exit_usage);
    EXPECT_EQ(hilum({"studies", "--state", "quarantined"}, true), exit_usage);
    EXPECT_EQ(printed_json()["error"]["code"], "bad_request");
    EXPECT_EQ(hilum({"studies", "--since", "yesterday"}), exit_usage);
    EXPECT_THAT(err_.str(), HasSubstr("2026-11-23T14:05"));
    EXPECT_EQ(hilum({"studies", "--limit", "10001"}), exit_usage);
    EXPECT_EQ(hilum({"audit", "export", "--from", "2026-99-99"}), exit_usage);
}

TEST_F(CommandLineTest, HelpIsNoFailure) {
    EXPECT_EQ(hilum({"--help"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr("status"));
    EXPECT_EQ(hilum({"--version"}), exit_ok);
    EXPECT_THAT(out_.str(), HasSubstr(HILUM_VERSION));
}

TEST_F(CommandLineTest, SaysWhatIsWrongWithTheConfigurationAndWhere) {
    configure("scp: {port: many}\n");
    EXPECT_EQ(hilum({"status"}), exit_unreachable);
    EXPECT_THAT(err_.str(), HasSubstr("hilum.yaml:2"));
    EXPECT_EQ(hilum({"status"}, true), exit_unreachable);
    EXPECT_EQ(printed_json()["error"]["code"], "configuration");
}

TEST_F(CommandLineTest, SaysWhenThereIsNeitherADaemonNorADatabase) {
    EXPECT_EQ(hilum({"status"}, true), exit_unreachable);
    EXPECT_EQ(printed_json()["error"]["code"], "database");
    EXPECT_EQ(hilum({"status"}), exit_unreachable);
    EXPECT_THAT(err_.str(), HasSubstr("has not run here yet"));
}

TEST_F(CommandLineTest, SaysSoToWhoWouldCheckOrCopyIt) {
    for (const auto& verb :
         std::vector<std::vector<std::string>>{{"database", "check"}, {"database", "backup", "copy.db"}}) {
        EXPECT_EQ(hilum(verb), exit_unreachable);
        EXPECT_THAT(err_.str(), HasSubstr("has not run here yet"));
    }
}

TEST_F(CommandLineTest, SetsNoDatabaseAsideThatIsNotThere) {
    EXPECT_EQ(hilum({"database", "rebuild", "--yes"}), exit_unreachable);
    EXPECT_THAT(err_.str(), HasSubstr("there is no"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "data")) << "nothing is made as who asks, perhaps root";
}

TEST_F(CommandLineTest, NeitherChecksNorCopiesWhatIsNoDatabaseOfANode) {
    std::ofstream(folder_ / "data/hilum.db");
    const auto copy = (folder_ / "copy.db").string();
    for (const auto& verb :
         std::vector<std::vector<std::string>>{{"database", "check"}, {"database", "backup", copy}}) {
        EXPECT_EQ(hilum(verb), exit_failed);
        EXPECT_THAT(err_.str(), HasSubstr("is no database of Hilum"));
    }
    EXPECT_FALSE(std::filesystem::exists(copy));
}

// It opens its socket last, or another one than this configuration names.
TEST_F(CommandLineTest, KnowsADaemonThatDoesNotAnswerByItsDataDirectory) {
    const DataDirectory directory{folder_ / "data"};
    auto lock = prepare_data_directory(directory);
    EXPECT_EQ(hilum({"status"}), exit_unreachable);
    EXPECT_THAT(err_.str(), HasSubstr("it starts"));
    ASSERT_TRUE(Database::open(directory.database(), Database::Access::read_write));
    EXPECT_EQ(hilum({"status"}, true), exit_failed);
    EXPECT_THAT(printed_json()["unreachable"], HasSubstr("control.sock"));
    EXPECT_EQ(printed_json()["running"], false);
    EXPECT_EQ(hilum({"status"}), exit_failed);
    EXPECT_THAT(out_.str(), HasSubstr("hilumd does not answer; this is"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("not running")));
    EXPECT_EQ(hilum({"destinations", "pause", "pacs"}), exit_unreachable);
    EXPECT_THAT(err_.str(), HasSubstr("another configuration"));
    for (const auto& past_its_audit_trail :
         std::vector<std::vector<std::string>>{{"studies"}, {"jobs", "list"}, {"audit", "export"}}) {
        EXPECT_EQ(hilum(past_its_audit_trail, true), exit_unreachable);
        EXPECT_EQ(printed_json()["error"]["code"], "no_answer");
    }
    lock->reset();
    EXPECT_EQ(hilum({"studies"}), exit_ok) << "none runs";
    EXPECT_EQ(hilum({"status"}), exit_failed);
    EXPECT_THAT(out_.str(), HasSubstr("hilumd is not running; this is"));
}

TEST_F(CommandLineTest, DrawsProgressOnATerminalOnlyAndErasesIt) {
    std::ostringstream terminal;
    const auto port = std::to_string(test::closed_port());
    const std::vector<std::string> command = {"send", phantoms(2), "--host", "127.0.0.1", "--port", port};
    EXPECT_EQ(run(command, out_, err_, {.progress = &terminal}), exit_failed);
    EXPECT_THAT(terminal.str(), HasSubstr("1 of 2"));
    EXPECT_TRUE(terminal.str().ends_with("\r\x1b[K"));
    EXPECT_THAT(err_.str() + out_.str(), Not(HasSubstr("\x1b")));
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
    std::filesystem::copy_file(folder + "/phantom-1.dcm", folder + "/cut.dcm");
    std::filesystem::resize_file(folder + "/cut.dcm", 2000);
    std::ofstream(folder + "/empty.dcm");
    std::ofstream(folder + "/DICOMDIR") << std::string(128, '\0') << "DICM";
    EXPECT_EQ(hilum({"send", folder, "--host", "127.0.0.1", "--port", port}), exit_failed);
    EXPECT_THAT(out_.str(), HasSubstr("3 of 5 stored")) << "what is damaged is told";
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
    EXPECT_EQ(hilum({"predict", (folder_ / "hilum.yaml").string()}), exit_unreachable);
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
