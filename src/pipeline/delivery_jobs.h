// Delivers committed results: one sender process per destination, one result at a time each, retried with
// growing delays until it is accepted, refused for good, or too old.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pipeline/commit_queue.h"
#include "pipeline/data_directory.h"
#include "pipeline/supervised_child.h"
#include "pipeline/types/configuration.h"
#include "pipeline/types/messages.h"

namespace hilum {

class DeliveryJobs {
  public:
    DeliveryJobs(boost::asio::io_context& loop, CommitQueue& commits, const Configuration& configuration,
                 DataDirectory directory, std::function<void()> on_changed);

    void start(const std::function<ChildSpecification(const std::string& destination)>& specify);
    void pump();
    void drain() { draining_ = true; }
    bool idle() const;
    void stop();
    bool any_child_running() const;
    nlohmann::json children_status() const;

  private:
    struct Claimed {
        DeliverRequest request;
        std::string file, study_instance_uid;
        int attempts = 0;
        std::int64_t created_at = 0;
    };
    struct Claim {
        std::optional<Claimed> delivery;
        std::optional<std::int64_t> next_at;
    };
    enum class Phase { idle, claiming, sending, keeping };
    struct Lane {  // to one destination
        const DestinationSettings* settings = nullptr;
        std::unique_ptr<SupervisedChild> sender;
        Phase phase = Phase::idle;
        bool pump_again = false;
        Claimed current;
        boost::asio::steady_timer wake_timer, deadline_timer;
        explicit Lane(boost::asio::io_context& loop) : wake_timer(loop), deadline_timer(loop) {}
    };

    static Claim claim(Database& database, const std::string& destination, Duration lease);
    void pump_lane(Lane& lane);
    void wake_after(Lane& lane, Duration wait);
    void send(Lane& lane);
    void on_message(Lane& lane, Message message);
    void keep(Lane& lane, DeliverReply reply);

    boost::asio::io_context& loop_;
    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::function<void()> on_changed_;
    std::deque<Lane> lanes_;
    bool draining_ = false;
};

}  // namespace hilum
