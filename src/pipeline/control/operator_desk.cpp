#include "pipeline/control/operator_desk.h"

#include <algorithm>
#include <utility>

#include "pipeline/control/control_requests.h"
#include "store/destinations.h"
#include "store/jobs/orders.h"
#include "store/jobs/states.h"
#include "store/retention/holds.h"
#include "store/retention/removal.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

constexpr std::size_t longest_note = 1024;  // bytes, of a withdrawal

bool names_a_study(const auto& selection) {
    return !selection.study_instance_uid.empty() || !selection.accession_number.empty();
}

std::vector<std::string> lanes_of(const std::vector<std::string>& models,
                                  const std::vector<std::string>& destinations) {
    std::vector<std::string> lanes{lane_name(Lane::report, "")};
    for (const auto& model : models) lanes.push_back(lane_name(Lane::analysis, model));
    for (const auto& destination : destinations) lanes.push_back(lane_name(Lane::delivery, destination));
    return lanes;
}

nlohmann::json no_study() {
    return control_error({"bad_request", "say of which study: its UID or accession number"});
}

nlohmann::json no_destination(const std::string& name) {
    return control_error({"not_found", fmt::format("no destination named '{}' is configured", name)});
}

}  // namespace

OperatorDesk::OperatorDesk(World& world, CommitQueue& commits, EventKeeper& events, DataDirectory directory,
                           const std::vector<std::string>& models, std::vector<std::string> destinations,
                           InstanceStore instances, std::vector<std::string> shadows)
    : world_(world),
      commits_(commits),
      audit_(world, events),
      directory_(std::move(directory)),
      destinations_(std::move(destinations)),
      lanes_(lanes_of(models, destinations_)),
      instances_(std::move(instances)),
      shadows_(std::move(shadows)),
      looks_(world),
      lists_(world),
      verifications_(world) {}

void OperatorDesk::handle(const Packet& packet, const std::string& actor, Answer answer,
                          std::stop_token client_gone) {
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
        case ControlVerb::retention_hold:
        case ControlVerb::retention_release:
            return change_hold(*request, actor, answer);
        case ControlVerb::destinations_pause:
        case ControlVerb::destinations_resume:
            return change_destination(*request, actor, answer);
        default:
            audit_.note(*request, actor);
            return read(*request, answer, std::move(client_gone));
    }
}

OperatorDesk::Readers& OperatorDesk::readers_for(ControlVerb verb) {
    switch (verb) {
        case ControlVerb::audit_verify:
            return verifications_;
        case ControlVerb::jobs_list:
        case ControlVerb::studies:
        case ControlVerb::audit_export:
        case ControlVerb::retention_preview:
            return lists_;
        default:
            return looks_;
    }
}

void OperatorDesk::read(const ControlRequest& request, const Answer& answer, std::stop_token client_gone) {
    auto& readers = readers_for(request.verb);
    const auto stop = [client_gone = std::move(client_gone), stopped = readers.stop.get_token()] {
        return client_gone.stop_requested() || stopped.stop_requested();
    };
    readers.thread->post([this, request, answer, stop] {
        auto reply = answer_control_request(directory_.root, request, stop);
        world_.post([this, verb = request.verb, reply = std::move(reply), answer]() mutable {
            if (verb == ControlVerb::status && reply.contains("ok"))
                reply["ok"].update(callbacks_.live_status());
            answer(reply);
        });
    });
}

bool OperatorDesk::is_configured(const std::string& destination) const {
    return std::ranges::find(destinations_, destination) != destinations_.end();
}

void OperatorDesk::change_destination(const ControlRequest& request, const std::string& actor,
                                      const Answer& answer) {
    const auto& name = request.destination;
    const bool pause = request.verb == ControlVerb::destinations_pause;
    if (!is_configured(name)) return answer(no_destination(name));
    if (!pause) return resume(name, actor, world_.now(), answer);
    commits_.submit(
        [name, actor](Transaction& transaction) { return pause_destination(transaction, name, actor); },
        [this, answer](const Result<bool>& changed) { answer_destination(changed, answer); });
}

void OperatorDesk::resume(const std::string& destination, const std::string& actor, Timestamp ordered_at,
                          const Answer& answer) {
    commits_.submit(
        [destination, actor, ordered_at](Transaction& transaction) {
            return resume_destination(transaction, destination, actor, ordered_at);
        },
        [this, destination, actor, ordered_at, answer](const Result<Resumption>& resumption) {
            if (resumption && *resumption == Resumption::goes_on)
                return resume(destination, actor, ordered_at, answer);
            answer_destination(resumption.map([](auto how) { return how == Resumption::resumed; }), answer);
        });
}

void OperatorDesk::answer_destination(const Result<bool>& changed, const Answer& answer) {
    if (!changed) return answer(control_error(changed.error()));
    answer({{"ok", {{"changed", *changed}}}});
    callbacks_.on_jobs();
}

void OperatorDesk::change_jobs(const ControlRequest& request, const std::string& actor,
                               const Answer& answer) {
    const JobSelection selection{
        request.kind, request.id, request.study_instance_uid, request.accession_number, lanes_, shadows_};
    const bool retry = request.verb == ControlVerb::jobs_retry;
    if (selection.kind.empty() && selection.study_instance_uid.empty() && selection.accession_number.empty())
        return answer(control_error(
            {"bad_request", "say which jobs: a kind and an id, a study, or an accession number"}));
    commits_.submit(
        [selection, retry, actor, instances = instances_](Transaction& transaction) {
            if (!retry) return Changed{discard_jobs(transaction, selection, actor), ""};
            const int priors = instances.analyse_priors(transaction, selection, actor);
            const int jobs = retry_jobs(transaction, selection, actor, priors);
            auto why_not =
                selection.kind.empty()
                    ? words_for_removed(transaction, selection.study_instance_uid, selection.accession_number)
                    : words_for_removed_job(transaction, selection.kind, selection.id);
            if (jobs == 0 && why_not.empty()) why_not = words_for_unfit(transaction, selection);
            return Changed{jobs, std::move(why_not)};
        },
        [this, answer](const Result<Changed>& changed) { answer_jobs(changed, answer); });
}

void OperatorDesk::resend(const ControlRequest& request, const std::string& actor, const Answer& answer) {
    const ResultSelection selection{request.study_instance_uid, request.accession_number, request.destination,
                                    lanes_, shadows_};
    if (!names_a_study(selection)) return answer(no_study());
    if (!request.destination.empty() && !is_configured(request.destination))
        return answer(no_destination(request.destination));
    commits_.submit(
        [selection, actor](Transaction& transaction) {
            return Changed{
                resend_results(transaction, selection, actor),
                words_for_removed(transaction, selection.study_instance_uid, selection.accession_number),
                analyse_to_resend(transaction, selection, actor)};
        },
        [this, answer](const Result<Changed>& changed) { answer_jobs(changed, answer); });
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
        [order, actor](Transaction& transaction) {
            // The note to the PACS is made from the header of an image.
            auto removed = words_for_removed(transaction, order.study_instance_uid, order.accession_number);
            const int studies = removed.empty() ? withdraw_results(transaction, order, actor) : 0;
            if (studies == 0 && removed.empty())
                removed = "this study has no results that stand, and none that are due";
            return Changed{studies, std::move(removed)};
        },
        [this, answer](const Result<Changed>& opened) { answer_jobs(opened, answer); });
}

void OperatorDesk::change_hold(const ControlRequest& request, const std::string& actor,
                               const Answer& answer) {
    const auto& [study, reason] = std::pair(request.study_instance_uid, request.reason);
    const bool hold = request.verb == ControlVerb::retention_hold;
    if (study.empty())
        return answer(control_error({"bad_request", "say which study: its Study Instance UID"}));
    if (reason.size() > longest_hold_reason || (hold && reason.empty()))
        return answer(
            control_error({"bad_request", fmt::format("say why, in at most {} bytes", longest_hold_reason)}));
    commits_.submit(
        [study = study, reason = reason, hold, actor](Transaction& transaction) {
            return hold ? hold_study(transaction, study, reason, actor)
                        : release_study(transaction, study, reason, actor);
        },
        [this, answer](const Result<HoldChange>& change) {
            if (!change) return answer(control_error(change.error()));
            if (!change->known)
                return answer(control_error({"not_found", "no study with this Study Instance UID is known"}));
            answer({{"ok",
                     {{"changed", change->changed},
                      {"reason_changed", change->reason_changed},
                      {"removed", change->removed}}}});
            callbacks_.on_jobs();  // what is released may go
        });
}

void OperatorDesk::answer_jobs(const Result<Changed>& changed, const Answer& answer) {
    if (!changed) return answer(control_error(changed.error()));
    if (changed->jobs + changed->analyses == 0)
        return answer(
            control_error({"not_found", changed->why_not.empty() ? "no job fits that could be changed"
                                                                 : changed->why_not}));
    nlohmann::json done{{"jobs", changed->jobs}};
    if (changed->analyses > 0) done["analyses"] = changed->analyses;
    answer({{"ok", std::move(done)}});
    callbacks_.on_jobs();
}

}  // namespace hilum
