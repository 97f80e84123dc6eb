#include "pipeline/control_server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

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
        [this, id, actor](Message message) { handle(id, message.packet, actor); },
        [this, id](const std::string&) { clients_.erase(id); });
}

void ControlServer::handle(std::int64_t client, const Packet& packet, const std::string& actor) {
    const auto request = control_request_in(packet);
    if (!request) return answer(client, control_error(request.error()));
    switch (request->verb) {
        case ControlVerb::jobs_retry:
        case ControlVerb::jobs_discard:
            return change(client, *request, actor);
        case ControlVerb::results_resend:
            return resend(client, *request, actor);
        case ControlVerb::results_withdraw:
            return withdraw(client, *request, actor);
        case ControlVerb::model_reload:
            return reload(client, *request, actor);
        case ControlVerb::destinations_pause:
        case ControlVerb::destinations_resume:
            return change_destination(client, *request, actor);
        default:
            return read(client, *request);
    }
}

// From the database alone, beside the loop.
void ControlServer::read(std::int64_t client, const ControlRequest& request) {
    boost::asio::post(readers_, [this, client, request] {
        auto reply = answer_control_request(directory_.root, request);
        boost::asio::post(loop_, [this, client, verb = request.verb, reply = std::move(reply)]() mutable {
            if (verb == ControlVerb::status && reply.contains("ok")) reply["ok"].update(node_.live_status());
            answer(client, reply);
        });
    });
}

void ControlServer::reload(std::int64_t client, const ControlRequest& request, const std::string& actor) {
    node_.reload_models(request.model, actor,
                        [this, client](const nlohmann::json& outcome) { answer(client, outcome); });
}

void ControlServer::change_destination(std::int64_t client, const ControlRequest& request,
                                       const std::string& actor) {
    const auto& name = request.destination;
    if (std::ranges::find(node_.destinations, name) == node_.destinations.end())
        return answer(client, control_error({"not_found",
                                             fmt::format("no destination named '{}' is configured", name)}));
    const bool pause = request.verb == ControlVerb::destinations_pause;
    commits_.submit(
        [name, pause, actor](Database& database) {
            return pause ? pause_destination(database, name, actor)
                         : resume_destination(database, name, actor);
        },
        [this, client](const Result<bool>& changed) {
            if (!changed) return answer(client, control_error(changed.error()));
            answer(client, {{"ok", {{"changed", *changed}}}});
            node_.on_jobs();
        });
}

void ControlServer::change(std::int64_t client, const ControlRequest& request, const std::string& actor) {
    const JobSelection selection{request.kind, request.id, request.study_instance_uid,
                                 request.accession_number};
    if (selection.kind.empty() && selection.study_instance_uid.empty() && selection.accession_number.empty())
        return answer(client,
                      control_error({"bad_request",
                                     "say which jobs: a kind and an id, a study, or an accession number"}));
    const bool retry = request.verb == ControlVerb::jobs_retry;
    commits_.submit(
        [selection, retry, actor, instances = node_.instances](Database& database) {
            if (!retry) return discard_jobs(database, selection, actor);
            const int priors = instances.analyse_priors(database, selection, actor);
            return priors + retry_jobs(database, selection, actor);
        },
        [this, client](const Result<int>& changed) { answer_jobs(client, changed); });
}

void ControlServer::resend(std::int64_t client, const ControlRequest& request, const std::string& actor) {
    const ResultSelection selection{request.study_instance_uid, request.accession_number,
                                    request.destination};
    if (!names_a_study(selection)) return answer(client, no_study());
    commits_.submit(
        [selection, actor](Database& database) { return resend_results(database, selection, actor); },
        [this, client](const Result<int>& changed) { answer_jobs(client, changed); });
}

void ControlServer::withdraw(std::int64_t client, const ControlRequest& request, const std::string& actor) {
    const WithdrawalOrder order{request.study_instance_uid, request.accession_number, request.reason,
                                request.note};
    if (!names_a_study(order)) return answer(client, no_study());
    if (order.reason != "quality" && order.reason != "safety")
        return answer(client, control_error({"bad_request", "the reason must be quality or safety"}));
    if (order.note.size() > longest_note)
        return answer(client, control_error({"bad_request", "the note must have at most 1024 bytes"}));
    commits_.submit(
        [order, actor](Database& database) { return withdraw_results(database, order, actor); },
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
    if (found != clients_.end()) (void)found->second->send(Packet(reply));
}

}  // namespace hilum
