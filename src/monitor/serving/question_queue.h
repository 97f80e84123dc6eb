// Requests that ask the database, which takes its time on the one thread: whoever runs the loop answers one
// when nothing else is ready, and addresses take turns, so that a health probe and a scraper wait behind few.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "base/ip_network.h"

namespace hilum::monitor {

class QuestionQueue {
  public:
    static constexpr std::size_t most = 128, most_per_address = 32;

    // False: too many wait already, of all or of this address.
    bool add(const IpAddress& address, std::function<void()> answer);

    bool empty() const { return count_ == 0; }
    void answer_next();  // of the address whose last turn is longest ago; not empty before

  private:
    struct Address {
        std::deque<std::function<void()>> waiting;
        std::uint64_t turn = 0;
    };
    std::map<IpAddress, Address> addresses_;
    std::size_t count_ = 0;
    std::uint64_t turns_ = 0;
};

}  // namespace hilum::monitor
