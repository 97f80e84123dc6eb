// A Channel on the world's loop: calls back for each message and once when the peer is gone.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/channel.h"
#include "base/world.h"

namespace hilum {

class ChannelWatcher : public std::enable_shared_from_this<ChannelWatcher> {
  public:
    using OnMessage = std::function<void(Message)>;
    // `reason`: "closed" when the peer closed its end in order, else what went wrong.
    using OnClosed = std::function<void(const Error& reason)>;

    // Takes the channel and makes it non-blocking. The callbacks run on the loop, never after close().
    static std::shared_ptr<ChannelWatcher> start(World& world, Channel channel, OnMessage on_message,
                                                 OnClosed on_closed);

    // A peer that does not read is closed like one that is gone.
    Status send(const Packet& packet, std::span<const int> fds = {});
    void end_sending();  // the peer sees it close; what it still sends is delivered
    void close();        // without calling on_closed
    void drain();        // delivers at once what a peer that has ended left behind

  private:
    ChannelWatcher(Channel channel, OnMessage on_message, OnClosed on_closed);
    void read_waiting();

    Channel channel_;
    std::unique_ptr<Watch> watch_;  // of channel_'s descriptor
    OnMessage on_message_;
    OnClosed on_closed_;
    bool open_ = true;
};

}  // namespace hilum
