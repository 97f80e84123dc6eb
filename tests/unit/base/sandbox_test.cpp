#include "base/sandbox.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <future>
#include <thread>

namespace hilum {
namespace {

// What a process does to itself cannot be undone, so each test does it in a child; the exit status of `body`.
int in_child(const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(body());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(DenyNewSockets, MakesSocketFailWithEperm) {
    EXPECT_EQ(in_child([] {
                  if (::socket(AF_INET, SOCK_STREAM, 0) < 0) return 1;
                  if (!deny_new_sockets()) return 2;
                  if (::socket(AF_INET, SOCK_STREAM, 0) >= 0) return 3;
                  return errno == EPERM ? 0 : 4;
              }),
              0);
}

TEST(DenyNewSockets, LeavesOpenSocketsAndFilesUsable) {
    EXPECT_EQ(in_child([] {
                  int ends[2];
                  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 1;
                  if (!deny_new_sockets()) return 2;
                  if (::send(ends[0], "x", 1, 0) != 1) return 3;
                  char c = 0;
                  return ::recv(ends[1], &c, 1, 0) == 1 && c == 'x' ? 0 : 4;
              }),
              0);
}

TEST(DenyNewSockets, HoldsForThreadsThatAlreadyRun) {
    EXPECT_EQ(in_child([] {
                  std::promise<void> denied;
                  int outcome = 1;
                  std::thread older([&] {
                      denied.get_future().wait();
                      outcome = ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 0 : 3;
                  });
                  if (!deny_new_sockets()) outcome = 2;
                  denied.set_value();
                  older.join();
                  return outcome;
              }),
              0);
}

TEST(DenyNewSockets, DeniesStartingAnotherProgram) {
    EXPECT_EQ(in_child([] {
                  if (!deny_new_sockets()) return 2;
                  ::execl("/bin/true", "true", nullptr);
                  return errno == EPERM ? 0 : 3;
              }),
              0);
}

TEST(LimitAddressSpace, MakesALargeAllocationFail) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer reserves more address space than any limit";
#endif
    EXPECT_EQ(in_child([] {
                  if (!limit_address_space(1ull << 30)) return 2;
                  void* large =
                      ::mmap(nullptr, 2ull << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return large == MAP_FAILED && errno == ENOMEM ? 0 : 3;
              }),
              0);
}

}  // namespace
}  // namespace hilum
