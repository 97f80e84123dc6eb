// A Channel on the coordinator's loop: calls back for each message and once when the peer is gone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/channel.h"

namespace hilum {

class ChannelWatcher : public std::enable_shared_from_this<ChannelWatcher> {
  public:
    using OnMessage = std::function<void(Message)>;
    // `reason`: empty when the peer closed its end in order, else what went wrong.
    using OnClosed = std::function<void(const std::string& reason)>;

    // Takes the channel and makes it non-blocking. The callbacks run on `loop`, never after close().
    static std::shared_ptr<ChannelWatcher> start(boost::asio::io_context& loop, Channel channel,
                                                 OnMessage on_message, OnClosed on_closed);

    // A peer that does not read is closed like one that is gone.
    Status send(const Packet& packet, std::span<const int> fds = {});
    void close();  // without calling on_closed
    void drain();  // delivers at once what a peer that has ended left behind

  private:
    ChannelWatcher(boost::asio::io_context& loop, Channel channel, OnMessage on_message, OnClosed on_closed);
    void wait();
    void read_waiting();

    Channel channel_;
    boost::asio::posix::stream_descriptor descriptor_;  // shares channel_'s descriptor, never closes it
    OnMessage on_message_;
    OnClosed on_closed_;
    bool open_ = true;
};

}  // namespace hilum
