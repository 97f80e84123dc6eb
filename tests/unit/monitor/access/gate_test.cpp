#include "monitor/access/gate.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "support/temporary_folder.h"

namespace hilum::monitor {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;

// What is let in counts as 200.
class GateTest : public testing::Test {
  protected:
    GateTest() {
        settings_.tokens = (folder_ / "tokens").string();
        std::ofstream file(settings_.tokens);
        for (const auto role : {AccessRole::status, AccessRole::read, AccessRole::act}) {
            tokens_[role] = make_token().value();
            file << line_of_token(enum_text(role), role, tokens_[role]) << "\n";
        }
        file.close();
        std::filesystem::permissions(settings_.tokens, std::filesystem::perms::owner_read);
        open();
    }
    void open() {
        gate_.emplace(settings_, [this](const HttpAccess& access) {
            if (deaf_) return Status(fail("closed", "nobody hears"));
            told_.push_back(access);
            return Status();
        });
        EXPECT_EQ(gate_->load(false).value().error, "");
        gate_->set_auditing(true);
    }
    unsigned ask(const std::string& target, const std::string& authorization,
                 const std::string& host = "localhost") {
        Gate::Header request;
        request.method(http::verb::get);
        request.target(target);
        request.version(11);
        request.set(http::field::host, host);
        if (!authorization.empty()) request.insert(http::field::authorization, authorization);
        for (const auto& [name, value] : fields_) request.insert(name, value);
        for (const auto& more : more_) request.insert(http::field::authorization, more);
        const auto refusal = gate_->refusal(request, client_, now_);
        answer_ = refusal ? refusal->body() : "";
        return refusal ? refusal->result_int() : 200;
    }
    unsigned ask(const std::string& target, AccessRole role) {
        return ask(target, "Bearer " + tokens_[role]);
    }

    test::TemporaryFolder folder_;
    HttpSettings settings_;
    std::map<AccessRole, std::string> tokens_;
    std::vector<HttpAccess> told_;
    std::vector<std::string> more_;
    std::map<std::string, std::string> fields_;
    std::string answer_;
    bool deaf_ = false;
    Gate::Client client_{IpAddress::parse("127.0.0.1").value(), false};
    MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
    std::optional<Gate> gate_;
};

TEST_F(GateTest, GivesEachRoleItsPathsAndNobodyPatientData) {
    const std::map<std::string, std::array<unsigned, 4>> rights{
        {"/", {200, 200, 200, 200}},
        {"/healthz", {200, 200, 200, 200}},
        {"/readyz", {200, 200, 200, 200}},
        {"/metrics", {200, 200, 200, 200}},
        {"/api/v1/status", {401, 200, 200, 200}},
        {"/api/v1/studies", {401, 403, 200, 200}},
        {"/api/v1/studies?limit=1", {401, 403, 200, 200}},
        {"/api/v1/jobs", {401, 403, 200, 200}},
        {"/api/v1/predict", {401, 403, 403, 200}},
        {"/api/v1/predict?model=x", {401, 403, 403, 200}},
        {"/api/v1/something-new", {401, 403, 200, 200}},
    };
    for (const auto& [path, codes] : rights) {
        EXPECT_EQ(ask(path, ""), codes[0]) << path;
        EXPECT_EQ(ask(path, AccessRole::status), codes[1]) << path;
        EXPECT_EQ(ask(path, AccessRole::read), codes[2]) << path;
        EXPECT_EQ(ask(path, AccessRole::act), codes[3]) << path;
    }
}

TEST_F(GateTest, TakesATokenInOneFormOnly) {
    const auto& token = tokens_[AccessRole::read];
    EXPECT_EQ(ask("/api/v1/jobs", "bearer  " + token), 200u);
    for (const auto& wrong : std::vector<std::string>{
             token, "Basic " + token, "Bearer", "Bearer ", "Bearer" + token, "Bearer " + token + " x",
             "Bearer " + token.substr(0, 69), "Bearer " + token + "0"})
        EXPECT_EQ(ask("/api/v1/jobs", wrong), 401u) << wrong;
    more_ = {"Bearer " + token};
    EXPECT_EQ(ask("/api/v1/jobs", "Bearer " + token), 401u) << "two of them";
    EXPECT_EQ(ask("/api/v1/jobs", ""), 200u);
}

TEST_F(GateTest, LimitsWhatOneAddressMayTryAndLetsTheRightOnesIn) {
    std::map<unsigned, int> codes;
    for (int i = 0; i < 100; ++i) ++codes[ask("/api/v1/jobs", "Bearer guess" + std::to_string(i))];
    EXPECT_EQ(codes[401], 20);
    EXPECT_EQ(codes[429], 80);
    EXPECT_EQ(ask("/api/v1/jobs", AccessRole::read), 200u) << "a proxy's address is everybody's";
    client_.address = IpAddress::parse("127.0.0.2").value();
    EXPECT_EQ(ask("/api/v1/jobs", "Bearer guess"), 401u) << "another address";
    ASSERT_EQ(told_.size(), 3u) << "not one for each";
    EXPECT_EQ(told_[0].refused, "token");
    client_.address = IpAddress::parse("127.0.0.1").value();
    now_ += std::chrono::minutes(11);
    gate_->tell_counted(now_);
    ASSERT_EQ(told_.size(), 4u);
    EXPECT_EQ(told_[3].count, 99);
}

TEST_F(GateTest, TellsWhoLookedAtWhat) {
    EXPECT_EQ(ask("/api/v1/studies?study_instance_uid=1.2.3&limit=5", AccessRole::read), 200u);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].name, "read");
    EXPECT_EQ(told_[0].role, "read");
    EXPECT_EQ(told_[0].address, "127.0.0.1");
    EXPECT_EQ(told_[0].path, "/api/v1/studies");
    EXPECT_EQ(told_[0].parameters, (std::map<std::string, std::string>{{"study_instance_uid", "1.2.3"}}));
    for (int i = 0; i < 11; ++i) ask("/api/v1/studies?study_instance_uid=1.2.3&limit=5", AccessRole::read);
    EXPECT_EQ(told_.size(), 1u);
    now_ += std::chrono::minutes(1);
    gate_->tell_counted(now_);
    ASSERT_EQ(told_.size(), 2u);
    EXPECT_EQ(told_[1].count, 11);
    ask("/api/v1/studies?study_instance_uid=1.2.4", AccessRole::read);
    EXPECT_EQ(told_.size(), 3u) << "another study";
    ask("/api/v1/status", AccessRole::read);
    EXPECT_EQ(told_.size(), 3u) << "no patient data";
    EXPECT_EQ(ask("/api/v1/predict", AccessRole::read), 403u);
    ASSERT_EQ(told_.size(), 4u);
    EXPECT_EQ(told_[3].refused, "role");
}

TEST_F(GateTest, ShowsNothingWhileTheAuditTrailCannotBeWritten) {
    gate_->set_auditing(false);
    for (const char* path : {"/api/v1/studies", "/api/v1/jobs", "/api/v1/predict"}) {
        EXPECT_EQ(ask(path, AccessRole::act), 503u) << path;
        EXPECT_THAT(answer_, HasSubstr("not_auditing"));
        EXPECT_EQ(ask(path, ""), 401u) << path;
    }
    EXPECT_TRUE(told_.empty()) << "nothing was shown";
    EXPECT_EQ(ask("/api/v1/status", AccessRole::read), 200u);
    EXPECT_EQ(ask("/readyz", ""), 200u);
    gate_->set_auditing(true);
    EXPECT_EQ(ask("/api/v1/studies", AccessRole::act), 200u);
}

TEST_F(GateTest, ShowsNothingBeforeTheCoordinatorHasSaidThatItCanBeWritten) {
    Gate fresh(settings_, [](const HttpAccess&) { return Status(); });
    ASSERT_TRUE(fresh.load(false));
    Gate::Header request;
    request.method(http::verb::get);
    request.target("/api/v1/studies");
    request.version(11);
    request.set(http::field::authorization, "Bearer " + tokens_[AccessRole::read]);
    const auto refusal = fresh.refusal(request, client_, now_);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->result_int(), 503u);
}

TEST_F(GateTest, TellsNotMoreThanSomeApart) {
    for (int i = 0; i < 5'000; ++i)
        ask((i % 2 == 0 ? "/api/v1/studies?accession_number=" : "/api/v1/jobs?accession_number=") +
                std::to_string(i),
            AccessRole::read);
    EXPECT_EQ(told_.size(), AccessLedger::most + 1);
    EXPECT_EQ(told_.back().path, "");
    EXPECT_EQ(told_.back().name, "read") << "who it was stays";
    now_ += std::chrono::minutes(2);
    gate_->tell_counted(now_);
    ASSERT_EQ(told_.size(), AccessLedger::most + 2);
    EXPECT_EQ(told_.back().count, 5'000 - static_cast<int>(AccessLedger::most) - 1) << "none is lost";
    gate_->tell_counted(now_ + std::chrono::minutes(2));
    EXPECT_EQ(ask("/api/v1/studies?accession_number=7", AccessRole::read), 200u);
    EXPECT_EQ(told_.back().parameters.at("accession_number"), "7") << "apart again";
}

TEST_F(GateTest, TellsNoPathsThatAStrangerMakesUp) {
    for (int i = 0; i < 5'000; ++i) ask("/api/" + std::to_string(i) + std::string(100, 'x'), "Bearer nobody");
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].path, "other");
    EXPECT_EQ(ask("/api/v1/jobs", "Bearer nobody"), 429u);
    EXPECT_EQ(told_.back().path, "/api/v1/jobs");
    client_.address = IpAddress::parse("10.1.0.7").value();
    EXPECT_EQ(ask("/api/v1/made-up", "Bearer nobody"), 403u);
    EXPECT_EQ(told_.back().path, "other") << "nor without TLS";
    EXPECT_EQ(ask("/api/v1/made-up", ""), 401u);
    EXPECT_EQ(told_.size(), 3u) << "without a token there is nothing to tell";
}

TEST_F(GateTest, TellsWhatWasShownHoweverMuchIsRefused) {
    client_.encrypted = true;
    const auto by_others = [&](int first) {
        for (int i = first; i < first + 2'000; ++i) {
            client_.address =
                IpAddress::parse("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)).value();
            ask("/api/v1/" + std::to_string(i), "Bearer nobody");
        }
    };
    by_others(0);
    EXPECT_EQ(told_.size(), AccessLedger::most + 1);
    EXPECT_EQ(told_.back().path, "");
    EXPECT_EQ(told_.back().address, "");
    EXPECT_EQ(told_.back().parameters, (std::map<std::string, std::string>{{"of_many", "true"}}));
    for (const auto* patient : {"VIP-1", "VIP-2"}) {
        EXPECT_EQ(ask(std::string("/api/v1/studies?patient_id=") + patient, AccessRole::read), 200u);
        EXPECT_EQ(told_.back().parameters.at("patient_id"), patient);
        EXPECT_EQ(told_.back().path, "/api/v1/studies");
        EXPECT_NE(told_.back().address, "");
    }
    by_others(2'000);
    EXPECT_EQ(told_.size(), AccessLedger::most + 3) << "and those are still told together";
}

TEST_F(GateTest, TellsOfManyUsersThatAreRefusedTogether) {
    for (std::uint32_t uid = 100'000; uid < 105'000; ++uid) {
        client_.user = UnixPeer{1, uid, {}};
        EXPECT_EQ(ask("/api/v1/studies", ""), 403u);
    }
    EXPECT_EQ(told_.size(), AccessLedger::most + 1) << "a user namespace has as many";
    EXPECT_EQ(told_.back().uid, -1);
}

TEST_F(GateTest, TellsParametersOnlySoLong) {
    std::string query = "/api/v1/studies?patient_id=" + std::string(1'000, '1');
    for (int i = 0; i < 40; ++i)
        query += "&" + std::to_string(i) + std::string(200, 'n') + "=" + std::string(200, 'v');
    EXPECT_EQ(ask(query, AccessRole::read), 200u);
    ASSERT_EQ(told_.size(), 1u);
    std::size_t size = 0;
    for (const auto& [name, value] : told_[0].parameters) size += name.size() + value.size();
    EXPECT_LE(size, 8 * (32 + 128u));
}

TEST_F(GateTest, ShowsNothingThatCannotBeAudited) {
    deaf_ = true;
    EXPECT_EQ(ask("/api/v1/studies", AccessRole::read), 503u);
    EXPECT_EQ(ask("/api/v1/studies", AccessRole::read), 503u) << "nor the second time";
    EXPECT_EQ(ask("/metrics", ""), 200u);
    deaf_ = false;
    EXPECT_EQ(ask("/api/v1/studies", AccessRole::read), 200u);
}

TEST_F(GateTest, TakesTokensOfOtherMachinesOverTlsOnly) {
    client_.address = IpAddress::parse("10.1.0.7").value();
    EXPECT_EQ(ask("/api/v1/status", AccessRole::act), 403u);
    EXPECT_THAT(answer_, HasSubstr("not_encrypted"));
    client_.encrypted = true;
    EXPECT_EQ(ask("/api/v1/status", AccessRole::act), 200u);
    client_.encrypted = false;
    settings_.tokens_over_plain = true;
    open();
    EXPECT_EQ(ask("/api/v1/status", AccessRole::act), 200u);
}

TEST_F(GateTest, GivesUsersOfTheSocketTheHighestRoleOfTheirGroups) {
    settings_.socket_groups = {
        {"7001", AccessRole::read}, {"7002", AccessRole::act}, {"no-such-group", AccessRole::act}};
    open();
    const auto paths = {"/api/v1/status", "/api/v1/studies", "/api/v1/predict"};
    const std::map<std::vector<gid_t>, std::vector<unsigned>> expected{{{}, {403, 403, 403}},
                                                                       {{0, 7000}, {403, 403, 403}},
                                                                       {{7001}, {200, 200, 403}},
                                                                       {{7002}, {200, 200, 200}},
                                                                       {{7001, 7002}, {200, 200, 200}}};
    for (const auto& [groups, statuses] : expected) {
        client_.user = UnixPeer{1, 1234, groups};
        std::vector<unsigned> got;
        for (const auto* path : paths) got.push_back(ask(path, ""));
        EXPECT_EQ(got, statuses) << testing::PrintToString(groups);
        EXPECT_EQ(ask("/healthz", ""), 200u);
    }
    client_.user->groups = {7001};
    EXPECT_EQ(ask("/api/v1/predict", AccessRole::act), 403u) << "a token adds nothing";
    EXPECT_THAT(answer_, HasSubstr("these groups give: 7002, no-such-group; uid 1234 has read"));
}

TEST_F(GateTest, NamesUsersOfTheSocketByNumber) {
    settings_.socket_groups = {{"7001", AccessRole::read}};
    open();
    client_.user = UnixPeer{1, 1234, {7001}};
    EXPECT_EQ(ask("/api/v1/studies?patient_id=7", ""), 200u);
    client_.user->uid = 1235;
    EXPECT_EQ(ask("/api/v1/studies?patient_id=7", ""), 200u);
    client_.user->groups.clear();
    EXPECT_EQ(ask("/api/v1/studies", ""), 403u);
    ASSERT_EQ(told_.size(), 3u);
    EXPECT_EQ(told_[0].uid, 1234);
    EXPECT_EQ(told_[0].role, "read");
    EXPECT_EQ(told_[0].address, "");
    EXPECT_EQ(told_[1].uid, 1235) << "another one is another look";
    EXPECT_EQ(told_[2].refused, "role");
    EXPECT_EQ(told_[2].role, "");
}

TEST_F(GateTest, LetsNoOtherPageAskInTheNameOfAUser) {
    settings_.socket_groups = {{"7001", AccessRole::read}};
    open();
    client_.user = UnixPeer{1, 1234, {7001}};
    const auto ask_with = [&](const char* field, const char* value) {
        fields_ = {{field, value}};
        return ask("/api/v1/studies", "");
    };
    EXPECT_EQ(ask_with("Origin", "http://localhost"), 200u);
    EXPECT_EQ(ask_with("Sec-Fetch-Site", "same-origin"), 200u);
    for (const auto* origin :
         {"http://evil.example", "null", "", "https://localhost", "http://localhost.evil"})
        EXPECT_EQ(ask_with("Origin", origin), 403u) << origin;
    for (const auto* site : {"cross-site", "same-site", ""})
        EXPECT_EQ(ask_with("Sec-Fetch-Site", site), 403u) << site;
    EXPECT_EQ(told_.back().refused, "origin");
}

TEST_F(GateTest, SaysThatThereAreNoTokens) {
    settings_.tokens.clear();
    gate_.emplace(settings_, [](const HttpAccess&) { return Status(); });
    EXPECT_EQ(ask("/api/v1/studies", AccessRole::act), 401u);
    EXPECT_EQ(ask("/api/v1/studies", ""), 401u);
    EXPECT_THAT(answer_, HasSubstr("hilum token create"));
}

TEST_F(GateTest, KnowsItsNames) {
    settings_.hosts = {"hilum.hospital"};
    open();
    for (const auto* good : {"localhost", "LocalHost:8080", "hilum.hospital", "HILUM.hospital:443",
                             "127.0.0.1:8080", "10.1.2.3", "[::1]:8080", "[2001:db8::1]"})
        EXPECT_EQ(ask("/healthz", "", good), 200u) << good;
    for (const auto& own : names_of_this_machine()) EXPECT_EQ(ask("/healthz", "", own), 200u) << own;
    for (const auto* bad : {"", "evil.example", "hilum.hospital.evil.example", "xhilum.hospital",
                            "localhost.evil", "localhost:80x", "localhost:123456", "[::1", "[localhost]",
                            "::1", "[127.0.0.1]", "127.0.0.1.evil", "localhost@evil", "evil:localhost"})
        EXPECT_EQ(ask("/healthz", "", bad), 421u) << bad;
}

}  // namespace
}  // namespace hilum::monitor
