#include "contract/messages/certificates.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

constexpr std::int64_t noon = 1'800'000'000, day = 86400;

CertificateStatus list(const std::string& use, std::int64_t not_before, const std::string& source) {
    return {{"revocation_list", source, "CN=ca", not_before, not_before + 8 * day}, use, ""};
}

std::vector<std::string> sources(const std::vector<CertificateStatus>& certificates) {
    std::vector<std::string> found;
    for (const auto& one : certificates) found.push_back(one.source);
    return found;
}

TEST(Certificates, OfOneAuthoritysListsTheNewestThatIsValidIsInForce) {
    const std::vector all{list("scp", noon - 9 * day, "old"), list("scp", noon - day, "current"),
                          list("scp", noon + day, "next"), list("http", noon - 9 * day, "of another use")};
    EXPECT_EQ(sources(in_force(all, noon)), (std::vector<std::string>{"current", "of another use"}));
    EXPECT_EQ(sources(in_force(all, noon + day)), (std::vector<std::string>{"next", "of another use"}));
    EXPECT_EQ(in_force(all, noon + 20 * day).size(), all.size()) << "none is: all are told";
}

}  // namespace
}  // namespace hilum
