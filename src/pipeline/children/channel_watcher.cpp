#include "pipeline/children/channel_watcher.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace hilum {
namespace {
constexpr int most_messages_at_once = 32;  // so that one busy peer does not starve the others
}

ChannelWatcher::ChannelWatcher(Channel channel, OnMessage on_message, OnClosed on_closed)
    : channel_(std::move(channel)), on_message_(std::move(on_message)), on_closed_(std::move(on_closed)) {}

std::shared_ptr<ChannelWatcher> ChannelWatcher::start(World& world, Channel channel, OnMessage on_message,
                                                      OnClosed on_closed) {
    ::fcntl(channel.fd(), F_SETFL, ::fcntl(channel.fd(), F_GETFL) | O_NONBLOCK);
    std::shared_ptr<ChannelWatcher> watcher(
        new ChannelWatcher(std::move(channel), std::move(on_message), std::move(on_closed)));
    watcher->watch_ =
        world.watch(watcher->channel_.fd(), [watcher = watcher.get()] { watcher->read_waiting(); });
    return watcher;
}

Status ChannelWatcher::send(const Packet& packet, std::span<const int> fds) {
    if (!open_) return fail("closed", "the peer process is gone");
    return channel_.send(packet, fds);
}

void ChannelWatcher::end_sending() {
    if (open_) ::shutdown(channel_.fd(), SHUT_WR);
}

void ChannelWatcher::close() {
    if (!open_) return;
    open_ = false;
    watch_.reset();
    channel_.close();
}

void ChannelWatcher::drain() {
    const auto self = shared_from_this();
    while (open_) {
        auto message = channel_.receive();
        if (!message) return;
        on_message_(std::move(*message));
    }
}

void ChannelWatcher::read_waiting() {
    const auto self = shared_from_this();  // a callback may drop the last other owner
    for (int i = 0; i < most_messages_at_once && open_; ++i) {
        auto message = channel_.receive();
        if (message) {
            on_message_(std::move(*message));
            continue;
        }
        if (message.error().code == "would_block") return;
        close();
        on_closed_(message.error());
        return;
    }
}

}  // namespace hilum
