// `hilum audit` over a trail that lies in a database, as where no daemon runs.
#include "cli/verbs/audit_verbs.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "contract/messages/control.h"
#include "pipeline/control/control_requests.h"
#include "store/audit/audit_event.h"
#include "store/audit/audit_removal.h"
#include "store/audit/newest_head.h"
#include "store/database/database.h"
#include "store/database/sql.h"
#include "store/overview/time_words.h"
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

// Answers from the database as the daemon does, and does something else before its answers to one verb.
class BusyDaemon {
  public:
    using Before = std::function<void(int asked)>;  // how often the verb was asked before
    BusyDaemon(const std::filesystem::path& data, ControlVerb verb, Before before) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (data / "control.sock").native().copy(address.sun_path, sizeof address.sun_path - 1);
        listening_ = UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listening_.get(), 1) != 0)
            throw std::runtime_error("no control socket for a test");
        thread_ = std::thread([this, data, verb, before = std::move(before)] {
            int asked = 0;
            for (;;) {
                UniqueFd fd(::accept(listening_.get(), nullptr, nullptr));
                if (!fd) return;
                Channel client(std::move(fd));
                const auto message = client.receive();
                if (!message) continue;
                const auto request = control_request_in(message->packet);
                if (request && request->verb == verb) before(asked++);
                (void)client.send(Packet(answer_control_request(data, request.value())));
            }
        });
    }
    ~BusyDaemon() {
        ::shutdown(listening_.get(), SHUT_RDWR);
        thread_.join();
    }

  private:
    UniqueFd listening_;
    std::thread thread_;
};

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
    // Many at once.
    void happen_all(int days_ago, int events) {
        commit(days(days_ago), [events](Transaction& t) {
            for (int i = 0; i < events; ++i) {
                audit::AuditEvent event;
                event.type = "instance_received";
                t.append_audit(event);
            }
        });
    }
    void sign(int days_ago = 0) {
        commit(days(days_ago), [&](Transaction& t) {
            std::ofstream(folder_ / "heads.log", std::ios::app)
                << sign_newest(t, test::known_signing_key()) << "\n";
        });
    }
    int verify(bool json = false) {
        std::vector<std::string> arguments{"audit",     "verify",
                                           "--against", (folder_ / "heads.log").string(),
                                           "--key",     (folder_ / "audit.pub").string()};
        if (!keep_.empty()) arguments.insert(arguments.end(), {"--keep", keep_});
        return hilum(arguments, json);
    }
    std::vector<std::string> findings() {
        verify(true);
        return printed_json().at("findings");
    }

    std::optional<Database> database_;
    Timestamp today_ = now();
    std::string keep_ = "3d";  // the shortest by which these tests remove; empty: not said
};

TEST_F(AuditVerbsTest, FindTheTrailSoundOfWhichAuditKeepRemovedTheBeginning) {
    happen(10, 5);
    sign(5);  // of the last event that goes
    happen(4, 1);
    sign();
    commit({}, [](Transaction& t) { EXPECT_EQ(remove_old_audit_events(t, days(5)), 6); });
    EXPECT_EQ(hilum({"audit", "verify"}), exit_ok) << err_.str();
    EXPECT_EQ(verify(), exit_ok) << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("2 heads fit"));
    commit({}, [](Transaction& t) { sql::execute(t, "UPDATE audit_event SET actor = '' WHERE id = 8"); });
    EXPECT_THAT(findings(), ElementsAre("event 8 does not fit its digest, or what stands before it"));
}

// What audit.keep removes is found missing by nobody, whenever it goes.
class AuditVerbsWhileEventsGo : public AuditVerbsTest, public testing::WithParamInterface<int> {};

TEST_P(AuditVerbsWhileEventsGo, FindTheTrailSound) {
    happen_all(10, 1500);  // more than one answer tells
    sign(10);
    happen(4, 1);
    sign();
    BusyDaemon daemon(folder_ / "data", ControlVerb::audit_export, [this](int asked) {
        if (asked == GetParam())
            commit({}, [](Transaction& t) { EXPECT_EQ(remove_old_audit_events(t, days(5)), 1500); });
    });
    EXPECT_EQ(verify(), exit_ok) << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("2 heads fit"));
}

// After it was told where the trail begins, and after its first 1000 events.
INSTANTIATE_TEST_SUITE_P(Before, AuditVerbsWhileEventsGo, testing::Values(0, 1));

TEST_F(AuditVerbsTest, FindEventsThatSomebodyTakesOutWhileItIsRead) {
    happen_all(1, 1500);
    const char* const beginning =
        "INSERT INTO audit_checkpoint(through, hash, last_at, removed_at) SELECT id, hash, at, at FROM "
        "audit_event "
        "WHERE id = 1400";
    const auto taken = [&](const char* claim, const char* taking) {
        return [=, this](int asked) {
            if (asked != 1) return;
            commit({}, [=](Transaction& t) {
                if (claim != nullptr) sql::execute(t, claim);
                sql::execute(t, taking);
            });
        };
    };
    sign();
    {
        BusyDaemon daemon(folder_ / "data", ControlVerb::audit_export,
                          taken(nullptr, "DELETE FROM audit_event WHERE id BETWEEN 1001 AND 1300"));
        EXPECT_THAT(findings(), ElementsAre("events 1001 to 1300 are missing"));
    }
    std::filesystem::remove(folder_ / "data/control.sock");
    // Nothing goes before what stands before it, and nothing goes without an event that says so.
    BusyDaemon daemon(folder_ / "data", ControlVerb::audit_export,
                      taken(beginning, "DELETE FROM audit_event WHERE id BETWEEN 1301 AND 1400"));
    EXPECT_THAT(findings(), testing::Contains(HasSubstr("are missing")));
}

TEST_F(AuditVerbsTest, FindABeginningThatNoEventTellsOf) {
    happen(10, 1);
    sign();
    BusyDaemon daemon(folder_ / "data", ControlVerb::audit_export, [this](int asked) {
        if (asked == 0)
            commit({}, [](Transaction& t) {
                sql::execute(t,
                             "INSERT INTO audit_checkpoint(through, hash, last_at, removed_at)"
                             " SELECT id, hash, at, at FROM audit_event WHERE id = 6");
                sql::execute(t, "DELETE FROM audit_event WHERE id <= 6");
            });
    });
    const auto missing = HasSubstr("events 1 to 6 are missing: the trail says that it begins");
    EXPECT_THAT(findings(), ElementsAre(missing));
    EXPECT_THAT(findings(), ElementsAre(missing)) << "nor where they went before it was asked";
    EXPECT_EQ(verify(), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("are missing"));
}

TEST_F(AuditVerbsTest, FindTheTrailSoundAfterSeveralRemovals) {
    happen(10, 5);
    sign(5);
    happen(4, 1);
    sign();
    for (const int kept : {7, 5, 3}) {
        commit({}, [kept](Transaction& t) { EXPECT_GT(remove_old_audit_events(t, days(kept)), 0); });
        EXPECT_EQ(verify(), exit_ok) << kept << err_.str();
    }
}

// Who may write to the database takes events out, and makes it look as if audit.keep had.
TEST_F(AuditVerbsTest, FindARemovalThatOnlyLooksLikeThatOfAuditKeep) {
    happen(10, 5);
    sign(5);
    happen(4, 1);
    sign();
    commit({}, [](Transaction& t) { EXPECT_EQ(remove_old_audit_events(t, days(1)), 10 - 1); });
    keep_.clear();
    EXPECT_EQ(verify(), exit_failed) << "by default seven years";
    EXPECT_THAT(err_.str(), HasSubstr("events 1 to 9 went before their time"));
    EXPECT_THAT(out_.str(), HasSubstr("1 head of events that were removed"));
    keep_ = "1d";
    EXPECT_EQ(verify(), exit_ok) << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("1 head of events that were removed"));
    keep_ = "a while";
    EXPECT_EQ(verify(), exit_usage);
}

TEST_F(AuditVerbsTest, ExportWhatHappenedInTheTimeThatIsNamed) {
    const auto at = [](const char* text) { return parse_utc(text).value(); };
    for (const auto* text : {"2026-11-28T23:59:59Z", "2026-11-29T18:51:02.264735Z", "2026-11-29T18:51:59.9Z"})
        ASSERT_TRUE(database_->transact(at(text), [](Transaction& t) { t.append_audit({}); }));
    const auto exported = [&](const char* option, const char* time) {
        EXPECT_EQ(hilum({"audit", "export", option, time}), exit_ok) << err_.str();
        const auto text = out_.str();
        return std::ranges::count(text, '\n');
    };
    EXPECT_EQ(exported("--to", "2026-11-29 23:59"), 3);
    EXPECT_EQ(exported("--from", "2026-11-29 23:58"), 0);
    EXPECT_EQ(exported("--from", "2026-11-29T18:51Z"), 2);
    EXPECT_EQ(exported("--from", "2026-11-29T18:51:02.264736+00:00"), 1);
    EXPECT_EQ(exported("--to", "2026-11-29 18:51"), 3);
    EXPECT_EQ(exported("--to", "2026-11-29T18:51:02Z"), 2);
    EXPECT_EQ(exported("--to", "2026-11-28"), 1);
    EXPECT_EQ(hilum({"audit", "export", "--to", "2026-11-29T18:51+01:00"}), exit_usage);
}

TEST_F(AuditVerbsTest, SayWhatToDoWhereANodeOfAnOlderVersionRuns) {
    happen(2, 1);
    sign();
    FakeDaemon daemon(folder_ / "data/control.sock", does_not_hang,
                      nlohmann::json{{"ok", {{"intact", true}, {"begins_after", 6}}}});
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
