// Waiting for a descriptor, for those who keep deadlines of their own.
#pragma once

#include <chrono>

namespace hilum {

// Until poll() finds one of `events` or the deadline passes, which is false. True also where poll() itself
// fails: the operation that follows tells what is wrong.
bool wait_for(int fd, short events, std::chrono::steady_clock::time_point deadline);

}  // namespace hilum
