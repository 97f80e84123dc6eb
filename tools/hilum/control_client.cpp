#include "hilum/control_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/channel.h"
#include "base/file_system.h"
#include "pipeline/control.h"
#include "pipeline/data_directory.h"

namespace hilum::cli {
namespace {

// A connection to the daemon; none when no daemon listens.
Result<std::optional<Channel>> connect(const std::filesystem::path& socket_file) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_file.native().size() >= sizeof address.sun_path)
        return fail("configuration", "node.data_dir is too long for a socket's name: {}",
                    socket_file.string());
    std::memcpy(address.sun_path, socket_file.c_str(), socket_file.native().size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd) return tl::unexpected(system_error(errno, "cannot make a socket"));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return Channel(std::move(fd));
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    if (errno == EACCES)
        return fail("not_permitted", "{}: only root and the user that hilumd runs as may ask it",
                    socket_file.string());
    return tl::unexpected(system_error(errno, "cannot connect to " + socket_file.string()));
}

Result<nlohmann::json> ask_daemon(Channel& daemon, const nlohmann::json& request) {
    if (auto sent = daemon.send(request); !sent) return tl::unexpected(sent.error());
    auto answer = daemon.receive();
    if (answer) return std::move(answer->body);
    if (answer.error().code == "closed")
        return fail(
            "not_permitted",
            "hilumd closed the connection: only root and the user that it runs as may ask it, or it is being "
            "stopped");
    return tl::unexpected(answer.error());
}

}  // namespace

Result<nlohmann::json> ask(const std::filesystem::path& data_dir, const std::string& verb,
                           const nlohmann::json& args) {
    const nlohmann::json request = {{"verb", verb}, {"args", args}};
    auto daemon = connect(DataDirectory{data_dir}.control_socket());
    if (!daemon) return tl::unexpected(daemon.error());
    auto answer = *daemon ? ask_daemon(**daemon, request) : answer_control_request(data_dir, request);
    if (!answer) return answer;
    if (answer->contains("ok")) return std::move((*answer)["ok"]);
    const auto error = answer->value("error", nlohmann::json::object());
    return tl::unexpected(
        Error{error.value("code", "protocol"), error.value("message", "hilumd gave no answer")});
}

}  // namespace hilum::cli
