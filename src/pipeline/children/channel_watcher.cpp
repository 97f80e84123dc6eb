#include "pipeline/children/channel_watcher.h"

#include <fcntl.h>

namespace hilum {
namespace {
constexpr int most_messages_at_once = 32;  // so that one busy peer does not starve the others
}

ChannelWatcher::ChannelWatcher(boost::asio::io_context& loop, Channel channel, OnMessage on_message,
                               OnClosed on_closed)
    : channel_(std::move(channel)),
      descriptor_(loop, channel_.fd()),
      on_message_(std::move(on_message)),
      on_closed_(std::move(on_closed)) {}

std::shared_ptr<ChannelWatcher> ChannelWatcher::start(boost::asio::io_context& loop, Channel channel,
                                                      OnMessage on_message, OnClosed on_closed) {
    ::fcntl(channel.fd(), F_SETFL, ::fcntl(channel.fd(), F_GETFL) | O_NONBLOCK);
    std::shared_ptr<ChannelWatcher> watcher(
        new ChannelWatcher(loop, std::move(channel), std::move(on_message), std::move(on_closed)));
    watcher->wait();
    return watcher;
}

Status ChannelWatcher::send(const Packet& packet, std::span<const int> fds) {
    if (!open_) return fail("closed", "the peer process is gone");
    return channel_.send(packet, fds);
}

void ChannelWatcher::close() {
    if (!open_) return;
    open_ = false;
    descriptor_.release();
    channel_.close();
}

void ChannelWatcher::wait() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               if (!error && self->open_) self->read_waiting();
                           });
}

void ChannelWatcher::drain() {
    const auto self = shared_from_this();  // a callback may drop the last other owner
    while (open_) {
        auto message = channel_.receive();
        if (!message) return;
        on_message_(std::move(*message));
    }
}

void ChannelWatcher::read_waiting() {
    for (int i = 0; i < most_messages_at_once && open_; ++i) {
        auto message = channel_.receive();
        if (message) {
            on_message_(std::move(*message));
            continue;
        }
        if (message.error().code == "would_block") break;
        close();
        on_closed_(message.error().code == "closed" ? "" : message.error().message);
        return;
    }
    if (open_) wait();
}

}  // namespace hilum
