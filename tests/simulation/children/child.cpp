#include "simulation/children/child.h"

#include <fcntl.h>

#include <nlohmann/json.hpp>

namespace hilum::simulation {
namespace {

using std::chrono::milliseconds;

constexpr int most_messages_at_once = 8;
// Where it was stopped before its first sign of life.
constexpr Duration longest_silence = std::chrono::seconds(130);

}  // namespace

Child::Child(Scene& scene, Birth birth)
    : scene_(scene),
      pid_(birth.pid),
      role_(std::move(birth.role)),
      name_(std::move(birth.name)),
      channel_(std::move(birth.channel)) {
    ::fcntl(channel_.fd(), F_SETFL, ::fcntl(channel_.fd(), F_GETFL) | O_NONBLOCK);
    watch();
}

void Child::watch() {
    watch_ = scene_.world.watch_for_ever(channel_.fd(), [this] { read(); });
}

void Child::read() {
    const auto alive = alive_;
    for (int i = 0; i < most_messages_at_once && *alive && channel_; ++i) {
        auto message = channel_.receive();
        if (!message) {
            if (message.error().code == "closed") {
                watch_.reset();
                scene_.tell("{} {} finds its channel closed", role_, name_);
                channel_closed();
            }
            return;
        }
        hear(std::move(*message));
    }
}

void Child::end(int wait_status) {
    if (!*alive_) return;
    *alive_ = false;
    scene_.tell("{} {} ends, {}", role_, name_, wait_status);
    watch_.reset();
    channel_.close();
    ended();
    scene_.world.tell_end(pid_, wait_status);
}

void Child::stop_for(Duration time) {
    if (!channel_ || stopped_) return;
    scene_.tell("{} {} is stopped for {}", role_, name_, format_duration(time));
    stopped_ = true;
    watch_.reset();
    scene_.world.after(time, [this, time, alive = alive_] {
        if (!*alive) return;
        const bool supervised = scene_.world.life() == born_in_;
        scene_.demand(!supervised || time < longest_silence, "what is stopped is noticed",
                      "{} {} was stopped for {} and still lives", role_, name_, format_duration(time));
        stopped_ = false;
        watch();
    });
}

void Child::later(Duration wait, std::function<void()> act) {
    scene_.world.after(wait, [this, alive = alive_, act = std::move(act)]() mutable {
        if (!*alive) return;
        if (stopped_) return later(milliseconds(100), std::move(act));
        act();
    });
}

void Child::say(const Packet& packet, std::span<const int> fds) {
    if (channel_) (void)channel_.send(packet, fds);
}

void Child::respond(Duration typical, std::function<void()> answer) {
    auto& random = scene_.random;
    const auto& weather = scene_.weather;
    Duration wait = random.between(typical / 2, typical * 3 / 2);
    if (random.chance(weather.hangs)) return scene_.tell("{} {} hangs", role_, name_);
    if (random.chance(weather.late)) wait *= random.between(5, 200);
    if (random.chance(weather.garbles))
        return later(wait, [this] { say(Packet({{"type", "nonsense"}, {"job", 1}})); });
    if (random.chance(weather.dies)) {
        const bool answers = random.chance(0.3);
        return later(wait, [this, answers, answer = std::move(answer)] {
            if (answers) answer();
            end(crashed_status);
        });
    }
    const bool twice = random.chance(weather.twice);
    later(wait, [this, twice, answer = std::move(answer)] {
        answer();
        if (twice) later(milliseconds(3), answer);
    });
}

}  // namespace hilum::simulation
