#include "contract/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_folder.h"
#include "unit/contract/parsed_configuration.h"

namespace hilum {
namespace {

using test::parsed;
using test::problems_of;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* one_destination = "destinations:\n  - {name: pacs, ae_title: PACS, host: 10.1.0.5";

TEST(Configuration, OneCallerMayHaveHalfOfAllAssociationsUnlessItSaysOtherwise) {
    EXPECT_EQ(parsed("scp: {max_associations: 1}").scp.max_associations_per_caller, 1);
    EXPECT_EQ(parsed("scp: {max_associations: 1}").scp.max_associations_per_address, 1);
    EXPECT_EQ(parsed("scp: {max_associations: 7}").scp.max_associations_per_address, 6);
    EXPECT_EQ(
        parsed("scp: {max_associations: 2, max_associations_per_caller: 2}").scp.max_associations_per_address,
        2);
    EXPECT_EQ(parsed("scp: {max_connections: 2}").scp.max_connections_per_address, 1);
    EXPECT_EQ(parsed("scp: {max_associations: 7}").scp.max_associations_per_caller, 3);
    EXPECT_EQ(
        parsed("scp: {max_associations: 7, max_associations_per_caller: 7}").scp.max_associations_per_caller,
        7);
    EXPECT_FALSE(
        parse_configuration("scp: {max_associations_per_caller: 0}", "/etc/hilum/x").problems.empty());
}

TEST(Configuration, ReadsTheExampleOfTheDesign) {
    const auto c = parsed(R"(
node: {ae_title: CHESTAI, data_dir: /srv/hilum, drain_timeout: 5s}
scp:
  port: 104
  max_associations: 8
  accept:
    - {ae_title: PACS, hosts: [10.1.0.0/16, "fd00::/8"]}
    - {ae_title: "*"}
models:
  - package: models/demo
    device: cuda:1
    batch: {max_size: 4, max_delay: 2ms}
    thresholds: {Pneumonia: 0.62}
site:
  modality_aliases: {DX: [DR, XR], CR: RG}
  body_part_aliases: {CHEST: [THORAX, "PORT CHEST"]}
  missing_view: refuse
  polarity: [{manufacturer: "FUJI*", follow: presentation_lut_shape}]
study: {idle_timeout: 3s, max_wait: 30s, max_age: none}
destinations:
  - name: pacs
    ae_title: PACS
    host: 10.1.0.5
    send: [sr]
    character_set: latin1
    language: de
    from: [CR1]
    sr: {sop_class: enhanced, series_number: 77, activation_region: true}
    sc: {style: presentation_state}
http: {listen: "0.0.0.0:9090"}
)");
    EXPECT_EQ(c.node.ae_title, "CHESTAI");
    EXPECT_EQ(c.node.data_dir, "/srv/hilum");
    EXPECT_EQ(c.node.drain_timeout, Duration(5s));
    EXPECT_EQ(c.scp.port, 104);
    EXPECT_EQ(c.scp.max_associations_per_caller, 4) << "half of max_associations";
    EXPECT_FALSE(c.scp.any_caller);
    ASSERT_EQ(c.scp.accept.size(), 2u);
    EXPECT_THAT(c.scp.accept[0].hosts, ElementsAre("10.1.0.0/16", "fd00::/8"));
    EXPECT_THAT(c.scp.accept[1].hosts, IsEmpty());
    ASSERT_EQ(c.models.size(), 1u);
    EXPECT_EQ(c.models[0].package, "/etc/hilum/models/demo");
    EXPECT_EQ(c.models[0].devices, std::vector<std::string>{"cuda:1"});
    EXPECT_EQ(c.models[0].batch_max_size, 4);
    EXPECT_EQ(c.models[0].batch_max_delay, Duration(2ms));
    EXPECT_EQ(c.models[0].thresholds.at("Pneumonia"), 0.62);
    EXPECT_THAT(c.site.modality_aliases.at("DX"), ElementsAre("DR", "XR"));
    EXPECT_THAT(c.site.modality_aliases.at("CR"), ElementsAre("RG"));
    EXPECT_THAT(c.site.body_part_aliases.at("CHEST"), ElementsAre("THORAX", "PORT CHEST"));
    EXPECT_EQ(c.site.missing_view, "refuse");
    EXPECT_THAT(c.site.polarity, ElementsAre(PolarityRule{"FUJI*", "*", "presentation_lut_shape"}));
    EXPECT_FALSE(c.study.max_age);
    ASSERT_EQ(c.destinations.size(), 1u);
    EXPECT_TRUE(c.destinations[0].reports.sr);
    EXPECT_FALSE(c.destinations[0].reports.sc);
    EXPECT_EQ(c.destinations[0].reports.sr_class, ReportClass::enhanced);
    EXPECT_EQ(c.destinations[0].reports.sr_series_number, 77);
    EXPECT_TRUE(c.destinations[0].reports.sr_activation_region);
    EXPECT_EQ(c.destinations[0].reports.sc_style, CaptureStyle::presentation_state);
    EXPECT_EQ(c.destinations[0].reports.character_set, ResultCharacterSet::latin1);
    EXPECT_EQ(c.destinations[0].reports.language, "de");
    EXPECT_THAT(c.destinations[0].from, ElementsAre("CR1"));
    EXPECT_EQ(c.http.address, "0.0.0.0");
    EXPECT_EQ(c.http.port, 9090);
}

TEST(Configuration, HasADefaultForEverything) {
    const auto c = parsed("");
    EXPECT_EQ(c.node.ae_title, "HILUM");
    EXPECT_EQ(c.scp.port, 11112);
    EXPECT_EQ(c.study.max_age, Duration(7 * 24h));
    EXPECT_TRUE(c.models.empty());
    EXPECT_FALSE(c.scp.any_caller) << "nobody may call unless the site says so";
    EXPECT_TRUE(c.scp.accept.empty());
}

TEST(Configuration, TakesRelativePathsFromTheFilesFolder) {
    const auto c = parsed("node: {data_dir: data}\nmodels: [{package: demo, signed_by: maker.pub}]\n");
    EXPECT_EQ(c.node.data_dir, "/etc/hilum/data");
    EXPECT_EQ(c.models[0].package, "/etc/hilum/demo");
    EXPECT_THAT(c.models[0].signed_by, ElementsAre("/etc/hilum/maker.pub"));
}

TEST(Configuration, LetsAGroupAskOutsideOfTheDataAlone) {
    EXPECT_EQ(parsed("node: {data_dir: /srv/hilum}").node.control(), "/srv/hilum/control.sock");
    const auto node = parsed("node: {control_socket: /run/c.sock, operators: hilum-operators}").node;
    EXPECT_EQ(node.control(), "/run/c.sock");
    EXPECT_EQ(node.operators, "hilum-operators");
    EXPECT_THAT(problems_of("node: {operators: hilum-operators}"),
                ElementsAre(testing::HasSubstr("node.operators: cannot reach the socket in node.data_dir")));
    EXPECT_THAT(problems_of("node: {control_socket: c.sock}"),
                ElementsAre(testing::HasSubstr("node.control_socket: must be an absolute path")));
}

TEST(Configuration, AcceptsEveryoneWhereTheSiteSaysSo) {
    EXPECT_TRUE(parsed("scp: {accept: [{any: true}]}").scp.any_caller);
}

TEST(Configuration, GivesAModelAWorkerForEachDevice) {
    const auto c = parsed(
        "models: [{package: m, device: [cuda:0, cuda:1], golden_every: 1h},"
        " {package: n, golden_every: none}, {package: o}]");
    const auto& models = c.models;
    EXPECT_THAT(models[0].devices, ElementsAre("cuda:0", "cuda:1"));
    EXPECT_EQ(models[0].golden_every, Duration(1h));
    EXPECT_EQ(models[1].golden_every, std::nullopt);
    EXPECT_THAT(models[2].devices, ElementsAre("auto"));
    EXPECT_EQ(models[2].golden_every, Duration(24h));
}

TEST(Configuration, TurnsHttpOff) {
    EXPECT_FALSE(parsed("http: {listen: none}").http.enabled);
}

TEST(Configuration, ReportsAllProblemsAtOnceWithLineAndKey) {
    EXPECT_THAT(
        problems_of("node:\n"
                    "  ae_title: \"A TITLE THAT IS TOO LONG\"\n"
                    "  colour: blue\n"
                    "scp:\n"
                    "  port: 70000\n"
                    "  association_timeout: 0s\n"
                    "study:\n"
                    "  max_age: old\n"
                    "destinations:\n"
                    "  - name: pacs\n"
                    "    host: 10.1.0.5\n"
                    "    send: [sr, fax]\n"
                    "extra: 1\n"),
        ElementsAre(StartsWith("/etc/hilum/hilum.yaml:2: node.ae_title: must be an AE title"),
                    "/etc/hilum/hilum.yaml:3: node.colour: is not a key that Hilum knows",
                    "/etc/hilum/hilum.yaml:5: scp.port: is 70000, must be from 0 to 65535",
                    "/etc/hilum/hilum.yaml:6: scp.association_timeout: must be longer than 0",
                    StartsWith("/etc/hilum/hilum.yaml:8: study.max_age: 'old' does not begin with a number"),
                    "/etc/hilum/hilum.yaml:10: destinations[0].ae_title: is missing",
                    "/etc/hilum/hilum.yaml:12: destinations[0].send: 'fax' is not a kind of result: sr, sc",
                    "/etc/hilum/hilum.yaml:13: extra: is not a key that Hilum knows"));
}

TEST(Configuration, SaysWhatIsWrongWithAnAeTitle) {
    const auto problem = [](const std::string& title) {
        const auto problems = problems_of("node: {ae_title: \"" + title + "\"}\n");
        return problems.size() == 1 ? problems.front() : std::string();
    };
    EXPECT_THAT(problem("K\u00d6LN"), testing::HasSubstr("not ASCII"));
    EXPECT_THAT(problem("AN_AE_TITLE_TOO_LONG"), testing::HasSubstr("has 20 characters"));
    EXPECT_THAT(problem("A\\tB"), testing::HasSubstr("no backslash, tab"));
    EXPECT_THAT(problem(" PACS"), testing::HasSubstr("begin or end with a blank"));
    EXPECT_THAT(problem(""), testing::HasSubstr("is empty"));
}

TEST(Configuration, TakesAPortWithALeadingZeroForWhatItSays) {
    EXPECT_EQ(parsed("scp: {port: 012104}").scp.port, 12104);
}

struct BadValue {
    const char* name;
    std::string text;
    const char* problem;
};

void PrintTo(const BadValue& value, std::ostream* out) {
    *out << value.name;
}

class BadValueTest : public testing::TestWithParam<BadValue> {};

TEST_P(BadValueTest, IsReported) {
    EXPECT_THAT(problems_of(GetParam().text), Contains(HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(
    Configuration, BadValueTest,
    testing::Values(
        BadValue{"AeTitleWithBackslash", "node: {ae_title: 'A\\B'}", "node.ae_title"},
        BadValue{"AeTitleOfSpaces", "node: {ae_title: '   '}", "node.ae_title"},
        BadValue{"AeTitleWithAccent", "node: {ae_title: H\xC3\x89LUM}", "node.ae_title"},
        BadValue{"CallerWithoutTitle", "scp: {accept: [{hosts: [10.0.0.1]}]}",
                 "scp.accept[0].ae_title: is missing"},
        BadValue{"PduTooSmall", "scp: {max_pdu: 100}", "scp.max_pdu: is 100, must be from 4096 to 131072"},
        BadValue{"ThresholdTwice", "models: [{package: m, thresholds: {Pneumonia: 0.5, Pneumonia: 0.95}}]",
                 "models[0].thresholds.Pneumonia: is there twice"},
        BadValue{"UrgentTwice", "triage: {urgent: {Pneumonia: positive, Pneumonia: 0.9}}",
                 "triage.urgent.Pneumonia: is there twice"},
        BadValue{"AliasTwice", "site: {body_part_aliases: {CHEST: [THORAX], CHEST: [LUNG]}}",
                 "site.body_part_aliases.CHEST: is there twice"},
        BadValue{"SecondDocument", "node: {ae_title: A}\n---\nscp: {port: 104}\n", ":3: is not read"},
        BadValue{"HexadecimalPort", "scp: {port: 0x2B5C}",
                 "scp.port: must be a whole number in decimal digits"},
        BadValue{"ModelWithoutPackage", "models: [{device: cpu}]", "models[0].package: is missing"},
        BadValue{"UnknownDevice", "models: [{package: m, device: tpu}]", "models[0].device"},
        BadValue{"CudaWithoutNumber", "models: [{package: m, device: 'cuda:'}]", "models[0].device"},
        BadValue{"UnknownDeviceAmongOthers", "models: [{package: m, device: [cpu, tpu]}]",
                 "models[0].device"},
        BadValue{"NoDevice", "models: [{package: m, device: []}]", "models[0].device"},
        BadValue{"GoldenCasesAllTheTime", "models: [{package: m, golden_every: 0s}]",
                 "models[0].golden_every: must be longer than 0"},
        BadValue{"SignedByNobody", "models: [{package: m, signed_by: []}]",
                 "models[0].signed_by: is empty: leave it out, or name some"},
        BadValue{"HeadsThatNobodyHears", "node: {log_level: warning}\naudit: {sign: {key: k}}",
                 "audit.sign: writes its heads into the log at level info, which node.log_level: warning"},
        BadValue{"HeadsOfNobodyInReports", "audit: {sign: {in_reports: true}}", "audit.sign.key: is missing"},
        BadValue{"UnknownMode", "models: [{package: m, mode: ghost}]", "must be one of: active, shadow"},
        BadValue{"ThresholdAboveOne", "models: [{package: m, thresholds: {A: 1.5}}]", "thresholds.A: is 1.5"},
        BadValue{"WaitShorterThanIdle", "study: {idle_timeout: 10s, max_wait: 5s}", "study.max_wait"},
        BadValue{"PolarityOfNobody", "site: {polarity: [{follow: presentation_lut_shape}]}",
                 "site.polarity[0].manufacturer: is missing"},
        BadValue{"PolarityByNothing", "site: {polarity: [{manufacturer: '*'}]}",
                 "site.polarity[0].follow: is missing"},
        BadValue{"PolarityByTheMoon", "site: {polarity: [{manufacturer: '*', follow: moon}]}",
                 "must be one of: photometric_interpretation, presentation_lut_shape"},
        BadValue{"UnknownReportRule", "study: {report_not_analysed: sometimes}", "study.report_not_analysed"},
        BadValue{"SmallPicture", std::string(one_destination) + ", sc: {long_side: 10}}",
                 "destinations[0].sc.long_side"},
        BadValue{"LongDescription",
                 std::string(one_destination) + ", sr: {series_description: " + std::string(65, 'x') + "}}",
                 "series_description: must have at most 64 characters"},
        BadValue{"HostWithPort", "destinations:\n  - {name: p, ae_title: P, host: '10.1.0.5:104'}",
                 "destinations[0].host: must be a host name or an address, without a port"},
        BadValue{"HostOfSpaces", "destinations:\n  - {name: p, ae_title: P, host: '  '}",
                 "destinations[0].host"},
        BadValue{"HostThatIsAUrl", "destinations:\n  - {name: p, ae_title: P, host: 'http://pacs'}",
                 "destinations[0].host"},
        BadValue{"HostWithAccent",
                 "destinations:\n  - {name: p, ae_title: P, host: p\xC3\xA4"
                 "cs}",
                 "destinations[0].host"},
        BadValue{"HostThatIsHalfAnAddress", "destinations:\n  - {name: p, ae_title: P, host: 'fd00:::1'}",
                 "destinations[0].host"},
        BadValue{"SameNameTwice", std::string(one_destination) + "}\n  - {name: pacs, ae_title: B, host: h}",
                 "another destination has this name"},
        BadValue{"ListenWithoutPort", "http: {listen: localhost}", "http.listen: must be ADDRESS:PORT"},
        BadValue{"ListenPortTooLarge", "http: {listen: 'localhost:99999'}", "http.listen"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Configuration, TakesIpv6AddressesOfDestinations) {
    const auto host = [](const std::string& text) {
        return parsed("destinations:\n  - {name: p, ae_title: P, host: '" + text + "'}\n")
            .destinations.at(0)
            .host;
    };
    EXPECT_EQ(host("fd00::1"), "fd00::1");
    EXPECT_EQ(host("[fd00::1]"), "fd00::1");
    EXPECT_EQ(host("fe80::1%eth0"), "fe80::1%eth0");
    EXPECT_EQ(host("pacs-1.hospital.example"), "pacs-1.hospital.example");
}

TEST(Configuration, CountsCharactersNotBytesInDescriptions) {
    std::string description;
    for (int i = 0; i < 64; ++i) description += "\xC3\xA9";
    EXPECT_THAT(
        problems_of(std::string(one_destination) + ", sr: {series_description: \"" + description + "\"}}"),
        IsEmpty());
}

TEST(LoadConfiguration, NamesTheFileThatItCannotRead) {
    const test::TemporaryFolder folder;
    const auto loaded = load_configuration(folder / "none.yaml");
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].line, 0);
    EXPECT_THAT(loaded.problems[0].text(), HasSubstr("none.yaml"));
}

TEST(LoadConfiguration, ReadsAFile) {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "hilum.yaml") << "node: {ae_title: FROMFILE}\n";
    const auto loaded = load_configuration(folder / "hilum.yaml");
    EXPECT_TRUE(loaded.problems.empty());
    EXPECT_EQ(loaded.configuration.node.ae_title, "FROMFILE");
}

TEST(Configuration, CallsEachProtocolAtItsOwnPortWhereNoneIsTold) {
    const auto c = parsed(
        "destinations:\n  - {name: ris, protocol: hl7, host: h}\n  - {name: pacs, ae_title: PACS, host: "
        "h}\n");
    ASSERT_EQ(c.destinations.size(), 2u);
    EXPECT_EQ(c.destinations[0].port, 2575);
    EXPECT_EQ(c.destinations[1].port, 104);
}

TEST(Configuration, ReadsADestinationThatTakesHl7) {
    const auto c = parsed(
        "destinations:\n  - {name: ris, protocol: hl7, host: h, port: 2575, from: [CT1],"
        " hl7: {version: 2.3.1, result_status: R, receiving_application: RIS}}\n");
    ASSERT_EQ(c.destinations.size(), 1u);
    const auto& reports = c.destinations[0].reports;
    ASSERT_TRUE(reports.hl7);
    EXPECT_EQ(reports.hl7->version, "2.3.1");
    EXPECT_EQ(reports.hl7->result_status, "R");
    EXPECT_EQ(reports.hl7->receiving_application, "RIS");
    EXPECT_FALSE(reports.sr || reports.sc);
}

TEST(Configuration, TellsTheProtocolsOfADestinationApart) {
    EXPECT_THAT(
        problems_of("destinations:\n  - {name: ris, protocol: hl7, host: h, ae_title: RIS, send: [sr]}\n"),
        ElementsAre(HasSubstr("ae_title"), HasSubstr("send")));
    EXPECT_THAT(
        problems_of(
            "destinations:\n  - {name: ris, protocol: hl7, host: h, character_set: utf8, language: de}\n"),
        ElementsAre(HasSubstr("character_set"), HasSubstr("language")));
    EXPECT_THAT(
        problems_of(
            "destinations:\n  - {name: p, ae_title: P, host: h, character_set: koi8, language: tlh}\n"),
        ElementsAre(HasSubstr("character_set"), HasSubstr("language")));
    EXPECT_THAT(problems_of("destinations:\n  - {name: p, ae_title: P, host: h, hl7: {version: 2.5}}\n"),
                ElementsAre(HasSubstr("protocol is hl7")));
    EXPECT_THAT(
        problems_of("destinations:\n  - {name: r, protocol: hl7, host: h, hl7: {result_status: F}}\n"),
        ElementsAre(HasSubstr("result_status")));
    EXPECT_THAT(
        problems_of(
            "destinations:\n  - {name: r, protocol: hl7, host: h, hl7: {sending_facility: \"a|b\"}}\n"),
        ElementsAre(HasSubstr("sending_facility")));
}

TEST(Configuration, ReadsWhatMakesAStudyUrgent) {
    const auto c = parsed("triage:\n  urgent: {Pneumonia: 0.9, Pneumothorax: positive}\n");
    EXPECT_THAT(c.triage.urgent,
                testing::UnorderedElementsAre(TriageRule{"Pneumonia", 0.9}, TriageRule{"Pneumothorax", 0}));
    EXPECT_THAT(problems_of("triage:\n  urgent: {indeterminate: positive}\n"), IsEmpty());
    EXPECT_THAT(problems_of("triage:\n  urgent: {indeterminate: 0.4}\n"),
                ElementsAre(HasSubstr("must be positive")));
    EXPECT_THAT(problems_of("triage:\n  urgent: {Pneumonia: 1.5}\n"), ElementsAre(HasSubstr("Pneumonia")));
    EXPECT_THAT(problems_of("triage:\n  urgent: {Pneumonia: often}\n"), ElementsAre(HasSubstr("Pneumonia")));
}

}  // namespace
}  // namespace hilum
