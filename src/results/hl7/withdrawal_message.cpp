#include "results/hl7/withdrawal_message.h"

#include <algorithm>

#include "base/text.h"
#include "base/uid.h"
#include "results/hl7/message_text.h"
#include "results/hl7/observation_message.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

using Fields = std::vector<std::string>;

std::string& field(Fields& segment, std::size_t number) {
    if (segment.size() <= number) segment.resize(number + 1);
    return segment[number];
}

std::string field(const Fields& segment, std::size_t number) {
    return number < segment.size() ? segment[number] : "";
}

// An OBR with its OBXs.
struct ToldOrder {
    Fields request;
    std::vector<Fields> observations;
};

struct ToldMessage {
    Fields header;  // MSH; its field n is at n - 1
    Fields patient;
    std::vector<ToldOrder> orders;
    bool latin1 = false;  // as it was sent
};

// In UTF-8.
ToldMessage read_told(const std::string& text) {
    ToldMessage message;
    message.latin1 = field(split(text.substr(0, text.find('\r')), '|'), 17) == hl7::latin1_set;
    for (const auto& line : split(message.latin1 ? hl7::from_latin1(text) : text, '\r')) {
        auto fields = split(line, '|');
        if (fields.front() == "MSH")
            message.header = std::move(fields);
        else if (fields.front() == "PID")
            message.patient = std::move(fields);
        else if (fields.front() == "OBR")
            message.orders.push_back({std::move(fields), {}});
        else if (fields.front() == "OBX" && !message.orders.empty())
            message.orders.back().observations.push_back(std::move(fields));
    }
    return message;
}

bool are_of_one_order(const Fields& one, const Fields& other) {
    return std::ranges::all_of(std::vector{2, 3, 18}, [&](std::size_t number) {
        return field(one, number) == field(other, number);
    });
}

bool are_one_observation(const Fields& one, const Fields& other) {
    return field(one, 3) == field(other, 3) && field(one, 4) == field(other, 4);
}

void add_older(ToldMessage& message, const ToldMessage& older) {
    for (const ToldOrder& order : older.orders) {
        const auto known = std::ranges::find_if(message.orders, [&](const ToldOrder& one) {
            return are_of_one_order(one.request, order.request);
        });
        if (known == message.orders.end()) {
            message.orders.push_back(order);
            continue;
        }
        for (const Fields& observation : order.observations)
            if (std::ranges::none_of(known->observations, [&](const Fields& one) {
                    return are_one_observation(one, observation);
                }))
                known->observations.push_back(observation);
    }
}

void take_back(ToldOrder& order, const ComposeRequest& request, const std::string& created_at) {
    Fields text{"OBX",
                "",
                "TX",
                hl7::code_text(hl7::withdrawn),
                package_id(request),
                hl7::escaped(withdrawal_text(request, english()))};
    field(text, 14) = created_at;
    if (!order.observations.empty()) field(text, 18) = field(order.observations.front(), 18);
    order.observations.push_back(std::move(text));
    for (std::size_t i = 0; i < order.observations.size(); ++i) {
        Fields& observation = order.observations[i];
        field(observation, 1) = std::to_string(i + 1);
        field(observation, 11) = "W";
        if (field(observation, 3) != hl7::code_text(hl7::triage_priority)) continue;
        field(observation, 5) = hl7::code_text(hl7::routine);
        field(observation, 8).clear();
    }
    field(order.request, 22) = created_at;
    field(order.request, 27) = hl7::routine_order;
}

std::string text_in_set(ToldMessage message, const char* character_set) {
    field(message.header, 17) = character_set;
    std::string text =
        hl7::delimited(message.header, '|') + "\r" + hl7::delimited(message.patient, '|') + "\r";
    for (std::size_t i = 0; i < message.orders.size(); ++i) {
        ToldOrder& order = message.orders[i];
        field(order.request, 1) = std::to_string(i + 1);
        text += hl7::delimited(order.request, '|') + "\r";
        for (const Fields& observation : order.observations) text += hl7::delimited(observation, '|') + "\r";
    }
    return text;
}

}  // namespace

FiledPatient patient_told(const std::string& message) {
    auto identifier = split(field(read_told(message).patient, 3), '^');
    identifier.resize(5);
    const auto issuer = upper(hl7::unescaped(split(identifier[3], '&').front()));
    return {hl7::unescaped(identifier[0]), issuer.substr(0, issuer.find('&'))};
}

std::string withdrawal_uid(const ComposeRequest& request, const std::vector<WithdrawnResult>& told) {
    std::vector<std::string> identity{"hl7 withdrawal", request.study_instance_uid,
                                      std::to_string(request.version), request.withdrawal.reason,
                                      request.withdrawal.note};
    for (const WithdrawnResult& result : told) identity.push_back(result.sop_instance_uid);
    return derive_uid(identity).value();
}

std::string build_withdrawal_message(const ComposeRequest& request, const std::vector<std::string>& told,
                                     const std::string& created_at, const std::string& uid) {
    auto message = read_told(told.back());
    for (std::size_t i = told.size() - 1; i > 0; --i) add_older(message, read_told(told[i - 1]));
    const bool latin1 = message.latin1;
    field(message.header, 6) = created_at;
    field(message.header, 9) = control_id_of(uid);
    for (ToldOrder& order : message.orders) take_back(order, request, created_at);
    if (latin1)
        if (auto text = hl7::as_latin1(text_in_set(message, hl7::latin1_set))) return *text;
    return text_in_set(message, hl7::utf8_set);
}

}  // namespace hilum::results
