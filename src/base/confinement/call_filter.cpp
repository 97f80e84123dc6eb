#include "base/confinement/call_filter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/confinement/call_groups.h"
#include "base/file_system.h"

namespace hilum {
namespace {

using Comparison = scmp_arg_cmp;
constexpr scmp_datum_t namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
// CLONE_NEWTIME lies where clone() has the signal that tells the parent of the end; clone3() alone takes it.
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

struct FilterCloser {
    void operator()(void* filter) const { seccomp_release(filter); }
};

Comparison equal(unsigned argument, scmp_datum_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}
Comparison masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

class Filter {
  public:
    explicit Filter(std::uint32_t otherwise) : filter_(seccomp_init(otherwise)), otherwise_(otherwise) {
        set(SCMP_FLTATR_CTL_TSYNC, 1);
        set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a search by halves
    }

    void add(std::uint32_t action, const char* call, std::vector<Comparison> where = {}) {
        if (action == otherwise_) return;  // which libseccomp takes for a mistake
        const int number = filter_ ? seccomp_syscall_resolve_name(call) : __NR_SCMP_ERROR;
        if (number == __NR_SCMP_ERROR) return;  // a library that does not know it denies it with all others
        keep(seccomp_rule_add_array(filter_.get(), action, number, static_cast<unsigned>(where.size()),
                                    where.data()));
    }
    void allow(const char* call, std::vector<Comparison> where = {}) {
        add(SCMP_ACT_ALLOW, call, std::move(where));
    }
    void allow_one_of(const char* call, unsigned argument, std::initializer_list<scmp_datum_t> values) {
        for (const auto value : values) allow(call, {equal(argument, value)});
    }

    Status load() {
        if (!filter_) return fail("system", "cannot make a seccomp filter");
        if (error_ == 0) error_ = seccomp_load(filter_.get());
        if (error_ != 0) return tl::unexpected(system_error(-error_, "cannot load a seccomp filter"));
        return {};
    }

  private:
    void set(scmp_filter_attr attribute, std::uint32_t value) {
        if (filter_) keep(seccomp_attr_set(filter_.get(), attribute, value));
    }
    void keep(int result) {
        if (error_ == 0 && result != -EEXIST) error_ = result;  // two groups may name the same call
    }

    std::unique_ptr<void, FilterCloser> filter_;
    const std::uint32_t otherwise_;
    int error_ = 0;
};

void add_work(Filter& filter) {
    filter.allow("clone", {masked(0, CLONE_THREAD | namespaces, CLONE_THREAD)});
    filter.allow_one_of("fcntl", 1,
                        {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
                         F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_ADD_SEALS, F_GET_SEALS});
    filter.allow_one_of("ioctl", 1, {TCGETS, FIONBIO, FIONREAD, FIOCLEX, TIOCGWINSZ, TIOCOUTQ});
    filter.allow_one_of("prctl", 0,
                        {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_SET_PDEATHSIG, PR_GET_DUMPABLE,
                         PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ});
    filter.allow("prctl", {equal(0, PR_SET_DUMPABLE), equal(1, 0)});
    filter.allow("prlimit64", {equal(2, 0)});  // reads
}

// For writing it is refused, not punished: fontconfig and others try whether they may.
void add_reading_opens(Filter& filter) {
    constexpr scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    const auto refuse = SCMP_ACT_ERRNO(EACCES);
    for (const auto& [call, argument] : {std::pair("open", 1U), std::pair("openat", 2U)}) {
        filter.allow(call, {masked(argument, writing, O_RDONLY)});
        for (const scmp_datum_t flag : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC})
            filter.add(refuse, call, {masked(argument, flag, flag)});
    }
    filter.add(refuse, "creat");
}

void add_sockets(Filter& filter) {
    constexpr scmp_datum_t type = 0xf;  // without SOCK_CLOEXEC and SOCK_NONBLOCK
    for (const scmp_datum_t family : {AF_INET, AF_INET6, AF_UNIX})
        for (const scmp_datum_t kind : {SOCK_STREAM, SOCK_DGRAM})
            filter.allow("socket", {equal(0, family), masked(1, type, kind)});
    filter.allow("socket", {equal(0, AF_NETLINK), equal(2, 0)});  // NETLINK_ROUTE: getaddrinfo(3) asks it
}

void add_forks(Filter& filter) {
    filter.allow("clone", {masked(0, namespaces, 0)});
    filter.allow("fork");
}

// A process of its own that reads this one's memory, at its end.
void add_sanitizers(Filter& filter) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    add_forks(filter);
    for (const char* call :
         {"ptrace", "wait4", "prctl", "process_vm_readv", "setrlimit", "prlimit64", "kill", "tgkill",
          "personality", "readlink", "getdents", "getdents64", "open", "openat", "ioctl"})
        filter.allow(call);
#endif
    (void)filter;
}

void add_group(Filter& filter, CallGroup group, bool writes_files) {
    for (const char* call : calls_of(group)) filter.allow(call);
    if (group == CallGroup::work) add_work(filter);
    if (group == CallGroup::lookup && !writes_files) add_reading_opens(filter);
    if (group == CallGroup::fork) add_forks(filter);
    if (group == CallGroup::deepen) filter.allow("prlimit64", {equal(0, 0)});
    if (group == CallGroup::connect) add_sockets(filter);
}

bool has_group(const RoleRules& rules, CallGroup wanted) {
    for (const auto group : rules.calls)
        if (group == wanted) return true;
    return false;
}

// glibc starts threads by clone() where there is no clone3(), whose arguments no filter can read.
constexpr auto not_there = SCMP_ACT_ERRNO(ENOSYS);

void refuse_signals_to_others(Filter& filter, std::uint32_t refuse) {
    const auto itself = static_cast<scmp_datum_t>(::getpid());
    for (const char* call : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"})
        filter.add(refuse, call, {{0, SCMP_CMP_NE, itself, 0}});
    for (const char* call : {"tkill", "pidfd_send_signal"}) filter.add(refuse, call);
    // The kernel signals whom a descriptor belongs to, and who is beyond its limit of processor time.
    constexpr scmp_datum_t low = 0xffffffff;  // of which these are integers
    for (const scmp_datum_t command : {F_SETOWN, F_SETOWN_EX, F_SETSIG})
        filter.add(refuse, "fcntl", {masked(1, low, command)});
    for (const scmp_datum_t command : {FIOSETOWN, SIOCSPGRP})
        filter.add(refuse, "ioctl", {masked(1, low, command)});
    filter.add(refuse, "prlimit64", {{0, SCMP_CMP_NE, 0, 0}});
}

// All but what nobody may. What it starts is confined further by itself.
Status load_broad_filter(const RoleRules& rules) {
    Filter filter(SCMP_ACT_ALLOW);
    const auto refuse = SCMP_ACT_ERRNO(EPERM);
    for (const char* call : calls_of_nobody())
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        if (std::string_view(call) != "ptrace" && std::string_view(call) != "personality")
#endif
            filter.add(refuse, call);
    filter.add(not_there, "clone3");
    for (const scmp_datum_t flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                                    CLONE_NEWPID, CLONE_NEWNET})
        filter.add(refuse, "clone", {masked(0, flag, flag)});
    if (rules.role != Role::coordinator) {
        for (const char* call : {"execve", "execveat", "fork", "vfork", "bind", "listen"})
            filter.add(refuse, call);
        filter.add(refuse, "clone", {masked(0, CLONE_THREAD, 0)});
        filter.add(refuse, "socket", {{0, SCMP_CMP_NE, AF_UNIX, 0}});
        refuse_signals_to_others(filter, refuse);
    }
    return filter.load();
}

Status load_narrow_filter(const RoleRules& rules) {
    Filter filter(rules.forbidden == Forbidden::kills ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EPERM));
    for (const auto group : rules.calls) add_group(filter, group, has_group(rules, CallGroup::store));
    if (!has_group(rules, CallGroup::deepen))  // which has it for its children
        filter.allow("tgkill", {equal(0, static_cast<scmp_datum_t>(::getpid()))});
    filter.add(not_there, "clone3");
    // Refused, not punished: libraries try them and can do without.
    for (const char* call : {"chmod", "fchmodat", "utimensat", "utimes", "link", "symlink"})  // fontconfig
        filter.add(SCMP_ACT_ERRNO(EPERM), call);
    if (!has_group(rules, CallGroup::store))  // fontconfig, for its cache
        for (const char* call : {"mkdir", "unlink", "rename"}) filter.add(SCMP_ACT_ERRNO(EPERM), call);
    filter.add(SCMP_ACT_ERRNO(EPERM), "fchown");  // SQLite, as root, on what belongs to the database
    if (!has_group(rules, CallGroup::connect)) filter.add(SCMP_ACT_ERRNO(EPERM), "socket");  // gethostid(3)
    add_sanitizers(filter);
    return filter.load();
}

}  // namespace

Status filter_calls(Role role) {
    const auto& rules = rules_of(role);
    return has_group(rules, CallGroup::anything) ? load_broad_filter(rules) : load_narrow_filter(rules);
}

std::string call_name(int number) {
    const std::unique_ptr<char, decltype(&std::free)> name(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
    return name ? std::string(name.get()) : fmt::format("number {}", number);
}

}  // namespace hilum
