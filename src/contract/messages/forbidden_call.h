// The last words of a process of any role that made a system call which its role may not make: its signal
// handler writes them (base/confinement/forbidden_call.h), and it dies.
#pragma once

#include "contract/messages/packet.h"

namespace hilum {

// any child -> coordinator, and receiver -> coordinator. No answer.
struct ForbiddenCall {
    static constexpr const char* type = "forbidden_call";
    int number = 0;  // as the kernel counts them on this processor
};

HILUM_MESSAGE(ForbiddenCall)

}  // namespace hilum
