// What must not be taken for done, or for all.
#include <fstream>
#include <nlohmann/json.hpp>

#include "unit/cli/command_line_fixture.h"

namespace hilum::cli {
namespace {

using testing::HasSubstr;

TEST_F(CommandLineTest, ChangesEachJobNamedAndTellsWhichCouldNotBe) {
    const nlohmann::json refused = {{"error", {{"code", "not_found"}, {"message", "no job fits"}}}};
    const nlohmann::json done = {{"ok", {{"jobs", 1}}}};
    {
        FakeDaemon daemon(folder_ / "data/control.sock", refused, done);
        EXPECT_EQ(hilum({"jobs", "retry", "delivery/99", "delivery/4"}), exit_failed);
        EXPECT_EQ(err_.str(), "hilum: delivery/99: no job fits\n");
        EXPECT_EQ(out_.str(), "1 job put back into the queue\n");
    }
    std::filesystem::remove(folder_ / "data/control.sock");
    FakeDaemon daemon(folder_ / "data/control.sock", refused, done);
    EXPECT_EQ(hilum({"jobs", "discard", "report/9", "--study", "1.2"}, true), exit_failed);
    EXPECT_EQ(printed_json(), nlohmann::json::parse(R"({"jobs": 1, "failed": [{"job": "report/9",
                                                        "message": "no job fits"}]})"));
    EXPECT_EQ(daemon.requests().size(), 2u);
}

// A script whose variable is not set means one patient, not all.
TEST_F(CommandLineTest, TakesNoEmptyNameForAll) {
    for (const auto& verb : std::vector<std::vector<std::string>>{{"studies", "--patient", ""},
                                                                  {"studies", "--accession", ""},
                                                                  {"jobs", "list", "--study", ""},
                                                                  {"jobs", "list", "--accession", ""},
                                                                  {"audit", "export", "--study", ""},
                                                                  {"database", "backup", ""}}) {
        EXPECT_EQ(hilum(verb), exit_usage) << verb[0];
        EXPECT_THAT(err_.str(), HasSubstr("it is empty")) << verb[0];
    }
}

TEST_F(CommandLineTest, DoesNothingThatADryRunWasAskedOf) {
    for (const auto* dry : {"hold", "release"}) {
        EXPECT_EQ(hilum({"retention", "--dry-run", dry, "--study", "1.2", "--reason", "x"}), exit_usage);
        EXPECT_THAT(err_.str(), HasSubstr("nothing was done"));
        EXPECT_EQ(hilum({"retention", dry, "--dry-run", "--study", "1.2", "--reason", "x"}), exit_usage);
    }
}

TEST_F(CommandLineTest, FailsWhereItsAnswerCannotBeWritten) {
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"jobs", nlohmann::json::array()}}}});
    std::ofstream full("/dev/full");
    std::ostringstream err;
    EXPECT_EQ(run({"--config", (folder_ / "hilum.yaml").string(), "jobs", "list"}, full, err), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("could not be written"));
}

}  // namespace
}  // namespace hilum::cli
