// The last words of a process that made a call that its role may not make.
#pragma once

namespace hilum {

// From now on, where the filter of calls kills, the process first sends {"type": "forbidden_call", "number":
// N} through `channel` (contract/messages/forbidden_call.h), a socket of packets; -1: it says nothing. Then
// it dies of SIGSYS.
void tell_of_forbidden_calls(int channel);

}  // namespace hilum
