#include "monitor/serving/tls_failures.h"

#include <gtest/gtest.h>

#include <vector>

namespace hilum::monitor {
namespace {

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}

class TlsFailuresTest : public testing::Test {
  protected:
    std::vector<HttpTlsFailed> told() {
        std::vector<HttpTlsFailed> all;
        failures_.tell([&](const HttpTlsFailed& failed) {
            all.push_back(failed);
            return Status();
        });
        return all;
    }
    TlsFailures failures_;
};

TEST_F(TlsFailuresTest, AreToldTogetherByAddressAndReasonAndOnce) {
    for (int i = 0; i < 5; ++i) failures_.add(address("10.1.0.7"), {"not_tls", "no TLS"});
    failures_.add(address("10.1.0.7"), {"untrusted", "not taken"});
    failures_.add(address("10.1.0.8"), {"not_tls", "no TLS"});
    const auto all = told();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].address, "10.1.0.7");
    EXPECT_EQ(all[0].code, "not_tls");
    EXPECT_EQ(all[0].detail, "no TLS");
    EXPECT_EQ(all[0].count, 5);
    EXPECT_EQ(all[1].code, "untrusted");
    EXPECT_EQ(all[2].count, 1);
    EXPECT_TRUE(told().empty());
}

TEST_F(TlsFailuresTest, OfManyAddressesAreToldByReason) {
    for (int i = 0; i < 200; ++i)
        failures_.add(address("10.1.0." + std::to_string(i)), {"not_tls", "no TLS"});
    std::int64_t sum = 0, of_many = 0;
    const auto all = told();
    for (const auto& one : all) {
        sum += one.count;
        if (one.address.empty()) of_many += one.count;
    }
    EXPECT_EQ(all.size(), TlsFailures::most_told + 1);
    EXPECT_EQ(sum, 200);
    EXPECT_EQ(of_many, 200 - static_cast<std::int64_t>(TlsFailures::most_told));
}

TEST_F(TlsFailuresTest, WaitForACoordinatorThatDoesNotListen) {
    failures_.add(address("10.1.0.7"), {"closed", "gone"});
    failures_.tell([](const HttpTlsFailed&) { return Status(fail_for_now("busy", "busy")); });
    failures_.add(address("10.1.0.7"), {"closed", "gone"});
    const auto all = told();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].count, 2);
}

}  // namespace
}  // namespace hilum::monitor
