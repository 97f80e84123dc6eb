#include "contract/reading/http_reading.h"

#include <gmock/gmock.h>

#include <map>

#include "contract/configuration.h"
#include "unit/contract/parsed_configuration.h"

namespace hilum {
namespace {

using test::parsed;
using test::problems_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HttpSettings, AreReadWithPathsBesideTheConfiguration) {
    const auto http = parsed(R"(
http:
  listen: "[::]:8443"
  tokens_file: http.tokens
  hosts: [Hilum.Hospital, ai-node]
  tls: {certificate: tls/hilum.pem, key: credential:http-key}
)")
                          .http;
    EXPECT_EQ(http.tokens, "/etc/hilum/http.tokens");
    EXPECT_THAT(http.hosts, ElementsAre("hilum.hospital", "ai-node"));
    ASSERT_TRUE(http.tls);
    EXPECT_EQ(http.tls->certificate, "/etc/hilum/tls/hilum.pem");
    EXPECT_EQ(http.tls->key, "credential:http-key");
    EXPECT_EQ(http.tls->client_certificates, ClientCertificates::none);
    EXPECT_EQ(parsed("http: {tokens_file: 'credential:tokens'}").http.tokens, "credential:tokens");
}

TEST(HttpSettings, WantTokensEncryptedWhereOtherMachinesCanShowThem) {
    EXPECT_THAT(
        problems_of("http: {listen: '0.0.0.0:80', tokens_file: t}"),
        ElementsAre(HasSubstr("http.tokens_file: would have tokens and patient data cross the network")));
    EXPECT_THAT(problems_of("http: {listen: '[::]:80', tokens_file: t}"),
                ElementsAre(HasSubstr("tokens_file")));
    for (const auto* good :
         {"http: {listen: '0.0.0.0:80', tokens_file: t, tokens_over_plain: true}",
          "http: {listen: '0.0.0.0:80'}",
          "http: {listen: '0.0.0.0:80', tokens_file: t, tls: {certificate: c, key: k}}",
          "http: {listen: '127.0.0.2:80', tokens_file: t}", "http: {listen: '[::1]:80', tokens_file: t}",
          "http: {listen: none, tokens_file: t}"})
        EXPECT_THAT(problems_of(good), IsEmpty()) << good;
}

TEST(HttpSettings, SayWhoMayWhatByAUnixSocket) {
    const auto http = parsed(R"(
http:
  listen: none
  socket: /run/hilum/http.sock
  socket_groups: {radiology: read, "4711": act}
)")
                          .http;
    EXPECT_EQ(http.socket, "/run/hilum/http.sock");
    EXPECT_THAT(http.socket_groups, ElementsAre(SocketGroup{"radiology", AccessRole::read},
                                                SocketGroup{"4711", AccessRole::act}));
    EXPECT_TRUE(http.is_served());
    EXPECT_FALSE(parsed("http: {listen: none}").http.is_served());
    for (const auto& [bad, words] : std::map<std::string, std::string>{
             {"{socket: http.sock}", "http.socket: must be an absolute path"},
             {"{socket: /" + std::string(107, 'x') + "}", "has 108 characters"},
             {"{socket_groups: {radiology: read}}", "http.socket_groups: is for who comes by http.socket"},
             {"{socket: /s, socket_groups: {radiology: owner}}", "http.socket_groups.radiology: is 'owner'"},
             {"{socket: /s, socket_groups: {radiology: }}", "http.socket_groups.radiology"},
             {"{socket: /s, socket_groups: {a: read, a: act}}", "http.socket_groups.a: is there twice"}})
        EXPECT_THAT(problems_of("http: " + bad), testing::Contains(HasSubstr(words))) << bad;
}

TEST(HttpSettings, ShareNoSocketWithTheRestOfTheNode) {
    for (const auto* bad : {"http: {listen: '0.0.0.0:104'}\nscp: {port: 104}",
                            "http: {listen: '127.0.0.1:104'}\nscp: {port: 104}",
                            "http: {listen: '[::]:104'}\nscp: {port: 104, bind: 10.0.0.1}",
                            "scp: {port: none, tls: {port: 2762, certificate: c, key: k, ca: a}}\nhttp: "
                            "{listen: '127.0.0.1:2762'}"})
        EXPECT_THAT(problems_of(bad), ElementsAre(HasSubstr("http.listen: has port"))) << bad;
    for (const auto* good :
         {"http: {listen: '127.0.0.1:104'}\nscp: {port: 104, bind: 10.0.0.1}",
          "http: {listen: '[::1]:104'}\nscp: {port: 104}", "http: {listen: '127.0.0.1:0'}\nscp: {port: 0}",
          "http: {listen: none}\nscp: {port: 8042}"})
        EXPECT_THAT(problems_of(good), IsEmpty()) << good;
    const auto* same = "http.socket: is the control socket";
    EXPECT_THAT(problems_of("node: {control_socket: /run/a}\nhttp: {socket: /run//a}"),
                ElementsAre(HasSubstr(same)));
    EXPECT_THAT(problems_of("node: {data_dir: /d}\nhttp: {socket: /d/control.sock}"),
                ElementsAre(HasSubstr(same)));
}

TEST(HttpSettings, TakeNamesOfHostsOnly) {
    for (const auto* bad : {"'*'", "'hilum:80'", "'http://hilum'", "'.hospital'", "'[::1]'", "'a b'", "''"})
        EXPECT_THAT(problems_of(std::string("http: {hosts: [") + bad + "]}"),
                    testing::Contains(HasSubstr("http.hosts")))
            << bad;
}

TEST(HttpSettings, WantACertificateWithTls) {
    EXPECT_THAT(problems_of("http: {tls: {key: k}}"), testing::Contains(HasSubstr("http.tls.certificate")));
    EXPECT_THAT(problems_of("http: {tls: {}}"), testing::Not(IsEmpty()));
    EXPECT_THAT(problems_of("http:\n  tls:\n"), testing::Not(IsEmpty())) << "not plain by a slip";
}

}  // namespace
}  // namespace hilum
