#include "results/hl7/observation_message.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "base/uid.h"
#include "contract/score_text.h"
#include "dicom/dataset_reading.h"
#include "results/hl7/message_text.h"
#include "results/report/measurement_report.h"
#include "results/report/report_terms.h"
#include "results/result_identity.h"
#include "results/result_modules.h"

namespace hilum::results {
namespace {

constexpr std::size_t control_id_length = 20;  // HL7 2.5.1: MSH-10 has at most as many characters

using hl7::code_text;
using hl7::delimited;
using hl7::escaped;

// A PN (family^given^middle^prefix^suffix; alphabetic=ideographic=phonetic) as repetitions of an XPN
// (family^given^middle^suffix^prefix^degree^type^representation).
std::string person_name(const std::string& name) {
    constexpr const char* representations[] = {"A", "I", "P"};
    std::vector<std::string> repetitions;
    const auto groups = split(name, '=');
    for (std::size_t i = 0; i < std::min<std::size_t>(groups.size(), 3); ++i) {
        if (groups[i].find_first_not_of("^ ") == std::string::npos) continue;
        auto parts = split(groups[i], '^');
        parts.resize(5);
        for (auto& part : parts) part = escaped(part);
        std::vector<std::string> components{parts[0], parts[1], parts[2], parts[4], parts[3]};
        if (groups.size() > 1) components.insert(components.end(), {"", "", representations[i]});
        repetitions.push_back(delimited(components, '^'));
    }
    return delimited(repetitions, '~');
}

// The assigning authority as an HD within a CX.
std::string issuer_of_patient_id(DcmItem& header) {
    std::string uid, type;
    for (DcmItem* qualifiers : items_of(header, DCM_IssuerOfPatientIDQualifiersSequence)) {
        uid = text_of(*qualifiers, DCM_UniversalEntityID);
        type = text_of(*qualifiers, DCM_UniversalEntityIDType);
    }
    return delimited({escaped(text_of(header, DCM_IssuerOfPatientID)), escaped(uid), escaped(type)}, '&');
}

std::string digits_of(const std::string& text, std::size_t most) {
    std::string digits;
    for (const char c : text)
        if (std::isdigit(static_cast<unsigned char>(c)) != 0 && digits.size() < most) digits += c;
    return digits;
}

std::string patient_segment(DcmItem& header) {
    const auto id = text_of(header, DCM_PatientID);
    const auto sex = text_of(header, DCM_PatientSex);
    const bool known = sex == "M" || sex == "F" || sex == "O";
    return delimited(
        {"PID", "1", "",
         id.empty() ? "" : delimited({escaped(id), "", "", issuer_of_patient_id(header), "PI"}, '^'), "",
         person_name(text_of(header, DCM_PatientName)), "",
         digits_of(text_of(header, DCM_PatientBirthDate), 8), known ? sex : "U"},
        '|');
}

// What an order is known by.
struct OrderNumbers {
    std::string placer, filler, accession;
    bool operator==(const OrderNumbers&) const = default;
};

OrderNumbers numbers_in(DcmItem& item) {
    return {text_of(item, DCM_PlacerOrderNumberImagingServiceRequest),
            text_of(item, DCM_FillerOrderNumberImagingServiceRequest), text_of(item, DCM_AccessionNumber)};
}

OrderNumbers completed(OrderNumbers order, const OrderNumbers& by) {
    if (order.placer.empty()) order.placer = by.placer;
    if (order.filler.empty()) order.filler = by.filler;
    if (order.accession.empty()) order.accession = by.accession;
    return order;
}

// Two tellings of one order: they share a number and differ in none.
bool are_of_one(const OrderNumbers& one, const OrderNumbers& other) {
    bool shares = false;
    for (const auto number : {&OrderNumbers::placer, &OrderNumbers::filler, &OrderNumbers::accession}) {
        if ((one.*number).empty() || (other.*number).empty()) continue;
        if (one.*number != other.*number) return false;
        shares = true;
    }
    return shares;
}

// All observations stand below each order: more would make a message that no receiver takes.
constexpr std::size_t most_orders = 16;

// Each request of the source that has numbers of its own, where they are several: orders that one acquisition
// was for. Else, and of more than most_orders, the one that the header and its request tell of.
std::vector<OrderNumbers> orders_of(DcmItem& header) {
    const auto of_header = numbers_in(header);
    std::vector<OrderNumbers> own, orders;
    for (DcmItem* const request : items_of(header, DCM_RequestAttributesSequence)) {
        const auto numbers = numbers_in(*request);
        if (numbers == OrderNumbers{}) continue;
        own.push_back(numbers);
        const auto order = completed(numbers, of_header);
        const auto known =
            std::ranges::find_if(orders, [&](const OrderNumbers& one) { return are_of_one(one, order); });
        if (known == orders.end())
            orders.push_back(order);
        else
            *known = completed(*known, order);
        if (orders.size() > most_orders) break;
    }
    if (orders.size() > 1 && orders.size() <= most_orders) return orders;
    return {completed(of_header, own.empty() ? OrderNumbers{} : own.front())};
}

// OBR. The accession number stands in OBR-18, as IHE has it, and in OBR-3 where the source has no filler
// order number.
std::string request_segment(DcmItem& header, const OrderNumbers& order, std::size_t number,
                            const std::string& status, const std::string& reported_at, bool is_urgent_study) {
    auto procedure = hilum::code_of(header, DCM_ProcedureCodeSequence);
    if (procedure.value.empty()) procedure = terms::imaging_procedure;
    std::vector<std::string> fields(28);
    fields[0] = "OBR";
    fields[1] = std::to_string(number);
    fields[2] = escaped(order.placer);
    fields[3] = escaped(order.filler.empty() ? order.accession : order.filler);
    fields[4] = code_text(procedure);
    fields[7] = digits_of(text_of(header, DCM_StudyDate), 8);
    if (!fields[7].empty()) fields[7] += digits_of(text_of(header, DCM_StudyTime), 6);
    fields[18] = escaped(order.accession);
    fields[22] = reported_at;
    fields[24] = "RAD";
    fields[25] = status;
    fields[27] = is_urgent_study ? hl7::urgent_order : hl7::routine_order;
    return delimited(fields, '|');
}

struct Observation {
    std::string type;
    Code code;
    std::string sub_id, value;
    std::string units, reference_range, flags;
    Code method;
};

class ObservationList {
  public:
    ObservationList(std::string status, std::string observed_at, std::string coded_type,
                    std::string equipment)
        : status_(std::move(status)),
          observed_at_(std::move(observed_at)),
          coded_type_(std::move(coded_type)),
          equipment_(std::move(equipment)) {}

    void add(const Observation& o) {
        std::vector<std::string> fields(19);
        fields[0] = "OBX";
        fields[1] = std::to_string(segments_.size() + 1);
        fields[2] = o.type;
        fields[3] = code_text(o.code);
        fields[4] = o.sub_id;
        fields[5] = o.value;
        fields[6] = o.units;
        fields[7] = o.reference_range;
        fields[8] = o.flags;
        fields[11] = status_;
        fields[14] = observed_at_;
        fields[17] = code_text(o.method);
        fields[18] = equipment_;
        segments_.push_back(delimited(fields, '|'));
    }
    void add_uid(const Code& code, const std::string& sub_id, const std::string& uid) {
        add({"HD", code, sub_id, escaped(uid), "", "", "", {}});
    }
    void add_text(const Code& code, const std::string& sub_id, const std::string& text) {
        if (!text.empty()) add({"TX", code, sub_id, escaped(text), "", "", "", {}});
    }
    void add_code(const Code& code, const std::string& sub_id, const Code& value, const std::string& flags) {
        add({coded_type_, code, sub_id, code_text(value), "", "", flags, {}});
    }
    const std::vector<std::string>& segments() const { return segments_; }

  private:
    std::string status_, observed_at_, coded_type_, equipment_;
    std::vector<std::string> segments_;
};

// OBX-8 (HL7 table 0078): AA for what makes the study urgent, A abnormal, IND indeterminate (as the table has
// it from version 2.8 on; what the report calls so too), N normal.
std::string flags_of(const LabelResult& label, const std::vector<TriageRule>& rules) {
    if (is_urgent(label, rules)) return "AA";
    if (is_finding(label)) return "A";
    return presence_of(label) == terms::indeterminate ? "IND" : "N";
}

std::string flags_of(const InferenceResult& result, const std::vector<TriageRule>& rules) {
    if (is_urgent(result, rules)) return "AA";
    if (is_indeterminate(result)) return "IND";
    return has_finding(result) ? "A" : "N";
}

void add_label(ObservationList& list, const InferenceResult& result, const LabelResult& label,
               const std::string& sub_id, const std::vector<TriageRule>& rules) {
    const auto [score, limit] = score_number_of(label);
    const auto range = has_thresholds(result) ? "<" + limit : "";
    list.add({"NM", code_of(label), sub_id, score, "1^no units^UCUM", range, flags_of(label, rules),
              score_concept(result, english())});
}

void add_result(ObservationList& list, const InferenceResult& result, const std::string& sub_id,
                const std::vector<TriageRule>& rules) {
    list.add_code(terms::ai_diagnosis, sub_id, diagnosis_of(result, english()), flags_of(result, rules));
    for (const auto& label : result.labels)
        if (label.abnormal) add_label(list, result, label, sub_id, rules);
}

// One for each image under each package, and each frame of one with several, the same in every version: a
// receiver that updates what it has goes by it. Of at most 20 characters (HL7 2.5.1: OBX-4).
std::string sub_id_of(const ComposeRequest& request, const StudyImage& of) {
    constexpr std::size_t digits_of_image = 8;
    const auto id = package_id(request) + "." + sha256_hex(of.sop_instance_uid).substr(0, digits_of_image);
    return is_frame(of) ? id + "." + std::to_string(of.frame) : id;
}

void add_images(ObservationList& list, const ComposeRequest& request, const std::vector<SourceImage>& sources,
                const std::vector<TriageRule>& urgent) {
    for (const SourceImage& source : sources) {
        const StudyImage& image = *source.image;
        const auto sub_id = sub_id_of(request, image);
        list.add_uid(terms::source_image, sub_id, image.sop_instance_uid);
        if (const auto& result = image.outcome.result) {
            add_result(list, *result, sub_id, urgent);
        } else if (const auto& reason = image.outcome.not_analysed) {
            list.add_code(terms::not_analysed_reason, sub_id, code_of(*reason, english()), "");
            list.add_text(terms::not_analysed, sub_id, sentence_of(*reason, image, english()));
        }
    }
}

std::string header_segment(const Hl7Settings& settings, const std::string& uid, const std::string& created_at,
                           const char* character_set) {
    return delimited(
        {"MSH", "^~\\&", escaped(settings.sending_application), escaped(settings.sending_facility),
         escaped(settings.receiving_application), escaped(settings.receiving_facility), created_at, "",
         settings.version == "2.3.1" ? "ORU^R01" : "ORU^R01^ORU_R01", control_id_of(uid),
         settings.processing_id, settings.version, "", "", "", "", "", character_set},
        '|');
}

void add_observations(ObservationList& list, const ComposeRequest& request,
                      const std::vector<SourceImage>& sources, const MadeWith& with) {
    const bool withdrawing = !request.withdrawal.reason.empty();
    const bool is_urgent_now = !withdrawing && with.urgent_study;
    list.add_uid(hl7::study_instance_uid, "", request.study_instance_uid);
    list.add_code(hl7::triage_priority, "", is_urgent_now ? hl7::urgent : hl7::routine,
                  is_urgent_now ? "AA" : "");
    const auto package = package_id(request);
    if (withdrawing) return list.add_text(hl7::withdrawn, package, withdrawal_text(request, english()));
    list.add_text(terms::notice, package, notice_of(models_of(request, sources), english()));
    list.add_text(terms::report_version, package, version_text(request, english()));
    add_images(list, request, sources, with.urgent);
}

std::string equipment_of(const ModelIdentity& model) {
    return delimited({escaped(model.name + " " + model.version), "", device_uid(model), "ISO"}, '^');
}

}  // namespace

std::string control_id_of(const std::string& uid) {
    auto control_id = sha256_hex(uid).substr(0, control_id_length);
    std::ranges::transform(control_id, control_id.begin(), [](unsigned char c) { return std::toupper(c); });
    return control_id;
}

std::string package_id(const ComposeRequest& request) {
    constexpr std::size_t digits_of_package = 5;
    return sha256_hex(request.model_name).substr(0, digits_of_package);
}

std::string message_time(DcmItem& header, std::int64_t at, const std::string& utc_offset) {
    const auto moment = content_moment(header, at, utc_offset);
    return moment.date + moment.time.substr(0, 6) + moment.utc_offset;
}

MessageIdentity message_identity(const ComposeRequest& request, const Hl7Settings& settings) {
    const auto uid = observation_uid(request, nlohmann::json(settings).dump());
    return {uid, control_id_of(uid)};
}

std::string build_observation_message(const ComposeRequest& request, const Hl7Settings& settings,
                                      const std::vector<SourceImage>& sources, const std::string& uid,
                                      const MadeWith& with) {
    const auto filed_by = filing_header(sources);
    DcmItem& header = *filed_by;
    const bool withdrawing = !request.withdrawal.reason.empty();
    const auto& zone = with.equipment.utc_offset;
    const auto created_at = message_time(header, request.opened_at, zone);
    const auto observed_at =
        withdrawing ? created_at : message_time(header, analysis_started_at(sources), zone);
    const bool old = settings.version == "2.3.1" || settings.version == "2.4";
    ObservationList list(withdrawing ? "W" : settings.result_status, observed_at, old ? "CE" : "CWE",
                         equipment_of(models_of(request, sources).front()));
    add_observations(list, request, sources, with);
    const bool is_urgent_now = !withdrawing && with.urgent_study;
    const auto write = [&](const char* character_set) {
        std::string message =
            header_segment(settings, uid, created_at, character_set) + "\r" + patient_segment(header) + "\r";
        std::size_t number = 0;
        for (const OrderNumbers& order : orders_of(header)) {
            message +=
                request_segment(header, order, ++number, settings.result_status, created_at, is_urgent_now) +
                "\r";
            for (const auto& segment : list.segments()) message += segment + "\r";
        }
        return message;
    };
    if (settings.character_set == "latin1")
        if (auto latin1 = hl7::as_latin1(write(hl7::latin1_set))) return *latin1;
    return write(hl7::utf8_set);
}

}  // namespace hilum::results
