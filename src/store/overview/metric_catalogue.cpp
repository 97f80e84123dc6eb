#include "store/overview/metric_catalogue.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "contract/association_end.h"
#include "contract/messages/composing.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"
#include "contract/report_form.h"
#include "store/overview/histogram.h"
#include "store/retention/removal.h"

namespace hilum {
namespace {

constexpr MetricDescription catalogue[] = {
    {"analyses", "Analyses finished, by model, outcome and diagnosis or reason"},
    {"analyses_repeated", "Analyses done again because what they left was damaged"},
    {"analysis_failures", "Attempts at an analysis that failed, by model and code"},
    {"association_ends", "Associations that ended, by reason"},
    {"associations", "Associations requested, by outcome"},
    {"audit_syslog_oldest_waiting_seconds", "Age of the oldest audit event that a syslog server lacks"},
    {"audit_syslog_seconds_since_sent",
     "Time since a syslog server was last seen to have more of the audit trail"},
    {"audit_syslog_sent", "Audit events that a syslog server has"},
    {"audit_syslog_up", "1 unless a syslog server of the audit trail cannot be reached or was lost"},
    {"audit_syslog_waiting", "Audit events that a syslog server lacks"},
    {"certificate_days_left", "Days until a certificate, authority or revocation list in use for TLS ends"},
    {"child_restarts", "Restarts of the node's processes"},
    {"child_forbidden_calls",
     "Processes of the node that were killed for a system call which their role may not make"},
    {"child_silences", "Processes of the node that were killed since they gave no sign of life"},
    {"child_up", "1 while the process runs and gives signs of life"},
    {"clock_steps", "Times that the wall clock was set, by direction"},
    {"commitments", "Storage commitments of results, by destination and outcome"},
    {"connections_refused", "Connections closed because too many were open, by reason"},
    {"damaged_objects", "Received objects that are to be sent again, since their files are damaged"},
    {"database_mended", "How often the database was found damaged and its indices were made anew"},
    {"database_replaced", "Starts with another database than belongs to the folders beside it, by reason"},
    {"deliveries", "Attempts at a delivery, by destination and outcome"},
    {"deliveries_expired", "Deliveries that were given up, by destination"},
    {"destination_up", "1 unless the destination gives no association"},
    {"draining", "1 while the node is being stopped"},
    {"forgotten_studies", "Studies that were forgotten long after their files were removed"},
    {"free_bytes", "Bytes that are free under node.data_dir"},
    {"held_studies", "Studies that an operator keeps retention from"},
    {"held_up_jobs", "Jobs that wait until the node is mended (disk, descriptors, memory), by kind"},
    {"http_tls_failures", "TLS handshakes with HTTP clients that failed, by reason"},
    {"inference_seconds", "Time spent in the model's forward pass"},
    {"inferring", "1 while there is an active model and every one is loaded and warm"},
    {"instances_received", "SOP instances received, by what became of them"},
    {"jobs", "Jobs by kind and state"},
    {"jobs_quarantined", "Jobs set aside for an operator, by kind and code"},
    {"kept_bytes", "Bytes of files kept, by kind: objects received, analyses, results"},
    {"kept_files", "Files kept, by kind"},
    {"metrics_complete", "1 where the database could be read; else only the node's own state is shown"},
    {"model_events", "Models loaded, reloaded or not, golden cases passed or failed, by event"},
    {"model_info", "The models in use"},
    {"node_trouble", "1 while the node lacks what it needs (disk, descriptors, memory), by where it shows"},
    {"objects_damaged", "Received objects whose file was found to be another than was received, or gone"},
    {"oldest_waiting_delivery_seconds", "Age of the oldest result that waits for a destination"},
    {"oldest_waiting_job_seconds", "Age of the oldest job that is not finished"},
    {"oldest_waiting_seconds", "Age of the oldest job that is not finished, by kind"},
    {"overdue_jobs", "Work that nobody has taken up though it was due half an hour ago, by kind"},
    {"receipt_to_analysis_seconds", "From the receipt of an image to its analysis"},
    {"receipt_to_delivery_seconds", "From the receipt of the first image to the delivery of a result"},
    {"receipt_to_report_seconds", "From the receipt of the first image to the study's report"},
    {"receiver_events", "Events of the receivers: echoes, failed stores, ends of associations"},
    {"receiving", "1 while the DICOM port is open and objects are taken"},
    {"receiving_refused", "1 while every C-STORE is refused, by reason"},
    {"removed_bytes", "Bytes that retention removed, by reason"},
    {"removed_files", "Files that retention removed, by reason"},
    {"removed_studies", "Studies whose files retention removed, by reason"},
    {"reports_not_revised", "Images that study.revise, a withdrawal or a missing model keeps from a report"},
    {"reports_suppressed", "Studies without a report under a model, since it had nothing to say"},
    {"results_composed", "Results made, by kind"},
    {"results_damaged", "Deliveries for which the result's file was lost or another than composed"},
    {"retention_budget_bytes", "Bytes that files may have in all, as found last"},
    {"retention_over_budget", "1 while files have more than that and none of them may go yet"},
    {"rows_damaged", "Rows of the database that were found unreadable and set aside or mended"},
    {"spool_files",
     "Files that a start found in the spool and the database did not know, by what became of them"},
    {"stored_bytes", "Bytes of received objects kept"},
    {"stored_instances", "Received objects kept"},
    {"stores_only",
     "1 while no active model is configured: what is received is stored, and nothing reported"},
    {"uncommitted_results", "Delivered results whose storage commitment is awaited"},
    {"unreadable_counters", "Counters whose rows in the database cannot be read"},
    {"urgent_studies", "Studies with a finding of triage.urgent"},
    {"waiting_deliveries", "Results that wait for a destination"},
    {"waiting_jobs", "Jobs that are not finished, by kind"},
    {"withdrawals", "Studies whose results were taken back, by reason"},
};

constexpr std::array failure_codes{
    "artifact_damaged", "composing",   "database",        "decoder_failed",  "device_lost",
    "disk_full",        "drawing",     "interrupted",     "malformed",       "model_failed",
    "no_font",          "not_finite",  "object_damaged",  "other",           "out_of_memory",
    "out_of_range",     "packing",     "patient_changed", "patients_differ", "process_died",
    "protocol",         "report",      "row_damaged",     "system",          "template_violation",
    "timeout",          "too_large",   "truncated",       "undecodable",     "unreadable",
    "writing",          "wrong_input", "wrong_shape"};
constexpr std::array not_analysed_codes{"bit_depth",
                                        "blank",
                                        "body_part",
                                        "frames",
                                        "image_size",
                                        "image_type",
                                        "modality",
                                        "nearly_empty",
                                        "other",
                                        "own_result",
                                        "patient_age",
                                        "photometric_interpretation",
                                        "presentation_intent",
                                        "quality_control",
                                        "sop_class",
                                        "too_large",
                                        "transfer_syntax",
                                        "undecodable",
                                        "unsupported_compression",
                                        "view"};
constexpr std::array commitment_outcomes{"committed", "failed", "not_asked", "given_up"};
constexpr std::array model_events{"loaded", "reloaded", "reload_failed", "golden_passed", "golden_failed"};

// What receivers tell of, and for what codes of it there is a series.
constexpr std::array receiver_events{"association_aborted",
                                     "association_released",
                                     "bad_command",
                                     "commitment_refused",
                                     "commitment_reported",
                                     "contexts_refused",
                                     "echo",
                                     "not_dicom",
                                     "store_failed",
                                     "timeout",
                                     "tls_failed",
                                     "other"};
// base/tls/tls_failure.h has them.
constexpr std::array tls_failures_told{
    "cipher_suite", "closed",        "expired",  "no_certificate",   "no_crl",
    "not_tls",      "not_yet_valid", "other",    "protocol_version", "refused_by_peer",
    "revoked",      "timeout",       "untrusted"};
constexpr std::array store_failures{"command_uid", "commit_unknown", "context_refused",   "disk_full",
                                    "invalid_uid", "malformed",      "malformed_command", "missing_uid",
                                    "no_data_set", "not_a_data_set", "not_committed",     "odd_pdv",
                                    "other",       "out_of_memory",  "sop_class",         "system",
                                    "too_deep",    "too_large",      "truncated",         "uid_mismatch"};
constexpr std::array spool_outcomes{"adopted", "duplicates", "set_aside", "postponed", "unfinished"};
constexpr std::array database_replacements{"created", "older", "foreign", "unmarked"};

void create(Transaction& transaction, std::string_view name, const Labels& labels = {}) {
    transaction.count(name, labels, 0);
}

void create_histogram(Transaction& transaction, std::string_view name, Labels labels) {
    create(transaction, std::string(name) + std::string(sum_suffix), labels);
    const auto bucket = std::string(name) + std::string(bucket_suffix);
    for (const auto& [bound, text] : bucket_bounds) {
        labels["le"] = text;
        create(transaction, bucket, labels);
    }
    labels["le"] = no_bound;
    create(transaction, bucket, labels);
}

void create_model_counters(Transaction& transaction, const std::string& model) {
    for (const auto* code : failure_codes)
        create(transaction, "analysis_failures", {{"model", model}, {"code", code}});
    for (const auto* reason : not_analysed_codes)
        create(transaction, "analyses", {{"model", model}, {"outcome", "not_analysed"}, {"reason", reason}});
    for (const auto* event : model_events)
        create(transaction, "model_events", {{"model", model}, {"event", event}});
    create(transaction, "inference_microseconds", {{"model", model}});
    create(transaction, "reports_suppressed", {{"model", model}});
    create_histogram(transaction, "receipt_to_analysis_seconds", {{"model", model}});
    create_histogram(transaction, "receipt_to_report_seconds", {{"model", model}});
}

void create_destination_counters(Transaction& transaction, const DestinationSettings& destination) {
    for (const auto& [value, outcome] : enum_texts<DeliveryOutcome>)
        create(transaction, "deliveries",
               {{"destination", destination.name}, {"outcome", std::string(outcome)}});
    create(transaction, "deliveries_expired", {{"destination", destination.name}});
    if (destination.storage_commitment)
        for (const auto* outcome : commitment_outcomes)
            create(transaction, "commitments", {{"destination", destination.name}, {"outcome", outcome}});
    create_histogram(transaction, "receipt_to_delivery_seconds", {{"destination", destination.name}});
}

template <std::size_t size>
std::string known(const std::array<const char*, size>& codes, std::string_view code) {
    return std::ranges::find(codes, code) == codes.end() ? "other" : std::string(code);
}

}  // namespace

std::span<const MetricDescription> metric_catalogue() {
    return catalogue;
}

void create_counters(Transaction& transaction, const Configuration& configuration) {
    for (const auto* name : {"analyses_repeated", "database_mended", "objects_damaged", "reports_not_revised",
                             "results_damaged", "rows_damaged", "urgent_studies"})
        create(transaction, name);
    for (const auto& [value, reason] : enum_texts<ConnectionClosing>)
        if (value != ConnectionClosing::timeout)  // an event of receivers, as it is when one has begun to ask
            create(transaction, "connections_refused", {{"reason", std::string(reason)}});
    for (const auto& [value, outcome] : enum_texts<AssociationOutcome>)
        create(transaction, "associations", {{"outcome", std::string(outcome)}});
    for (const auto& words : association_ends)
        create(transaction, "association_ends", {{"reason", std::string(words.code)}});
    for (const auto* event : receiver_events)
        if (event != std::string_view("store_failed") && event != std::string_view("timeout") &&
            event != std::string_view("tls_failed"))
            create(transaction, "receiver_events", {{"event", event}});
    create(transaction, "receiver_events", {{"event", "timeout"}, {"code", "association"}});
    for (const auto* code : store_failures)
        create(transaction, "receiver_events", {{"event", "store_failed"}, {"code", code}});
    if (configuration.scp.tls)
        for (const auto* code : tls_failures_told)
            create(transaction, "receiver_events", {{"event", "tls_failed"}, {"code", code}});
    // Without http.tls too, where none can fail: a family that comes and goes is hard to alert on.
    if (configuration.http.enabled)
        for (const auto* code : tls_failures_told) create(transaction, "http_tls_failures", {{"code", code}});
    for (const auto* outcome : spool_outcomes) create(transaction, "spool_files", {{"outcome", outcome}});
    for (const auto* reason : database_replacements)
        create(transaction, "database_replaced", {{"reason", reason}});
    for (const auto& [value, outcome] : enum_texts<StoreOutcome>)
        create(transaction, "instances_received", {{"outcome", std::string(outcome)}});
    create(transaction, "forgotten_studies");
    for (const auto& [value, reason] : enum_texts<RemovalReason>)
        for (const auto* name : {"removed_bytes", "removed_files", "removed_studies"})
            create(transaction, name, {{"reason", std::string(reason)}});
    for (const auto* direction : {"ahead", "back"})
        create(transaction, "clock_steps", {{"direction", direction}});
    for (const auto* reason : {"quality", "safety", moved_away, patient_changed})
        create(transaction, "withdrawals", {{"reason", reason}});
    for (const auto& [value, kind] : enum_texts<ResultKind>)
        create(transaction, "results_composed", {{"kind", std::string(kind)}});
    for (const auto* kind : {"analysis", "report"})
        for (const auto* code : failure_codes)
            create(transaction, "jobs_quarantined", {{"kind", kind}, {"code", code}});
    create(transaction, "commitments", {{"destination", ""}, {"outcome", "unknown_transaction"}});
    for (const auto& model : configuration.models) create_model_counters(transaction, model_key(model));
    for (const auto& destination : configuration.destinations)
        create_destination_counters(transaction, destination);
    for (const auto& server : configuration.audit.syslog)
        create(transaction, "audit_syslog_sent", {{"server", server.name}});
}

void create_diagnosis_counters(Transaction& transaction, const std::string& model,
                               const std::vector<std::string>& diagnoses) {
    for (const auto& diagnosis : diagnoses)
        create(transaction, "analyses",
               {{"model", model}, {"outcome", "analysed"}, {"diagnosis", diagnosis}});
}

Labels receiver_labels(std::string_view event, std::string_view code) {
    Labels labels = {{"event", known(receiver_events, event)}};
    if (labels["event"] == "store_failed") labels["code"] = known(store_failures, code);
    if (labels["event"] == "tls_failed") labels["code"] = known(tls_failures_told, code);
    if (labels["event"] == "timeout") labels["code"] = "association";
    return labels;
}

std::string tls_failure_label(std::string_view code) {
    return known(tls_failures_told, code);
}

std::string failure_label(std::string_view code) {
    return known(failure_codes, code);
}

std::string not_analysed_label(std::string_view code) {
    return known(not_analysed_codes, code);
}

}  // namespace hilum
