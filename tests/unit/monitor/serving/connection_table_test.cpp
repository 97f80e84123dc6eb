#include "monitor/serving/connection_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hilum::monitor {
namespace {

class ConnectionTableTest : public testing::Test {
  protected:
    std::optional<ConnectionTable::Id> add(const std::string& address) {
        const auto number = ++added_;
        return table_.add(IpAddress::parse(address).value(), [this, number] { closed_.insert(number); });
    }

    ConnectionTable table_{{.all = 8, .kept_for_loopback = 2, .per_address = 4}};
    int added_ = 0;
    std::set<int> closed_;
};

TEST_F(ConnectionTableTest, OfAnAddressWithTooManyTheOldestThatWaitsIsClosed) {
    const auto first = add("10.0.0.1");
    for (int i = 0; i < 3; ++i) add("10.0.0.1");
    table_.set_waiting(*first, false);
    EXPECT_TRUE(add("10.0.0.1"));
    EXPECT_EQ(closed_, (std::set{2}));
    EXPECT_EQ(table_.size(), 4);
}

TEST_F(ConnectionTableTest, NothingGivesWayThatIsBeingAnswered) {
    for (int i = 0; i < 4; ++i) table_.set_waiting(*add("10.0.0.1"), false);
    EXPECT_FALSE(add("10.0.0.1"));
    EXPECT_TRUE(closed_.empty());
}

TEST_F(ConnectionTableTest, TheMachineItselfHasPlacesThatNobodyTakes) {
    for (int i = 0; i < 30; ++i) add("10.0.0." + std::to_string(i));
    EXPECT_EQ(table_.size(), 6);
    EXPECT_TRUE(add("127.0.0.1"));
    EXPECT_TRUE(add("::1"));
    EXPECT_EQ(table_.size(), 8);
    EXPECT_TRUE(add("::1")) << "and takes others' where it needs more";
}

TEST_F(ConnectionTableTest, ASubnetOfIpv6IsOneAddress) {
    for (int i = 0; i < 20; ++i) add("2001:db8::" + std::to_string(i));
    EXPECT_EQ(table_.size(), 4);
}

TEST_F(ConnectionTableTest, WhatEndedIsForgotten) {
    const auto one = add("10.0.0.1");
    table_.remove(*one);
    table_.set_waiting(*one, true);
    EXPECT_EQ(table_.size(), 0);
}

}  // namespace
}  // namespace hilum::monitor
