#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "base/channel.h"
#include "base/file_system.h"
#include "base/local/unix_socket.h"
#include "pipeline/control/control_requests.h"
#include "store/data_directory.h"

namespace hilum::cli {
namespace {

// Who asks behind root: for the audit trail, which tells it as what it is, the client's word.
std::string claim() {
    const char* user = std::getenv("SUDO_USER");
    const char* uid = std::getenv("SUDO_UID");
    if (user != nullptr && uid != nullptr) return fmt::format("{} (uid {}) by sudo", user, uid);
    constexpr std::string_view nobody = "4294967295";  // no login: a service, a timer
    std::string login;
    std::ifstream("/proc/self/loginuid") >> login;
    if (login.empty() || login == nobody || login == std::to_string(::getuid())) return {};
    return fmt::format("logged in as uid {}", login);
}

Error no_answer(Duration patience) {
    return {"no_answer",
            fmt::format("hilumd runs, but did not answer within {}: see its log, and restart it if it hangs",
                        format_duration(patience))};
}

// A connection to the daemon; none when no daemon listens.
Result<std::optional<Channel>> connect(const std::filesystem::path& socket_file, Duration patience) {
    const auto address = unix_address(socket_file);
    if (!address) return tl::unexpected(address.error());
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd) return tl::unexpected(system_error(errno, "cannot make a socket"));
    const timeval longest{patience / std::chrono::seconds(1), 0};  // a daemon that hangs accepts nobody
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0)
        return Channel(std::move(fd));
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    if (errno == EAGAIN) return tl::unexpected(no_answer(patience));
    if (errno == EACCES)
        return fail("not_permitted",
                    "{}: only root, the user that hilumd runs as and the group of node.operators may ask it",
                    socket_file.string());
    return tl::unexpected(system_error(errno, "cannot connect to " + socket_file.string()));
}

bool answers_within(const Channel& daemon, Duration patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd readable{daemon.fd(), POLLIN, 0};
        const int ready = ::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready >= 0 || errno != EINTR) return ready != 0;
    }
}

// It closes the connections of those who may not ask, perhaps before they have.
Error turned_away(const Error& error) {
    if (error.code != "closed") return error;
    return {"not_permitted",
            "hilumd closed the connection: only root, the user that it runs as and the group of "
            "node.operators may "
            "ask it, or it is being stopped"};
}

Result<nlohmann::json> ask_daemon(Channel& daemon, const ControlRequest& request, Duration patience) {
    auto claimed = request;
    claimed.claimed_by = claim();
    if (auto sent = daemon.send(to_packet(claimed)); !sent) return tl::unexpected(turned_away(sent.error()));
    if (!answers_within(daemon, patience)) return tl::unexpected(no_answer(patience));
    auto answer = daemon.receive();
    if (!answer) return tl::unexpected(turned_away(answer.error()));
    return answer->packet.body();
}

Error unreachable(const NodeSettings& node) {
    return {"no_answer",
            fmt::format(
                "hilumd, or `hilum database`, has {} but does not answer at {}: it starts or ends, or was "
                "started with another configuration",
                node.data_dir.string(), node.control().string())};
}

// What the database alone says. Of a daemon that could not be reached its state alone: who reads more past it
// would stand in no audit trail, and what the database lacks is not that none runs.
nlohmann::json ask_database(const NodeSettings& node, const ControlRequest& request) {
    const bool held = is_held({node.data_dir});  // before: who starts then makes or migrates the database
    const auto error = unreachable(node);
    if (held && request.verb != ControlVerb::status) return control_error(error);
    auto answer = answer_control_request(node.data_dir, request);
    if (!held) return answer;
    static const std::set<std::string> for_want_of_it = {"not_running", "database", "schema_older"};
    const auto why = answer.value("error", nlohmann::json::object()).value("code", "");
    if (for_want_of_it.contains(why)) return control_error(error);
    if (answer.contains("ok")) answer["ok"]["unreachable"] = error.message;
    return answer;
}

// A daemon that hangs is not waited for as long as what is asked of it may take.
Status demand_signs_of_life(const NodeSettings& node) {
    auto daemon = connect(node.control(), usual_patience);
    if (!daemon) return tl::unexpected(daemon.error());
    if (!*daemon) return {};
    const auto answer = ask_daemon(**daemon, {.verb = ControlVerb::status}, usual_patience);
    if (!answer) return tl::unexpected(answer.error());
    return {};
}

// The "ok" of an answer, or its "error".
Result<nlohmann::json> opened(Result<nlohmann::json> answer) {
    if (!answer) return answer;
    if (answer->contains("ok")) return std::move((*answer)["ok"]);
    const auto error = answer->value("error", nlohmann::json::object());
    return tl::unexpected(
        Error{error.value("code", "protocol"), error.value("message", "hilumd gave no answer")});
}

}  // namespace

Result<nlohmann::json> ask(const NodeSettings& node, const ControlRequest& request, Duration patience) {
    if (patience > usual_patience)
        if (auto hangs = demand_signs_of_life(node); !hangs) return tl::unexpected(hangs.error());
    auto daemon = connect(node.control(), patience);
    if (!daemon) return tl::unexpected(daemon.error());
    return opened(*daemon ? ask_daemon(**daemon, request, patience) : ask_database(node, request));
}

Result<nlohmann::json> ask_running(const NodeSettings& node, const ControlRequest& request) {
    auto daemon = connect(node.control(), usual_patience);
    if (!daemon) return tl::unexpected(daemon.error());
    if (!*daemon && is_held({node.data_dir})) return tl::unexpected(unreachable(node));
    if (!*daemon) return fail("not_running", "hilumd does not run; only a running one does this");
    return opened(ask_daemon(**daemon, request, usual_patience));
}

}  // namespace hilum::cli
