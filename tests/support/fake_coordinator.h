// Stands for the coordinator at the other end of the listener's and the receivers' channels: a thread that
// answers as its script says and remembers all that it was sent.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/channel.h"
#include "contract/messages/receiving.h"

namespace hilum::test {

struct CoordinatorScript {
    std::function<bool(const AssociationRequested&)> admits = [](const auto& r) {
        return r.outcome == AssociationOutcome::accepted;
    };
    // None: the coordinator dies instead of answering. For store_commit and discard_commit.
    std::function<std::optional<StoreAnswer>(const nlohmann::json&)> answers =
        [](const nlohmann::json& request) {
            const bool kept = request.at("type") == StoreCommit::type;
            return StoreAnswer{true, kept, kept ? StoreOutcome::stored : StoreOutcome::discarded, {}};
        };
    CommitmentReportAnswer keeps{true, true};  // each commitment report
};

class FakeCoordinator {
  public:
    explicit FakeCoordinator(Channel channel, CoordinatorScript script = {})
        : script_(std::move(script)), wake_(::eventfd(0, EFD_CLOEXEC)) {
        channels_.push_back(std::move(channel));
        thread_ = std::thread([this] { run(); });
    }
    ~FakeCoordinator() {
        ::eventfd_write(wake_.get(), 1);
        thread_.join();
    }

    // What came so far, by type.
    std::vector<nlohmann::json> messages(const std::string& type) const {
        const std::scoped_lock lock(mutex_);
        return messages_of(type);
    }

    // At least `count` messages of the type; fewer after ten seconds.
    std::vector<nlohmann::json> wait_for(const std::string& type, std::size_t count = 1) const {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return messages_of(type).size() >= count; });
        return messages_of(type);
    }

    std::vector<nlohmann::json> wait_for_event(const std::string& event) const {
        const auto events = [&] {
            auto found = messages_of(ReceiverEvent::type);
            std::erase_if(found, [&](const auto& e) { return e.at("event") != event; });
            return found;
        };
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !events().empty(); });
        return events();
    }

    void send_to_all(const Packet& packet) {
        const std::scoped_lock lock(mutex_);
        for (auto& channel : channels_) (void)channel.send(packet);
    }

  private:
    std::vector<nlohmann::json> messages_of(const std::string& type) const {
        std::vector<nlohmann::json> found;
        for (const auto& message : messages_)
            if (message.at("type") == type) found.push_back(message);
        return found;
    }

    void run() {
        for (;;) {
            std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}};
            for (const auto& channel : channels_) fds.push_back({channel.fd(), POLLIN, 0});
            ::poll(fds.data(), fds.size(), -1);
            if (fds[0].revents != 0) break;
            bool alive = true;
            for (std::size_t i = fds.size() - 1; i >= 1 && alive; --i)
                if (fds[i].revents != 0) alive = serve(i - 1);
            if (!alive) break;
        }
        const std::scoped_lock lock(mutex_);
        channels_.clear();
    }

    bool serve(std::size_t index) {
        auto message = channels_[index].receive();
        const std::scoped_lock lock(mutex_);
        if (!message) {
            channels_.erase(channels_.begin() + static_cast<std::ptrdiff_t>(index));
            return true;
        }
        // Of a receiver: beside its channel come its pidfd and heartbeat.
        if (!message->fds.empty()) channels_.emplace_back(std::move(message->fds.front()));
        messages_.push_back(message->packet.body());
        changed_.notify_all();
        const std::string type = packet_type(*message);
        if (type == AssociationRequested::type) {
            const bool accept = script_.admits(from_packet<AssociationRequested>(*message).value());
            (void)channels_[index].send(to_packet(
                AssociationAnswer{accept ? AssociationOutcome::accepted : AssociationOutcome::local_limit}));
        } else if (type == StoreCommit::type || type == DiscardCommit::type) {
            const auto answer = script_.answers(message->packet.body());
            if (!answer) return false;
            (void)channels_[index].send(to_packet(*answer));
        } else if (type == CommitmentReport::type) {
            (void)channels_[index].send(to_packet(script_.keeps));
        }
        return true;
    }

    CoordinatorScript script_;
    UniqueFd wake_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<Channel> channels_;  // changed by the thread only, under the mutex
    std::vector<nlohmann::json> messages_;
    std::thread thread_;
};

}  // namespace hilum::test
