#include "pipeline/configuration_warnings.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "base/unique_fd.h"
#include "pipeline/surroundings.h"
#include "pipeline/user_access.h"
#include "support/loopback.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const wise = R"(scp:
  accept: [{ae_title: PACS}]
models:
  - package: demo
destinations:
  - {name: pacs, ae_title: PACS, host: pacs.example, port: 104}
)";

std::vector<std::string> warnings(const std::string& text,
                                  Surroundings surroundings = {
                                      [](const std::string& host) { return host == "10.0.0.1"; },
                                      [](const std::string&, int) { return std::string(); }, std::nullopt,
                                      [](const std::string& group) { return group == "staff"; }}) {
    const auto loaded = parse_configuration(text, "/etc/hilum/hilum.yaml");
    EXPECT_TRUE(loaded.problems.empty()) << loaded.problems.front().text();
    std::vector<std::string> texts;
    for (const auto& warning :
         configuration_warnings(loaded.configuration, text, "/etc/hilum/hilum.yaml", surroundings))
        texts.push_back(warning_text(warning));
    return texts;
}

TEST(ConfigurationWarnings, SayNothingOfAWiseConfiguration) {
    EXPECT_THAT(warnings(wise), IsEmpty());
}

TEST(ConfigurationWarnings, TellOfANodeThatCannotWork) {
    EXPECT_THAT(
        warnings("node: {ae_title: HILUM}\n"),
        ElementsAre(
            "/etc/hilum/hilum.yaml: warning: scp.accept: is empty: every association is rejected, nothing "
            "can be received",
            HasSubstr("warning: models: there is no model"),
            HasSubstr("warning: destinations: there are none")));
    EXPECT_THAT(
        warnings(std::string(wise).replace(std::string(wise).find("package: demo"), 13,
                                           "{package: demo, mode: shadow}")),
        ElementsAre(
            "/etc/hilum/hilum.yaml:3: warning: models: every model is a shadow: no results are sent"));
}

TEST(ConfigurationWarnings, TellOfAReserveThatAnalysesMayTake) {
    const auto with_reserve = [](const std::string& size) {
        return std::string(wise).replace(0, 5, "scp:\n  min_free_space: " + size + "\n");
    };
    EXPECT_THAT(warnings(with_reserve("63MiB")),
                ElementsAre(HasSubstr("hilum.yaml:2: warning: scp.min_free_space: is less than 64MiB")));
    EXPECT_THAT(warnings(with_reserve("64MiB")), IsEmpty());
}

TEST(ConfigurationWarnings, KnowTheNodeItselfAndAPacsThatIsThereTwice) {
    const std::string more = std::string(wise) +
                             "  - {name: self, ae_title: HILUM, host: 10.0.0.1, port: 11112}\n"
                             "  - {name: again, ae_title: PACS, host: PACS.example}\n"
                             "  - {name: other, ae_title: OTHER, host: pacs.example}\n"
                             "  - {name: near, ae_title: NEAR, host: 10.0.0.1, port: 104}\n";
    EXPECT_THAT(
        warnings(more),
        ElementsAre(
            HasSubstr("hilum.yaml:7: warning: destinations[1]: 10.0.0.1 port 11112 is this node itself"),
            HasSubstr("hilum.yaml:8: warning: destinations[2]: is the same as destinations[0] ('pacs')")));
    EXPECT_THAT(warnings("scp: {accept: [{any: true}]}\nmodels: [{package: demo}]\ndestinations:\n"
                         "  - {name: a, ae_title: P, host: h, from: [CT]}\n"
                         "  - {name: b, ae_title: P, host: h, from: [CR]}\n"),
                IsEmpty())
        << "results of different callers";
}

TEST(ConfigurationWarnings, TellOfPortsStopTimeoutAndHttpForEverybody) {
    Surroundings surroundings{
        [](const std::string&) { return false; },
        [](const std::string&, int port) { return port == 11112 ? std::string("it is taken") : ""; },
        Surroundings::StopTimeout{std::chrono::seconds(60), "/lib/hilum.service"},
        [](const std::string&) { return true; }};
    const std::string text = std::string(wise) +
                             "node:\n  drain_timeout: 58s\nhttp:\n  listen: 0.0.0.0:8080\n  tokens_file: t\n "
                             " tokens_over_plain: true\n";
    EXPECT_THAT(
        warnings(text, surroundings),
        ElementsAre(
            HasSubstr("hilum.yaml:8: warning: node.drain_timeout: is 58s"),
            HasSubstr("hilum.yaml:1: warning: scp.port: it is taken"),
            HasSubstr("hilum.yaml:12: warning: http.tokens_over_plain: lets tokens and patient data")));
    surroundings.why_no_port = [](const std::string&, int) { return std::string(); };
    EXPECT_THAT(warnings(std::string(wise) + "http: {listen: '[::1]:80'}\n", surroundings), IsEmpty());
    EXPECT_THAT(warnings(std::string(wise) + "http: {listen: 127.1.2.3:80}\n", surroundings), IsEmpty());
    EXPECT_THAT(warnings(std::string(wise) + "http: {listen: none}\n", surroundings), IsEmpty());
    EXPECT_THAT(warnings(std::string(wise) + "http: {listen: 0.0.0.0:80}\n", surroundings), IsEmpty())
        << "nobody has a token: no patient data";
}

TEST(ConfigurationWarnings, TellOfGroupsThatDoNotExist) {
    const std::string text = std::string(wise) +
                             "node: {control_socket: /run/c, operators: nobodies}\nhttp:\n  socket: /run/h\n"
                             "  socket_groups:\n    staff: read\n    ghosts: act\n";
    EXPECT_THAT(
        warnings(text),
        ElementsAre(HasSubstr("hilum.yaml:7: warning: node.operators: there is no group 'nobodies'"),
                    HasSubstr("hilum.yaml:12: warning: http.socket_groups.ghosts: there is no group")));
}

TEST(ConfigurationWarnings, TellWhatTheUnitKeepsFromTheService) {
    const ServiceUnit unit{"hilum.service",
                           "/lib/hilum.service",
                           {{"ProtectSystem", "strict", "/lib/hilum.service"},
                            {"ProtectHome", "yes", "/lib/hilum.service"},
                            {"StateDirectory", "hilum", "/lib/hilum.service"},
                            {"RuntimeDirectory", "hilum", "/lib/hilum.service"}}};
    Surroundings surroundings{[](const std::string&) { return false; },
                              [](const std::string&, int) { return std::string(); }, std::nullopt,
                              [](const std::string&) { return true; }, UnitSandbox(unit)};
    EXPECT_THAT(warnings(wise, surroundings), IsEmpty());
    EXPECT_THAT(
        warnings(std::string(wise) + "node: {control_socket: /run/hilum/control.sock}\n", surroundings),
        IsEmpty());
    const std::string elsewhere =
        "scp:\n  accept: [{ae_title: PACS}]\nmodels:\n  - package: /home/model\n"
        "    signed_by: [/root/maker.pub]\ndestinations:\n"
        "  - {name: pacs, ae_title: PACS, host: pacs.example}\n"
        "node:\n  data_dir: /srv/hilum\n  control_socket: /srv/sockets/control.sock\n"
        "audit: {sign: {key: /home/audit.key}}\nhttp: {socket: /home/http.sock}\n";
    EXPECT_THAT(warnings(elsewhere, surroundings),
                ElementsAre(HasSubstr("hilum.yaml:12: warning: http.socket: the service does not see /home, "
                                      "because of ProtectHome=yes in /lib/hilum.service"),
                            HasSubstr("hilum.yaml:4: warning: models[0].package: the service does not see"),
                            HasSubstr("hilum.yaml:5: warning: models[0].signed_by: the service does not see"),
                            HasSubstr("hilum.yaml:11: warning: audit.sign.key: the service does not see"),
                            HasSubstr("hilum.yaml:9: warning: node.data_dir: the service cannot write to "
                                      "/srv/hilum, because of ProtectSystem=strict in /lib/hilum.service: a "
                                      "drop-in with ReadWritePaths=/srv/hilum lets it"),
                            HasSubstr("hilum.yaml:10: warning: node.control_socket: the service cannot write "
                                      "to /srv/sockets"),
                            HasSubstr("hilum.yaml:10: warning: node.control_socket: there is no folder "
                                      "/srv/sockets")));
}

TEST(SystemdSpan, IsReadAsSystemdReadsIt) {
    EXPECT_EQ(parse_systemd_span("60"), std::chrono::seconds(60));
    EXPECT_EQ(parse_systemd_span("1min 30s"), std::chrono::seconds(90));
    EXPECT_EQ(parse_systemd_span(" 1h5min "), std::chrono::minutes(65));
    EXPECT_EQ(parse_systemd_span("500ms"), std::chrono::milliseconds(500));
    for (const auto* none : {"", "infinity", "5 parsecs", "-5", "1e99", "min"})
        EXPECT_FALSE(parse_systemd_span(none)) << none;
}

TEST(StopTimeout, IsThatOfTheUnitAndItsDropIns) {
    const test::TemporaryFolder root;
    const auto write = [&](const std::string& file, const std::string& text) {
        std::filesystem::create_directories((root.path() / file).parent_path());
        std::ofstream(root.path() / file) << text;
    };
    const auto timeout = [&] {
        return stop_timeout_of_unit(read_service_unit(root.path(), "hilum.service").value());
    };
    EXPECT_FALSE(read_service_unit(root.path(), "hilum.service"));
    write("usr/lib/systemd/system/hilum.service", "[Service]\nExecStart=/usr/bin/hilumd\n");
    EXPECT_EQ(timeout()->after, std::chrono::seconds(90));
    write("usr/lib/systemd/system/hilum.service", "[Service]\n# TimeoutStopSec=1\nTimeoutStopSec=60s\n");
    EXPECT_EQ(timeout()->after, std::chrono::seconds(60));
    write("etc/systemd/system/hilum.service.d/time.conf", "[Service]\nTimeoutStopSec = 2min\n");
    const auto changed = timeout();
    EXPECT_EQ(changed->after, std::chrono::minutes(2));
    EXPECT_EQ(changed->file.filename(), "time.conf");
    write("etc/systemd/system/hilum.service.d/zz.conf", "[Service]\nTimeoutSec=infinity\n");
    EXPECT_FALSE(timeout());
}

TEST(Surroundings, KnowThisMachineAndItsPorts) {
    const test::TemporaryFolder data;
    const auto here = surroundings_on_this_machine(data.path() / "control.sock");
    EXPECT_TRUE(here.has_group("root"));
    EXPECT_FALSE(here.has_group("no-such-group"));
    for (const auto* own : {"localhost", "127.0.0.1", "127.9.9.9", "::1"})
        EXPECT_TRUE(here.is_this_machine(own)) << own;
    for (const auto* other : {"192.0.2.1", "pacs.example", "2001:db8::1"})
        EXPECT_FALSE(here.is_this_machine(other)) << other;
    const auto [listening, port] = test::bind_loopback(1);
    EXPECT_THAT(here.why_no_port("127.0.0.1", port), HasSubstr("in use"));
    EXPECT_THAT(here.why_no_port("0.0.0.0", port), HasSubstr("in use"));
    EXPECT_EQ(here.why_no_port("127.0.0.1", test::closed_port()), "");
    EXPECT_EQ(here.why_no_port("127.0.0.1", 0), "");
    EXPECT_THAT(here.why_no_port("192.0.2.1", 11112), HasSubstr("no address of this machine"));
}

TEST(Surroundings, DoNotTakeTheRunningNodeForAnother) {
    const test::TemporaryFolder data;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (data.path() / "control.sock").native().copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd node(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(node.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(node.get(), 1), 0);
    const auto [listening, port] = test::bind_loopback(1);
    const auto is_silent = [&, port = port] {
        return surroundings_on_this_machine(data.path() / "control.sock")
            .why_no_port("127.0.0.1", port)
            .empty();
    };
    EXPECT_TRUE(is_silent());
    EXPECT_TRUE(is_silent());
    EXPECT_TRUE(is_silent()) << "nor where it hangs and takes no connection";
}

TEST(AccessWarnings, NameWhatTheServicesUserCannotRead) {
    if (::geteuid() != 0 || !user_exists("nobody")) GTEST_SKIP() << "only root can ask for another user";
    const test::TemporaryFolder folder;
    ::chmod(folder.path().c_str(), 0755);
    std::filesystem::create_directories(folder.path() / "demo");
    for (const auto* file : {"demo/model.yaml", "demo/model.pt", "hilum.yaml"})
        std::ofstream(folder.path() / file) << "x";
    for (const auto* open : {"demo", "demo/model.yaml", "hilum.yaml"})
        ::chmod((folder.path() / open).c_str(), 0755);
    ::chmod((folder.path() / "demo/model.pt").c_str(), 0600);
    std::filesystem::create_directories(folder.path() / "data");
    std::filesystem::create_directories(folder.path() / "sockets");
    for (const auto* secret : {"audit.key", "maker.pub"}) {
        std::ofstream(folder.path() / secret) << "x";
        ::chmod((folder.path() / secret).c_str(), 0600);
    }
    const std::string text =
        "node: {data_dir: data}\nmodels:\n  - package: demo\n    signed_by: [maker.pub]\n"
        "audit:\n  sign: {key: audit.key}\nhttp:\n  socket: " +
        (folder.path() / "sockets/http.sock").string() + "\n";
    const auto loaded = parse_configuration(text, folder.path() / "hilum.yaml");
    std::vector<std::string> texts;
    for (const auto& warning :
         access_warnings(loaded.configuration, text, folder.path() / "hilum.yaml", "nobody"))
        texts.push_back(warning_text(warning));
    EXPECT_THAT(
        texts,
        ElementsAre(HasSubstr("hilum.yaml:3: warning: models[0].package: the user 'nobody', as whom the "
                              "service runs, may not read"),
                    HasSubstr("hilum.yaml:4: warning: models[0].signed_by: the user 'nobody'"),
                    HasSubstr("hilum.yaml:6: warning: audit.sign.key: the user 'nobody', as whom the service "
                              "runs, may not read"),
                    HasSubstr("hilum.yaml:1: warning: node.data_dir: the user 'nobody', as whom the service "
                              "runs, may not write to"),
                    HasSubstr("hilum.yaml:8: warning: http.socket: the user 'nobody', as whom the service "
                              "runs, may not write to")));
    const auto unknown =
        access_warnings(loaded.configuration, text, folder.path() / "hilum.yaml", "nobody-by-that-name");
    ASSERT_EQ(unknown.size(), 1u);
    EXPECT_THAT(unknown[0].message, HasSubstr("there is no user"));
}

TEST(AccessWarnings, NameTheFolderWhereTheServicesUserCannotMakeItsData) {
    if (::geteuid() != 0 || !user_exists("nobody")) GTEST_SKIP() << "only root can ask for another user";
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "hilum.yaml";
    std::ofstream(file) << "x";
    const std::string text = "node: {data_dir: hilmu/data}\n";  // of /var/lib/hilmu, say
    const auto loaded = parse_configuration(text, file);
    const auto warnings = [&] { return access_warnings(loaded.configuration, text, file, "nobody"); };
    ::chmod(folder.path().c_str(), 0755);
    ASSERT_EQ(warnings().size(), 1u);
    EXPECT_THAT(warning_text(warnings()[0]), HasSubstr(":1: warning: node.data_dir: the user 'nobody'"));
    ::chmod(folder.path().c_str(), 0777);
    EXPECT_TRUE(warnings().empty());
}

}  // namespace
}  // namespace hilum
