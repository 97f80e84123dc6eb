#include "pipeline/asio_world.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/heartbeat.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class AsioWorldTest : public testing::Test {
  protected:
    void run_until(const std::function<bool()>& condition) {
        const auto deadline = world_.monotonic() + 20s;
        while (!condition() && world_.monotonic() < deadline) {
            loop_.restart();
            loop_.run_one_for(20ms);
        }
        ASSERT_TRUE(condition()) << "waited in vain";
    }

    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
};

TEST_F(AsioWorldTest, ATimerMayBeStartedAnewWithinItsCallback) {
    const auto timer = world_.make_timer();
    int calls = 0;
    std::function<void()> again = [&] {
        if (++calls < 3) timer->start(1ms, again);
    };
    timer->start(1ms, again);
    loop_.run();
    EXPECT_EQ(calls, 3);
}

TEST_F(AsioWorldTest, ATimerMayBeDestroyedWithinItsCallback) {
    auto timer = world_.make_timer();
    const auto held = std::make_shared<int>(7);
    int seen = 0;
    timer->start(1ms, [&timer, &seen, held] {
        timer.reset();
        seen = *held;
    });
    loop_.run();
    EXPECT_EQ(seen, 7);
    EXPECT_EQ(held.use_count(), 1) << "nothing is kept";
}

TEST_F(AsioWorldTest, ATimerThatIsCancelledOrStartedAnewAsItComesDueIsNotCalled) {
    const auto first = world_.make_timer(), cancelled = world_.make_timer(), restarted = world_.make_timer();
    auto destroyed = world_.make_timer();
    std::vector<const char*> called;
    first->start(1ms, [&] {
        called.push_back("first");
        cancelled->cancel();
        destroyed.reset();
        restarted->start(1ms, [&] { called.push_back("anew"); });
    });
    for (auto* timer : {cancelled.get(), restarted.get(), destroyed.get()})
        timer->start(2ms, [&] { called.push_back("wrong"); });
    std::this_thread::sleep_for(10ms);  // so that Asio queues all of them at once
    loop_.run();
    EXPECT_EQ(called, (std::vector<const char*>{"first", "anew"}));
}

TEST_F(AsioWorldTest, PostsOfAnotherThreadRunInTheirOrderOnTheLoop) {
    std::vector<int> order;
    std::thread::id ran_on;
    const auto background = world_.make_background();
    background->post([&] {
        for (int i = 0; i < 3; ++i)
            world_.post([&, i] {
                order.push_back(i);
                ran_on = std::this_thread::get_id();
            });
    });
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_F(AsioWorldTest, ABackgroundRunsWhatWaitsBeforeItEnds) {
    std::vector<int> order;
    auto background = world_.make_background();
    background->post([] { std::this_thread::sleep_for(20ms); });
    for (int i = 0; i < 100; ++i) background->post([&order, i] { order.push_back(i); });
    background.reset();
    ASSERT_EQ(order.size(), 100u);
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

class WatchTest : public AsioWorldTest {
  protected:
    WatchTest() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe(ends), 0);
        reading_ = UniqueFd(ends[0]);
        writing_ = UniqueFd(ends[1]);
    }
    void write(const char* text) {
        EXPECT_EQ(::write(writing_.get(), text, std::strlen(text)), std::ssize(std::string(text)));
    }
    char read_one() {
        char c = 0;
        EXPECT_EQ(::read(reading_.get(), &c, 1), 1);
        return c;
    }

    UniqueFd reading_, writing_;
};

TEST_F(WatchTest, CallsAsLongAsThereIsSomethingToRead) {
    std::string read;
    const auto watch = world_.watch(reading_.get(), [&] { read += read_one(); });
    write("abc");
    run_until([&] { return read == "abc"; });
    write("d");
    run_until([&] { return read == "abcd"; });
}

TEST_F(WatchTest, CallsWhenThePeerIsGone) {
    bool called = false;
    const auto watch = world_.watch(reading_.get(), [&] { called = true; });
    writing_.reset();
    run_until([&] { return called; });
}

TEST_F(WatchTest, MayBeDestroyedWithinItsCallbackAndLeavesTheDescriptorOpen) {
    int calls = 0;
    std::unique_ptr<Watch> watch;
    watch = world_.watch(reading_.get(), [&] {
        ++calls;
        watch.reset();
    });
    write("ab");
    loop_.run();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(read_one(), 'a');
}

TEST_F(AsioWorldTest, TellsOnceHowAProcessEnded) {
    std::vector<int> ends;
    auto process =
        world_.spawn({{"/bin/sh", "-c", "exit 3"}, {}, true}, [&](int status) { ends.push_back(status); });
    ASSERT_TRUE(process);
    run_until([&] { return !ends.empty(); });
    EXPECT_EQ(WEXITSTATUS(ends[0]), 3);
    (*process)->kill();  // it is gone: nobody else is hit
    loop_.restart();
    loop_.run();
    EXPECT_EQ(ends.size(), 1u);
}

TEST_F(AsioWorldTest, AProcessMayBeForgottenAsItTellsOfItsEnd) {
    bool ended = false;
    Result<std::unique_ptr<RunningProcess>> process = fail("x", "not started");
    process = world_.spawn({{"/bin/true"}, {}, true}, [&](int status) {
        process->reset();
        ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    });
    ASSERT_TRUE(process);
    run_until([&] { return ended; });
}

TEST_F(AsioWorldTest, AProcessCanBeKilled) {
    int ended = 0;
    auto process = world_.spawn({{"/bin/sleep", "600"}, {}, true}, [&](int status) { ended = status; });
    ASSERT_TRUE(process);
    (*process)->kill();
    run_until([&] { return ended != 0; });
    EXPECT_EQ(WTERMSIG(ended), SIGKILL);
}

TEST_F(AsioWorldTest, AProcessThatIsForgottenIsGone) {
    auto process = world_.spawn({{"/bin/sleep", "600"}, {}, true}, [](int) { FAIL() << "told"; });
    ASSERT_TRUE(process);
    const pid_t pid = (*process)->pid();
    process->reset();
    EXPECT_NE(::kill(pid, 0), 0);
    loop_.run();
}

TEST_F(AsioWorldTest, HearsTheHeartOfAProcess) {
    // Its heartbeat is its only descriptor, and a beat a number of eight bytes.
    auto process = world_.spawn(
        {{"/bin/sh", "-c", R"(printf '\001\0\0\0\0\0\0\0' >&3; exec sleep 600)"}, {}, true}, [](int) {});
    ASSERT_TRUE(process);
    bool heard = false;
    run_until([&] { return heard = heard || (*process)->has_beaten(); });
    EXPECT_FALSE((*process)->has_beaten()) << "not since it was last asked";
}

TEST_F(AsioWorldTest, OverseesAProcessThatIsNotItsOwn) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::pause();
        ::_exit(0);
    }
    auto heartbeat = make_heartbeat().value();
    UniqueFd theirs(::dup(heartbeat.get()));
    const auto overseen = world_.oversee(pid, open_pidfd(pid).value(), std::move(heartbeat));
    EXPECT_FALSE(overseen->has_beaten());
    Heartbeat(std::move(theirs)).beat();
    EXPECT_TRUE(overseen->has_beaten());
    overseen->kill();
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    overseen->kill();  // nobody else is hit
}

class FilesTest : public AsioWorldTest {
  protected:
    static std::span<const std::byte> bytes(const std::string& text) {
        return std::as_bytes(std::span(text));
    }
    std::filesystem::path path(const char* name) const { return folder_.path() / name; }

    test::TemporaryFolder folder_;
    Files& files_ = world_.files();
};

TEST_F(FilesTest, AreWrittenMovedAndRemoved) {
    const std::string text = "hello";
    ASSERT_TRUE(files_.write_durably(path("a"), bytes(text)));
    EXPECT_EQ(files_.size(path("a")), 5u);
    ASSERT_TRUE(files_.rename_durably(path("a"), path("b")));
    const auto opened = files_.open(path("b"));
    ASSERT_TRUE(opened);
    EXPECT_EQ(read_fd(opened->get(), 100), text);
    EXPECT_TRUE(files_.remove_durably(path("b")));
    EXPECT_TRUE(files_.remove_durably(path("b"))) << "where there is none";
    EXPECT_TRUE(files_.remove_durably(path("no folder/b"))) << "nor its folder";
}

TEST_F(FilesTest, SayWhatIsNotThere) {
    EXPECT_EQ(files_.open(path("a")).error().code, "not_found");
    EXPECT_EQ(files_.size(path("a")).error().code, "not_found");
    EXPECT_EQ(files_.rename_durably(path("a"), path("b")).error().code, "not_found");
    EXPECT_EQ(files_.write_durably(path("no/folder"), {}).error().code, "system");
    EXPECT_GT(files_.free_space(folder_.path()).value(), 0u);
}

TEST_F(FilesTest, FollowNoLink) {
    std::ofstream(path("secret")) << "x";
    std::filesystem::create_symlink("secret", path("link"));
    EXPECT_EQ(files_.open(path("link")).error().code, "system");
}

}  // namespace
}  // namespace hilum
