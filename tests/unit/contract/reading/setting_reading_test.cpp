#include "contract/reading/setting_reading.h"

#include <gmock/gmock.h>

#include "unit/contract/parsed_configuration.h"

namespace hilum {
namespace {

using test::parsed;
using test::problems_of;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

// A key with a restriction, and its value.
struct Restriction {
    const char* name;
    std::string before, key;  // key is the end of a path
};

void PrintTo(const Restriction& restriction, std::ostream* out) {
    *out << restriction.name;
}

const std::string tls_files = "certificate: c, key: k, ca: a";
const std::string a_caller = "scp:\n  tls: {" + tls_files + "}\n  accept:\n    - ae_title: PACS\n      ";
const std::string a_destination = "destinations:\n  - name: pacs\n    ae_title: PACS\n    host: pacs\n    ";

class RestrictionTest : public testing::TestWithParam<Restriction> {
  protected:
    static std::string with(const std::string& value) {
        return GetParam().before + GetParam().key + ":" + value + "\n";
    }
};

// Of `hosts:` with its only line commented out, nothing is left but the key.
TEST_P(RestrictionTest, WithNothingBehindItsKeyIsNoWishForEverything) {
    const auto expected = HasSubstr(GetParam().key + ": is empty: leave it out");
    EXPECT_THAT(problems_of(with("")), ElementsAre(expected));
    EXPECT_THAT(problems_of(with("\n        # - 10.1.0.0/16")), ElementsAre(expected));
    EXPECT_THAT(problems_of(with(" null")), ElementsAre(expected));
}

INSTANTIATE_TEST_SUITE_P(
    SettingReading, RestrictionTest,
    testing::Values(Restriction{"Hosts", a_caller, "hosts"},
                    Restriction{"Certificates", a_caller, "certificates"},
                    Restriction{"RevokedCallers",
                                "scp:\n  tls:\n    certificate: c\n    key: k\n    ca: a\n    ", "crl"},
                    Restriction{"SignedBy", "models:\n  - package: m\n    ", "signed_by"},
                    Restriction{"From", a_destination, "from"}, Restriction{"Send", a_destination, "send"},
                    Restriction{"Expect", a_destination + "tls:\n      ", "expect"},
                    Restriction{"Authorities", a_destination + "tls:\n      ", "ca"},
                    Restriction{"RevokedServers", a_destination + "tls:\n      ", "crl"},
                    Restriction{"SigningKey", "audit:\n  sign:\n    ", "key"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SettingReading, TakesForDicomWhatALongStringHolds) {
    std::string longest;
    for (int i = 0; i < 64; ++i) longest += "\u00fc";
    EXPECT_EQ(parsed("node: {institution: '" + longest + "'}").node.institution, longest);
    for (const auto& bad : {longest + "x", std::string("A\\B"), std::string("A\u0085B")})
        EXPECT_THAT(problems_of("node: {institution: '" + bad + "'}"),
                    ElementsAre(HasSubstr("node.institution: must have at most 64 characters")))
            << bad;
    EXPECT_THAT(problems_of("node: {institution: \"A\\nB\"}"), ElementsAre(HasSubstr("no line breaks")));
}

TEST(SettingReading, MeasuresTheControlSocketInTheDataFolderToo) {
    const std::string deep = "/" + std::string(100, 'd');
    EXPECT_THAT(problems_of("node: {data_dir: " + deep + "}"),
                ElementsAre(HasSubstr("node.data_dir: " + deep + "/control.sock has 114 characters")));
    EXPECT_THAT(problems_of("node: {data_dir: " + deep + ", control_socket: /run/hilum/c}"), IsEmpty());
}

TEST(SettingReading, TakesAnEmptyListForNoRestrictionWhereItsKeySaysSo) {
    for (const std::string key : {"from: []", "tls: {crl: []}"})
        EXPECT_THAT(problems_of(a_destination + key + "\n"), IsEmpty()) << key;
    const auto send = parsed(a_destination + "send: []\n").destinations.at(0).reports;
    EXPECT_FALSE(send.sr || send.sc) << "an empty list of kinds is nothing to send";
    for (const std::string key : {"hosts: []", "certificates: []"})
        EXPECT_THAT(problems_of(a_caller + key + "\n"), ElementsAre(HasSubstr("is empty"))) << key;
    for (const std::string key : {"tls: {expect: []}", "tls: {ca: ''}"})
        EXPECT_THAT(problems_of(a_destination + key + "\n"), ElementsAre(HasSubstr("is empty"))) << key;
}

TEST(SettingReading, AdmitsNobodyByAnEmptyAeTitle) {
    EXPECT_THAT(
        problems_of("scp: {accept: [{ae_title: ''}]}"),
        ElementsAre(EndsWith("scp.accept[0].ae_title: must be an AE title, or \"*\" for any: is empty")));
    EXPECT_THAT(problems_of("scp: {accept: [{ae_title: }]}"),
                ElementsAre(HasSubstr("scp.accept[0].ae_title: is missing")));
    EXPECT_EQ(parsed("scp: {accept: [{ae_title: '*'}]}").scp.accept.at(0).ae_title, "*");
}

}  // namespace
}  // namespace hilum
