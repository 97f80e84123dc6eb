#include "pipeline/control/operator_desk.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "pipeline/asio_world.h"
#include "store/database/sql.h"
#include "store/jobs/claim.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

// Does nothing before it is told to.
class HeldBackground final : public Background {
  public:
    ~HeldBackground() override { run(); }
    void post(std::function<void()> work) override { waiting_.push_back(std::move(work)); }
    bool has_work() const { return !waiting_.empty(); }
    void run() {
        while (has_work()) {
            const auto work = std::move(waiting_.front());
            waiting_.pop_front();
            work();
        }
    }

  private:
    std::deque<std::function<void()>> waiting_;
};

class HoldingWorld final : public AsioWorld {
  public:
    using AsioWorld::AsioWorld;
    std::unique_ptr<Background> make_background() override {
        auto background = std::make_unique<HeldBackground>();
        all_.push_back(background.get());
        return background;
    }
    const HeldBackground* busy() const {
        for (const auto* background : all_)
            if (background->has_work()) return background;
        return nullptr;
    }
    void run_all_but(const HeldBackground* held) {
        for (auto* background : all_)
            if (background != held) background->run();
    }

  private:
    std::vector<HeldBackground*> all_;
};

class OperatorDeskTest : public testing::Test {
  protected:
    using Answered = std::shared_ptr<std::optional<nlohmann::json>>;

    OperatorDeskTest() {
        lock_ = prepare_data_directory(directory_).value();
        auto database = test::open_database(folder_);
        audit::AuditEvent event;
        event.type = "instance_received";
        for (int i = 0; i < 3; ++i) database.append_audit(event);
        commits_.emplace(world_, std::move(database));
        events_.emplace(holding_, *commits_);
        desk_.emplace(holding_, *commits_, *events_, directory_, std::vector<std::string>{"demo"},
                      std::vector<std::string>{"pacs"}, test::instance_store(folder_));
        desk_->start(
            {.live_status =
                 [] {
                     return nlohmann::json{{"running", true}};
                 },
             .on_jobs = [] {},
             .reload_models = [](const std::string&, const std::string&, const OperatorDesk::Answer&) {}});
    }
    Answered ask(const char* verb, std::stop_token client_gone = {}) {
        return ask(Packet(nlohmann::json{{"verb", verb}}), std::move(client_gone));
    }
    Answered ask(const Packet& request, std::stop_token client_gone = {}) {
        auto answered = std::make_shared<std::optional<nlohmann::json>>();
        desk_->handle(
            request, "test", [answered](const nlohmann::json& answer) { *answered = answer; },
            std::move(client_gone));
        return answered;
    }
    void go_on_but(const HeldBackground* held = nullptr) {
        holding_.run_all_but(held);
        loop_.restart();
        loop_.poll();
    }
    static Packet order(ControlVerb verb) {
        return to_packet(ControlRequest{.verb = verb, .destination = "pacs"});
    }
    // The next that comes from beside the loop.
    void go_on_waiting() {
        loop_.restart();
        loop_.run_one();
    }
    void wait_for(const Answered& answered) {
        while (!answered->has_value()) go_on_waiting();
    }
    static std::string error_of(const Answered& answered) {
        return answered->has_value() ? (**answered)["error"].value("code", "none") : "not answered";
    }

    test::TemporaryFolder folder_;
    const DataDirectory directory_{folder_.path()};
    UniqueFd lock_;
    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
    HoldingWorld holding_{loop_};
    std::optional<CommitQueue> commits_;
    std::optional<EventKeeper> events_;
    std::optional<OperatorDesk> desk_;
};

TEST_F(OperatorDeskTest, WhoLooksAtPatientDataIsInTheAuditTrail) {
    ask("status");
    ask("studies");
    std::optional<Result<std::int64_t>> looks;
    commits_->submit(
        [](Transaction& transaction) {
            return sql::number(transaction,
                               "SELECT count(*) FROM audit_event WHERE type = 'operator_access'"
                               " AND actor = 'test' AND json_extract(detail, '$.verb') = 'studies'")
                .value_or(-1);
        },
        [&looks](const Result<std::int64_t>& counted) { looks = counted; });
    while (!looks) go_on_waiting();
    EXPECT_EQ(looks->value(), 1);
}

TEST_F(OperatorDeskTest, AnswersAllElseWhileAVerificationIsHeld) {
    const auto verified = ask("audit.verify");
    const auto* held = holding_.busy();
    for (const char* verb : {"status", "retention", "jobs.list", "studies", "audit.export"}) {
        const auto answered = ask(verb);
        go_on_but(held);
        ASSERT_TRUE(answered->has_value()) << verb;
        EXPECT_TRUE((*answered)->contains("ok")) << verb << ": " << (*answered)->dump();
    }
    EXPECT_FALSE(verified->has_value());
    go_on_but();
    ASSERT_TRUE(verified->has_value());
    EXPECT_GE((**verified)["ok"]["events"], 3) << "and that somebody looked";
}

TEST_F(OperatorDeskTest, TellsTheStatusWhileAListIsHeld) {
    const auto listed = ask("studies");
    const auto* held = holding_.busy();
    const auto told = ask("status");
    go_on_but(held);
    ASSERT_TRUE(told->has_value());
    EXPECT_EQ((**told)["ok"]["running"], true);
    EXPECT_FALSE(listed->has_value());
}

TEST_F(OperatorDeskTest, ResumesADestinationOnceAllOfALongQueueCountsAnew) {
    commits_->submit([this](Transaction& t) {
        test::instance_store(folder_).store(t, test::received("1.2.3.4"));
        sql::execute(t,
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO"
                     " job(lane, subject, study_id, state, created_at, updated_at) SELECT 'deliver/pacs', i,"
                     " 1, 'queued', 1, 1 FROM n",
                     2 * most_taken_up + 1);
    });
    const auto paused = ask(order(ControlVerb::destinations_pause));
    wait_for(paused);
    const auto resumed = ask(order(ControlVerb::destinations_resume));
    wait_for(resumed);
    EXPECT_EQ((**resumed)["ok"]["changed"], true);
    std::optional<std::int64_t> old;
    commits_->submit(
        [](Transaction& t) {
            return sql::number(t, "SELECT count(*) FROM job WHERE created_at = 1").value();
        },
        [&](const Result<std::int64_t>& counted) { old = *counted; });
    while (!old) go_on_waiting();
    EXPECT_EQ(old, 0);
    const auto again = ask(order(ControlVerb::destinations_resume));
    wait_for(again);
    EXPECT_EQ((**again)["ok"]["changed"], false);
}

TEST_F(OperatorDeskTest, ADrainEndsVerificationsAndNothingElse) {
    const auto verified = ask("audit.verify"), listed = ask("jobs.list"), told = ask("status");
    desk_->drain();
    const auto later = ask("audit.verify");
    go_on_but();
    EXPECT_EQ(error_of(verified), "stopped");
    EXPECT_EQ(error_of(later), "stopped");
    ASSERT_TRUE(listed->has_value());
    EXPECT_TRUE((*listed)->contains("ok"));
    ASSERT_TRUE(told->has_value());
    EXPECT_TRUE((*told)->contains("ok"));
}

TEST_F(OperatorDeskTest, ReadsNothingForAClientThatIsGone) {
    std::stop_source gone;
    const auto for_nobody = ask("audit.verify", gone.get_token());
    const auto wanted = ask("audit.verify");
    gone.request_stop();
    go_on_but();
    EXPECT_EQ(error_of(for_nobody), "stopped");
    ASSERT_TRUE(wanted->has_value());
    EXPECT_GE((**wanted)["ok"]["events"], 3);
}

}  // namespace
}  // namespace hilum
