// Each role's confinement from within: a child of the test confines itself as the role does, and tries what
// the role may not, and what it must. What a process gives up it does not get back, so each try has a child
// of its own.
#include "base/confinement/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/confinement/call_filter.h"
#include "base/confinement/landlock.h"
#include "base/confinement/replaced_places.h"
#include "base/confinement/role_table.h"
#include "base/file_system.h"
#include "base/process.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

constexpr int done = 0, denied = 10, unconfined = 20;

// Of the process's descriptors so many more may be open.
void limit_descriptors(int more) {
    const int lowest = ::dup(STDIN_FILENO);
    ::close(lowest);
    const rlimit limits{static_cast<rlim_t>(lowest + more), static_cast<rlim_t>(lowest + more)};
    ::setrlimit(RLIMIT_NOFILE, &limits);
}

// How a child ends that runs `body`: its exit status, or 1000 and the signal.
int in_child(const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(body());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// Whether a system call was denied, and not by chance: bad arguments would say something else.
int outcome(long result) {
    return result >= 0 ? done : errno == EPERM || errno == EACCES || errno == ENOSYS ? denied : 1;
}
bool is_denied(int how) {
    return how == denied || how == 1000 + SIGSYS;
}

class Confined : public testing::TestWithParam<Role> {
  protected:
    Confined() {
        for (const char* folder : {"spool", "analyses", "results", "package"})
            ::mkdir((root_ / folder).c_str(), 0700);
        for (const char* file : {"hilum.db", "hilum.db-wal", "hilum.db-shm", "spool/one.dcm", "analyses/one",
                                 "results/one.dcm", "package/model.pt", "secret"})
            std::ofstream(root_ / file) << "bytes";
    }

    const RoleRules& rules() const { return rules_of(GetParam()); }
    bool has(CallGroup group) const { return std::ranges::find(rules().calls, group) != rules().calls.end(); }
    // Any access but reading counts as writing.
    bool may(Place place, bool writing) const {
        if (!rules().files_confined) return true;
        return std::ranges::any_of(rules().places, [&](const PlaceRule& rule) {
            return rule.place == place && (rule.writes || !writing);
        });
    }

    int confined(const std::function<int()>& tries) const {
        return in_child([&] {
            const Places places{.data_dir = root_, .package = root_ / "package", .connect_ports = {1}};
            if (!confine(GetParam(), places, -1)) return unconfined;
            return tries();
        });
    }
    int opening(const std::string& file, int flags) const {
        return confined([&] { return outcome(::open((root_ / file).c_str(), flags, 0600)); });
    }

    test::TemporaryFolder folder_;
    const std::filesystem::path root_ = folder_.path();
};

std::string name_of(const testing::TestParamInfo<Role>& info) {
    std::string name(rules_of(info.param).name);
    std::erase(name, ' ');
    return name;
}
INSTANTIATE_TEST_SUITE_P(EachRole, Confined, testing::ValuesIn(all_roles), name_of);

TEST_P(Confined, ComputesAllocatesAndStartsThreads) {
    EXPECT_EQ(confined([] {
                  int sum = 0;
                  std::thread thread([&] { sum = static_cast<int>(std::vector<int>(1 << 20, 1).size()); });
                  thread.join();
                  const auto memory = make_memfd("some", 4096);
                  if (!memory || sum != 1 << 20) return 1;
                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
                  return ::isatty(0) >= 0 ? done : 2;
              }),
              done);
}

// Numbers, since a filter sees nothing else; with arguments that would be refused otherwise, too.
TEST_P(Confined, MayNotWhatNobodyMay) {
    const std::vector<std::pair<const char*, long>> calls{{"io_uring_setup", SYS_io_uring_setup},
                                                          {"io_uring_enter", SYS_io_uring_enter},
                                                          {"process_vm_readv", SYS_process_vm_readv},
                                                          {"process_vm_writev", SYS_process_vm_writev},
                                                          {"ptrace", SYS_ptrace},
                                                          {"bpf", SYS_bpf},
                                                          {"userfaultfd", SYS_userfaultfd},
                                                          {"keyctl", SYS_keyctl},
                                                          {"add_key", SYS_add_key},
                                                          {"mount", SYS_mount},
                                                          {"umount2", SYS_umount2},
                                                          {"unshare", SYS_unshare},
                                                          {"setns", SYS_setns},
                                                          {"pidfd_getfd", SYS_pidfd_getfd},
                                                          {"perf_event_open", SYS_perf_event_open},
                                                          {"kcmp", SYS_kcmp},
                                                          {"open_by_handle_at", SYS_open_by_handle_at},
                                                          {"init_module", SYS_init_module},
                                                          {"chroot", SYS_chroot},
                                                          {"setuid", SYS_setuid}};
    for (const auto& [name, number] : calls) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        if (number == SYS_ptrace || number == SYS_process_vm_readv) continue;  // a sanitizer's own
#endif
        const long call = number;
        EXPECT_TRUE(is_denied(confined([call] { return outcome(::syscall(call, 0L, 0L, 0L, 0L, 0L, 0L)); })))
            << name;
    }
}

TEST_P(Confined, ExecutesNothingButTheCoordinator) {
    const bool may_execute = GetParam() == Role::coordinator;
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    for (const bool at : {false, true}) {
        const int how = confined([&] {
            return outcome(at ? ::syscall(SYS_execveat, AT_FDCWD, program, arguments, environ, 0)
                              : ::execve(program, arguments, environ));
        });
        EXPECT_EQ(is_denied(how), !may_execute) << at << " " << how;
    }
}

TEST_P(Confined, ForksOnlyWhereItsRoleForks) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer forks";
#endif
    const int how = confined([] {
        const pid_t pid = ::fork();
        if (pid == 0) ::_exit(0);
        return outcome(pid);
    });
    EXPECT_EQ(is_denied(how), !has(CallGroup::fork) && GetParam() != Role::coordinator) << how;
}

TEST_P(Confined, MakesNoNamespaces) {
    EXPECT_TRUE(is_denied(
        confined([] { return outcome(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); })));
    EXPECT_EQ(confined([] {
                  clone_args arguments{};
                  arguments.flags = CLONE_NEWUSER;
                  return ::syscall(SYS_clone3, &arguments, sizeof arguments) < 0 && errno == ENOSYS ? done
                                                                                                    : 1;
              }),
              done);
}

TEST_P(Confined, MakesSocketsOnlyWhereItsRoleConnects) {
    const int how = confined([] { return outcome(::socket(AF_INET, SOCK_STREAM, 0)); });
    EXPECT_EQ(is_denied(how), !has(CallGroup::connect) && GetParam() != Role::coordinator) << how;
    EXPECT_TRUE(GetParam() == Role::coordinator ||
                is_denied(confined([] { return outcome(::socket(AF_PACKET, SOCK_RAW, 0)); })));
}

// A listener that lacked a descriptor while it confined itself refused every image from then on.
TEST(Landlock, FailsWhereWhatIsThereCannotBeOpenedNow) {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    const test::TemporaryFolder folder;
    const auto confined_to = [](const std::filesystem::path& path, int descriptors) {
        return in_child([&] {
            ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            limit_descriptors(descriptors);
            return restrict_to({.files = {{path}}}) ? done : denied;
        });
    };
    EXPECT_EQ(confined_to(folder.path(), 2), done);
    EXPECT_EQ(confined_to(folder.path(), 1), denied);  // for the rules alone
    EXPECT_EQ(confined_to(folder / "absent", 2), done);
}

// Without Landlock, what calls alone keep away is asked for elsewhere.
TEST_P(Confined, ReadsAndWritesItsOwnPlacesAlone) {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    const std::vector<std::pair<const char*, Place>> files{
        {"spool/one.dcm", Place::spool},         {"analyses/one", Place::analyses},
        {"results/one.dcm", Place::results},     {"hilum.db", Place::database},
        {"hilum.db-shm", Place::database_index}, {"package/model.pt", Place::package}};
    for (const auto& [file, place] : files) {
        EXPECT_EQ(opening(file, O_RDONLY), may(place, false) ? done : denied) << file;
        const bool writes = may(place, true) && (has(CallGroup::store) || GetParam() == Role::coordinator);
        EXPECT_EQ(opening(file, O_RDWR), writes ? done : denied) << file;
    }
    const bool all = !rules().files_confined;
    EXPECT_EQ(opening("secret", O_RDONLY), all ? done : denied);
    EXPECT_EQ(opening("new", O_WRONLY | O_CREAT), all ? done : denied);
    EXPECT_EQ(opening("spool/new", O_WRONLY | O_CREAT), may(Place::spool, true) ? done : denied);
}

// Rules hold for the file that was there: one that takes its place is told once, to a process that may not
// read it though its user may.
TEST(ReplacedPlace, IsToldWhereTheProcessCannotFollow) {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    const test::TemporaryFolder folder;
    const Places places{.data_dir = folder.path()};
    for (const char* file : {"hilum.db", "hilum.db-shm", "new", "other"})
        std::ofstream(folder / file) << "bytes";
    const auto after = [&](const std::function<void()>& changes) {
        return in_child([&] {
            int asked[2], answered[2];
            if (::pipe(asked) != 0 || ::pipe(answered) != 0) return 1;
            char byte = 0;
            if (::fork() == 0) {  // who is not confined
                (void)::read(asked[0], &byte, 1);
                changes();
                (void)::write(answered[1], &byte, 1);
                ::_exit(0);
            }
            if (!confine(Role::http, places, -1)) return unconfined;
            if (::write(asked[1], &byte, 1) != 1 || ::read(answered[0], &byte, 1) != 1) return 2;
            const auto there = check_place(Place::database);
            if (!check_place(Place::database_index)) return 3;
            if (there) return done;
            return there.error().retry == Retry::once_mended ? denied : 4;
        });
    };
    EXPECT_EQ(after([] {}), done);
    EXPECT_EQ(after([&] { std::ofstream(folder / "hilum.db") << "more"; }), done) << "it is the same file";
    EXPECT_EQ(after([&] { std::filesystem::rename(folder / "new", folder / "hilum.db"); }), denied);
    EXPECT_EQ(after([] {}), done) << "who is started anew";
    EXPECT_EQ(after([&] { std::ofstream(folder / "hilum.db-wal") << "bytes"; }), denied) << "absent before";
    EXPECT_EQ(after([&] { std::filesystem::remove(folder / "hilum.db-wal"); }), done) << "nothing is there";
    if (::geteuid() != 0) {
        EXPECT_EQ(after([&] {
                      std::filesystem::permissions(folder / "other", std::filesystem::perms::none);
                      std::filesystem::rename(folder / "other", folder / "hilum.db");
                  }),
                  done)
            << "its user may not read it either";
    }
}

TEST_P(Confined, ReadsWhatEveryProgramReads) {
    EXPECT_EQ(confined([] { return outcome(::open("/dev/urandom", O_RDONLY)); }), done);
    EXPECT_EQ(confined([] { return outcome(::open("/usr/share/zoneinfo", O_RDONLY)); }), done);
}

TEST_P(Confined, CannotGainPrivilegesOrShowItsMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr bool traces_itself = true;
#else
    constexpr bool traces_itself = false;
#endif
    EXPECT_EQ(confined([] {
                  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 1;
                  if (!traces_itself && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 2;
                  return done;
              }),
              done);
}

TEST_P(Confined, KillsNoStranger) {
    if (landlock_version() < 6 && GetParam() == Role::listener)
        GTEST_SKIP() << "its receivers are not told apart";
    const pid_t stranger = ::fork();
    if (stranger == 0) {
        ::pause();
        ::_exit(0);
    }
    const int how = confined([stranger] { return outcome(::kill(stranger, SIGKILL)); });
    ::kill(stranger, SIGKILL);
    ::waitpid(stranger, nullptr, 0);
    EXPECT_EQ(is_denied(how), rules().files_confined) << how;
}

TEST(ConfinedSender, ConnectsToItsDestinationsPortAlone) {
    if (landlock_version() < 4) GTEST_SKIP() << "this kernel's Landlock knows no ports";
    const auto connecting = [](int port) {
        return in_child([port] {
            if (!confine(Role::sender, {.connect_ports = {2}}, -1)) return unconfined;
            const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(static_cast<std::uint16_t>(port));
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            (void)::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
            return errno == EACCES ? denied : errno == ECONNREFUSED ? done : 1;
        });
    };
    EXPECT_EQ(connecting(2), done);
    EXPECT_EQ(connecting(3), denied);
}

TEST(ForbiddenCallOfADecoder, IsToldThroughTheChannelBeforeTheProcessDies) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    const int how = in_child([&] {
        if (!confine(Role::decoder, {}, ends[1])) return unconfined;
        ::syscall(SYS_setns, -1, 0);
        return 1;
    });
    EXPECT_EQ(how, 1000 + SIGSYS);
    char text[200] = "";
    ASSERT_GT(::recv(ends[0], text, sizeof text - 1, MSG_DONTWAIT), 0);
    EXPECT_EQ(std::string(text), R"({"type":"forbidden_call","number":)" + std::to_string(SYS_setns) + "}");
    EXPECT_EQ(call_name(SYS_setns), "setns");
}

TEST(Confine, RefusesAProcessWithThreadsThatItWouldNotReach) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer has a thread";
#endif
    EXPECT_EQ(in_child([] {
                  std::thread other([] { ::pause(); });
                  const auto confined = confine(Role::decoder, {}, -1);
                  ::_exit(!confined && confined.error().code == "confinement" ? done : 1);
                  return 1;
              }),
              done);
}

TEST(ConfineThreads, HoldsForThreadsThatRunAlready) {
    EXPECT_EQ(in_child([] {
                  int how = 1;
                  std::thread other([&] {
                      while (::socket(AF_INET, SOCK_STREAM, 0) >= 0) ::usleep(1000);
                      how = errno == EPERM ? done : 2;
                  });
                  if (!confine_threads(Role::worker, -1)) ::_exit(unconfined);
                  other.join();
                  return how;
              }),
              done);
}

TEST(LimitAddressSpace, MakesALargeAllocationFail) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer reserves more address space than any limit";
#endif
    EXPECT_EQ(in_child([] {
                  if (!confine(Role::decoder, {}, -1, std::size_t{1} << 30)) return unconfined;
                  void* large =
                      ::mmap(nullptr, 2ULL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return large == MAP_FAILED && errno == ENOMEM ? done : 3;
              }),
              done);
}

TEST(SupportText, SaysWhatTheKernelLacks) {
    EXPECT_EQ(support_text({true, 7}), "system calls filtered, files and TCP ports confined (Landlock 7)");
    EXPECT_EQ(support_text({true, 2}),
              "system calls filtered, files confined, TCP ports not (Linux 6.7 does) (Landlock 2)");
    EXPECT_EQ(support_text({true, 0}),
              "system calls filtered, files and TCP ports not confined (the kernel has no Landlock)");
}

}  // namespace
}  // namespace hilum
