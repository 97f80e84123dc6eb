#include "results/hl7/observation_message.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "base/uid.h"
#include "contract/score_text.h"
#include "dicom/dataset_reading.h"
#include "results/report/measurement_report.h"
#include "results/report/report_terms.h"
#include "results/result_identity.h"
#include "results/result_modules.h"

namespace hilum::results {
namespace {

constexpr std::size_t control_id_length = 20;  // HL7 2.5.1: MSH-10 has at most as many characters

const Code study_instance_uid{"110180", "DCM", "Study Instance UID"};
const Code triage_priority{"triage-priority", own_coding_scheme, "Triage priority"};
const Code urgent{"urgent", own_coding_scheme, "Urgent"};
const Code routine{"routine", own_coding_scheme, "Routine"};
const Code withdrawn{"withdrawn", own_coding_scheme, "Withdrawn"};

// HL7 2.5.1, 2.7: delimiters become escape sequences; a control character, which none of our fields may have,
// a blank.
std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '|':
                safe += "\\F\\";
                break;
            case '^':
                safe += "\\S\\";
                break;
            case '&':
                safe += "\\T\\";
                break;
            case '~':
                safe += "\\R\\";
                break;
            case '\\':
                safe += "\\E\\";
                break;
            default:
                safe += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
        }
    }
    return safe;
}

// Without the delimiters at its end, which say nothing.
std::string joined(const std::vector<std::string>& parts, char delimiter) {
    auto text = fmt::format("{}", fmt::join(parts, std::string(1, delimiter)));
    text.erase(text.find_last_not_of(delimiter) + 1);
    return text;
}

std::string code_text(const Code& code) {
    return joined({escaped(code.value), escaped(code.meaning), escaped(code.scheme)}, '^');
}

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
        repetitions.push_back(joined(components, '^'));
    }
    return joined(repetitions, '~');
}

// The assigning authority as an HD within a CX.
std::string issuer_of_patient_id(DcmItem& header) {
    std::string uid, type;
    for (DcmItem* qualifiers : items_of(header, DCM_IssuerOfPatientIDQualifiersSequence)) {
        uid = text_of(*qualifiers, DCM_UniversalEntityID);
        type = text_of(*qualifiers, DCM_UniversalEntityIDType);
    }
    return joined({escaped(text_of(header, DCM_IssuerOfPatientID)), escaped(uid), escaped(type)}, '&');
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
    return joined({"PID", "1", "",
                   id.empty() ? "" : joined({escaped(id), "", "", issuer_of_patient_id(header), "PI"}, '^'),
                   "", person_name(text_of(header, DCM_PatientName)), "",
                   digits_of(text_of(header, DCM_PatientBirthDate), 8), known ? sex : "U"},
                  '|');
}

std::string timestamp(const ContentMoment& moment) {
    return moment.date + moment.time.substr(0, 6) + moment.utc_offset;
}

// The first that the source has, in its header or in its request.
std::string order_number(DcmItem& header, const DcmTagKey& tag) {
    if (auto number = text_of(header, tag); !number.empty()) return number;
    for (DcmItem* request : items_of(header, DCM_RequestAttributesSequence))
        if (auto number = text_of(*request, tag); !number.empty()) return number;
    return {};
}

std::string accession_number(DcmItem& header) {
    return order_number(header, DCM_AccessionNumber);
}

// OBR. The accession number stands in OBR-18, as IHE has it, and in OBR-3 where the source has no filler
// order number.
std::string request_segment(DcmItem& header, const std::string& status, const std::string& reported_at,
                            bool is_urgent_study) {
    auto procedure = hilum::code_of(header, DCM_ProcedureCodeSequence);
    if (procedure.value.empty()) procedure = terms::imaging_procedure;
    const auto accession = accession_number(header);
    auto filler = order_number(header, DCM_FillerOrderNumberImagingServiceRequest);
    if (filler.empty()) filler = accession;
    std::vector<std::string> fields(28);
    fields[0] = "OBR";
    fields[1] = "1";
    fields[2] = escaped(order_number(header, DCM_PlacerOrderNumberImagingServiceRequest));
    fields[3] = escaped(filler);
    fields[4] = code_text(procedure);
    fields[7] = digits_of(text_of(header, DCM_StudyDate), 8);
    if (!fields[7].empty()) fields[7] += digits_of(text_of(header, DCM_StudyTime), 6);
    fields[18] = escaped(accession);
    fields[22] = reported_at;
    fields[24] = "RAD";
    fields[25] = status;
    fields[27] = is_urgent_study ? "^^^^^S" : "^^^^^R";
    return joined(fields, '|');
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
        segments_.push_back(joined(fields, '|'));
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
// it from version 2.8 on), N normal.
std::string flags_of(const LabelResult& label, const std::vector<TriageRule>& rules) {
    if (is_urgent(label, rules)) return "AA";
    if (label.candidate) return "IND";
    return is_finding(label) ? "A" : "N";
}

std::string flags_of(const InferenceResult& result, const std::vector<TriageRule>& rules) {
    if (is_urgent(result, rules)) return "AA";
    if (is_indeterminate(result)) return "IND";
    return has_finding(result) ? "A" : "N";
}

void add_label(ObservationList& list, const InferenceResult& result, const LabelResult& label,
               const std::string& sub_id, const std::vector<TriageRule>& rules) {
    const auto range = has_thresholds(result) ? "<" + format_limit(label.threshold, english()) : "";
    list.add({"NM", code_of(label), sub_id, score_number(label.probability), "1^no units^UCUM", range,
              flags_of(label, rules), score_concept(result, english())});
}

void add_result(ObservationList& list, const InferenceResult& result, const std::string& sub_id,
                const std::vector<TriageRule>& rules) {
    list.add_code(terms::ai_diagnosis, sub_id, diagnosis_of(result, english()), flags_of(result, rules));
    for (const auto& label : result.labels)
        if (label.abnormal) add_label(list, result, label, sub_id, rules);
}

// One for each image, and each frame of one with several: "2", "2.3".
std::string sub_id_of(std::size_t image, const StudyImage& of) {
    const auto number = std::to_string(image);
    return is_frame(of) ? number + "." + std::to_string(of.frame) : number;
}

void add_images(ObservationList& list, const ComposeRequest& request,
                const std::vector<SourceImage>& sources) {
    std::size_t number = 0;
    std::string before;
    for (const SourceImage& source : sources) {
        const StudyImage& image = *source.image;
        if (image.sop_instance_uid != before) ++number;
        before = image.sop_instance_uid;
        const auto sub_id = sub_id_of(number, image);
        list.add_uid(terms::source_image, sub_id, image.sop_instance_uid);
        if (const auto& result = image.outcome.result) {
            add_result(list, *result, sub_id, request.urgent);
        } else if (const auto& reason = image.outcome.not_analysed) {
            list.add_code(terms::not_analysed_reason, sub_id, code_of(*reason, english()), "");
            list.add_text(terms::not_analysed, sub_id, sentence_of(*reason, image, english()));
        }
    }
}

std::string header_segment(const ComposeRequest& request, const Hl7Settings& settings,
                           const std::string& created_at, const char* character_set) {
    return joined({"MSH", "^~\\&", escaped(settings.sending_application), escaped(settings.sending_facility),
                   escaped(settings.receiving_application), escaped(settings.receiving_facility), created_at,
                   "", settings.version == "2.3.1" ? "ORU^R01" : "ORU^R01^ORU_R01",
                   message_identity(request, settings).control_id, settings.processing_id, settings.version,
                   "", "", "", "", "", character_set},
                  '|');
}

// Nothing where a character is beyond Latin-1.
std::optional<std::string> as_latin1(const std::string& utf8) {
    std::string text;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            text += utf8[i];
        } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < utf8.size()) {
            text += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
        } else {
            return std::nullopt;
        }
    }
    return text;
}

void add_observations(ObservationList& list, const ComposeRequest& request,
                      const std::vector<SourceImage>& sources) {
    const bool withdrawing = !request.withdrawal.reason.empty();
    const bool is_urgent_now = !withdrawing && request.urgent_study;
    list.add_uid(study_instance_uid, "", request.study_instance_uid);
    list.add_code(triage_priority, "", is_urgent_now ? urgent : routine, is_urgent_now ? "AA" : "");
    if (withdrawing) return list.add_text(withdrawn, "", withdrawal_text(request, english()));
    list.add_text(terms::notice, "", notice_of(models_of(request, sources), english()));
    list.add_text(terms::report_version, "", version_text(request, english()));
    add_images(list, request, sources);
}

}  // namespace

MessageIdentity message_identity(const ComposeRequest& request, const Hl7Settings& settings) {
    const auto uid = observation_uid(request, nlohmann::json(settings).dump());
    auto control_id = sha256_hex(uid).substr(0, control_id_length);
    std::ranges::transform(control_id, control_id.begin(), [](unsigned char c) { return std::toupper(c); });
    return {uid, control_id};
}

std::string build_observation_message(const ComposeRequest& request, const Hl7Settings& settings,
                                      const std::vector<SourceImage>& sources) {
    DcmItem& header = *sources.front().header;
    const bool withdrawing = !request.withdrawal.reason.empty();
    const auto created_at = timestamp(content_moment(header, request.opened_at));
    const auto observed_at =
        withdrawing ? created_at : timestamp(content_moment(header, analysis_started_at(sources)));
    const auto models = models_of(request, sources);
    const auto equipment = joined(
        {escaped(models.front().name + " " + models.front().version), "", device_uid(models.front()), "ISO"},
        '^');
    const bool old = settings.version == "2.3.1" || settings.version == "2.4";
    ObservationList list(withdrawing ? "W" : settings.result_status, observed_at, old ? "CE" : "CWE",
                         equipment);
    add_observations(list, request, sources);
    const auto write = [&](const char* character_set) {
        std::string message = header_segment(request, settings, created_at, character_set) + "\r" +
                              patient_segment(header) + "\r" +
                              request_segment(header, settings.result_status, created_at,
                                              !withdrawing && request.urgent_study) +
                              "\r";
        for (const auto& segment : list.segments()) message += segment + "\r";
        return message;
    };
    if (settings.character_set == "latin1")
        if (auto latin1 = as_latin1(write("8859/1"))) return *latin1;
    return write("UNICODE UTF-8");
}

}  // namespace hilum::results
