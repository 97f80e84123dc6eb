#include "contract/messages/request_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"

namespace hilum {
namespace {

using testing::HasSubstr;

class Role {
  public:
    enum class State { idle, busy };
    Status deliver(const DeliverRequest& request, std::vector<UniqueFd>) {
        delivered.push_back(request.delivery);
        return {};
    }
    Status drain(const Drain&, std::vector<UniqueFd>) { return fail("closed", "it is over"); }

    std::vector<std::int64_t> delivered;
};

constexpr std::array table{request<&Role::deliver>(0, in(Role::State::idle)), request<&Role::drain>()};

Message message_of(Packet packet, std::size_t descriptors = 0) {
    Message message{std::move(packet), {}};
    message.fds.resize(descriptors);
    return message;
}

DeliverRequest delivery(std::int64_t number) {
    DeliverRequest request;
    request.delivery = number;
    return request;
}

TEST(RequestTable, ServesARequestByItsHandler) {
    Role role;
    EXPECT_TRUE(serve_request(role, table, message_of(to_packet(delivery(7)))));
    EXPECT_EQ(role.delivered, std::vector<std::int64_t>{7});
}

TEST(RequestTable, RefusesWhatIsUnknownOutOfTurnOrWithoutItsDescriptors) {
    Role role;
    const auto unknown = serve_request(role, table, message_of(to_packet(EchoRequest{})));
    EXPECT_THAT(unknown.error().message, HasSubstr("'echo' message, which is unknown"));
    const auto early = serve_request(role, table, message_of(to_packet(delivery(7))), Role::State::busy);
    EXPECT_THAT(early.error().message, HasSubstr("'deliver' message out of turn"));
    const auto more = serve_request(role, table, message_of(to_packet(delivery(7)), 1));
    EXPECT_THAT(more.error().message, HasSubstr("with 0 descriptors, not with 1"));
    for (const auto& status : {unknown, early, more}) EXPECT_EQ(status.error().code, "protocol");
    EXPECT_TRUE(role.delivered.empty());
}

TEST(RequestTable, RefusesARequestThatLacksAMember) {
    Role role;
    const nlohmann::json body = {{"type", "deliver"}};
    EXPECT_EQ(serve_request(role, table, message_of(Packet(body))).error().code, "protocol");
}

TEST(RequestTable, ServesUntilAHandlerOrTheChannelEndsIt) {
    auto pair = Channel::make_pair().value();
    Role role;
    for (const auto number : {1, 2}) ASSERT_TRUE(pair.first.send(to_packet(delivery(number))));
    ASSERT_TRUE(pair.first.send(to_packet(Drain{})));
    EXPECT_EQ(serve_requests(pair.second, role, table).error().message, "it is over");
    EXPECT_EQ(role.delivered, (std::vector<std::int64_t>{1, 2}));
    pair.first.close();
    const auto ended = serve_requests(pair.second, role, table).error();
    EXPECT_EQ(ended.code, "closed");
    EXPECT_EQ(exit_code_of("test", ended), 0);
    EXPECT_EQ(exit_code_of("test", {"protocol", "odd"}), 1);
}

}  // namespace
}  // namespace hilum
