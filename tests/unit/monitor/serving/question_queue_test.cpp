#include "monitor/serving/question_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace hilum::monitor {
namespace {

TEST(QuestionQueue, AddressesTakeTurnsAndNoneTakesAllPlaces) {
    QuestionQueue queue;
    std::string answered;
    const auto ask = [&](const std::string& address, char name) {
        return queue.add(IpAddress::parse(address).value(), [&answered, name] { answered += name; });
    };
    for (std::size_t i = 0; i < QuestionQueue::most_per_address; ++i) EXPECT_TRUE(ask("10.0.0.1", 'a'));
    EXPECT_FALSE(ask("10.0.0.1", 'a'));
    EXPECT_TRUE(ask("10.0.0.2", 'b'));
    EXPECT_TRUE(ask("10.0.0.2", 'b'));
    EXPECT_TRUE(ask("10.0.0.3", 'c'));
    for (int i = 0; i < 6; ++i) queue.answer_next();
    EXPECT_EQ(answered, "abcaba");
    while (!queue.empty()) queue.answer_next();
    EXPECT_EQ(answered.size(), QuestionQueue::most_per_address + 3);
    int taken = 0;
    for (int i = 0; i < 500; ++i)
        if (ask("10.1.0." + std::to_string(i % 250), 'x')) ++taken;
    EXPECT_EQ(taken, static_cast<int>(QuestionQueue::most));
}

}  // namespace
}  // namespace hilum::monitor
