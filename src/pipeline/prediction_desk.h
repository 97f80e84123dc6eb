// The coordinator's side of the http process: tells it how the node is, runs what it is asked to predict, and
// passes on what it tells of certificates, and audits who asks.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/world.h"
#include "contract/messages/certificates.h"
#include "contract/messages/monitoring.h"
#include "pipeline/children/analysis_engine.h"
#include "pipeline/children/supervised_child.h"
#include "pipeline/control/access_audit.h"
#include "pipeline/lanes/task.h"

namespace hilum {

class PredictionDesk {
  public:
    struct Callbacks {
        std::function<void()> on_changed;
        std::function<void(const CertificatesLoaded&)> on_certificates;
    };

    PredictionDesk(World& world, EventKeeper& events, AnalysisEngine& engine,
                   std::vector<std::string> models);

    void start(ChildSpecification http, Callbacks callbacks);
    void reload_certificates();  // and tokens
    void stop();
    void tell(const NodeStatus& status);  // also to an http process that starts later
    int port() const { return port_; }
    const AccessAudit& access() const { return access_; }
    const SupervisedChild* http() const { return http_.get(); }

  private:
    void on_message(Message message);
    void http_ended();
    Task<void> predict(PredictRequest request, UniqueFd file, std::stop_token asker_gone);
    static PredictReply reply_of(const AnalysisAnswer& answer);
    static PredictReply refusal(int http_status, const Error& error);
    void answer(std::int64_t request, const std::stop_token& asker_gone, PredictReply reply);

    World& world_;
    AccessAudit access_;
    AnalysisEngine& engine_;
    std::vector<std::string> models_;
    Callbacks callbacks_;
    std::unique_ptr<SupervisedChild> http_;
    std::stop_source http_gone_;  // of the process that runs, or that is to run next
    NodeStatus status_;
    int port_ = 0;
    Tasks tasks_;  // they use all of the above
};

}  // namespace hilum
