#include "scp/listener.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/confinement/confinement.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/process.h"
#include "contract/messages/heartbeat.h"
#include "contract/messages/receiving.h"
#include "contract/messages/request_table.h"
#include "dicom/dataset_reading.h"
#include "scp/listening_socket.h"
#include "scp/receiver.h"

namespace hilum::scp {
namespace {

constexpr std::chrono::milliseconds pause_without_resources{100};

// The coordinator holds three descriptors for each receiver, and needs others beside them.
std::size_t most_receivers(const ScpSettings& settings) {
    constexpr std::size_t others = 200;
    const std::size_t descriptors = open_files_limit();
    const std::size_t room = (descriptors > 2 * others ? descriptors - others : others) / 3;
    return std::min(static_cast<std::size_t>(settings.max_connections), room);
}

class Listener {
  public:
    Listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration,
             AssociationPolicy policy, Spool spool, ListeningSocket socket, UniqueFd child_signals)
        : coordinator_(std::move(coordinator)),
          heartbeat_(std::move(heartbeat)),
          configuration_(configuration),
          policy_(std::move(policy)),
          spool_(std::move(spool)),
          socket_(std::move(socket)),
          child_signals_(std::move(child_signals)) {}

    int run();

  private:
    Status read_coordinator();
    Status drain(const Drain&, std::vector<UniqueFd>);
    void accept_connection();
    bool start_receiver(UniqueFd& connection, const std::string& peer);
    [[noreturn]] void become_receiver(UniqueFd connection, Channel channel, UniqueFd heartbeat);
    Status tell_receiver(const ConnectionAccepted& receiver, Channel channel, UniqueFd heartbeat);
    void reap_receivers();
    void refuse(const std::string& peer, const char* why);

    Channel coordinator_;
    Heartbeat heartbeat_;
    const Configuration& configuration_;
    const AssociationPolicy policy_;
    Spool spool_;
    ListeningSocket socket_;
    UniqueFd child_signals_;
    std::set<pid_t> receivers_;
    const std::size_t most_receivers_ = most_receivers(configuration_.scp);
};

int Listener::run() {
    spdlog::info("listening on port {}", socket_.port());
    if (!coordinator_.send(to_packet(ListenerReady{socket_.port()}))) return 0;
    for (;;) {
        heartbeat_.beat();
        pollfd fds[] = {
            {socket_.fd(), POLLIN, 0}, {coordinator_.fd(), POLLIN, 0}, {child_signals_.get(), POLLIN, 0}};
        if (::poll(fds, 3, std::chrono::milliseconds(Heartbeat::interval).count()) < 0) {
            if (errno == EINTR) continue;
            spdlog::error("cannot wait for connections: {}", std::strerror(errno));
            return 1;
        }
        if (fds[1].revents != 0)
            if (const auto read = read_coordinator(); !read) return exit_code_of("listener", read.error());
        if (fds[2].revents != 0) reap_receivers();
        if (fds[0].revents != 0 && socket_.fd() >= 0) accept_connection();
    }
}

Status Listener::read_coordinator() {
    static constexpr std::array requests{request<&Listener::drain>()};
    return coordinator_.receive().and_then(
        [this](Message message) { return serve_request(*this, requests, std::move(message)); });
}

Status Listener::drain(const Drain&, std::vector<UniqueFd>) {
    spdlog::info("no more connections are accepted");
    socket_.close();
    return {};
}

void Listener::reap_receivers() {
    signalfd_siginfo ignored;
    while (::read(child_signals_.get(), &ignored, sizeof ignored) > 0) continue;
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        receivers_.erase(pid);
        if (status != 0) spdlog::warn("receiver {} {}", pid, describe_exit(status));
    }
}

void Listener::refuse(const std::string& peer, const char* why) {
    spdlog::warn("connection from {} closed: {}", peer, why);
    (void)coordinator_.send(to_packet(ConnectionRefused{peer}));
}

void Listener::accept_connection() {
    UniqueFd connection(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        spdlog::error("cannot accept a connection: {}", std::strerror(errno));
        ::poll(nullptr, 0, pause_without_resources.count());
        return;
    }
    const auto address = IpAddress::of_peer(connection.get());
    if (!address) return;  // it is gone again
    const std::string peer = address->text();
    if (receivers_.size() >= most_receivers_)
        refuse(peer, "scp.max_connections, or as many as descriptors allow, are open");
    else if (!start_receiver(connection, peer))
        refuse(peer, "no receiver could be started");
}

bool Listener::start_receiver(UniqueFd& connection, const std::string& peer) {
    auto pair = Channel::make_pair();
    if (!pair) {
        spdlog::error("{}", pair.error().message);
        return false;
    }
    auto& [receivers_end, coordinators_end] = *pair;
    auto heartbeat = make_heartbeat();
    if (!heartbeat) {
        spdlog::error("{}", heartbeat.error().message);
        return false;
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
        coordinators_end.close();
        become_receiver(std::move(connection), std::move(receivers_end), std::move(*heartbeat));
    }
    if (pid < 0) {
        spdlog::error("cannot fork: {}", std::strerror(errno));
        return false;
    }
    receivers_.insert(pid);
    const auto told = tell_receiver({peer, pid}, std::move(coordinators_end), std::move(*heartbeat));
    if (!told) spdlog::error("receiver {}: {}", pid, told.error().message);
    return true;
}

// Where the coordinator does not get its end of the channel, the receiver ends by itself.
Status Listener::tell_receiver(const ConnectionAccepted& receiver, Channel channel, UniqueFd heartbeat) {
    const auto pidfd = open_pidfd(static_cast<pid_t>(receiver.pid));
    if (!pidfd) return tl::unexpected(pidfd.error());
    const std::array descriptors{channel.fd(), pidfd->get(), heartbeat.get()};
    return coordinator_.send(to_packet(receiver), descriptors);
}

void Listener::become_receiver(UniqueFd connection, Channel channel, UniqueFd heartbeat) {
    coordinator_.close();
    heartbeat_ = Heartbeat();
    socket_.close();
    child_signals_.reset();
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::prctl(PR_SET_NAME, "hilum-receiver");
    start_logging("receiver", configuration_.node.log_level);
    const int code = run_receiver(std::move(connection), std::move(channel), Heartbeat(std::move(heartbeat)),
                                  configuration_, policy_, spool_);
    ::_exit(code);
}

Result<UniqueFd> child_signals() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    UniqueFd fd(::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd) return tl::unexpected(system_error(errno, "cannot watch child processes"));
    return fd;
}

// What the receivers inherit. The port is open.
Status prepare_process(int channel, const Configuration& configuration) {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // a file that grows too large is an error like any other
    prepare_dcmtk();
    dcmDataDict.rdlock();  // loads the dictionary, which takes 17 ms
    dcmDataDict.rdunlock();
    return confine(Role::listener, {.data_dir = configuration.node.data_dir}, channel);
}

Result<Listener> make_listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration) {
    auto policy = AssociationPolicy::make(configuration);
    if (!policy) return tl::unexpected(policy.error());
    auto spool = Spool::open(configuration.node.data_dir);
    if (!spool) return tl::unexpected(spool.error());
    auto socket = ListeningSocket::open(configuration.scp);
    if (!socket) return tl::unexpected(socket.error());
    auto signals = child_signals();
    if (!signals) return tl::unexpected(signals.error());
    if (auto prepared = prepare_process(coordinator.fd(), configuration); !prepared)
        return tl::unexpected(prepared.error());
    return Listener(std::move(coordinator), std::move(heartbeat), configuration, std::move(*policy),
                    std::move(*spool), std::move(*socket), std::move(*signals));
}

}  // namespace

int run_listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration) {
    auto listener = make_listener(std::move(coordinator), std::move(heartbeat), configuration);
    if (!listener) {
        spdlog::error("cannot receive: {}", listener.error().message);
        return listener_cannot_listen;
    }
    return listener->run();
}

}  // namespace hilum::scp
