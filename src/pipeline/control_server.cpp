#include "pipeline/control_server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "base/file_system.h"
#include "pipeline/control.h"
#include "store/destinations.h"
#include "store/job_state.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

constexpr std::size_t longest_note = 1024;  // bytes, of a withdrawal

bool names_a_study(const auto& selection) {
    return !selection.study_instance_uid.empty() || !selection.accession_number.empty();
}

nlohmann::json no_study() {
    return control_error({"bad_request", "say of which study: its UID or accession number"});
}

}  // namespace

ControlServer::ControlServer(boost::asio::io_context& loop, CommitQueue& commits, DataDirectory directory,
                             Node node)
    : loop_(loop), commits_(commits), directory_(std::move(directory)), node_(std::move(node)) {}

ControlServer::~ControlServer() {
    readers_.join();
    if (socket_) ::unlink(directory_.control_socket().c_str());
}

Status ControlServer::start() {
    const auto path = directory_.control_socket().string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail("configuration",
                    "node.data_dir: the path {} is too long for a socket ({} characters at most)", path,
                    sizeof address.sun_path - 1);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::unlink(path.c_str());  // a killed daemon left it; the lock on data_dir says that it is dead
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(socket.get(), 16) != 0)
        return tl::unexpected(system_error(errno, "cannot open the control socket " + path));
    socket_ = std::make_unique<boost::asio::posix::stream_descriptor>(loop_, socket.release());
    accept();
    return {};
}

void ControlServer::accept() {
    socket_->async_wait(
        boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;
            UniqueFd connection(::accept4(socket_->native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
            if (connection) adopt(std::move(connection));
            accept();
        });
}

void ControlServer::adopt(UniqueFd connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != 0 && peer.uid != ::geteuid())) {
        spdlog::warn("control socket: user {} was turned away", peer.uid);
        return;
    }
    const auto id = next_client_++;
    const std::string actor = fmt::format("operator uid {}", peer.uid);
    clients_[id] = ChannelWatcher::start(
        loop_, Channel(std::move(connection)),
        [this, id, actor](Message message) { handle(id, std::move(message.body), actor); },
        [this, id](const std::string&) { clients_.erase(id); });
}

void ControlServer::handle(std::int64_t client, nlohmann::json request, const std::string& actor) {
    try {
        dispatch(client, std::move(request), actor);
    } catch (const nlohmann::json::exception& error) {
        answer(client, control_error({"bad_request", std::string("malformed request: ") + error.what()}));
    }
}

void ControlServer::dispatch(std::int64_t client, nlohmann::json request, const std::string& actor) {
    const auto verb =
        request.contains("verb") && request["verb"].is_string() ? request["verb"].get<std::string>() : "";
    if (verb == "jobs.retry" || verb == "jobs.discard") return change(client, request, actor);
    if (verb == "results.resend") return resend(client, request, actor);
    if (verb == "results.withdraw") return withdraw(client, request, actor);
    if (verb == "model.reload") return reload(client, request, actor);
    if (verb == "destinations.pause" || verb == "destinations.resume")
        return change_destination(client, request, actor);
    boost::asio::post(readers_, [this, client, verb, request = std::move(request)] {
        auto reply = answer_control_request(directory_.root, request);
        boost::asio::post(loop_, [this, client, verb, reply = std::move(reply)]() mutable {
            if (verb == "status" && reply.contains("ok")) reply["ok"].update(node_.live_status());
            answer(client, reply);
        });
    });
}

void ControlServer::reload(std::int64_t client, const nlohmann::json& request, const std::string& actor) {
    const auto args = request.value("args", nlohmann::json::object());
    const auto model = args.is_object() && args.contains("model") ? args["model"] : nlohmann::json("");
    if (!model.is_string()) return answer(client, control_error({"bad_request", "model must be a name"}));
    node_.reload_models(model.get<std::string>(), actor,
                        [this, client](const nlohmann::json& outcome) { answer(client, outcome); });
}

void ControlServer::change_destination(std::int64_t client, const nlohmann::json& request,
                                       const std::string& actor) {
    const auto args = request.value("args", nlohmann::json::object());
    const auto name = args.is_object() && args.contains("name") && args["name"].is_string()
                          ? args["name"].get<std::string>()
                          : std::string();
    if (std::ranges::find(node_.destinations, name) == node_.destinations.end())
        return answer(client, control_error({"not_found",
                                             fmt::format("no destination named '{}' is configured", name)}));
    const bool pause = request["verb"] == "destinations.pause";
    commits_.submit(
        [name, pause, actor](Transaction& transaction) {
            return pause ? pause_destination(transaction, name, actor)
                         : resume_destination(transaction, name, actor);
        },
        [this, client](const Result<bool>& changed) {
            if (!changed) return answer(client, control_error(changed.error()));
            answer(client, {{"ok", {{"changed", *changed}}}});
            node_.on_jobs();
        });
}

void ControlServer::change(std::int64_t client, const nlohmann::json& request, const std::string& actor) {
    const auto args = request.value("args", nlohmann::json::object());
    const JobSelection selection{args.value("kind", ""), args.value("id", std::int64_t{0}),
                                 args.value("study_instance_uid", ""), args.value("accession_number", "")};
    if (selection.kind.empty() && selection.study_instance_uid.empty() && selection.accession_number.empty())
        return answer(client,
                      control_error({"bad_request",
                                     "say which jobs: a kind and an id, a study, or an accession number"}));
    const bool retry = request["verb"] == "jobs.retry";
    commits_.submit(
        [selection, retry, actor, instances = node_.instances](Transaction& transaction) {
            if (!retry) return discard_jobs(transaction, selection, actor);
            const int priors = instances.analyse_priors(transaction, selection, actor);
            return priors + retry_jobs(transaction, selection, actor);
        },
        [this, client](const Result<int>& changed) { answer_jobs(client, changed); });
}

void ControlServer::resend(std::int64_t client, const nlohmann::json& request, const std::string& actor) {
    const auto args = request.value("args", nlohmann::json::object());
    const ResultSelection selection{args.value("study_instance_uid", ""), args.value("accession_number", ""),
                                    args.value("destination", "")};
    if (!names_a_study(selection)) return answer(client, no_study());
    commits_.submit([selection, actor](
                        Transaction& transaction) { return resend_results(transaction, selection, actor); },
                    [this, client](const Result<int>& changed) { answer_jobs(client, changed); });
}

void ControlServer::withdraw(std::int64_t client, const nlohmann::json& request, const std::string& actor) {
    const auto args = request.value("args", nlohmann::json::object());
    const WithdrawalOrder order{args.value("study_instance_uid", ""), args.value("accession_number", ""),
                                args.value("reason", ""), args.value("note", "")};
    if (!names_a_study(order)) return answer(client, no_study());
    if (order.reason != "quality" && order.reason != "safety")
        return answer(client, control_error({"bad_request", "the reason must be quality or safety"}));
    if (order.note.size() > longest_note)
        return answer(client, control_error({"bad_request", "the note must have at most 1024 bytes"}));
    commits_.submit(
        [order, actor](Transaction& transaction) { return withdraw_results(transaction, order, actor); },
        [this, client](const Result<int>& opened) {
            if (opened && *opened == 0)
                return answer(client,
                              control_error({"not_found",
                                             "this study has no results that stand, and none that are due"}));
            answer_jobs(client, opened);
        });
}

void ControlServer::answer_jobs(std::int64_t client, const Result<int>& changed) {
    if (!changed) return answer(client, control_error(changed.error()));
    if (*changed == 0)
        return answer(client, control_error({"not_found", "no job fits that could be changed"}));
    answer(client, {{"ok", {{"jobs", *changed}}}});
    node_.on_jobs();
}

void ControlServer::answer(std::int64_t client, const nlohmann::json& reply) {
    const auto found = clients_.find(client);
    if (found != clients_.end()) (void)found->second->send(reply);
}

}  // namespace hilum
