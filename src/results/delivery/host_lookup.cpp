#include "results/delivery/host_lookup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <type_traits>

#include "base/file_system.h"
#include "base/unique_fd.h"
#include "results/delivery/readiness.h"

namespace hilum::delivery {
namespace {

// What the child writes to the pipe, at once.
struct Found {
    int error = 0;  // of getaddrinfo()
    int system_error = 0;
    std::size_t count = 0;
    std::array<SocketAddress, most_addresses> addresses;
};
static_assert(std::is_trivially_copyable_v<Found> && sizeof(Found) <= PIPE_BUF);

struct AddressesCloser {
    void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

std::string without_brackets(const std::string& host) {
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return host;
    return host.substr(1, host.size() - 2);
}

Found look_up_now(const std::string& host, int port, int flags, LookUp look_up) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    Found found;
    found.error = look_up(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    found.system_error = errno;
    if (found.error != 0) return found;
    const std::unique_ptr<addrinfo, AddressesCloser> owned(list);
    for (const addrinfo* each = list; each != nullptr && found.count < most_addresses; each = each->ai_next) {
        if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
        auto& address = found.addresses[found.count++];
        std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
        address.size = each->ai_addrlen;
    }
    return found;
}

// By itself: a confined sender may signal nobody.
void end_at(std::chrono::steady_clock::time_point deadline) {
    using std::chrono::microseconds;
    const auto left = std::chrono::ceil<microseconds>(deadline - std::chrono::steady_clock::now());
    const auto count = std::max<long>(left.count(), 1);  // 0 would be never
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    ::signal(SIGALRM, SIG_DFL);
    ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
    const itimerval timer{{}, {count / 1'000'000, count % 1'000'000}};
    if (::setitimer(ITIMER_REAL, &timer, nullptr) != 0) ::_exit(1);
}

[[noreturn]] void be_the_child(int pipe, const std::string& host, int port,
                               std::chrono::steady_clock::time_point deadline, LookUp look_up) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    end_at(deadline);
    // Nothing else of ours stays open in it: a channel would seem to live on.
    if (pipe != 3) ::dup2(pipe, 3);
    ::close_range(4, ~0U, 0);
    const Found found = look_up_now(host, port, 0, look_up);
    const auto written = ::write(3, &found, sizeof found);
    ::_exit(written == static_cast<ssize_t>(sizeof found) ? 0 : 1);
}

Result<Found> look_up_in_a_child(const std::string& host, int port,
                                 std::chrono::steady_clock::time_point deadline, LookUp look_up) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected(system_error(errno, "cannot make a pipe"));
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return tl::unexpected(system_error(errno, "cannot look up " + host));
    if (child == 0) be_the_child(writing.get(), host, port, deadline, look_up);
    writing.reset();
    Found found;
    ssize_t size = -1;
    const bool answered = wait_for(reading.get(), POLLIN, deadline);
    if (answered) size = ::read(reading.get(), &found, sizeof found);
    int end = 0;
    while (::waitpid(child, &end, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(end) && WTERMSIG(end) == SIGSYS)
        return fail_for_now(
            "forbidden_call",
            "looking it up takes a system call that a sender may not make (docs/security.md); an "
            "address in place of the name needs none");
    if (!answered || (WIFSIGNALED(end) && WTERMSIG(end) == SIGALRM))
        return fail_for_now("timeout", "the DNS does not answer");
    if (size != static_cast<ssize_t>(sizeof found) || found.count > most_addresses)
        return fail_for_now("system", "the look-up of {} broke off", host);
    return found;
}

}  // namespace

std::string SocketAddress::text() const {
    char host[NI_MAXHOST] = "";
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, host, sizeof host, nullptr, 0,
                      NI_NUMERICHOST) != 0)
        return "an address";
    return host;
}

std::string host_and_port(const std::string& host, int port) {
    const auto bare = without_brackets(host);
    const bool ipv6 = bare.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", bare, ipv6 ? "]" : "", port);
}

Result<std::vector<SocketAddress>> addresses_of(const std::string& host, int port,
                                                std::chrono::steady_clock::time_point deadline,
                                                LookUp look_up) {
    const auto bare = without_brackets(host);
    Found found = look_up_now(bare, port, AI_NUMERICHOST, &getaddrinfo);
    if (found.error != 0) {
        auto looked_up = look_up_in_a_child(bare, port, deadline, look_up);
        if (!looked_up) return tl::unexpected(looked_up.error());
        found = *looked_up;
    }
    if (found.error == EAI_SYSTEM)
        return tl::unexpected(system_error(found.system_error, "cannot look up " + bare));
    if (found.error != 0) return fail_for_now("unknown_host", "{}", ::gai_strerror(found.error));
    if (found.count == 0) return fail_for_now("unknown_host", "it has no address");
    return std::vector<SocketAddress>(found.addresses.begin(), found.addresses.begin() + found.count);
}

}  // namespace hilum::delivery
