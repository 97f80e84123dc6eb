// What all conversations between the coordinator and its children share. Each message is a struct, and one
// packet of a Channel; its `type` says in the packet what it is. Directions and descriptors are told at each
// struct. The coordinator never trusts a child's numbers: sizes are checked against the descriptor that
// carries them.
#pragma once

#include <string>

#include "base/channel.h"
#include "contract/declare_json.h"

namespace hilum {

// The message as a T; code "protocol" when it is of another type, or lacks a member.
template <typename T>
Result<T> from_packet(const Message& message);

// Declares a struct as a message; define_json.h defines it.
#define HILUM_MESSAGE(Type)                \
    Packet to_packet(const Type& message); \
    template <>                            \
    Result<Type> from_packet<Type>(const Message& message);

inline const std::string& packet_type(const Message& message) {
    return message.packet.type();
}

}  // namespace hilum
