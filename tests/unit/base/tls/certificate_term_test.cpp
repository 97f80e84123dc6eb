#include "base/tls/certificate_term.h"

#include <gmock/gmock.h>

namespace hilum {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t noon = 1'800'000'000, day = 86400;

CertificateTerm own(std::int64_t not_before, std::int64_t not_after) {
    return {"certificate", "node.pem", "CN=node", not_before, not_after, ""};
}
CertificateTerm list(std::int64_t not_before, std::int64_t not_after, const std::string& issuer = "CN=ca",
                     const std::string& key = "") {
    return {"revocation_list", "crl.pem", issuer, not_before, not_after, key};
}

TEST(CertificateTerm, WarnsInItsLast30DaysAndAfterwards) {
    const auto warning = [](std::int64_t not_after) {
        return term_warning(own(noon - 400 * day, not_after), noon);
    };
    EXPECT_EQ(warning(noon + 31 * day), "");
    EXPECT_EQ(warning(noon + 30 * day), "expires in 30 days");
    EXPECT_EQ(warning(noon + day), "expires in 1 day");
    EXPECT_EQ(warning(noon + 60), "expires in 0 days");
    EXPECT_EQ(warning(noon), "has EXPIRED 0 days ago");
    EXPECT_EQ(warning(noon - 3 * day), "has EXPIRED 3 days ago");
}

TEST(CertificateTerm, WarnsOfAListInTheLastQuarterOfItsLife) {
    EXPECT_EQ(term_warning(list(noon, noon + 8 * day), noon), "") << "as one of each week is new";
    EXPECT_EQ(term_warning(list(noon, noon + 8 * day), noon + 6 * day - 1), "");
    EXPECT_EQ(term_warning(list(noon, noon + 8 * day), noon + 6 * day), "expires in 2 days");
    EXPECT_EQ(term_warning(list(noon, noon + 8 * day), noon + 9 * day), "has EXPIRED 1 day ago");
    EXPECT_EQ(term_warning(list(noon - 370 * day, noon + 31 * day), noon), "");
    EXPECT_EQ(term_warning(list(noon - 370 * day, noon + 30 * day), noon), "expires in 30 days");
}

TEST(CertificateTerm, WarnsOfWhatIsNotValidYet) {
    EXPECT_THAT(term_warning(list(noon + 600, noon + 8 * day), noon), HasSubstr("not valid yet"));
    EXPECT_THAT(term_warning(own(noon + 600, noon + 80 * day), noon), HasSubstr("this machine's clock"));
    EXPECT_EQ(term_warning(list(noon + 600, noon + 8 * day), noon + 600), "");
}

TEST(CertificateTerm, AListThatNamesNoNextOneNeverEnds) {
    EXPECT_EQ(term_warning(list(noon, 0), noon + 9000 * day), "");
    EXPECT_EQ(why_not_current({list(noon, 0)}, noon + 9000 * day), "");
}

TEST(CertificateTerm, OurOwnCertificatesMakeALoadUselessAndAuthoritiesDoNot) {
    auto term = own(noon - day, noon + day);
    EXPECT_EQ(why_not_current({term}, noon), "");
    EXPECT_THAT(why_not_current({term}, noon + day),
                HasSubstr("node.pem: the certificate of CN=node has expired"));
    EXPECT_THAT(why_not_current({term}, noon - 2 * day), HasSubstr("not valid yet"));
    term.kind = "authority";
    EXPECT_EQ(why_not_current({term}, noon + day), "");
    EXPECT_EQ(kind_text("revocation_list"), "revocation list");
}

TEST(CertificateTerm, AnAuthorityNeedsOneListThatCounts) {
    const auto old = list(noon - 8 * day, noon - day), current = list(noon - day, noon + 7 * day),
               early = list(noon + 600, noon + 8 * day);
    EXPECT_EQ(why_not_current({old, current, early}, noon), "") << "they may lie in one file";
    EXPECT_THAT(why_not_current({old}, noon), HasSubstr("crl.pem: the revocation list of CN=ca has expired"));
    EXPECT_THAT(why_not_current({early}, noon), HasSubstr("not valid yet"));
    EXPECT_THAT(why_not_current({old, list(noon, 0, "CN=other")}, noon), HasSubstr("CN=ca"));
    EXPECT_THAT(why_not_current({old, list(noon, 0, "CN=ca", "02")}, noon), HasSubstr("CN=ca"))
        << "that of its other key is no list of this one";
}

TEST(CertificateTerm, ANewerListStandsInForThoseBeforeItOnceItCounts) {
    const auto old = list(noon - 8 * day, noon + day), next = list(noon, noon + 8 * day);
    EXPECT_TRUE(replaces(next, old, noon));
    EXPECT_FALSE(replaces(old, next, noon));
    EXPECT_FALSE(replaces(next, old, noon - 1));
    EXPECT_TRUE(replaces(old, next, noon - 1)) << "which is not valid yet";
    EXPECT_FALSE(replaces(old, old, noon));
    EXPECT_FALSE(replaces(own(noon, noon + day), own(noon - day, noon + day), noon));
}

TEST(CertificateTerm, ALoadIsWorseWhereItsListsCountNoMore) {
    const auto mine = own(noon - day, noon + day);
    const auto current = list(noon - day, noon + 7 * day), old = list(noon - 9 * day, noon - day),
               older = list(noon - 20 * day, noon - 12 * day), early = list(noon + 600, noon + 8 * day);
    EXPECT_THAT(why_worse({mine, early}, {mine, current}, noon), HasSubstr("not valid yet"));
    EXPECT_THAT(why_worse({mine, old}, {mine, current}, noon), HasSubstr("has expired"));
    EXPECT_THAT(why_worse({mine, old}, {mine}, noon), HasSubstr("has expired")) << "which had none";
    EXPECT_EQ(why_worse({mine, early, current}, {mine, current}, noon), "");
    EXPECT_EQ(why_worse({mine, old}, {mine, older}, noon), "") << "no better, no worse";
    EXPECT_EQ(why_worse({mine, early}, {mine, old}, noon), "");
    EXPECT_EQ(why_worse({mine, early}, {}, noon), "") << "nothing works";
    const auto of_another = list(noon - 9 * day, noon - day, "CN=c");
    EXPECT_THAT(why_worse({mine, current, of_another}, {mine, current}, noon), HasSubstr("has expired"));
    EXPECT_EQ(why_worse({mine, current, of_another}, {mine, old}, noon), "")
        << "the first authority's callers are let in again";
    EXPECT_THAT(why_worse({own(noon - 9 * day, noon - day), current}, {mine, old}, noon),
                HasSubstr("certificate"));
    EXPECT_THAT(
        why_worse({mine, old, list(noon + 600, 0, "CN=b")}, {mine, older, list(noon, 0, "CN=b")}, noon),
        HasSubstr("CN=b"))
        << "each authority for itself";
}

}  // namespace
}  // namespace hilum
