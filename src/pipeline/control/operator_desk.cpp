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

void OperatorDesk::handle(nlohmann::json request, const std::string& actor, Answer answer) {
    try {
        dispatch(std::move(request), actor, answer);
    } catch (const nlohmann::json::exception& error) {
        answer(control_error({"bad_request", std::string("malformed request: ") + error.what()}));
    }
}

void OperatorDesk::dispatch(nlohmann::json request, const std::string& actor, const Answer& answer) {
    const auto verb =
        request.contains("verb") && request["verb"].is_string() ? request["verb"].get<std::string>() : "";
    const auto args = request.value("args", nlohmann::json::object());
    if (verb == "jobs.retry" || verb == "jobs.discard")
        return change_jobs(verb == "jobs.retry", args, actor, answer);
    if (verb == "results.resend") return resend(args, actor, answer);
    if (verb == "results.withdraw") return withdraw(args, actor, answer);
    if (verb == "model.reload") return reload(args, actor, answer);
    if (verb == "destinations.pause" || verb == "destinations.resume")
        return change_destination(verb == "destinations.pause", args, actor, answer);
    read(verb, std::move(request), answer);
}

void OperatorDesk::read(const std::string& verb, nlohmann::json request, const Answer& answer) {
    readers_->post([this, verb, request = std::move(request), answer] {
        auto reply = answer_control_request(directory_.root, request);
        world_.post([this, verb, reply = std::move(reply), answer]() mutable {
            if (verb == "status" && reply.contains("ok")) reply["ok"].update(callbacks_.live_status());
            answer(reply);
        });
    });
}

void OperatorDesk::reload(const nlohmann::json& args, const std::string& actor, const Answer& answer) {
    const auto model = args.is_object() && args.contains("model") ? args["model"] : nlohmann::json("");
    if (!model.is_string()) return answer(control_error({"bad_request", "model must be a name"}));
    callbacks_.reload_models(model.get<std::string>(), actor, answer);
}

void OperatorDesk::change_destination(bool pause, const nlohmann::json& args, const std::string& actor,
                                      const Answer& answer) {
    const auto name = args.is_object() && args.contains("name") && args["name"].is_string()
                          ? args["name"].get<std::string>()
                          : std::string();
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

void OperatorDesk::change_jobs(bool retry, const nlohmann::json& args, const std::string& actor,
                               const Answer& answer) {
    const JobSelection selection{args.value("kind", ""), args.value("id", std::int64_t{0}),
                                 args.value("study_instance_uid", ""), args.value("accession_number", "")};
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

void OperatorDesk::resend(const nlohmann::json& args, const std::string& actor, const Answer& answer) {
    const ResultSelection selection{args.value("study_instance_uid", ""), args.value("accession_number", ""),
                                    args.value("destination", "")};
    if (!names_a_study(selection)) return answer(no_study());
    commits_.submit([selection, actor](
                        Transaction& transaction) { return resend_results(transaction, selection, actor); },
                    [this, answer](const Result<int>& changed) { answer_jobs(changed, answer); });
}

void OperatorDesk::withdraw(const nlohmann::json& args, const std::string& actor, const Answer& answer) {
    const WithdrawalOrder order{args.value("study_instance_uid", ""), args.value("accession_number", ""),
                                args.value("reason", ""), args.value("note", "")};
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
