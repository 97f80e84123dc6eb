#include "monitor/http_server.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "base/confinement/confinement.h"
#include "base/confinement/replaced_places.h"
#include "base/file_system.h"
#include "base/local/unix_socket.h"
#include "base/tls/pem_source.h"
#include "contract/messages/accessing.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/request_table.h"
#include "monitor/http_session.h"
#include "monitor/serving/http_tls.h"
#include "store/data_directory.h"

namespace hilum::monitor {
namespace {

using boost::asio::ip::tcp;
using boost::asio::local::stream_protocol;
using boost::system::error_code;

// Two looks of the coordinator's (pipeline/children/signs_of_life.h) and more.
constexpr auto coordinator_unheard = std::chrono::seconds(12);
constexpr auto prediction_patience = std::chrono::seconds(180);
constexpr int most_between_questions = 256;  // handlers of the loop

// The system hands over a connection once something has been sent on it (tcp(7)), or after this time: however
// many come meanwhile, none has to give way before its request could arrive.
void accept_with_requests(int listener) {
    constexpr int silent = 15;  // seconds
    if (::setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent, sizeof silent) != 0)
        spdlog::warn("{}",
                     system_error(errno, "HTTP connections are accepted before their requests").message);
}

std::string without_brackets(const std::string& address) {
    return address.size() > 2 && address.front() == '[' ? address.substr(1, address.size() - 2) : address;
}

// The process: accepts connections, and reads what the coordinator says, until it is gone.
class HttpServer {
  public:
    HttpServer(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration)
        : coordinator_(std::move(coordinator)),
          heartbeat_(std::move(heartbeat)),
          api_(database_source(DataDirectory{configuration.node.data_dir}.database(),
                               [this]() noexcept { return serve_beside_list(); })),
          predictions_(loop_, coordinator_, prediction_patience),
          gate_(configuration.http, [this](const HttpAccess& access) { return tell(access); }),
          tls_(configuration.http),
          service_(std::make_shared<HttpService>(HttpService{{}, api_, predictions_, gate_})) {
        service_->limits.max_body = configuration.http.max_body;
    }

    // Opens the port and the Unix socket, where there are such, and tells the coordinator which port it is.
    Status open(const HttpSettings& settings) {
        int port = 0;
        if (settings.enabled) {
            const auto opened = open_port(settings);
            if (!opened) return tl::unexpected(opened.error());
            port = *opened;
        }
        if (!settings.socket.empty())
            if (auto opened = open_socket(settings.socket); !opened) return opened;
        return coordinator_.send(to_packet(HttpReady{port}));
    }

    int channel() const { return coordinator_.fd(); }

    // Nothing is served that was to be encrypted and cannot be.
    Status load() {
        const auto loaded = tls_.load();
        if (tls_.configured())
            if (auto told = coordinator_.send(to_packet(tls_.loaded())); !told) return told;
        if (!loaded) return loaded;
        service_->tls = tls_.context();
        return tell_tokens(false);
    }

    Status watch_coordinator() {
        const int fd = ::fcntl(coordinator_.fd(), F_DUPFD_CLOEXEC, 0);
        if (fd < 0) return tl::unexpected(system_error(errno, "cannot watch the channel"));
        watched_.assign(fd);
        wait_for_coordinator();
        return {};
    }

    int run() {
        if (acceptor_.is_open()) accept(acceptor_, accept_timer_);
        if (local_acceptor_.is_open()) accept(local_acceptor_, local_accept_timer_);
        beat();
        while (!loop_.stopped()) serve();
        return exit_code_;
    }

  private:
    Result<int> open_port(const HttpSettings& settings) {
        const auto where = fmt::format("{}:{}", settings.address, settings.port);
        error_code error;
        const auto found = tcp::resolver(loop_).resolve(
            without_brackets(settings.address), std::to_string(settings.port), tcp::resolver::passive, error);
        if (error || found.empty())
            return fail("listen", "cannot listen on {} (http.listen): {}", where, error.message());
        const tcp::endpoint endpoint = *found.begin();
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
        if (error)
            return fail("listen", "cannot listen on {}: {}; set http.listen to another address or port",
                        where, error.message());
        accept_with_requests(acceptor_.native_handle());
        const int port = acceptor_.local_endpoint().port();
        spdlog::info("HTTP on {}:{}", settings.address, port);
        return port;
    }

    // Everybody may connect: how the node is, everybody may see by the port too, and who may not see more is
    // told so, and told of, better than by a connection that fails.
    Status open_socket(const std::filesystem::path& path) {
        constexpr mode_t everybody = 0666;
        auto listening = listen_at(path, SOCK_STREAM, everybody);
        if (!listening) return fail("listen", "http.socket: {}", listening.error().message);
        local_acceptor_.assign(stream_protocol(), listening->release());
        spdlog::info("HTTP on {}", path.string());
        return {};
    }

    // What is ready goes before the next question to the database, so that a probe waits for one at most.
    void serve() {
        if (service_->questions.empty()) {
            loop_.run_one();
            return;
        }
        for (int i = 0; i < most_between_questions && loop_.poll_one() > 0; ++i) continue;
        if (!loop_.stopped() && !service_->questions.empty()) service_->questions.answer_next();
    }

    // While a list is read, which may take seconds: signs of life are given, and health is told. True: it is
    // all over.
    bool serve_beside_list() {
        constexpr auto interval = std::chrono::milliseconds(20);
        const auto time = std::chrono::steady_clock::now();
        if (time < served_beside_ + interval) return loop_.stopped();
        served_beside_ = time;
        for (int i = 0; i < most_between_questions && loop_.poll_one() > 0; ++i) continue;
        return loop_.stopped();
    }

    template <typename Acceptor>
    void accept(Acceptor& acceptor, boost::asio::steady_timer& timer) {
        acceptor.async_accept([this, &acceptor, &timer](error_code error, auto socket) {
            if (error) return accept_later(error, acceptor, timer);
            HttpSession::begin(std::move(socket), service_);
            accept(acceptor, timer);
        });
    }

    // Out of descriptors, most likely: they come back when connections end.
    template <typename Acceptor>
    void accept_later(error_code error, Acceptor& acceptor, boost::asio::steady_timer& timer) {
        spdlog::warn("cannot accept an HTTP connection: {}", error.message());
        timer.expires_after(std::chrono::milliseconds(200));
        timer.async_wait([this, &acceptor, &timer](error_code cancelled) {
            if (!cancelled) accept(acceptor, timer);
        });
    }

    // While the coordinator does not look, what it told last may not be true any more.
    void beat() {
        const auto time = std::chrono::steady_clock::now();
        if (!heartbeat_.is_unheard()) heard_ = time;
        api_.set_coordinator_silent(time - heard_ > coordinator_unheard);
        gate_.tell_counted(time);
        service_->tls_failures.tell([this](const HttpTlsFailed& failed) { return tell(failed); });
        heartbeat_.beat();
        // The last connection of a database takes its log with it.
        for (const auto place : {Place::database, Place::database_index})
            if (const auto there = check_place(place); !there)
                return stop(exit_code_of("http", there.error()));
        heartbeat_timer_.expires_after(Heartbeat::interval);
        heartbeat_timer_.async_wait([this](error_code cancelled) {
            if (!cancelled) beat();
        });
    }

    void wait_for_coordinator() {
        watched_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](error_code error) {
            if (error) return stop(1);
            static constexpr std::array requests{request<&HttpServer::take_status>(),
                                                 request<&HttpServer::take_prediction>(),
                                                 request<&HttpServer::reload>()};
            const auto served = coordinator_.receive().and_then(
                [this](Message message) { return serve_request(*this, requests, std::move(message)); });
            if (!served) return stop(exit_code_of("http", served.error()));
            wait_for_coordinator();
        });
    }

    Status take_status(const NodeStatus& status, std::vector<UniqueFd>) {
        api_.set_status(status);
        gate_.set_auditing(status.auditing);
        return {};
    }
    Status take_prediction(const PredictReply& reply, std::vector<UniqueFd>) {
        predictions_.on_reply(reply);
        return {};
    }

    // Connections that are open keep what they began with; tokens are looked up for each request.
    Status reload(const ReloadCertificates&, std::vector<UniqueFd>) {
        if (tls_.configured()) {
            const auto loaded = tls_.reload();
            service_->tls = tls_.context();
            if (auto told = coordinator_.send(to_packet(loaded)); !told) return told;
        }
        return tell_tokens(true);
    }

    // Never waits for a coordinator that does not read: health has to tell of it.
    template <typename Told>
    Status tell(const Told& told) {
        pollfd room{coordinator_.fd(), POLLOUT, 0};
        if (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
            return fail_for_now("busy",
                                "the coordinator does not listen now, so that nothing can be audited");
        return coordinator_.send(to_packet(told));
    }

    Status tell_tokens(bool reload) {
        if (!gate_.has_tokens_file()) return {};
        const auto loaded = gate_.load(reload);
        if (!loaded) return tl::unexpected(loaded.error());
        if (loaded->error.empty())
            spdlog::info("http: {} tokens are known", loaded->owners.size());
        else
            spdlog::error("http.tokens_file: {}; {}", loaded->error,
                          reload ? "those that were known stay so" : "nobody has a token");
        return coordinator_.send(to_packet(*loaded));
    }

    void stop(int exit_code) {
        gate_.tell_all();
        exit_code_ = exit_code;
        loop_.stop();
    }

    boost::asio::io_context loop_{1};
    Channel coordinator_;
    const Heartbeat heartbeat_;
    std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point served_beside_;
    Api api_;
    PredictionBroker predictions_;
    Gate gate_;
    HttpTls tls_;
    std::shared_ptr<HttpService> service_;
    tcp::acceptor acceptor_{loop_};
    stream_protocol::acceptor local_acceptor_{loop_};
    boost::asio::steady_timer accept_timer_{loop_}, local_accept_timer_{loop_}, heartbeat_timer_{loop_};
    boost::asio::posix::stream_descriptor watched_{loop_};
    int exit_code_ = 0;
};

// What is read anew while it runs: certificates and tokens.
Places places_of(const Configuration& configuration) {
    std::vector<PemSource> sources{configuration.http.tokens};
    if (configuration.http.tls)
        for (auto& source : sources_of(*configuration.http.tls)) sources.push_back(std::move(source));
    return {.data_dir = configuration.node.data_dir, .also_reads = folders_of(sources)};
}

}  // namespace

int run_http(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration) {
    HttpServer server(std::move(coordinator), std::move(heartbeat), configuration);
    auto started = server.load();
    if (started) started = server.open(configuration.http);
    if (started) started = confine(Role::http, places_of(configuration), server.channel());
    if (started) started = server.watch_coordinator();
    if (!started) return exit_code_of("http", started.error());
    return server.run();
}

}  // namespace hilum::monitor
