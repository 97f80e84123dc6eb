// The worker processes of one configured model: one for each of its devices, and, while the model is
// reloaded, those that are to replace them. A worker gets no image before it has given its package's golden
// cases the outputs that the package expects (docs/model-package.md).
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages.h"
#include "pipeline/children/supervised_child.h"
#include "store/audit/audit_event.h"

namespace hilum {

// One worker process, and what it told of itself.
struct ModelWorker {
    std::int64_t number = 0;  // of this node's run; none is given twice
    std::unique_ptr<SupervisedChild> child;
    std::optional<WorkerReady> ready;     // the package that it loaded
    UniqueFd model_yaml;                  // its text
    std::vector<UniqueFd> golden_inputs;  // as ready->golden names them
    bool proved = false;                  // every golden case came out right since it was loaded
    std::string error;                    // why it does not serve
    int inferring = 0;                    // requests that it has not answered

    bool serves() const { return ready && proved; }
    bool has_room() const { return inferring < 2 * ready->batch_size; }
};

// How a reload ended.
struct ModelReload {
    std::string model;          // its key
    std::string error;          // empty: the new package serves; else the old one still does, if it did
    std::string before, after;  // versions; `before` empty where nothing served
};

class ModelWorkers {
  public:
    using GoldenAnswer = std::function<void(Status)>;
    using Reloaded = std::function<void(ModelReload)>;

    struct Environment {
        // A worker for the device, under a name for the log.
        std::function<ChildSpecification(const std::string& device, const std::string& name)> specify;
        // Runs golden case `index` through a decoder and this worker; answers once. Codes: "golden_mismatch",
        // "golden_input" where the input cannot be read; others passed.
        std::function<void(ModelWorker&, std::size_t index, GoldenAnswer)> run_golden;
        std::function<void(ModelWorker&, Message)> on_reply;  // an InferReply, it should be
        // It takes nothing more and answers nothing more: what waits for it fails.
        std::function<void(ModelWorker&, const std::string& how)> on_gone;
        std::function<void()> on_capacity;                // a worker serves that did not
        std::function<void()> on_changed;                 // the status
        std::function<void(audit::AuditEvent)> on_event;  // of types "model_...": to be audited and counted
    };

    ModelWorkers(World& world, const ModelSettings& settings, Environment environment);

    void start();
    void stop();

    // `actor` asks: loads the package beside the workers at work, proves it, and puts the new ones in their
    // place, all at once. Calls `done` on the loop. What fails changes nothing but the log and the audit
    // trail.
    void reload(const std::string& actor, Reloaded done);

    bool ready() const { return any_serving() != nullptr; }
    const ModelWorker* any_serving() const;
    std::size_t batch_sizes() const;  // of all that serve, together
    // The least busy one with room that serves the package of this digest.
    ModelWorker* with_room(const std::string& package_sha256);
    ModelWorker* find(std::int64_t number);  // null: it has gone
    void answered(ModelWorker& worker);      // one request less

    bool any_child_running() const;
    void append_children_status(nlohmann::json& all) const;
    nlohmann::json status() const;

  private:
    using Workers = std::list<ModelWorker>;

    std::string name_of(const ModelWorker& worker) const;
    ModelWorker& add(Workers& workers, std::size_t slot);
    void on_message(std::int64_t number, Message message);
    void on_loaded(ModelWorker& worker, WorkerReady ready, std::vector<UniqueFd> fds);
    void on_ended(std::int64_t number, const std::string& how);
    void prove(ModelWorker& worker, std::size_t index = 0);
    void on_golden(ModelWorker& worker, std::size_t index, const Status& outcome);
    void on_proved(ModelWorker& worker);
    void take_up(ModelWorker& worker);
    void reject(ModelWorker& worker, const std::string& why);
    bool is_candidate(const ModelWorker& worker) const;
    void swap();
    void end_reload(const std::string& error);
    void retire(Workers& workers);
    void end_if_idle(ModelWorker& worker);
    void forget_later(std::int64_t number);
    void prove_again_after(Duration wait);
    audit::AuditEvent event_of(const char* type, const ModelWorker* worker) const;

    World& world_;
    const ModelSettings& settings_;
    const std::string key_;
    Environment environment_;
    Workers serving_;     // one for each device
    Workers candidates_;  // likewise, while the model is reloaded
    Workers retiring_;    // until they have answered what they were given
    Reloaded reloaded_;   // set while the model is reloaded
    std::string actor_;   // who asked for the reload
    std::string before_;  // version that served when it began
    std::unique_ptr<Timer> reload_timer_;
    std::unique_ptr<Timer> proof_timer_;
    bool stopping_ = false;
};

}  // namespace hilum
