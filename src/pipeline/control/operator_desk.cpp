#include "pipeline/control/operator_desk.h"

#include <algorithm>
#include <utility>

#include "pipeline/control/control_requests.h"
#include "store/destinations.h"
#include "store/jobs/orders.h"
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

OperatorDesk::OperatorDesk(World& world, CommitQueue& commits, DataDirectory directory,
                           std::vector<std::string> destinations, InstanceStore instances)
    : world_(world),
      commits_(commits),
      directory_(std::move(directory)),
      destinations_(std::move(destinations)),
      instances_(std::move(instances)),
      readers_(world.make_background()) {}

void OperatorDesk::handle(const Packet& packet, const std::string& actor, Answer answer) {
    const auto request = control_request_in(packet);
    if (!request) return answer(control_error(request.error()));
    switch (request->verb) {
        case ControlVerb::jobs_retry:
        case ControlVerb::jobs_discard:
            return change_jobs(*request, actor, answer);
        case ControlVerb::results_resend:
            return resend(*request, actor, answer);
        case ControlVerb::results_withdraw:
            return withdraw(*request, actor, answer);
        case ControlVerb::model_reload:
            return callbacks_.reload_models(request->model, actor, answer);
        case ControlVerb::destinations_pause:
        case ControlVerb::destinations_resume:
            return change_destination(*request, actor, answer);
        default:
            return read(*request, answer);
    }
}

void OperatorDesk::read(const ControlRequest& request, const Answer& answer) {
    readers_->post([this, request, answer] {
        auto reply = answer_control_request(directory_.root, request);
        world_.post([this, verb = request.verb, reply = std::move(reply), answer]() mutable {
            if (verb == ControlVerb::status && reply.contains("ok"))
                reply["ok"].update(callbacks_.live_status());
            answer(reply);
        });
    });
}

void OperatorDesk::change_destination(const ControlRequest& request, const std::string& actor,
                                      const Answer& answer) {
    const auto& name = request.destination;
    const bool pause = request.verb == ControlVerb::destinations_pause;
    if (std::ranges::find(destinations_, name) == destinations_.end())
        return answer(
            control_error({"not_found", fmt::format("no destination named '{}' is configured", name)}));
    commits_.submit(
        [name, pause, actor](Transaction& transaction) {
            return pause ? pause_destination(transaction, name, actor)
                         : resume_destination(transaction, name, actor);
        },
        [this, answer](const Result<bool>& changed) {
            if (!changed) return answer(control_error(changed.error()));
            answer({{"ok", {{"changed", *changed}}}});
            callbacks_.on_jobs();
        });
}

void OperatorDesk::change_jobs(const ControlRequest& request, const std::string& actor,
                               const Answer& answer) {
    const JobSelection selection{request.kind, request.id, request.study_instance_uid,
                                 request.accession_number};
    const bool retry = request.verb == ControlVerb::jobs_retry;
    if (selection.kind.empty() && selection.study_instance_uid.empty() && selection.accession_number.empty())
        return answer(control_error(
            {"bad_request", "say which jobs: a kind and an id, a study, or an accession number"}));
    commits_.submit(
        [selection, retry, actor, instances = instances_](Transaction& transaction) {
            if (!retry) return discard_jobs(transaction, selection, actor);
            const int priors = instances.analyse_priors(transaction, selection, actor);
            return priors + retry_jobs(transaction, selection, actor);
        },
        [this, answer](const Result<int>& changed) { answer_jobs(changed, answer); });
}

void OperatorDesk::resend(const ControlRequest& request, const std::string& actor, const Answer& answer) {
    const ResultSelection selection{request.study_instance_uid, request.accession_number,
                                    request.destination};
    if (!names_a_study(selection)) return answer(no_study());
    commits_.submit([selection, actor](
                        Transaction& transaction) { return resend_results(transaction, selection, actor); },
                    [this, answer](const Result<int>& changed) { answer_jobs(changed, answer); });
}

void OperatorDesk::withdraw(const ControlRequest& request, const std::string& actor, const Answer& answer) {
    const WithdrawalOrder order{request.study_instance_uid, request.accession_number, request.reason,
                                request.note};
    if (!names_a_study(order)) return answer(no_study());
    if (order.reason != "quality" && order.reason != "safety")
        return answer(control_error({"bad_request", "the reason must be quality or safety"}));
    if (order.note.size() > longest_note)
        return answer(control_error({"bad_request", "the note must have at most 1024 bytes"}));
    commits_.submit(
        [order, actor](Transaction& transaction) { return withdraw_results(transaction, order, actor); },
        [this, answer](const Result<int>& opened) {
            if (opened && *opened == 0)
                return answer(control_error(
                    {"not_found", "this study has no results that stand, and none that are due"}));
            answer_jobs(opened, answer);
        });
}

void OperatorDesk::answer_jobs(const Result<int>& changed, const Answer& answer) {
    if (!changed) return answer(control_error(changed.error()));
    if (*changed == 0) return answer(control_error({"not_found", "no job fits that could be changed"}));
    answer({{"ok", {{"jobs", *changed}}}});
    callbacks_.on_jobs();
}

}  // namespace hilum
