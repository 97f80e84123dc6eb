#include "scp/listener.h"

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
#include <map>

#include "base/confinement/confinement.h"
#include "base/file_system.h"
#include "base/heartbeat.h"
#include "base/logging.h"
#include "base/process.h"
#include "base/tls/pem_source.h"
#include "base/tls/reloadable_tls.h"
#include "contract/messages/certificates.h"
#include "contract/messages/receiving.h"
#include "contract/messages/request_table.h"
#include "dicom/dataset_reading.h"
#include "scp/admission/closed_connections.h"
#include "scp/admission/waiting_room.h"
#include "scp/listening_socket.h"
#include "scp/receiver.h"
#include "scp/tls/listener_tls.h"

namespace hilum::scp {
namespace {

constexpr std::chrono::milliseconds pause_without_resources{100};
constexpr int accepted_at_once = 64, receivers_at_once = 8;

// The coordinator holds three descriptors for each receiver, and needs others beside them.
int most_connections(const ScpSettings& settings) {
    const auto others = static_cast<std::size_t>(200 + 3 * settings.max_unlisted_connections);
    const std::size_t descriptors = open_files_limit();
    const std::size_t room = (descriptors > 2 * others ? descriptors - others : others) / 3;
    return static_cast<int>(std::min(static_cast<std::size_t>(settings.max_connections), room));
}

MonotonicTime monotonic_now() {
    return std::chrono::steady_clock::now();
}

class Listener {
  public:
    Listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration,
             AssociationPolicy policy, Spool spool, ListeningSocket socket, ListenerTls tls,
             UniqueFd child_signals)
        : coordinator_(std::move(coordinator)),
          heartbeat_(std::move(heartbeat)),
          configuration_(configuration),
          policy_(std::move(policy)),
          spool_(std::move(spool)),
          socket_(std::move(socket)),
          tls_(std::move(tls)),
          child_signals_(std::move(child_signals)),
          waiting_(admission_limits(configuration.scp, policy_, most_connections(configuration.scp))) {}

    int run();

  private:
    Status read_coordinator();
    Status drain(const Drain&, std::vector<UniqueFd>);
    Status reload_certificates(const ReloadCertificates&, std::vector<UniqueFd>);
    void accept_connections(const ListeningSocket& socket, Opening opening);
    void let_in(UniqueFd connection, Opening opening);
    void start_receivers();
    bool start_receiver(WaitingRoom::Asking& asking);
    [[noreturn]] void become_receiver(WaitingRoom::Asking asking, Channel channel, UniqueFd heartbeat);
    Status tell_receiver(const ConnectionAccepted& receiver, Channel channel, UniqueFd heartbeat);
    void reap_receivers();
    void note(const std::vector<WaitingRoom::Closed>& closed);
    void tell_closed();
    std::chrono::milliseconds patience() const;

    Channel coordinator_;
    Heartbeat heartbeat_;
    const Configuration& configuration_;
    const AssociationPolicy policy_;
    Spool spool_;
    ListeningSocket socket_;
    ListenerTls tls_;
    UniqueFd child_signals_;
    WaitingRoom waiting_;
    ClosedConnections closed_;
    std::map<pid_t, WaitingRoom::Guest> receivers_;
    RateLimiter troubles_{20, std::chrono::seconds(1)};  // that the log takes
};

int Listener::run() {
    if (socket_.fd() >= 0) spdlog::info("listening on port {}", socket_.port());
    if (tls_.configured()) spdlog::info("listening for TLS on port {}", tls_.socket().port());
    if (!coordinator_.send(to_packet(ListenerReady{socket_.port(), tls_.socket().port()}))) return 0;
    if (tls_.configured() && !coordinator_.send(to_packet(tls_.loaded()))) return 0;
    std::vector<pollfd> polled;
    for (;;) {
        heartbeat_.beat();
        tell_closed();
        polled = {{socket_.fd(), POLLIN, 0},
                  {coordinator_.fd(), POLLIN, 0},
                  {child_signals_.get(), POLLIN, 0},
                  {tls_.socket().fd(), POLLIN, 0}};
        waiting_.add_to(polled);
        if (::poll(polled.data(), polled.size(), static_cast<int>(patience().count())) < 0) {
            if (errno == EINTR) continue;
            spdlog::error("cannot wait for connections: {}", std::strerror(errno));
            return 1;
        }
        if (polled[1].revents != 0)
            if (const auto read = read_coordinator(); !read) return exit_code_of("listener", read.error());
        if (polled[2].revents != 0) reap_receivers();
        note(waiting_.look(polled, monotonic_now()));
        if (polled[0].revents != 0 && socket_.fd() >= 0)
            accept_connections(socket_, Opening::associate_request);
        if (polled[3].revents != 0 && tls_.socket().fd() >= 0)
            accept_connections(tls_.socket(), Opening::client_hello);
        start_receivers();
    }
}

std::chrono::milliseconds Listener::patience() const {
    const std::chrono::milliseconds most =
        closed_.empty() ? std::chrono::milliseconds(Heartbeat::interval) : ClosedConnections::interval;
    return waiting_.patience(monotonic_now(), most);
}

Status Listener::read_coordinator() {
    static constexpr std::array requests{request<&Listener::drain>(),
                                         request<&Listener::reload_certificates>()};
    return coordinator_.receive().and_then(
        [this](Message message) { return serve_request(*this, requests, std::move(message)); });
}

Status Listener::drain(const Drain&, std::vector<UniqueFd>) {
    spdlog::info("no more connections are accepted");
    socket_.close();
    waiting_.close();
    tls_.close();
    return {};
}

Status Listener::reload_certificates(const ReloadCertificates&, std::vector<UniqueFd>) {
    return tls_.configured() ? coordinator_.send(to_packet(tls_.reload())) : Status();
}

void Listener::reap_receivers() {
    signalfd_siginfo ignored;
    while (::read(child_signals_.get(), &ignored, sizeof ignored) > 0) continue;
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (const auto receiver = receivers_.extract(pid)) waiting_.leave(receiver.mapped());
        if (status != 0 && troubles_.take("receiver", monotonic_now()))
            spdlog::warn("receiver {} {}", pid, describe_exit(status));
    }
}

void Listener::note(const std::vector<WaitingRoom::Closed>& closed) {
    for (const auto& [peer, why] : closed) closed_.add(peer, why);
}

void Listener::tell_closed() {
    for (const auto& closed : closed_.take(monotonic_now())) (void)coordinator_.send(to_packet(closed));
}

// As many as there are, so that nobody waits in the kernel behind a flood; none costs more than this yet.
void Listener::accept_connections(const ListeningSocket& socket, Opening opening) {
    for (int i = 0; i < accepted_at_once; ++i) {
        UniqueFd connection(::accept4(socket.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection) {
            let_in(std::move(connection), opening);
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        if (troubles_.take("accept", monotonic_now()))
            spdlog::error("cannot accept a connection: {}", std::strerror(errno));
        ::poll(nullptr, 0, pause_without_resources.count());
        return;
    }
}

// The address is looked at before anything else happens.
void Listener::let_in(UniqueFd connection, Opening opening) {
    const auto address = IpAddress::of_peer(connection.get());
    if (!address) return;  // it is gone again
    const auto standing = policy_.standing(*address);
    const bool by_subnet = standing == Standing::anywhere || standing == Standing::unlisted;
    note(waiting_.enter(std::move(connection),
                        {by_subnet ? address->subnet() : *address, address->text(), standing}, opening,
                        monotonic_now()));
}

void Listener::start_receivers() {
    for (int i = 0; i < receivers_at_once; ++i) {
        auto asking = waiting_.next(monotonic_now());
        if (!asking) return;
        if (start_receiver(*asking)) continue;
        waiting_.leave(asking->guest);
        closed_.add(asking->guest.peer, ConnectionClosing::no_receiver);
    }
}

bool Listener::start_receiver(WaitingRoom::Asking& asking) {
    const auto failed = [this](std::string_view why) {
        if (troubles_.take("start", monotonic_now())) spdlog::error("cannot start a receiver: {}", why);
        return false;
    };
    auto pair = Channel::make_pair();
    if (!pair) return failed(pair.error().message);
    auto& [receivers_end, coordinators_end] = *pair;
    auto heartbeat = make_heartbeat();
    if (!heartbeat) return failed(heartbeat.error().message);
    const pid_t pid = ::fork();
    if (pid == 0) {
        coordinators_end.close();
        become_receiver(std::move(asking), std::move(receivers_end), std::move(*heartbeat));
    }
    if (pid < 0) return failed(std::strerror(errno));
    receivers_.emplace(pid, asking.guest);
    const auto told = tell_receiver({asking.guest.peer, pid, asking.guest.address.text()},
                                    std::move(coordinators_end), std::move(*heartbeat));
    if (!told) {
        spdlog::error("receiver {}: {}", pid, told.error().message);
        closed_.add(asking.guest.peer, ConnectionClosing::no_receiver);
    }
    return true;
}

// Where the coordinator does not get its end of the channel, the receiver ends by itself.
Status Listener::tell_receiver(const ConnectionAccepted& receiver, Channel channel, UniqueFd heartbeat) {
    const auto pidfd = open_pidfd(static_cast<pid_t>(receiver.pid));
    if (!pidfd) return tl::unexpected(pidfd.error());
    const std::array descriptors{channel.fd(), pidfd->get(), heartbeat.get()};
    return coordinator_.send(to_packet(receiver), descriptors);
}

void Listener::become_receiver(WaitingRoom::Asking asking, Channel channel, UniqueFd heartbeat) {
    waiting_.close();
    coordinator_.close();
    heartbeat_ = Heartbeat();
    socket_.close();
    tls_.close();
    child_signals_.reset();
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::prctl(PR_SET_NAME, "hilum-receiver");
    start_logging("receiver", configuration_.node.log_level);
    const auto left = std::chrono::duration_cast<Duration>(asking.until - monotonic_now());
    const auto* const tls = asking.opening == Opening::client_hello ? &tls_.context() : nullptr;
    if (tls == nullptr) tls_.forget();
    const int code =
        run_receiver(std::move(asking.connection), std::max(left, Duration::zero()), std::move(channel),
                     Heartbeat(std::move(heartbeat)), configuration_, policy_, spool_, tls);
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
    if (auto ready = prepare_dcmtk(); !ready) return ready;
    Places places{.data_dir = configuration.node.data_dir};
    if (configuration.scp.tls)
        places.also_reads = folders_of(sources_of(*configuration.scp.tls));  // to reload them
    return confine(Role::listener, places, channel);
}

Result<Listener> make_listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration) {
    auto policy = AssociationPolicy::make(configuration);
    if (!policy) return tl::unexpected(policy.error());
    auto spool = Spool::open(configuration.node.data_dir);
    if (!spool) return tl::unexpected(spool.error());
    const auto& scp = configuration.scp;
    auto socket = scp.plain ? ListeningSocket::open(scp, scp.port, "scp.port") : ListeningSocket();
    if (!socket) return tl::unexpected(socket.error());
    auto tls = ListenerTls::open(scp);
    if (!tls) return tl::unexpected(tls.error());
    auto signals = child_signals();
    if (!signals) return tl::unexpected(signals.error());
    if (auto prepared = prepare_process(coordinator.fd(), configuration); !prepared)
        return tl::unexpected(prepared.error());
    return Listener(std::move(coordinator), std::move(heartbeat), configuration, std::move(*policy),
                    std::move(*spool), std::move(*socket), std::move(*tls), std::move(*signals));
}

}  // namespace

int run_listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration) {
    auto listener = make_listener(std::move(coordinator), std::move(heartbeat), configuration);
    if (!listener) {
        const bool passes = listener.error().retry == Retry::once_mended;
        spdlog::error("cannot receive: {}", listener.error().message);
        return passes ? ended_by_the_nodes_trouble : listener_cannot_listen;
    }
    return listener->run();
}

}  // namespace hilum::scp
