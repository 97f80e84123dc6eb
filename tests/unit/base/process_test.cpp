#include "base/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file_system.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

// The wait status of a child that must end within ten seconds.
int status_of(ChildProcess& child) {
    pollfd ended{child.pidfd.get(), POLLIN, 0};
    if (::poll(&ended, 1, 10'000) != 1) {
        ADD_FAILURE() << "the child did not end";
        ::kill(child.pid, SIGKILL);
    }
    int status = -1;
    ::waitpid(child.pid, &status, 0);
    return status;
}

struct Pipe {
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
    std::string read_all() {
        writing.reset();
        std::string text;
        char buffer[1000];
        for (ssize_t n; (n = ::read(reading.get(), buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<std::size_t>(n));
        return text;
    }
    UniqueFd reading, writing;
};

TEST(Spawn, GivesTheChildItsDescriptorsFromThreeOn) {
    Pipe first, second;
    auto child = spawn({{"/bin/sh", "-c", "echo one >&3; echo two >&4"},
                        {first.writing.get(), second.writing.get()},
                        false});
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_EQ(status_of(*child), 0);
    EXPECT_EQ(first.read_all(), "one\n");
    EXPECT_EQ(second.read_all(), "two\n");
}

TEST(Spawn, MapsDescriptorsThatAreEachOthersTargets) {
    const auto a = make_memfd("a", std::size_t{2});
    const auto b = make_memfd("b", std::size_t{2});
    ASSERT_TRUE(a && b);
    const pid_t pid = ::fork();  // in a process of its own, since 3 and 4 are in use here
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        const UniqueFd high_a(::fcntl(a->get(), F_DUPFD_CLOEXEC, 100));
        const UniqueFd high_b(::fcntl(b->get(), F_DUPFD_CLOEXEC, 100));
        if (::dup2(high_a.get(), 4) != 4 || ::dup2(high_b.get(), 3) != 3) ::_exit(2);
        auto child = spawn({{"/bin/sh", "-c", "echo a >&3; echo b >&4"}, {4, 3}, false});
        ::_exit(child && status_of(*child) == 0 ? 0 : 3);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(read_fd(a->get(), 2), "a\n");
    EXPECT_EQ(read_fd(b->get(), 2), "b\n");
}

TEST(Spawn, LeavesNoOtherDescriptorOpenInTheChild) {
    Pipe out;
    const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // not close-on-exec, as a library might open it
    ASSERT_TRUE(leaky);
    auto child = spawn({{"/bin/sh", "-c", "ls /proc/self/fd >&3"}, {out.writing.get()}, false});
    ASSERT_TRUE(child);
    EXPECT_EQ(status_of(*child), 0);
    EXPECT_EQ(out.read_all(), "0\n1\n2\n3\n4\n") << "0 to 3, and 4 for the folder that ls reads";
}

TEST(Spawn, TellsHowTheChildEnded) {
    auto exiting = spawn({{"/bin/sh", "-c", "exit 3"}, {}, false});
    ASSERT_TRUE(exiting);
    EXPECT_EQ(describe_exit(status_of(*exiting)), "exited with status 3");

    auto killed = spawn({{"/bin/sh", "-c", "kill -9 $$"}, {}, false});
    ASSERT_TRUE(killed);
    EXPECT_EQ(describe_exit(status_of(*killed)), "killed by signal 9 (Killed)");
}

TEST(Spawn, EndsWith127WhereTheProgramIsMissing) {
    auto child = spawn({{"/nonexistent/program"}, {}, false});
    ASSERT_TRUE(child);
    EXPECT_EQ(describe_exit(status_of(*child)), "exited with status 127");
}

TEST(Spawn, ClearsTheSignalMaskForTheChild) {
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, &before);
    auto child = spawn({{"/bin/sh", "-c", "kill -TERM $$; exit 0"}, {}, false});
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ASSERT_TRUE(child);
    EXPECT_EQ(describe_exit(status_of(*child)), "killed by signal 15 (Terminated)");
}

TEST(Spawn, KillsTheChildWithItsParentWhereAsked) {
    Pipe life, child_pid;
    const pid_t parent = ::fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        auto child = spawn({{"/bin/sleep", "60"}, {life.writing.get()}, true});
        const pid_t pid = child ? child->pid : -1;
        [[maybe_unused]] const auto written = ::write(child_pid.writing.get(), &pid, sizeof pid);
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
    life.writing.reset();
    // The pipe closes only when the sleeping child is gone too.
    pollfd ended{life.reading.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1) << "the child outlived its parent";
    pid_t pid = -1;
    ASSERT_EQ(::read(child_pid.reading.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    EXPECT_GT(pid, 0);
}

TEST(Spawn, MakesTheChildNicerWhereAsked) {
    const auto nice_value_of = [](int nicer_by) {
        Pipe pipe;
        auto child = spawn({{"/bin/sh", "-c", "nice >&3"}, {pipe.writing.get()}, false, nicer_by});
        EXPECT_EQ(status_of(*child), 0);
        return std::stoi(pipe.read_all());
    };
    EXPECT_EQ(nice_value_of(3), std::min(nice_value_of(0) + 3, 19));
}

TEST(PinnedProgram, IsRunThoughAnotherTookItsPlace) {
    const test::TemporaryFolder folder;
    const auto program = folder / "program";
    std::filesystem::copy_file("/bin/true", program);
    ASSERT_TRUE(pin_program(program.string()));
    std::filesystem::remove(program);
    std::filesystem::copy_file("/bin/false", program);
    auto child = spawn({.arguments = {program.string()}, .descriptors = {}});
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_EQ(describe_exit(status_of(*child)), "exited with status 0");
}

TEST(PinnedProgram, HasToBeThere) {
    const auto pinned = pin_program("/nowhere/program");
    ASSERT_FALSE(pinned);
    EXPECT_THAT(pinned.error().message, testing::HasSubstr("/nowhere/program"));
}

TEST(OwnExecutable, IsTheRunningProgram) {
    EXPECT_TRUE(own_executable().ends_with("base_test")) << own_executable();
}

}  // namespace
}  // namespace hilum
