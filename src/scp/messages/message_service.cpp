#include "scp/messages/message_service.h"

#include <spdlog/spdlog.h>

#include "base/logging.h"
#include "dicom/storage_commitment.h"

namespace hilum::scp {
namespace {

// Of the request, as far as it can be trusted.
StoreRequest to_request(const ReceivedCommand& command, const Negotiation& negotiation) {
    StoreRequest request{command.set.affected_sop_class_uid, command.set.affected_sop_instance_uid, "",
                         nullptr};
    if (const auto context = negotiation.accepted.find(command.context);
        context != negotiation.accepted.end()) {
        request.abstract_syntax = context->second.abstract_syntax;
        request.transfer_syntax = context->second.transfer_syntax;
    }
    return request;
}

Status check(const CommandSet& command) {
    if (!command.problem.empty()) return fail("malformed_command", "{}", command.problem);
    if (!command.announces_data_set()) return fail("no_data_set", "the command announces no data set");
    return {};
}

}  // namespace

MessageService::Outcome MessageService::serve_next() {
    const auto command = stream_.next_command();
    if (!command) return Outcome::stopped;
    const auto field = command->set.command_field;
    if (!field) {
        tell_bad_command(*command, command->set.problem);
        return Outcome::no_command;
    }
    // Nothing that we asked for, so nothing to cancel and nothing to be answered. Where a data set follows a
    // response, it is read away as one that no command announced.
    if (*field == c_cancel_rq || (*field & response_bit) != 0) return Outcome::served;
    if (*field == c_store_rq) return store(*command);
    if (!command->set.problem.empty()) return refuse(*command);
    if (*field == c_echo_rq) {
        coordinator_.report(event_of(caller_, ReceiverEventKind::echo));
        return answer(*command, 0);
    }
    if (*field == n_event_report_rq) return take_event(*command);
    return refuse(*command);
}

MessageService::Outcome MessageService::answer(const ReceivedCommand& command, std::uint16_t status,
                                               std::string_view comment) {
    return stream_.send_command(command.context, response_to(command.set, status, comment)) ? Outcome::served
                                                                                            : Outcome::lost;
}

void MessageService::tell_bad_command(const ReceivedCommand& command, const std::string& why) {
    had_bad_command_ = true;
    const int field = command.set.command_field.value_or(0);
    spdlog::warn("association from {} ({}): command {:04X}: {}", loggable(caller_.calling_ae), caller_.peer,
                 field, why);
    auto event = event_of(caller_, ReceiverEventKind::bad_command);
    event.detail = fmt::format("command {:04X}: {}", field, why);
    coordinator_.report(event);
}

// What is no operation of ours, or malformed. A data set that follows is read away before the answer.
MessageService::Outcome MessageService::refuse(const ReceivedCommand& command) {
    const auto& problem = command.set.problem;
    tell_bad_command(command, problem.empty() ? "is no operation of this node" : problem);
    if (command.set.announces_data_set() &&
        stream_.read_data_set(command.context, [](auto) {}) == DataSetEnd::broken)
        return Outcome::stopped;
    const auto status =
        problem.empty() ? DimseStatus::unrecognized_operation : DimseStatus::processing_failure;
    return answer(command, static_cast<std::uint16_t>(status),
                  problem.empty() ? "Operation is not known here" : "Command set cannot be understood");
}

MessageService::Outcome MessageService::store(const ReceivedCommand& command) {
    const auto checked = check(command.set);
    store_.begin(to_request(command, negotiation_), checked);
    had_bad_command_ = had_bad_command_ || !checked;
    // Without a data set type one comes, as every C-STORE-RQ has one.
    if (command.set.announces_data_set() || !command.set.command_data_set_type) {
        const auto end = stream_.read_data_set(command.context, [&](auto bytes) { store_.receive(bytes); });
        if (end == DataSetEnd::broken) {
            store_.abandon();
            return Outcome::stopped;
        }
        if (end == DataSetEnd::odd)
            store_.spoil({"odd_pdv", "a PDV of the data set has an odd length or another context"});
        if (end == DataSetEnd::missing)
            store_.spoil({"no_data_set", "another command came in place of the data set"});
        had_bad_command_ = had_bad_command_ || end != DataSetEnd::whole;
    }
    const auto response = store_.end();
    ++(response.status() == DimseStatus::success ? stored_ : refused_);
    lacked_room_ = lacked_room_ || response.lacks_room();
    return answer(command, static_cast<std::uint16_t>(response.status()), response.error_comment());
}

MessageService::Outcome MessageService::take_event(const ReceivedCommand& command) {
    std::optional<std::vector<std::byte>> data_set(std::in_place);
    if (command.set.announces_data_set()) {
        const auto end = stream_.read_data_set(command.context, [&](std::span<const std::byte> bytes) {
            if (!data_set || data_set->size() + bytes.size() > largest_commitment_event)
                data_set.reset();
            else
                data_set->insert(data_set->end(), bytes.begin(), bytes.end());
        });
        if (end == DataSetEnd::broken) return Outcome::stopped;
        if (end != DataSetEnd::whole) data_set.reset();
    }
    const auto context = negotiation_.accepted.find(command.context);
    const auto* syntax = context == negotiation_.accepted.end() ? nullptr : context->second.transfer_syntax;
    const CommitmentEvent event{command.set.affected_sop_class_uid, command.set.affected_sop_instance_uid,
                                command.set.event_type_id.value_or(0)};
    const auto status = answer_to(event, data_set, syntax, [this](CommitmentReport report) {
        report.calling_ae = caller_.calling_ae;
        report.peer = caller_.peer;
        return coordinator_.keep(report);
    });
    coordinator_.report(event_of(caller_, status == 0 ? ReceiverEventKind::commitment_reported
                                                      : ReceiverEventKind::commitment_refused));
    return answer(command, status);
}

}  // namespace hilum::scp
