#include "contract/reading/audit_reading.h"

#include <gmock/gmock.h>

#include "unit/contract/parsed_configuration.h"

namespace hilum {
namespace {

using test::parsed;
using test::problems_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string one = "audit:\n  syslog:\n    - {name: arr, host: 10.1.0.7";

TEST(AuditReading, SpeaksTlsAndSendsAsAuthprivWhereNothingElseIsSaid) {
    const auto servers = parsed("node: {ae_title: NODE1}\n" + one + "}\n").audit.syslog;
    ASSERT_EQ(servers.size(), 1u);
    EXPECT_EQ(servers[0].protocol, SyslogProtocol::tls);
    EXPECT_EQ(servers[0].port, 6514);
    EXPECT_EQ(servers[0].facility, 10);
    EXPECT_EQ(servers[0].source, "NODE1");
    EXPECT_EQ(servers[0].max_message, 32768u);
}

TEST(AuditReading, KnowsTheOtherProtocolsAndFacilities) {
    const auto servers =
        parsed(one +
               ", protocol: udp, facility: local6, source: X, enterprise_site: H}\n"
               "    - {name: b, host: b.example, protocol: tcp, port: 601, facility: kern}\n")
            .audit.syslog;
    ASSERT_EQ(servers.size(), 2u);
    EXPECT_EQ(servers[0].port, 514);
    EXPECT_EQ(servers[0].facility, 22);
    EXPECT_EQ(servers[0].source, "X");
    EXPECT_EQ(servers[1].port, 601);
    EXPECT_EQ(servers[1].facility, 0);
}

TEST(AuditReading, TellsWhatCannotWork) {
    EXPECT_THAT(problems_of(one + ", protocol: tcp, tls: {ca: ca.pem}}\n"),
                ElementsAre(HasSubstr("tls: is for servers whose protocol is tls")));
    EXPECT_THAT(problems_of(one + "}\n    - {name: arr, host: b}\n"),
                ElementsAre(HasSubstr("another server has this name too")));
    EXPECT_THAT(problems_of(one + ", protocol: udp, max_message: 1MiB}\n"),
                ElementsAre(HasSubstr("must be at most 65000 for udp")));
    EXPECT_THAT(problems_of(one + ", max_message: 1KiB}\n"), ElementsAre(HasSubstr("at least 8KiB")));
    EXPECT_THAT(problems_of(one + ", facility: local8}\n"), ElementsAre(HasSubstr("facility")));
    EXPECT_THAT(problems_of(one + ":6514}\n"), ElementsAre(HasSubstr("without a port")));
    EXPECT_THAT(problems_of("audit:\n  syslog:\n    - {name: arr}\n"), ElementsAre(HasSubstr("host")));
    EXPECT_THAT(problems_of("audit: {keep: 7y, keep_unsent: 1y}\n"),
                ElementsAre(HasSubstr("must not be shorter than audit.keep")));
    EXPECT_THAT(problems_of("audit: {keep: 7y, keep_unsent: none}\n"), IsEmpty());
}

TEST(AuditReading, LetsHeadsGoToAServerWhereTheLogLeavesThemOut) {
    const std::string quiet = "node: {log_level: warning}\naudit:\n  sign: {key: audit.key}\n";
    EXPECT_THAT(problems_of(quiet), ElementsAre(HasSubstr("sign")));
    EXPECT_THAT(
        problems_of("node: {log_level: warning}\naudit: {sign: {key: audit.key, in_reports: true}}\n"),
        IsEmpty())
        << "then the PACS has them";
    EXPECT_THAT(problems_of(quiet + "  syslog: [{name: arr, host: 10.1.0.7}]\n"), IsEmpty());
}

}  // namespace
}  // namespace hilum
