#include "pipeline/node.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
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
                      int room = 0, const std::filesystem::path& program = "/bin/false") {
            NodeOptions options;
            options.configuration.node.data_dir = folder.path();
            options.configuration.scp.min_free_space = 0;
            options.configuration.models = models;
            options.daemon_program = options.worker_program = program;
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
                                .on_finished = [this](const NodeEnd& reached) { end = reached; }});
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
        std::optional<NodeEnd> end;
    };

    NodeTest() { lock_ = std::move(*prepare_data_directory({folder_.path()})); }
    // A program whose listener does this, with its channel as descriptor 3; other children end at once.
    std::filesystem::path program(const std::string& listener) {
        const auto file = folder_.path() / "program";
        std::ofstream(file) << "#!/bin/sh\ncase \"$*\" in *'--role listener'*) ;; *) exit 1 ;; esac\n"
                            << listener;
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        return file;
    }
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
    life.run_until([&] { return life.end.has_value(); });
    EXPECT_EQ(life.end->exit_code, 0);
    EXPECT_TRUE(life.end->in_order);
    EXPECT_EQ(events("node_stopped"), 1);
}

// SIGTERM comes before its port is open: it is told, and nothing says that the node receives.
TEST_F(NodeTest, DrainsAListenerThatHasYetToOpenItsPort) {
    const auto heard = folder_.path() / "heard", ready = folder_.path() / "ready";
    std::ofstream(ready) << to_packet(ListenerReady{11112, 0}).body().dump();
    Life life(folder_, {}, 0,
              program(fmt::format("dd bs=4096 count=1 <&3 >{} 2>/dev/null\ncat {} >&3\ncat <&3 >/dev/null\n",
                                  heard.string(), ready.string())));
    ASSERT_TRUE(life.start());
    life.run_until([&] { return !life.node->status().children.empty(); });
    life.node->drain();
    life.run_until([&] { return life.end.has_value(); });
    std::ifstream file(heard);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), to_packet(Drain{}).body().dump());
}

TEST_F(NodeTest, EndsInOrderWhereItsPortIsTaken) {
    Life life(folder_, {}, 0, program(fmt::format("exit {}\n", listener_cannot_listen)));
    ASSERT_TRUE(life.start());
    life.run_until([&] { return life.end.has_value(); });
    EXPECT_EQ(life.end->exit_code, 1);
    EXPECT_TRUE(life.end->in_order);
    EXPECT_EQ(events("node_stopped"), 1);
}

TEST_F(NodeTest, DoesNotEndInOrderWhereItsLastCommitIsNotKept) {
    Life life(folder_);
    ASSERT_TRUE(life.start());
    life.run_until([&] { return !life.node->status().children.empty(); });
    SQLite::Database other((folder_.path() / "hilum.db").string(), SQLite::OPEN_READWRITE, 5'000);
    other.exec("DROP TABLE clock");  // which its last commit writes
    life.node->drain();
    life.run_until([&] { return life.end.has_value(); });
    EXPECT_EQ(life.end->exit_code, 0);
    EXPECT_FALSE(life.end->in_order);
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
    life.run_until([&] { return life.end.has_value(); });
    EXPECT_EQ(life.end->exit_code, 0) << "what is lost is told, and holds up no end";
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
