// In which order what waits for a destination goes there. Called within a commit.
//
// First attempts are claimed apart from what is tried again, and go before it: what a destination leaves
// unanswered, however much, holds up nothing new. First attempts go as in every queue, urgent ones first,
// then those of the study that came first. What is tried again goes by the time at which it is due, so that
// each has its turn; what is urgent before others, but with its eighth attempt no more.
//
// The reports of a study under one model reach a destination in the order of their versions: an SR or an HL7
// message waits while an earlier one is queued or being sent, and holds up nothing else, neither captures nor
// other studies. For an SR that was refused, or that the destination does not keep, no newer one waits; once
// that has arrived, the older is not sent any more. What a receiver of HL7 messages got last is true for it.
// So of those a message of results that a newer one replaces is not sent any more, and none goes before one
// that takes results back, also while that is being composed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/database/transaction.h"

namespace hilum {

enum class Attempts { first, again };

// The row of the job that goes next to the destination, of those that are due.
std::optional<std::int64_t> next_delivery(Transaction& transaction, const std::string& destination,
                                          Attempts attempts);

// Where none goes now: when one may that is not due yet. What waits for another goes when that has ended,
// which no time tells.
std::optional<std::int64_t> next_delivery_due(Transaction& transaction, const std::string& destination);

// SQL: whether a newer version's result of the same kind is for the same destination; of rows that are named
// delivery, result and report.
#define HILUM_NEWER_IS_THERE                                                                               \
    " EXISTS (SELECT 1 FROM report AS newer JOIN result AS its ON its.report_id = newer.id AND its.kind =" \
    " result.kind JOIN delivery AS other ON other.result_id = its.id AND other.destination ="              \
    " delivery.destination WHERE newer.study_id = report.study_id AND newer.model = report.model AND"      \
    " newer.version > report.version) "
// SQL: the same, and it has arrived.
#define HILUM_NEWER_CAME                                                                                   \
    " EXISTS (SELECT 1 FROM report AS newer JOIN result AS its ON its.report_id = newer.id AND its.kind =" \
    " result.kind JOIN delivery AS other ON other.result_id = its.id AND other.destination ="              \
    " delivery.destination JOIN job AS came ON came.lane = 'deliver/' || other.destination AND"            \
    " came.subject = other.id AND came.word = 'delivered' WHERE newer.study_id = report.study_id AND"      \
    " newer.model = report.model AND newer.version > report.version) "
// SQL: whether it is a picture of which the newest version that was composed for the destination does not
// tell, since another image stands in its image's place or the destination wants it otherwise; likewise.
#define HILUM_PICTURE_OF_THE_PAST                                                                  \
    " (result.kind IN ('sc', 'pr') AND EXISTS (SELECT 1 FROM report AS newer JOIN composed_for ON" \
    " composed_for.report_id = newer.id AND composed_for.destination = delivery.destination WHERE" \
    " newer.study_id = report.study_id AND newer.model = report.model AND newer.version >"         \
    " delivery.told_version)) "
// SQL: whether it takes back what was told of another patient, which nothing newer replaces; likewise. One
// that does not tell its reason any more may.
#define HILUM_IS_OF_ANOTHER_PATIENT                                                                  \
    " (report.kind = 'withdrawal' AND iif(json_valid(report.detail), json_extract(report.detail, '$" \
    ".reason') = 'patient_changed', true)) "
// SQL: whether the destination is told by a newer version what it tells, or that it holds no more; likewise.
#define HILUM_IS_OF_THE_PAST                                                                         \
    " ((result.kind IN ('sr', 'oru') AND" HILUM_NEWER_IS_THERE "AND NOT" HILUM_IS_OF_ANOTHER_PATIENT \
    ") OR" HILUM_PICTURE_OF_THE_PAST ") "
// SQL: whether it is not sent any more: an HL7 message of results once a newer one is there, an SR and a
// message that takes results back once a newer one has arrived, a picture that is told of no more; likewise.
#define HILUM_IS_REPLACED                                                                       \
    " ((result.kind = 'oru' AND report.kind = 'results' AND" HILUM_NEWER_IS_THERE               \
    ") OR"                                                                                      \
    " (result.kind IN ('sr', 'oru') AND" HILUM_NEWER_CAME "AND NOT" HILUM_IS_OF_ANOTHER_PATIENT \
    ") OR" HILUM_PICTURE_OF_THE_PAST ") "

#define HILUM_NEWER_VERSION "a newer version of the report was made"
inline constexpr const char* newer_version = HILUM_NEWER_VERSION;

bool is_replaced(Transaction& transaction, std::int64_t delivery);

// A result was queued for a destination, or has arrived there: the SRs and messages that it replaces are sent
// no more.
void discard_replaced(Transaction& transaction, std::int64_t delivery);

// A version of the study's report was composed, and its deliveries are there: pictures of which it does not
// tell are sent no more.
void discard_pictures_of_the_past(Transaction& transaction, std::int64_t study);

// A job begins anew; what it failed with last is told until it fails again or succeeds, or is forgotten.
enum class LastError { stays, forgotten };
void queue_again(Transaction& transaction, std::int64_t job, LastError last_error);

// A delivery does, as if it had just been made, though the destination may have it.
void deliver_afresh(Transaction& transaction, std::int64_t job, std::int64_t delivery, LastError last_error);

// A version tells the destination of a result that was made before. A picture that waited when a version did
// not tell of it waits again, unless its file is gone for good: its image is back as it was. False: it was
// never for that destination.
bool tell_again(Transaction& transaction, const std::string& sop_instance_uid, const std::string& destination,
                std::int64_t version);

}  // namespace hilum
