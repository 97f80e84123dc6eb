// What a role may be asked, as a table that reads: who serves which request, in which states of the role,
// with how many descriptors. What is not in the table, or not permitted now, is an error that ends the role:
// so a role's table is all that it does.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/messages/packet.h"

namespace hilum {

// One line of the table of a Role.
template <typename Role>
struct Request {
    std::string_view type;
    unsigned states;          // in which it is permitted: bits
    std::size_t descriptors;  // that come with it
    Status (*serve)(Role& role, Message message);
};

inline constexpr unsigned any_state = ~0U;
inline constexpr std::size_t any_number =
    ~std::size_t{0};  // of descriptors: the handler looks at them itself

// The states in which a request is permitted, of an enum that counts from 0.
template <typename... State>
constexpr unsigned in(State... states) {
    return ((1U << static_cast<unsigned>(states)) | ...);
}

template <typename Role, typename T>
using RequestHandler = Status (Role::*)(const T& request, std::vector<UniqueFd> descriptors);

template <auto handler, typename Role, typename T>
constexpr Request<Role> request_for(RequestHandler<Role, T>, std::size_t descriptors, unsigned states) {
    return {T::type, states, descriptors, [](Role& role, Message message) -> Status {
                const auto request = from_packet<T>(message);
                if (!request) return tl::unexpected(request.error());
                return (role.*handler)(*request, std::move(message.fds));
            }};
}

// The line for a member function of the Role that takes the request's struct and its descriptors. Its error
// ends the role.
template <auto handler>
constexpr auto request(std::size_t descriptors = 0, unsigned states = any_state) {
    return request_for<handler>(handler, descriptors, states);
}

// Whether a message may be served: code "protocol" where it is `known` but not `permitted`, unknown, or has
// not as many descriptors as belong to it.
Status check_request(const Message& message, bool known, bool permitted, std::size_t descriptors);

// Serves one message by the table. `state` is a value of the role's enum; a role without states has one.
template <typename Role, std::size_t n, typename State = int>
Status serve_request(Role& role, const std::array<Request<Role>, n>& table, Message message,
                     State state = State{}) {
    for (const Request<Role>& line : table) {
        if (line.type != packet_type(message)) continue;
        const bool permitted = (line.states & in(state)) != 0;
        if (auto checked = check_request(message, true, permitted, line.descriptors); !checked)
            return checked;
        return line.serve(role, std::move(message));
    }
    return check_request(message, false, false, any_number);
}

// Serves what comes, until the channel closes, which is the error, as is whatever else ends the role.
template <typename Role, std::size_t n>
Status serve_requests(Channel& channel, Role& role, const std::array<Request<Role>, n>& table) {
    for (;;) {
        auto message = channel.receive();
        if (!message) return tl::unexpected(message.error());
        if (auto served = serve_request(role, table, std::move(*message)); !served) return served;
    }
}

// A role that cannot go on for want of what the node lacks: what it worked on is not to blame.
inline constexpr int ended_by_the_nodes_trouble = 75;  // EX_TEMPFAIL

// The exit code of a role that ended with the error: 0 where the coordinator closed the channel; else it is
// logged.
int exit_code_of(std::string_view role, const Error& error);

}  // namespace hilum
