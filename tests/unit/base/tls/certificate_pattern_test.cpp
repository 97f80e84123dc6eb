#include "base/tls/certificate_pattern.h"

#include <gmock/gmock.h>

namespace hilum {
namespace {

using ::testing::HasSubstr;

const std::string digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const PeerCertificate pacs{"CN=PACS,O=Hospital", {"PACS", "Archive"}, {"pacs.Hospital.example"}, digits};

TEST(CertificatePattern, FitsByEachOfItsKinds) {
    EXPECT_TRUE(fits(pacs, "cn:PACS"));
    EXPECT_TRUE(fits(pacs, "cn:Archive"));
    EXPECT_TRUE(fits(pacs, "dns:PACS.hospital.EXAMPLE"));
    EXPECT_TRUE(fits(pacs, "subject:CN=PACS,O=Hospital"));
    EXPECT_TRUE(fits(pacs, "sha256:" + digits));
}

TEST(CertificatePattern, TakesAFingerprintAsOpensslPrintsIt) {
    std::string printed = "sha256:";
    for (std::size_t i = 0; i < digits.size(); i += 2)
        printed +=
            (i > 0 ? ":" : "") + std::string{digits[i], static_cast<char>(std::toupper(digits[i + 1]))};
    EXPECT_EQ(certificate_pattern_problem(printed), "");
    EXPECT_TRUE(fits(pacs, printed));
}

TEST(CertificatePattern, DoesNotFitWhatIsAnother) {
    for (const std::string other :
         {"cn:pacs", "cn:PAC", "cn:", "dns:hospital.example", "dns:*.hospital.example", "subject:CN=PACS",
          "sha256:00", "PACS", "", ":", "ip:PACS"})
        EXPECT_FALSE(fits(pacs, other)) << other;
    EXPECT_FALSE(fits(PeerCertificate{}, "cn:"));
    EXPECT_FALSE(fits(PeerCertificate{}, "sha256:"));
    EXPECT_FALSE(fits_any(pacs, {}));
}

TEST(CertificatePattern, TellsWhatIsNoPattern) {
    EXPECT_THAT(certificate_pattern_problem("PACS"), HasSubstr("write dns:NAME, cn:NAME"));
    EXPECT_THAT(certificate_pattern_problem("dns:"), HasSubstr("nothing behind the colon"));
    EXPECT_THAT(certificate_pattern_problem("sha256:12"), HasSubstr("64 hexadecimal digits"));
    EXPECT_THAT(certificate_pattern_problem("sha256:" + std::string(64, 'g')),
                HasSubstr("64 hexadecimal digits"));
    EXPECT_EQ(certificate_pattern_problem("cn:A title with blanks"), "");
}

}  // namespace
}  // namespace hilum
