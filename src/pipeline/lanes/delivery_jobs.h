// Delivers committed results: a lane for each destination, so that none holds up another.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <string>

#include "pipeline/lanes/delivery_lane.h"

namespace hilum {

class DeliveryJobs {
  public:
    DeliveryJobs(boost::asio::io_context& loop, CommitQueue& commits, const Configuration& configuration,
                 DataDirectory directory, std::function<void()> on_changed);

    void start(const std::function<ChildSpecification(const std::string& destination)>& specify);
    void pump();
    void try_now();  // see DeliveryLane
    void drain();
    // A storage commitment report, whoever brought it; answered once it is kept.
    void keep_report(const CommitmentReport& report, std::function<void(CommitmentReportAnswer)> answer);
    bool idle() const;
    void stop();
    bool any_child_running() const;
    std::vector<ChildStatus> children_status() const;
    std::vector<DestinationStatus> destinations_status() const;  // DeliveryLane::status() of each

  private:
    boost::asio::io_context& loop_;
    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::function<void()> on_changed_;
    std::deque<DeliveryLane> lanes_;
};

}  // namespace hilum
