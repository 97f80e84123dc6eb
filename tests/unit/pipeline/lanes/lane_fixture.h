// A lane in a simulated world, with a child that does what a test says.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "contract/messages/packet.h"
#include "pipeline/children/supervised_child.h"
#include "pipeline/lanes/happening.h"
#include "simulation/world/disk.h"
#include "simulation/world/simulated_world.h"
#include "store/database/commit_queue.h"
#include "unit/store/test_database.h"

namespace hilum::test {

class LaneTest : public testing::Test, protected simulation::Household, protected Happenings {
  protected:
    LaneTest() { world_.raise(*this); }

    // What the child does with the requests that come, one after the other; after the last it is silent.
    using Act = std::function<void(const Message&)>;
    std::deque<Act> acts_;
    Act answers(std::function<Packet(const Message&)> reply) {
        return [this, reply = std::move(reply)](const Message& message) { say(reply(message)); };
    }
    Act dies(int wait_status = 11) {
        return [this, wait_status](const Message&) { end_child(wait_status); };
    }
    Act is_silent() {
        return [](const Message&) {};
    }
    void say(const Packet& packet, std::span<const int> fds = {}) { (void)channel_.send(packet, fds); }

    static ChildSpecification specification(const char* role) { return {role, "1", {"program"}, -1, true}; }
    void run_for(Duration time) {
        const auto until = world_.elapsed() + time;
        world_.post([] {});  // descriptors are looked at after an event
        while (world_.run_one(until)) {
        }
    }
    template <typename Work>
    auto commit(Work work) {
        std::optional<Result<std::invoke_result_t<Work, Transaction&>>> result;
        commits_.submit(std::move(work), [&](auto outcome) { result = std::move(outcome); });
        while (!result) world_.run_one(world_.elapsed() + std::chrono::seconds(1));
        if (!*result) throw std::runtime_error(result->error().message);
        if constexpr (!std::is_void_v<std::invoke_result_t<Work, Transaction&>>) return std::move(**result);
    }

    bool begin(pid_t pid, const SpawnOptions&, UniqueFd channel) override {
        pid_ = pid;
        ++starts_;
        channel_ = Channel(std::move(channel));
        watch_ = world_.watch_for_ever(channel_.fd(), [this] { hear(); });
        return true;
    }
    void kill(pid_t pid) override {
        if (pid != pid_) return;
        ++kills_;
        end_child(9);
    }
    bool beats(pid_t) override { return beats_; }
    void happened(Happening what) override { happenings_.push_back(what); }

    TemporaryFolder folder_;
    DataDirectory directory_{folder_.path()};
    simulation::Random random_{1};
    simulation::Disk disk_{random_};
    simulation::SimulatedWorld world_{random_, disk_};
    CommitQueue commits_{world_, open_database(folder_)};
    std::vector<Happening> happenings_;
    int starts_ = 0, kills_ = 0;
    bool beats_ = true, stops_reading_ = false;
    std::vector<Packet> heard_;

  private:
    void hear() {
        if (stops_reading_) return watch_.reset();
        auto message = channel_.receive();
        if (!message) return end_child(0);
        heard_.push_back(message->packet);
        if (acts_.empty()) return;
        const auto act = std::move(acts_.front());
        acts_.pop_front();
        act(*message);
    }
    void end_child(int wait_status) {
        watch_.reset();
        channel_.close();
        world_.tell_end(std::exchange(pid_, 0), wait_status);
    }

    pid_t pid_ = 0;
    Channel channel_;
    std::unique_ptr<Watch> watch_;
};

}  // namespace hilum::test
