// The worker processes of one configured model: one for each of its devices, and, while the model is
// reloaded, those that are to replace them. A worker gets no image before it has given its package's golden
// cases the outputs that the package expects (docs/model-package.md).
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/analysis.h"
#include "contract/configuration.h"
#include "contract/messages/inference.h"
#include "pipeline/children/child_programs.h"
#include "pipeline/children/model_worker.h"
#include "pipeline/lanes/task.h"
#include "store/audit/audit_event.h"

namespace hilum {

// How a reload ended.
struct ModelReload {
    std::string model;          // its key
    std::string error;          // empty: the new package serves; else the old one still does, if it did
    std::string before, after;  // versions; `before` empty where nothing served
};

class ModelWorkers {
  public:
    using Reloaded = std::function<void(ModelReload)>;
    // A large model on a slow disk, its warm-up and golden cases.
    static constexpr std::chrono::minutes longest_reload{10};

    // Who gives the workers their work. It must outlive them.
    class Owner {
      public:
        virtual ~Owner() = default;
        // Runs golden case `index` through a decoder and this worker, which may have gone when it returns.
        // Retry::never is a verdict on the package, as are codes "golden_mismatch", and "golden_input" where
        // the input cannot be read; whatever else failed says nothing of it.
        virtual Task<Status> run_golden(ModelWorker& worker, std::size_t index) = 0;
        virtual void model_serves() = 0;   // a worker serves that did not
        virtual void model_changed() = 0;  // the status, or a worker has gone
        virtual void model_event(
            const audit::AuditEvent& event) = 0;  // "model_...": to be audited and counted
    };

    // `model`: index into configuration.models.
    ModelWorkers(World& world, const ModelSettings& settings, std::size_t model,
                 const ChildPrograms& programs, Owner& owner);

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
    // The one that is to give a golden case; null where that life of it is over, or it was replaced.
    ModelWorker* proving(std::int64_t number, int life);
    // What the worker says to the request, whose number is the caller's. One promise (see above) of it ends
    // with the answer. "process_died": it ended, or was killed since it answered nothing for the model's
    // timeout.
    Task<Result<InferAnswer>> infer(ModelWorker& worker, InferRequest request, int tensor);

    bool any_child_running() const;
    void append_children_status(std::vector<ChildStatus>& all) const;
    ModelStatus status() const;

  private:
    using Workers = std::list<ModelWorker>;

    ModelWorker* find(std::int64_t number);  // null: it has gone
    ModelWorker& add(Workers& workers, std::size_t slot);
    void on_message(std::int64_t number, Message message);
    void on_loaded(ModelWorker& worker, WorkerReady ready, std::vector<UniqueFd> fds);
    bool differs_from_others(const ModelWorker& worker) const;  // that loaded beside it
    void on_reply(ModelWorker& worker, Message message);
    void on_ended(std::int64_t number, const std::string& how);
    Task<void> prove(std::int64_t number);
    void on_golden_failure(ModelWorker& worker, const Error& error);
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
    const std::size_t model_;
    const std::string key_;
    const ChildPrograms& programs_;
    Owner& owner_;
    Workers serving_;     // one for each device
    Workers candidates_;  // likewise, while the model is reloaded
    Workers retiring_;    // until they have answered what they were given
    Reloaded reloaded_;   // set while the model is reloaded
    std::string actor_;   // who asked for the reload
    std::string before_;  // version that served when it began
    std::unique_ptr<Timer> reload_timer_;
    std::unique_ptr<Timer> proof_timer_;
    bool stopping_ = false;
    Tasks proofs_;  // they use all of the above
};

}  // namespace hilum
