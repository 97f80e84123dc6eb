#include "store/receiver_events.h"

#include <algorithm>

#include "contract/association_end.h"
#include "store/audit/audit_event.h"
#include "store/overview/metric_catalogue.h"
#include "store/refused_instances.h"

namespace hilum {
namespace {

void count(Transaction& transaction, const ReceiverEvent& event) {
    if (ends_association(event)) {
        // The receiver met foreign bytes: what it says of itself makes no series of its own.
        const bool known = std::ranges::any_of(association_ends,
                                               [&](const auto& words) { return words.code == event.code; });
        transaction.count(
            "association_ends",
            {{"reason", known ? event.code : std::string(words_of(AssociationEnd::receiver_failed).code)}});
    }
    transaction.count("receiver_events", receiver_labels(enum_text(event.event), event.code));
}

void audit_failure(Transaction& transaction, const ReceiverEvent& event, std::int64_t left_out) {
    audit::AuditEvent entry;
    entry.type = enum_text(event.event);
    entry.outcome = "failure";
    entry.actor = event.calling_ae + "@" + event.peer;
    entry.sop_instance_uid = event.sop_instance_uid;
    entry.study_instance_uid = event.study_instance_uid;
    entry.patient_id = event.patient_id;
    entry.detail = {{"code", event.code}, {"dimse_status", event.dimse_status}, {"detail", event.detail}};
    if (!event.accession_number.empty()) entry.detail["accession_number"] = event.accession_number;
    if (!event.sop_class_uid.empty()) entry.detail["sop_class_uid"] = event.sop_class_uid;
    if (left_out > 0) entry.detail["events_left_out_before"] = left_out;
    transaction.append_audit(entry);
}

}  // namespace

bool ends_association(const ReceiverEvent& event) {
    return event.event == ReceiverEventKind::association_released ||
           event.event == ReceiverEventKind::association_aborted;
}

bool is_failure(const ReceiverEvent& event) {
    if (ends_association(event)) return event.code != "released";
    return event.event != ReceiverEventKind::echo && event.event != ReceiverEventKind::commitment_reported;
}

void record_receiver_event(Transaction& transaction, const ReceiverEvent& event, bool audited,
                           std::int64_t left_out) {
    count(transaction, event);
    if (event.event == ReceiverEventKind::store_failed) keep_refused_instance(transaction, event);
    if (audited) audit_failure(transaction, event, left_out);
}

}  // namespace hilum
