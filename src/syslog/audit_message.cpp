#include "syslog/audit_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/ip_network.h"
#include "syslog/audit_vocabulary.h"
#include "syslog/syslog_frame.h"
#include "syslog/xml_element.h"

namespace hilum::syslog {
namespace {

constexpr CodedTerm application{"110150", "DCM", "Application"};
constexpr CodedTerm destination_role{"110152", "DCM", "Destination Role ID"};
constexpr CodedTerm source_role{"110153", "DCM", "Source Role ID"};
constexpr CodedTerm study_uid{"110180", "DCM", "Study Instance UID"};
constexpr CodedTerm node_id{"110182", "DCM", "Node ID"};
constexpr CodedTerm uri{"12", "RFC-3881", "URI"};
constexpr CodedTerm patient_number{"2", "RFC-3881", "Patient Number"};
constexpr std::string_view own_scheme = "99HILUM";
constexpr CodedTerm own_event{"event", own_scheme, "Hilum audit event"};
constexpr std::string_view unspoken_type = "audit_event_unreadable";
constexpr std::size_t longest_description = 1024;
// Where a patient has to be named and none is known.
constexpr std::string_view no_patient = "<none>";

XmlElement coded(std::string_view element, const CodedTerm& term) {
    XmlElement xml(element);
    xml.attribute("csd-code", term.value)
        .attribute("codeSystemName", term.scheme)
        .attribute("displayName", term.meaning)
        .attribute("originalText", term.meaning);
    return xml;
}

XmlElement detail(std::string_view type, std::string_view value) {
    XmlElement xml("ParticipantObjectDetail");
    xml.attribute("type", type).base64("value", value);
    return xml;
}

// Who caused it, where it was not the node by itself.
struct Actor {
    std::string user, ae_title, address;
    bool is_peer() const { return !ae_title.empty() || !address.empty(); }  // else it is a person
};

// An AE title holds whatever its caller likes, but no more than 16 characters, and an address behind it is
// numeric: nothing that names an operator or an HTTP client has both.
bool is_ae_title(std::string_view text) {
    constexpr std::ptrdiff_t longest_ae_title = 16;
    const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return std::ranges::count_if(text, begins_character) <= longest_ae_title;
}

// "AE@10.1.0.5", "@10.1.0.5", "AE@" of a file in the spool, "operator uid 0 (root)", "HTTP client dr@hospital
// (read) at 10.1.0.7"; nothing of "hilum" and "system", nor of "@".
std::optional<Actor> actor_of(const std::string& text) {
    if (text.empty() || text == "hilum" || text == "system" || text == "@") return std::nullopt;
    const auto at = text.rfind('@');
    if (at == std::string::npos) return Actor{text, "", ""};
    const auto title = text.substr(0, at), address = text.substr(at + 1);
    if (!is_ae_title(title) || !(address.empty() || IpAddress::parse(address))) return Actor{text, "", ""};
    return Actor{title.empty() ? address : title, title, address};
}

// As to_iso8601 writes it: an attribute of the schema's, and a TIMESTAMP of RFC 5424.
bool is_time(std::string_view text) {
    constexpr std::string_view form = "0000-00-00T00:00:00.000000Z";
    const auto fits = [](char is, char has_to_be) {
        return has_to_be == '0' ? is >= '0' && is <= '9' : is == has_to_be;
    };
    return std::ranges::equal(text, form, fits);
}

class MessageBuilder {
  public:
    MessageBuilder(const AuditRecord& record, const AuditSource& source) : record_(record), source_(source) {
        if (record.kind == AuditRecordKind::event)
            event_ = nlohmann::json::parse(record.text, nullptr, false);
        if (!event_.is_object())
            event_ = {{"type", unspoken_type}, {"outcome", "failure"}, {"actor", "hilum"}};
        detail_ = event_.value("detail", nlohmann::json::object());
        type_ = text_in(event_, "type");
        if (type_.empty()) type_ = unspoken_type;
        success_ = text_in(event_, "outcome") == "success";
        study_ = text_in(event_, "study_instance_uid");
        actor_ = actor_of(text_in(event_, "actor"));
        choose_words();
    }

    std::string build(bool with_event) const {
        XmlElement xml("AuditMessage");
        xml.add(event_identification());
        add_participants(xml);
        XmlElement source("AuditSourceIdentification");
        source.attribute_if("AuditEnterpriseSiteID", source_.enterprise_site)
            .attribute("AuditSourceID", source_.source);
        XmlElement source_type("AuditSourceTypeCode");
        source.add(source_type.attribute("csd-code", "4"));  // application server
        xml.add(source);
        if (!study_.empty()) xml.add(study());
        if (needs_patient() || !record_.patient_id.empty()) xml.add(patient());
        if (words_.message == AuditMessage::security_alert) xml.add(alert());
        if (words_.message == AuditMessage::audit_log_used)
            xml.add(
                object("2", "13", fmt::format("hilum://{}/audit", source_.host), uri, "Security Audit Log"));
        xml.add(own_object(with_event));
        return R"(<?xml version="1.0" encoding="UTF-8"?>)" + xml.str();
    }

    bool success() const { return success_; }

    // That of writing it into the trail, where the event does not say that it was kept late.
    std::string time() const {
        const auto happened = text_in(detail_, "happened_at");
        return is_time(happened) ? happened : to_iso8601(from_microseconds(record_.at));
    }

  private:
    static std::string text_in(const nlohmann::json& object, const char* key) {
        const auto found = object.is_object() ? object.find(key) : object.end();
        return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>()
                                                                                 : std::string();
    }

    bool names_a_study() const {
        return words_.message != AuditMessage::application_activity &&
               words_.message != AuditMessage::audit_log_used &&
               words_.message != AuditMessage::security_alert;
    }
    bool needs_patient() const { return names_a_study(); }
    bool goes_out() const { return detail_.is_object() && detail_.contains("destination"); }

    // By what we held before.
    static char action_of_receipt(const std::string& outcome) {
        if (outcome == "duplicate" || outcome == "discarded") return 'R';
        return outcome == "new_version" ? 'U' : 'C';
    }

    void choose_words() {
        words_ = words_for(type_, success_);
        // A message to a RIS is no DICOM instance.
        if (words_.message == AuditMessage::instances_transferred && goes_out() &&
            detail_.contains("sop_class_uid") && text_in(detail_, "sop_class_uid").empty())
            words_.message = AuditMessage::procedure_record;
        if (type_ == "operator_access" && text_in(detail_, "verb").starts_with("audit."))
            words_.message = AuditMessage::audit_log_used;
        if (type_ == "instance_received") words_.action = action_of_receipt(text_in(detail_, "outcome"));
        // Those have to name a study: orders by accession number, objects that could not be read.
        if (names_a_study() && study_.empty())
            words_ = {
                type_, success_ ? AuditMessage::application_activity : AuditMessage::security_alert, 'E', {}};
    }

    XmlElement event_identification() const {
        XmlElement xml("EventIdentification");
        xml.attribute("EventActionCode", std::string_view(&words_.action, 1))
            .attribute("EventDateTime", time())
            .attribute("EventOutcomeIndicator", success_ ? "0" : "4");
        xml.add(coded("EventID", event_id(words_.message)));
        if (!words_.kind.value.empty()) xml.add(coded("EventTypeCode", words_.kind));
        auto words = type_;
        std::ranges::replace(words, '_', ' ');
        xml.add(coded("EventTypeCode", {type_, own_scheme, words}));
        return xml;
    }

    // ---- who took part ----

    XmlElement us(const CodedTerm& role, bool requestor) const {
        XmlElement xml("ActiveParticipant");
        xml.attribute("UserID", source_.ae_title)
            .attribute("AlternativeUserID", "AETITLES=" + source_.ae_title)
            .attribute("UserName", "hilumd")
            .attribute("UserIsRequestor", requestor ? "true" : "false")
            .attribute("NetworkAccessPointID", source_.host)
            .attribute("NetworkAccessPointTypeCode", "1");
        xml.add(coded("RoleIDCode", role));
        return xml;
    }

    static XmlElement other(const Actor& actor, const CodedTerm& role, bool requestor) {
        XmlElement xml("ActiveParticipant");
        xml.attribute("UserID", actor.user);
        if (!actor.ae_title.empty()) xml.attribute("AlternativeUserID", "AETITLES=" + actor.ae_title);
        xml.attribute("UserIsRequestor", requestor ? "true" : "false");
        if (!actor.address.empty())
            xml.attribute("NetworkAccessPointID", actor.address).attribute("NetworkAccessPointTypeCode", "2");
        if (!role.value.empty()) xml.add(coded("RoleIDCode", role));
        return xml;
    }

    void add_transfer(XmlElement& xml) const {
        if (!goes_out()) {
            xml.add(other(actor_.value_or(Actor{"unknown", "", ""}), source_role, true));
            xml.add(us(destination_role, false));
            return;
        }
        const auto name = text_in(detail_, "destination");
        xml.add(us(source_role, !actor_));
        xml.add(other({name.empty() ? "every destination" : name, "", ""}, destination_role, false));
        if (actor_) xml.add(other(*actor_, {}, true));
    }

    void add_participants(XmlElement& xml) const {
        switch (words_.message) {
            case AuditMessage::instances_transferred:
            case AuditMessage::begin_transferring:
                return add_transfer(xml);
            case AuditMessage::application_activity:
                // Nobody that is known here has started the application: who asked something of it.
                xml.add(us(application, false));
                if (actor_) xml.add(other(*actor_, {}, true));
                return;
            case AuditMessage::security_alert:  // A.5.3.11: who did it is no requestor
                xml.add(us(application, false));
                if (actor_) xml.add(other(*actor_, {}, false));
                return;
            case AuditMessage::audit_log_used:
            case AuditMessage::instances_accessed:
            case AuditMessage::study_deleted:
            case AuditMessage::procedure_record:
                if (actor_) xml.add(other(*actor_, {}, true));
                xml.add(us(application, !actor_));
        }
    }

    // ---- what it was about ----

    static XmlElement object(const char* type, const char* role, std::string_view id,
                             const CodedTerm& id_type, std::string_view name) {
        XmlElement xml("ParticipantObjectIdentification");
        xml.attribute("ParticipantObjectTypeCode", type)
            .attribute("ParticipantObjectTypeCodeRole", role)
            .attribute("ParticipantObjectID", id);
        xml.add(coded("ParticipantObjectIDTypeCode", id_type));
        XmlElement object_name("ParticipantObjectName");
        xml.add(object_name.content(name));
        return xml;
    }

    XmlElement study() const {
        auto xml = object("2", "3", study_, study_uid, "");
        const auto accession = text_in(detail_, "accession_number"),
                   instance = text_in(event_, "sop_instance_uid");
        XmlElement description("ParticipantObjectDescription");
        if (!accession.empty()) {
            XmlElement number("Accession");
            description.add(number.attribute("Number", accession));
        }
        XmlElement sop_class("SOPClass"), sop_instance("Instance");
        sop_class.attribute_if("UID", text_in(detail_, "sop_class_uid"))
            .attribute("NumberOfInstances", instance.empty() ? "0" : "1");
        if (!instance.empty()) sop_class.add(sop_instance.attribute("UID", instance));
        if (!instance.empty() || !accession.empty()) xml.add(description.add(sop_class));
        return xml;
    }

    XmlElement patient() const {
        return object("1", "1", record_.patient_id.empty() ? no_patient : record_.patient_id, patient_number,
                      "");
    }

    XmlElement alert() const {
        auto xml = object("2", "13", source_.host, node_id, source_.ae_title);
        const auto description =
            fmt::format("{}{}{}: {}", type_, actor_ ? " by " : "", actor_ ? actor_->user : "",
                        detail_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        xml.add(detail("Alert Description", std::string_view(description).substr(0, longest_description)));
        return xml;
    }

    XmlElement own_object(bool with_event) const {
        auto xml = object("2", "13", std::to_string(record_.number), own_event, type_);
        xml.add(detail("type", type_));
        if (record_.kind != AuditRecordKind::event)
            xml.add(detail("left out", "the event cannot be told; see `hilum audit export` on the node"));
        else if (with_event)
            xml.add(detail("event", record_.text));
        else
            xml.add(detail("left out", fmt::format("{} bytes; see `hilum audit export` on the node",
                                                   record_.text.size())));
        return xml;
    }

    const AuditRecord& record_;
    const AuditSource& source_;
    nlohmann::json event_, detail_;
    std::string type_, study_;
    bool success_ = false;
    std::optional<Actor> actor_;
    AuditWords words_{};
};

std::string within(const MessageBuilder& builder, std::size_t longest) {
    auto whole = builder.build(true);
    return whole.size() <= longest ? whole : builder.build(false);
}

}  // namespace

std::string dicom_audit_message(const AuditRecord& record, const AuditSource& source, std::size_t longest) {
    return within(MessageBuilder(record, source), longest);
}

std::string syslog_message_of(const AuditRecord& record, const AuditSource& source,
                              const SyslogSettings& server) {
    SyslogHeader header{server.facility, Severity::notice, to_iso8601(from_microseconds(record.at)),
                        source.host, std::string(dicom_message_id)};
    if (record.kind == AuditRecordKind::head) {
        header.message_id = head_message_id;
        return syslog_message(header, "audit head " + record.text, false);
    }
    const MessageBuilder builder(record, source);
    header.timestamp = builder.time();
    if (!builder.success()) header.severity = Severity::warning;
    const auto around = syslog_message(header, "", true).size();
    return syslog_message(header, within(builder, server.max_message - around), true);
}

}  // namespace hilum::syslog
