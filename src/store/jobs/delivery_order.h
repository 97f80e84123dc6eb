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
// SQL: whether it is not sent any more: an HL7 message of results once a newer one is there, an SR and a
// message that takes results back once a newer one has arrived; likewise.
#define HILUM_IS_REPLACED                                                         \
    " ((result.kind = 'oru' AND report.kind = 'results' AND" HILUM_NEWER_IS_THERE \
    ") OR"                                                                        \
    " (result.kind IN ('sr', 'oru') AND" HILUM_NEWER_CAME ")) "

inline constexpr const char* newer_version = "a newer version of the report was made";

bool is_replaced(Transaction& transaction, std::int64_t delivery);

// A result was queued for a destination, or has arrived there: what it replaces is sent no more.
void discard_replaced(Transaction& transaction, std::int64_t delivery);

}  // namespace hilum
