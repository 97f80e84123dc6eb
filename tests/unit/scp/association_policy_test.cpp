#include "scp/association_policy.h"

#include <gtest/gtest.h>

namespace hilum::scp {
namespace {

Configuration configuration() {
    Configuration configuration;
    configuration.node.ae_title = "HILUM";
    configuration.scp.accept = {
        {"PACS", {"10.1.0.0/16", "2001:db8::/32"}}, {"MODALITY", {}}, {"*", {"10.9.9.9"}}};
    return configuration;
}

Verdict judge(const Configuration& c, const char* calling, const char* peer, const char* called = "HILUM") {
    return AssociationPolicy::make(c)->judge(calling, called, IpAddress::parse(peer).value());
}

TEST(AssociationPolicy, AcceptsAKnownTitleFromItsNetworks) {
    EXPECT_EQ(judge(configuration(), "PACS", "10.1.2.3"), Verdict::accepted);
    EXPECT_EQ(judge(configuration(), "PACS", "2001:db8::5"), Verdict::accepted);
    EXPECT_EQ(judge(configuration(), "MODALITY", "192.168.0.1"), Verdict::accepted);
}

TEST(AssociationPolicy, AcceptsAnyTitleFromAnAddressWithTheWildcard) {
    EXPECT_EQ(judge(configuration(), "WHOEVER", "10.9.9.9"), Verdict::accepted);
}

TEST(AssociationPolicy, DoesNotTakeAnEmptyTitleForTheWildcard) {
    Configuration empty;
    empty.scp.accept = {{"", {}}};
    EXPECT_EQ(judge(empty, "PACS", "10.1.2.3"), Verdict::unknown_caller);
}

TEST(AssociationPolicy, TellsWhereAnAddressStandsWhateverTheTitle) {
    const auto standing = [](const Configuration& c, const char* peer) {
        return AssociationPolicy::make(c)->standing(IpAddress::parse(peer).value());
    };
    auto some = configuration();
    EXPECT_EQ(standing(some, "10.9.9.9"), Standing::named);
    EXPECT_EQ(standing(some, "::ffff:10.9.9.9"), Standing::named) << "IPv4 over IPv6";
    EXPECT_EQ(standing(some, "10.1.2.3"), Standing::listed);
    EXPECT_EQ(standing(some, "192.0.2.1"), Standing::anywhere) << "MODALITY has no hosts";
    some.scp.accept.erase(some.scp.accept.begin() + 1);
    EXPECT_EQ(standing(some, "192.0.2.1"), Standing::unlisted);
    EXPECT_TRUE(AssociationPolicy::make(some)->names_hosts());
    some.scp.any_caller = true;
    EXPECT_EQ(standing(some, "192.0.2.1"), Standing::anywhere);
    EXPECT_EQ(standing(some, "10.9.9.9"), Standing::named);
    some.scp.accept.clear();
    EXPECT_FALSE(AssociationPolicy::make(some)->names_hosts());
}

TEST(AssociationPolicy, RejectsAKnownTitleFromElsewhere) {
    EXPECT_EQ(judge(configuration(), "PACS", "10.2.0.1"), Verdict::unknown_caller);
}

TEST(AssociationPolicy, RejectsUnknownTitlesByDefault) {
    EXPECT_EQ(judge(configuration(), "OTHER", "10.1.2.3"), Verdict::unknown_caller);
    EXPECT_EQ(judge(configuration(), "", "10.1.2.3"), Verdict::unknown_caller);
    EXPECT_EQ(judge({}, "PACS", "10.1.2.3"), Verdict::unknown_caller);
}

TEST(AssociationPolicy, AcceptsEverybodyOnlyWhenToldTo) {
    auto open = configuration();
    open.scp.any_caller = true;
    EXPECT_EQ(judge(open, "OTHER", "203.0.113.1"), Verdict::accepted);
}

TEST(AssociationPolicy, IgnoresPaddingOfTitlesButNotTheirCase) {
    EXPECT_EQ(judge(configuration(), " PACS  ", "10.1.2.3", "HILUM   "), Verdict::accepted);
    EXPECT_EQ(judge(configuration(), "pacs", "10.1.2.3"), Verdict::unknown_caller);
}

TEST(AssociationPolicy, ChecksTheCalledTitleUnlessToldNotTo) {
    auto lenient = configuration();
    lenient.scp.check_called_ae_title = false;
    EXPECT_EQ(judge(configuration(), "PACS", "10.1.2.3", "ANY-SCP"), Verdict::called_ae_title);
    EXPECT_EQ(judge(lenient, "PACS", "10.1.2.3", "ANY-SCP"), Verdict::accepted);
}

TEST(AssociationPolicy, NamesAHostThatIsNone) {
    Configuration wrong;
    wrong.scp.accept = {{"PACS", {"pacs.hospital"}}};
    const auto policy = AssociationPolicy::make(wrong);
    ASSERT_FALSE(policy);
    EXPECT_NE(policy.error().message.find("pacs.hospital"), std::string::npos);
}

Configuration with_certificates() {
    Configuration configuration;
    configuration.node.ae_title = "HILUM";
    configuration.scp.accept = {{"PACS", {"10.1.0.0/16"}, {"cn:PACS", "dns:pacs.hospital"}},
                                {"ANYHOW", {}, {}},
                                {"*", {}, {"cn:SERVICE"}}};
    return configuration;
}

Verdict judge_certificate(const char* calling, const char* peer, const char* common_name) {
    const PeerCertificate certificate{std::string("CN=") + common_name, {common_name}, {}, ""};
    return AssociationPolicy::make(with_certificates())
        ->judge(calling, "HILUM", IpAddress::parse(peer).value(), &certificate);
}

TEST(AssociationPolicy, WantsTheCertificateThatATitleIsBoundTo) {
    EXPECT_EQ(judge_certificate("PACS", "10.1.2.3", "PACS"), Verdict::accepted);
    EXPECT_EQ(judge_certificate("PACS", "10.1.2.3", "MODALITY"), Verdict::certificate);
    EXPECT_EQ(judge(with_certificates(), "PACS", "10.1.2.3"), Verdict::certificate)
        << "none, as on the plain port";
    EXPECT_EQ(judge_certificate("ANYHOW", "10.1.2.3", "WHOEVER"), Verdict::accepted);
    EXPECT_EQ(judge(with_certificates(), "ANYHOW", "10.1.2.3"), Verdict::accepted);
}

TEST(AssociationPolicy, OneEntryThatFitsIsEnough) {
    EXPECT_EQ(judge_certificate("PACS", "10.1.2.3", "SERVICE"), Verdict::accepted);
    EXPECT_EQ(judge_certificate("PACS", "10.2.0.1", "PACS"), Verdict::certificate)
        << "the wildcard wants SERVICE's";
}

}  // namespace
}  // namespace hilum::scp
