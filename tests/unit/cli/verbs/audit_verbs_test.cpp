// `hilum audit` over a trail that lies in a database, as where no daemon runs.
#include "cli/verbs/audit_verbs.h"

#include <nlohmann/json.hpp>

#include "store/audit/audit_event.h"
#include "store/audit/audit_removal.h"
#include "store/audit/newest_head.h"
#include "store/database/database.h"
#include "store/database/sql.h"
#include "support/known_signing_key.h"
#include "unit/cli/command_line_fixture.h"

namespace hilum::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using days = std::chrono::days;

// Of test::known_signing_key().
constexpr const char* public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

class AuditVerbsTest : public CommandLineTest {
  protected:
    void SetUp() override {
        CommandLineTest::SetUp();
        std::ofstream(folder_ / "audit.pub") << public_key;
        database_.emplace(
            std::move(*Database::open(folder_ / "data/hilum.db", Database::Access::read_write)));
    }
    template <typename Work>
    void commit(Duration ago, Work work) {
        ASSERT_TRUE(database_->transact(today_ - ago, std::move(work)));
    }
    void happen(int from_days_ago, int to_days_ago) {
        for (int i = from_days_ago; i >= to_days_ago; --i)
            commit(days(i), [](Transaction& t) {
                audit::AuditEvent event;
                event.type = "instance_received";
                event.actor = "PACS@127.0.0.1";
                t.append_audit(event);
            });
    }
    void sign() {
        commit({}, [&](Transaction& t) {
            std::ofstream(folder_ / "heads.log", std::ios::app)
                << sign_newest(t, test::known_signing_key()) << "\n";
        });
    }
    int verify(bool json = false) {
        return hilum({"audit", "verify", "--against", (folder_ / "heads.log").string(), "--key",
                      (folder_ / "audit.pub").string()},
                     json);
    }
    std::vector<std::string> findings() {
        verify(true);
        return printed_json().at("findings");
    }

    std::optional<Database> database_;
    Timestamp today_ = now();
};

TEST_F(AuditVerbsTest, FindTheTrailSoundOfWhichAuditKeepRemovedTheBeginning) {
    happen(10, 5);
    sign();  // of the last event that goes
    happen(4, 1);
    sign();
    commit({}, [](Transaction& t) { EXPECT_EQ(remove_old_audit_events(t, days(5)), 6); });
    EXPECT_EQ(hilum({"audit", "verify"}), exit_ok) << err_.str();
    EXPECT_EQ(verify(), exit_ok) << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("2 heads fit"));
    commit({}, [](Transaction& t) { sql::execute(t, "UPDATE audit_event SET actor = '' WHERE id = 8"); });
    EXPECT_THAT(findings(), ElementsAre("event 8 does not fit its digest, or what stands before it"));
}

TEST_F(AuditVerbsTest, SayWhatToDoWhereANodeOfAnOlderVersionRuns) {
    happen(2, 1);
    sign();
    FakeDaemon daemon(folder_ / "data/control.sock", {{"ok", {{"intact", true}, {"begins_after", 6}}}});
    EXPECT_EQ(verify(), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("restart it"));
}

TEST_F(AuditVerbsTest, NameAnEventThatCannotBeReadAndGoOn) {
    happen(10, 8);
    commit(days(7), [](Transaction& t) { EXPECT_EQ(remove_old_audit_events(t, days(2)), 2); });
    happen(6, 1);
    sign();
    commit({}, [](Transaction& t) { sql::execute(t, "UPDATE audit_event SET detail = '{' WHERE id = 5"); });
    EXPECT_EQ(hilum({"audit", "verify"}), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("event 5 "));
    EXPECT_THAT(findings(), ElementsAre("event 5 cannot be read: its detail is no JSON"));
    EXPECT_EQ(hilum({"audit", "export"}), exit_ok);
    std::istringstream lines(out_.str());
    std::vector<nlohmann::json> exported;
    for (std::string line; std::getline(lines, line);) exported.push_back(nlohmann::json::parse(line));
    ASSERT_EQ(exported.size(), 8u);
    EXPECT_EQ(exported[2].at("id"), 5);
    EXPECT_EQ(exported[2].at("unreadable_detail"), "{");
    EXPECT_EQ(exported[7].at("id"), 10);
}

}  // namespace
}  // namespace hilum::cli
