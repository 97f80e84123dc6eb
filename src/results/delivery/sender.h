// The sender process of one destination: delivers committed results by C-STORE, and asks whether they are
// kept.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/channel.h"
#include "contract/configuration.h"
#include "contract/messages/sending.h"
#include "results/delivery/answer.h"
#include "results/delivery/rendezvous.h"
#include "results/delivery/storage_scu.h"

namespace hilum::delivery {

// After the last instance. Then it is released.
inline constexpr std::chrono::milliseconds idle_association_kept{10'000};

// The reply that tells the answer to a request, which is logged.
DeliverReply reply_of(const DeliverRequest& request, const Answer& answer);

// Tells the coordinator, once a second at most, that the destination makes progress.
std::function<void()> progress_reports(Channel& coordinator);

// What a destination with these settings is sent, and so what is proposed to it.
std::set<ClassAndSyntax> results_for(const ReportSettings& reports);

// Serves DeliverRequests, CommitmentRequests and EchoRequests for the destination of that name until the
// coordinator closes its channel; returns the exit code. `rendezvous`: of a process that is confined to its
// port, where the destination speaks DICOM.
int run_sender(Channel coordinator, const Configuration& configuration, const std::string& destination,
               std::shared_ptr<Rendezvous> rendezvous = nullptr);

}  // namespace hilum::delivery
