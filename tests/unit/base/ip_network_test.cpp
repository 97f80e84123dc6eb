#include "base/ip_network.h"

#include <gmock/gmock.h>

namespace hilum {
namespace {

bool contains(const char* network, const char* address) {
    return IpNetwork::parse(network).value().contains(IpAddress::parse(address).value());
}

TEST(IpNetwork, ContainsTheAddressesOfItsPrefix) {
    EXPECT_TRUE(contains("10.1.0.0/16", "10.1.255.3"));
    EXPECT_FALSE(contains("10.1.0.0/16", "10.2.0.1"));
    EXPECT_TRUE(contains("10.1.0.128/25", "10.1.0.129"));
    EXPECT_FALSE(contains("10.1.0.128/25", "10.1.0.127"));
    EXPECT_TRUE(contains("0.0.0.0/0", "192.168.1.1"));
    EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(IpNetwork, OfOneAddressContainsOnlyThat) {
    EXPECT_TRUE(contains("10.1.0.5", "10.1.0.5"));
    EXPECT_FALSE(contains("10.1.0.5", "10.1.0.4"));
    EXPECT_TRUE(contains("::1", "::1"));
}

TEST(IpNetwork, KnowsAnIpv4PeerOnAnIpv6Socket) {
    EXPECT_TRUE(contains("10.1.0.0/16", "::ffff:10.1.2.3"));
}

TEST(IpNetwork, DoesNotTakeAnyIpv6AddressForIpv4) {
    EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
}

TEST(IpNetwork, RefusesWhatIsNone) {
    for (const char* text : {"", "pacs.example", "10.1.0.0/33", "10.1.0.0/", "10.1.0.0/-1", "10.1.0.0/8x",
                             "2001:db8::/129", "10.1.0"})
        EXPECT_FALSE(IpNetwork::parse(text)) << text;
}

TEST(IpAddress, ShowsIpv4InItsOwnForm) {
    EXPECT_EQ(IpAddress::parse("::ffff:10.1.2.3")->text(), "10.1.2.3");
    EXPECT_EQ(IpAddress::parse("2001:DB8::1")->text(), "2001:db8::1");
}

}  // namespace
}  // namespace hilum
