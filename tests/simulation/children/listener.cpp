#include "simulation/children/listener.h"

#include "base/heartbeat.h"

namespace hilum::simulation {

void Listener::begin() {
    later(scene_.random.between(std::chrono::milliseconds(5), std::chrono::milliseconds(60)), [this] {
        listens_ = true;
        scene_.tell("the listener listens");
        say(to_packet(ListenerReady{11112}));
    });
}

void Listener::hear(Message message) {
    if (packet_type(message) == "drain") listens_ = false;
}

Result<Channel> Listener::connect(pid_t receiver) {
    auto ends = Channel::make_pair();
    if (!ends) return tl::unexpected(ends.error());
    const auto unused = make_heartbeat();  // the simulated world knows processes by their numbers
    const int fds[] = {ends->first.fd(), unused->get(), unused->get()};
    say(to_packet(ConnectionAccepted{"192.0.2.7", receiver, "192.0.2.7"}), fds);
    return std::move(ends->second);
}

}  // namespace hilum::simulation
