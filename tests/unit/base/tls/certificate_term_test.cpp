#include "base/tls/certificate_term.h"

#include <gmock/gmock.h>

namespace hilum {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t noon = 1'800'000'000, day = 86400;

TEST(CertificateTerm, WarnsInItsLast30DaysAndAfterwards) {
    EXPECT_EQ(expiry_warning(noon + 31 * day, noon), "");
    EXPECT_EQ(expiry_warning(noon + 30 * day, noon), "expires in 30 days");
    EXPECT_EQ(expiry_warning(noon + day, noon), "expires in 1 day");
    EXPECT_EQ(expiry_warning(noon + 60, noon), "expires in 0 days");
    EXPECT_EQ(expiry_warning(noon, noon), "has EXPIRED 0 days ago");
    EXPECT_EQ(expiry_warning(noon - 3 * day, noon), "has EXPIRED 3 days ago");
}

TEST(CertificateTerm, AListThatNamesNoNextOneNeverEnds) {
    EXPECT_EQ(expiry_warning(0, noon), "");
}

TEST(CertificateTerm, OurOwnCertificatesAloneMakeALoadUseless) {
    CertificateTerm own{"certificate", "node.pem", "CN=node", noon - day, noon + day};
    EXPECT_EQ(why_not_current({own}, noon), "");
    EXPECT_THAT(why_not_current({own}, noon + day),
                HasSubstr("node.pem: the certificate of CN=node has expired"));
    EXPECT_THAT(why_not_current({own}, noon - 2 * day), HasSubstr("not valid yet"));
    own.kind = "authority";
    EXPECT_EQ(why_not_current({own}, noon + day), "");
    EXPECT_EQ(kind_text("revocation_list"), "revocation list");
}

}  // namespace
}  // namespace hilum
