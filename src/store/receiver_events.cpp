#include "store/receiver_events.h"

#include <algorithm>
#include <utility>

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

// `left_out`: events of this sort that came before and are not told.
void append_with_left_out(Transaction& transaction, audit::AuditEvent entry, std::int64_t left_out) {
    if (left_out > 0) entry.detail["events_left_out_before"] = left_out;
    transaction.append_audit(entry);
}

void append_failure(Transaction& transaction, audit::AuditEvent entry, std::int64_t left_out) {
    entry.outcome = "failure";
    append_with_left_out(transaction, std::move(entry), left_out);
}

void audit_receiver_event(Transaction& transaction, const ReceiverEvent& event, std::int64_t left_out) {
    audit::AuditEvent entry;
    if (is_failure(event)) entry.outcome = "failure";
    entry.type = enum_text(event.event);
    entry.actor = event.calling_ae + "@" + event.peer;
    entry.sop_instance_uid = event.sop_instance_uid;
    entry.study_instance_uid = event.study_instance_uid;
    entry.patient_id = event.patient_id;
    entry.detail = {{"code", event.code}, {"dimse_status", event.dimse_status}, {"detail", event.detail}};
    if (!event.accession_number.empty()) entry.detail["accession_number"] = event.accession_number;
    if (!event.sop_class_uid.empty()) entry.detail["sop_class_uid"] = event.sop_class_uid;
    if (event.event == ReceiverEventKind::contexts_refused)
        entry.detail["contexts_accepted"] = event.contexts_accepted;
    append_with_left_out(transaction, std::move(entry), left_out);
}

}  // namespace

bool ends_association(const ReceiverEvent& event) {
    return event.event == ReceiverEventKind::association_released ||
           event.event == ReceiverEventKind::association_aborted;
}

bool is_failure(const ReceiverEvent& event) {
    if (ends_association(event)) return event.code != "released";
    if (event.event == ReceiverEventKind::contexts_refused) return event.contexts_accepted == 0;
    return event.event != ReceiverEventKind::echo && event.event != ReceiverEventKind::commitment_reported;
}

void record_receiver_event(Transaction& transaction, const ReceiverEvent& event, bool audited,
                           std::int64_t left_out) {
    count(transaction, event);
    if (event.event == ReceiverEventKind::store_failed) keep_refused_instance(transaction, event);
    if (audited) audit_receiver_event(transaction, event, left_out);
}

void record_rejection(Transaction& transaction, const AssociationRequested& request,
                      AssociationOutcome outcome, bool audited, std::int64_t left_out) {
    transaction.count("associations", {{"outcome", enum_string(outcome)}});
    if (!audited) return;
    audit::AuditEvent entry;
    entry.type = "association_rejected";
    entry.actor = request.calling_ae + "@" + request.peer;
    entry.detail = {{"called_ae", request.called_ae}, {"reason", enum_text(outcome)}};
    if (!request.certificate.empty()) entry.detail["certificate"] = request.certificate;
    append_failure(transaction, std::move(entry), left_out);
}

void record_closed_connections(Transaction& transaction, const ConnectionsClosed& closed, bool audited,
                               std::int64_t left_out) {
    if (closed.reason == ConnectionClosing::timeout)
        transaction.count("receiver_events", receiver_labels("timeout", "association"), closed.count);
    else
        transaction.count("connections_refused", {{"reason", enum_string(closed.reason)}}, closed.count);
    if (!audited) return;
    audit::AuditEvent entry;
    entry.type = closed.reason == ConnectionClosing::timeout ? "timeout" : "connection_refused";
    entry.actor = "@" + closed.peer;
    entry.detail = {{"reason", enum_text(closed.reason)}, {"connections", closed.count}};
    append_failure(transaction, std::move(entry), left_out);
}

void record_http_tls_failure(Transaction& transaction, const HttpTlsFailed& failed, bool audited,
                             std::int64_t left_out) {
    const auto code = tls_failure_label(failed.code);
    transaction.count("http_tls_failures", {{"code", code}}, failed.count);
    if (!audited) return;
    audit::AuditEvent entry;
    entry.type = "tls_failed";
    entry.actor = "@" + failed.address;
    entry.detail = {
        {"code", code}, {"detail", failed.detail}, {"port", "http"}, {"connections", failed.count}};
    append_failure(transaction, std::move(entry), left_out);
}

void record_turned_away(Transaction& transaction, const std::string& user, std::int64_t left_out) {
    audit::AuditEvent entry;
    entry.type = "control_refused";
    entry.actor = user;
    append_failure(transaction, std::move(entry), left_out);
}

void record_left_out(Transaction& transaction, const std::string& sort, std::int64_t count) {
    audit::AuditEvent entry;
    entry.type = "events_left_out";
    entry.actor = "hilum";
    entry.detail = {{"events", count}, {"of", sort.empty() ? "several addresses" : sort}};
    append_failure(transaction, std::move(entry), 0);
}

}  // namespace hilum
