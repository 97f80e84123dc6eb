#include "pipeline/node.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "pipeline/asio_world.h"
#include "store/data_history.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// Its children are programs that end at once: here it is about the node itself.
class NodeTest : public testing::Test {
  protected:
    // One life, in a loop of its own.
    struct Life {
        // `room`: pages by which the database may grow; 0: it has enough.
        explicit Life(const test::TemporaryFolder& folder, const std::vector<ModelSettings>& models = {},
                      int room = 0) {
            NodeOptions options;
            options.configuration.node.data_dir = folder.path();
            options.configuration.scp.min_free_space = 0;
            options.configuration.models = models;
            options.daemon_program = options.worker_program = "/bin/false";
            auto database = test::open_database(folder);
            if (room > 0)
                database.execute("PRAGMA max_page_count = " +
                                 std::to_string(database.number("PRAGMA page_count").value() + room));
            const auto generation = join_history(world, database.database(), {folder.path()}).value();
            node.emplace(world, options, std::move(database), generation.id);
        }
        Status start() {
            return node->start({.on_receiving = [] { FAIL() << "no listener runs"; },
                                .on_draining = [this] { draining = true; },
                                .on_finished = [this](int code) { exit_code = code; }});
        }
        void run_until(const std::function<bool()>& condition) {
            const auto deadline = world.monotonic() + 20s;
            while (!condition() && world.monotonic() < deadline) loop.run_one_for(100ms);
            ASSERT_TRUE(condition()) << "waited in vain";
        }
        nlohmann::json ask(const nlohmann::json& request) {
            std::optional<nlohmann::json> answer;
            node->handle_request(Packet(request), "test",
                                 [&](const nlohmann::json& reply) { answer = reply; });
            run_until([&] { return answer.has_value(); });
            return *answer;
        }

        boost::asio::io_context loop;
        AsioWorld world{loop};
        std::optional<Node> node;
        bool draining = false;
        std::optional<int> exit_code;
    };

    NodeTest() { lock_ = std::move(*prepare_data_directory({folder_.path()})); }
    std::int64_t events(const char* type) {
        auto database = test::open_database(folder_);
        return database.number("SELECT count(*) FROM audit_event WHERE type = ?", type).value();
    }

    test::TemporaryFolder folder_;
    UniqueFd lock_;
};

TEST_F(NodeTest, AnswersOperatorsDrainsAndSaysThatItHasFinished) {
    Life life(folder_);
    ASSERT_TRUE(life.start());
    EXPECT_EQ(life.ask({{"verb", "model.reload"}})["error"]["code"], "not_ready") << "it only begins";
    EXPECT_EQ(life.ask({{"verb", "status"}})["ok"]["running"], true);
    EXPECT_EQ(life.ask(nlohmann::json::array())["error"]["code"], "bad_request");
    life.node->drain();
    life.node->drain();
    EXPECT_TRUE(life.draining);
    life.run_until([&] { return life.exit_code.has_value(); });
    EXPECT_EQ(life.exit_code, 0);
    EXPECT_EQ(events("node_stopped"), 1);
}

TEST_F(NodeTest, DiscardsAtItsStartWhatWaitsOfAModelThatIsAShadowNow) {
    {
        auto database = test::open_database(folder_);
        test::instance_store(folder_).store(database, test::received("1.2.3.4"));
        database.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', 1)");
        test::make_job(database, Lane::report, "", 1, 1, JobState::queued);
    }
    ModelSettings shadow;
    shadow.package = "demo";
    shadow.mode = ModelMode::shadow;
    Life life(folder_, {shadow});
    ASSERT_TRUE(life.start());
    life.run_until([&] {
        const auto told =
            life.ask({{"verb", "jobs.show"}, {"args", {{"kind", "report"}, {"id", std::int64_t{1}}}}});
        return told["ok"]["job"]["state"] == "discarded";
    });
}

TEST_F(NodeTest, SaysThatNothingIsToBeShownWhileWhatHappensCannotBeWritten) {
    Life life(folder_, {}, 30);
    ASSERT_TRUE(life.start());
    EXPECT_TRUE(life.node->status().auditing);
    const auto looks_at = [&life](int number) {
        const auto accession = std::to_string(number) + std::string(100, 'x');
        (void)life.ask({{"verb", "studies"}, {"args", {{"accession_number", accession}}}});
    };
    for (int i = 0; i < 900 && life.node->status().auditing; ++i) looks_at(i);
    const auto status = life.node->status();
    EXPECT_FALSE(status.auditing);
    ASSERT_EQ(status.troubles.size(), 1u);
    EXPECT_EQ(status.troubles[0].where, "audit");
    life.node->drain();
    life.run_until([&] { return life.exit_code.has_value(); });
    EXPECT_EQ(life.exit_code, 0) << "what is lost is told, and holds up no end";
}

TEST_F(NodeTest, MayBeDestroyedBetweenAnyTwoEvents) {
    for (int last_event = 0; last_event < 30; ++last_event) {
        Life life(folder_);
        ASSERT_TRUE(life.start());
        for (int event = 0; event < last_event; ++event) {
            if (event == 15) life.node->drain();
            life.loop.run_one_for(100ms);
        }
        life.node.reset();
        EXPECT_FALSE(std::filesystem::exists(folder_.path() / "control.sock"));
    }
    EXPECT_EQ(events("node_started"), 30) << "each left the database to the next";
}

}  // namespace
}  // namespace hilum
