#include "syslog/audit_message.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "syslog/audit_vocabulary.h"

namespace hilum::syslog {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t no_limit = 1 << 20;

nlohmann::json event_of(std::string_view type) {
    return {{"id", 7},
            {"at", "2026-11-29T01:02:03.000004Z"},
            {"type", type},
            {"outcome", "success"},
            {"actor", "CR1@10.1.0.9"},
            {"study_instance_uid", "1.2.3"},
            {"sop_instance_uid", "1.2.3.4"},
            {"patient_id", "P1"},
            {"detail", {{"accession_number", "A1"}, {"sop_class_uid", "1.2.840.10008.5.1.4.1.1.1"}}},
            {"hash", "0123"}};
}

AuditRecord record_of(const nlohmann::json& event) {
    return {AuditRecordKind::event, 7, 1'795'914'123'000'004, event.dump(), event.value("patient_id", "")};
}

const AuditSource source{"NODE", "Hospital", "HILUM", "node1"};

std::string message_of(const nlohmann::json& event) {
    return dicom_audit_message(record_of(event), source, no_limit);
}

// By the schema of PS3.15 A.5.1.
class Validator {
  public:
    Validator() {
        std::string name = (std::filesystem::temp_directory_path() / "hilum-audit-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Validator() { std::filesystem::remove_all(folder_); }
    void add(const std::string& message) {
        std::ofstream(folder_ / ("message" + std::to_string(++messages_) + ".xml")) << message;
    }
    // Of all of them. What xmllint says of those that are not goes to the test's output.
    bool all_are_valid() const {
        const auto command = "xmllint --noout --relaxng " HILUM_SOURCE_DIR
                             "/tests/support/audit_message.rng " +
                             folder_.string() + "/message*.xml > " + folder_.string() + "/said 2>&1";
        const int status = std::system(command.c_str());
        std::ifstream said(folder_ / "said");
        for (std::string line; status != 0 && std::getline(said, line);)
            if (!line.ends_with("validates")) std::cerr << line << "\n";
        return status == 0;
    }

  private:
    std::filesystem::path folder_;
    int messages_ = 0;
};

// Each event with every kind of actor, with a study and without one, of success and of failure.
TEST(AuditMessage, IsValidForEveryEventThatThereIs) {
    Validator validator;
    for (const auto& words : audit_vocabulary())
        for (const char* actor : {"CR1@10.1.0.9", "@fd00::1", "hilum", "operator uid 0 (root)", ""}) {
            auto event = event_of(words.type);
            event["actor"] = actor;
            validator.add(message_of(event));
            event["outcome"] = "failure";
            event["detail"]["destination"] = "pacs";
            validator.add(message_of(event));
            event["study_instance_uid"] = event["patient_id"] = event["sop_instance_uid"] = "";
            event["detail"] = nlohmann::json::object();
            validator.add(message_of(event));
        }
    EXPECT_TRUE(validator.all_are_valid());
}

TEST(AuditMessage, IsValidWhateverAnybodyIsCalled) {
    Validator validator;
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
    for (const auto& name : {std::string("\"/><AuditMessage>"), std::string("]]>&amp;&#0;"), every_byte,
                             std::string("\xEF\xBF\xBF\xE2\x80\xAE"), std::string(100'000, '<')}) {
        auto event = event_of("instance_received");
        event["actor"] = name + "@" + name;
        event["study_instance_uid"] = event["sop_instance_uid"] = event["patient_id"] = name;
        event["detail"]["accession_number"] = event["detail"]["sop_class_uid"] = name;
        event["type"] = name;
        const AuditRecord record{AuditRecordKind::event, 7, 1,
                                 event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), name};
        validator.add(dicom_audit_message(record, {name, name, name, name}, no_limit));
    }
    EXPECT_TRUE(validator.all_are_valid());
}

TEST(AuditMessage, TheValidatorSeesWhatIsNotValid) {
    for (const auto& [from, to] : {std::pair{"EventOutcomeIndicator=\"0\"", ""},
                                   std::pair{"csd-code=", "code="}, std::pair{"<ParticipantObjectName/>", ""},
                                   std::pair{"UserIsRequestor=\"true\"", "UserIsRequestor=\"perhaps\""}}) {
        auto message = message_of(event_of("instance_received"));
        const auto at = message.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        Validator validator;
        validator.add(message.replace(at, std::string_view(from).size(), to));
        EXPECT_FALSE(validator.all_are_valid()) << from;
    }
}

TEST(AuditMessage, TellsWhoSentWhatToWhom) {
    const auto message = message_of(event_of("instance_received"));
    EXPECT_THAT(message, HasSubstr(R"(EventActionCode="C" EventDateTime="2026-11-29T)"));
    EXPECT_THAT(message, HasSubstr(R"(<EventID csd-code="110104" codeSystemName="DCM")"));
    EXPECT_THAT(message,
                HasSubstr(R"(<EventTypeCode csd-code="instance_received" codeSystemName="99HILUM")"));
    EXPECT_THAT(message, HasSubstr(R"(UserID="CR1" AlternativeUserID="AETITLES=CR1" UserIsRequestor="true" )"
                                   R"(NetworkAccessPointID="10.1.0.9" NetworkAccessPointTypeCode="2")"));
    EXPECT_THAT(message, HasSubstr(R"(AuditEnterpriseSiteID="Hospital" AuditSourceID="NODE")"));
    EXPECT_THAT(message, HasSubstr(R"(ParticipantObjectID="1.2.3")"));
    EXPECT_THAT(message, HasSubstr(R"(ParticipantObjectID="P1")"));
    EXPECT_THAT(message, HasSubstr(R"(<Accession Number="A1"/>)"));
    EXPECT_THAT(message, HasSubstr(R"(<Instance UID="1.2.3.4"/>)"));
}

TEST(AuditMessage, HasTheTimeWhenItHappenedWhereThatWasKeptLate) {
    auto event = event_of("http_access");
    event["detail"]["happened_at"] = "2026-11-28T23:59:58.000001Z";
    EXPECT_THAT(message_of(event), HasSubstr(R"(EventDateTime="2026-11-28T23:59:58.000001Z")"));
    EXPECT_THAT(syslog_message_of(record_of(event), source, {}),
                HasSubstr(">1 2026-11-28T23:59:58.000001Z node1"));
    for (const char* no_time :
         {"", "yesterday", "2026-11-28T23:59:58Z", "2026-11-28T23:59:58.000001Z\" x=\"1"}) {
        event["detail"]["happened_at"] = no_time;
        EXPECT_THAT(message_of(event), HasSubstr(R"(EventDateTime="2026-11-29T01:02:03.000004Z")"))
            << no_time;
    }
}

// An AE title is its caller's to choose, of 16 characters.
TEST(AuditMessage, ACallerStandsAsNobodyElse) {
    for (const std::string title :
         {"operator uid 0", "operator uid 0 (", "HTTP client a", "hilum", "system", "A@10.1.0.7", "x@"})
        for (const char* address : {"10.1.0.9", "fd00::9"}) {
            auto event = event_of("echo");
            event["actor"] = title + "@" + address;
            EXPECT_THAT(message_of(event),
                        HasSubstr("UserID=\"" + title + "\" AlternativeUserID=\"AETITLES=" + title +
                                  "\" UserIsRequestor=\"true\" NetworkAccessPointID=\"" + address +
                                  "\" NetworkAccessPointTypeCode=\"2\""));
            EXPECT_THAT(message_of(event), Not(HasSubstr("110151")));
        }
    auto adopted = event_of("instance_adopted");
    adopted["actor"] = "operator uid 0@";
    EXPECT_THAT(message_of(adopted), HasSubstr(R"(AlternativeUserID="AETITLES=operator uid 0")"));
}

TEST(AuditMessage, APersonStandsAsNoCaller) {
    for (const std::string actor :
         {"operator uid 0", "operator uid 0 (root), who says: A@10.1.0.7", "operator uid 5, who says: A@",
          "operator uid 5 (a@10.1.0.7)", "HTTP client dr@hospital (read) at 10.1.0.7", "uid 1000 (alice)"}) {
        auto event = event_of("model_reloaded");
        event["actor"] = actor;
        const auto message = message_of(event);
        EXPECT_THAT(message, HasSubstr("UserID=\"" + actor + "\" UserIsRequestor"));
        EXPECT_THAT(message, Not(HasSubstr("NetworkAccessPointTypeCode=\"2\"")));
    }
}

TEST(AuditMessage, SaysByItsActionWhatWasHeldBefore) {
    for (const auto& [outcome, action] : {std::pair{"duplicate", "R"},
                                          {"new_version", "U"},
                                          {"discarded", "R"},
                                          {"stored", "C"},
                                          {"prior", "C"}}) {
        auto event = event_of("instance_received");
        event["detail"]["outcome"] = outcome;
        EXPECT_THAT(message_of(event), HasSubstr(std::string("EventActionCode=\"") + action)) << outcome;
    }
}

TEST(AuditMessage, NamesNoDicomTransferWhereAMessageWentToARis) {
    auto event = event_of("result_delivered");
    event["detail"] = {{"destination", "ris"}, {"sop_class_uid", ""}};
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="110111")"));
    event["detail"]["sop_class_uid"] = "1.2";
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="110104")"));
}

TEST(AuditMessage, NamesAStudyWhereTheMessageWantsOneAndElseIsAnother) {
    auto event = event_of("results_resent");
    event["study_instance_uid"] = "";
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="110100")"));
    event["outcome"] = "failure";
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="110113")"));
}

// A list of many studies, of which none is named: nobody started an application.
TEST(AuditMessage, WhoLookedAskedForItAndLaunchedNothing) {
    auto event = event_of("http_access");
    event["study_instance_uid"] = event["sop_instance_uid"] = "";
    for (const char* actor : {"HTTP client alice (read) at 10.1.0.7", "operator uid 0 (root)"}) {
        event["actor"] = actor;
        const auto message = message_of(event);
        EXPECT_THAT(message, HasSubstr(R"(csd-code="110100")"));
        EXPECT_THAT(message, HasSubstr("UserID=\"" + std::string(actor) + R"(" UserIsRequestor="true"/>)"))
            << message;
        EXPECT_THAT(message, Not(HasSubstr(R"(csd-code="110151")")));
    }
}

TEST(AuditMessage, TellsWhoReadTheAuditTrail) {
    Validator validator;
    for (const char* verb : {"audit.export", "audit.verify"}) {
        auto event = event_of("operator_access");
        event["actor"] = "operator uid 0 (root)";
        event["study_instance_uid"] = event["sop_instance_uid"] = event["patient_id"] = "";
        event["detail"] = {{"verb", verb}, {"count", 1}};
        const auto message = message_of(event);
        EXPECT_THAT(message, HasSubstr(R"(EventActionCode="R")"));
        EXPECT_THAT(message, HasSubstr(R"(<EventID csd-code="110101" codeSystemName="DCM")"));
        EXPECT_THAT(message, HasSubstr(R"x(UserID="operator uid 0 (root)" UserIsRequestor="true")x"));
        EXPECT_THAT(message, HasSubstr("Security Audit Log"));
        EXPECT_THAT(message, Not(HasSubstr("none")));
        validator.add(message);
    }
    EXPECT_TRUE(validator.all_are_valid());
    auto looked = event_of("operator_access");
    looked["detail"] = {{"verb", "studies"}};
    EXPECT_THAT(message_of(looked), HasSubstr(R"(csd-code="110103")"));
}

TEST(AuditMessage, TellsOfAnEventThatItDoesNotKnow) {
    auto event = event_of("something_new");
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="110100")"));
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="something_new")"));
    event["outcome"] = "failure";
    EXPECT_THAT(message_of(event), HasSubstr(R"(csd-code="110113")"));
}

TEST(AuditMessage, LeavesOutWhatIsTooLongAndSaysSo) {
    auto event = event_of("model_loaded");
    event["detail"]["labels"] = std::string(50'000, 'x');
    const auto message = dicom_audit_message(record_of(event), source, 32'768);
    EXPECT_LE(message.size(), 32'768u);
    EXPECT_THAT(message, HasSubstr(R"(type="left out")"));
    EXPECT_THAT(message, Not(HasSubstr(R"(type="event")")));
    EXPECT_THAT(message_of(event), HasSubstr(R"(type="event")"));
}

TEST(AuditMessage, TellsTheNumberAtLeastOfWhatCannotBeRead) {
    Validator validator;
    for (const auto& record :
         {AuditRecord{AuditRecordKind::unspoken, 9, 1, "", ""},
          AuditRecord{AuditRecordKind::event, 9, 1, "{\"id\": ", ""},
          AuditRecord{AuditRecordKind::event, 9, 1, "[]", ""},
          AuditRecord{AuditRecordKind::event, 9, 1, R"({"type": 5, "detail": [1], "actor": null})", ""}}) {
        const auto message = dicom_audit_message(record, source, no_limit);
        EXPECT_THAT(message, HasSubstr(R"(ParticipantObjectID="9")")) << record.text;
        validator.add(message);
    }
    EXPECT_TRUE(validator.all_are_valid());
}

TEST(AuditMessage, StandsInASyslogMessageThatIsNoLongerThanTheServerTakes) {
    SyslogSettings server;
    server.max_message = 8192;
    auto event = event_of("instance_received");
    for (const std::size_t size : {10, 3000, 4000, 4100, 4200, 6000, 60'000}) {
        event["detail"]["reason"] = std::string(size, 'x');
        const auto message = syslog_message_of(record_of(event), source, server);
        EXPECT_LE(message.size(), server.max_message) << size;
        EXPECT_TRUE(message.starts_with(
            "<85>1 2026-11-29T01:02:03.000004Z node1 hilum - DICOM+RFC3881 - \xEF\xBB\xBF<?xml"))
            << message.substr(0, 100);
    }
    event["outcome"] = "failure";
    EXPECT_TRUE(syslog_message_of(record_of(event), source, server).starts_with("<84>1 "));
}

TEST(AuditMessage, LeavesASignedHeadAsTheLogHasIt) {
    const AuditRecord head{AuditRecordKind::head, 7, 1'795'914'123'000'004, R"({"audit_head": {"event": 7}})",
                           ""};
    EXPECT_EQ(syslog_message_of(head, source, {}),
              "<85>1 2026-11-29T01:02:03.000004Z node1 hilum - HILUM+HEAD - audit head {\"audit_head\": "
              "{\"event\": 7}}");
}

}  // namespace
}  // namespace hilum::syslog
