#include "cli/verbs/node_health.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace hilum::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t day = 86400;

// Of a node that loaded one thing for TLS.
NodeHealth health_with(const char* kind, std::int64_t begins, std::int64_t ends) {
    const auto seconds = to_microseconds(now()) / 1'000'000;
    return health_of({{"running", true},
                      {"certificates",
                       {{{"use", "scp"},
                         {"kind", kind},
                         {"source", "crl.pem"},
                         {"subject", "CN=ca"},
                         {"not_before", seconds + begins},
                         {"not_after", seconds + ends},
                         {"error", ""}}}}});
}

TEST(NodeHealth, IsNotWellWithAListThatIsNotValidYet) {
    EXPECT_THAT(health_with("revocation_list", 600, 8 * day).problems,
                Contains(HasSubstr("scp: the revocation list of CN=ca in crl.pem is not valid yet")));
    EXPECT_THAT(health_with("revocation_list", -9 * day, -day).problems,
                Contains(HasSubstr("has EXPIRED 1 day ago")));
}

TEST(NodeHealth, HasAWeeklyListLookedAtInItsLastQuarterOnly) {
    const auto fresh = health_with("revocation_list", -day, 7 * day),
               late = health_with("revocation_list", -7 * day, day + 60),
               certificate = health_with("certificate", -360 * day, 7 * day + 60);
    EXPECT_THAT(fresh.to_look_at, Not(Contains(HasSubstr("crl.pem"))));
    EXPECT_THAT(late.to_look_at, Contains(HasSubstr("crl.pem expires in 1 day")));
    EXPECT_THAT(late.problems, Not(Contains(HasSubstr("crl.pem"))));
    EXPECT_THAT(certificate.to_look_at, Contains(HasSubstr("crl.pem expires in 7 days")));
}

}  // namespace
}  // namespace hilum::cli
