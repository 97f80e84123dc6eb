#include "pipeline/lanes/delivery_jobs.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "store/commitments.h"

namespace hilum {

DeliveryJobs::DeliveryJobs(World& world, CommitQueue& commits, const Configuration& configuration,
                           DataDirectory directory)
    : world_(world), commits_(commits), configuration_(configuration), directory_(std::move(directory)) {}

void DeliveryJobs::start(const std::function<ChildSpecification(const std::string&)>& specify,
                         const std::function<void()>& on_changed, const std::function<void()>& on_finished) {
    for (const auto& destination : configuration_.destinations)
        lanes_
            .emplace_back(
                world_, commits_, destination, directory_, on_changed, on_finished,
                [this](const CommitmentReport& report, auto answer) { keep_report(report, answer); })
            .start(specify(destination.name));
}

void DeliveryJobs::pump() {
    for (auto& lane : lanes_) lane.pump();
}

void DeliveryJobs::try_now() {
    for (auto& lane : lanes_) lane.try_now();
}

void DeliveryJobs::drain() {
    for (auto& lane : lanes_) lane.drain();
}

bool DeliveryJobs::idle() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const DeliveryLane& lane) { return lane.idle(); });
}

void DeliveryJobs::stop() {
    for (auto& lane : lanes_) lane.stop();
}

bool DeliveryJobs::any_child_running() const {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const DeliveryLane& lane) { return lane.running(); });
}

void DeliveryJobs::keep_report(const CommitmentReport& report,
                               std::function<void(CommitmentReportAnswer)> answer) {
    commits_.submit(
        [report, &destinations = configuration_.destinations](Transaction& transaction) {
            return take_commitment_report(transaction, report, destinations);
        },
        [this, report, answer = std::move(answer)](const Result<bool>& known) {
            if (!known)
                spdlog::error("cannot keep a storage commitment report: {}", known.error().message);
            else if (!*known)
                spdlog::warn("{} ({}) reports on the storage commitment {}, which Hilum did not ask for",
                             loggable(report.calling_ae), report.peer, report.transaction_uid);
            answer({known.has_value(), known.value_or(false)});
            pump();
        });
}

std::vector<ChildStatus> DeliveryJobs::children_status() const {
    std::vector<ChildStatus> all;
    for (const auto& lane : lanes_) all.push_back(lane.child_status());
    return all;
}

std::vector<std::string> DeliveryJobs::destinations_up() const {
    std::vector<std::string> up;
    for (const auto& destination : destinations_status())
        if (destination.state == DestinationState::up) up.push_back(destination.name);
    return up;
}

std::vector<DestinationStatus> DeliveryJobs::destinations_status() const {
    std::vector<DestinationStatus> all;
    for (const auto& lane : lanes_) all.push_back(lane.status());
    return all;
}

}  // namespace hilum
