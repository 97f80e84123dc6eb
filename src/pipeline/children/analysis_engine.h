// The decoders and workers at work: takes an open DICOM file and a model, and answers with what the model
// said, why it was not asked, or what went wrong. In memory only; the jobs that outlive a restart are
// AnalysisLane's. Whatever package a model's workers change to meanwhile, an image is prepared for the one
// that judges it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "base/world.h"
#include "contract/analysis.h"
#include "contract/configuration.h"
#include "contract/messages/decoding.h"
#include "contract/messages/inference.h"
#include "pipeline/children/child_programs.h"
#include "pipeline/children/model_workers.h"
#include "pipeline/children/supervised_child.h"

namespace hilum {

// What the model said, with the pictures of it: memfds whose sizes the geometries tell.
struct Analysed {
    InferenceResult result;
    RadiographAttributes attributes;
    InputGeometry geometry;
    DisplayGeometry display;
    UniqueFd display_pixels;
    UniqueFd maps;  // none where the model has none
    FrameCount frames;
    ImageNotes notes;
};
struct AnalysisFailure {
    Error error;        // Retry::never: the same input fails again
    FrameCount frames;  // as far as they were counted
};
struct Refused {
    NotAnalysed reason;
    ModelIdentity model;  // whose intended use it is outside of
    FrameCount frames;
    ImageNotes notes;
};
using AnalysisAnswer = std::variant<Analysed, Refused, AnalysisFailure>;

struct AnalysisTask {
    UniqueFd file;                             // the DICOM file, open for reading
    std::size_t model = 0;                     // index into configuration.models
    int frame = 1;                             // of the image, from 1
    bool urgent = false;                       // somebody waits: before the queue
    std::function<void(AnalysisAnswer)> done;  // called once, on the loop
};

class AnalysisEngine : private ModelWorkers::Owner {
  public:
    // Who hears of changes: the node. It must outlive the engine.
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void capacity_came() = 0;                              // can_take may have become true
        virtual void child_changed() = 0;                              // or a model's state
        virtual void model_event(const audit::AuditEvent& event) = 0;  // see ModelWorkers
    };

    // `programs` tells how children are started, once it is prepared.
    AnalysisEngine(World& world, const Configuration& configuration, const ChildPrograms& programs,
                   Owner& owner);
    ~AnalysisEngine() override;

    void start();  // before any reload
    void stop();   // closes the children's channels

    // Whether the model is ready and few enough tasks wait for it. Tasks beyond that are taken all the same.
    bool can_take(std::size_t model) const;
    void submit(AnalysisTask task);

    bool ready(std::size_t model) const { return models_[model]->ready(); }
    void reload(std::size_t model, const std::string& actor, ModelWorkers::Reloaded done) {
        models_[model]->reload(actor, std::move(done));
    }
    bool decoding() const;  // a decoder runs
    bool idle() const { return tasks_.empty(); }
    bool any_child_running() const;
    std::vector<ChildStatus> children_status() const;
    std::vector<ModelStatus> models_status() const;  // ModelWorkers::status() of each

  private:
    enum class Stage { waiting_for_decoder, decoding, waiting_for_worker, inferring };
    // A golden case runs on one worker, not on any that has room.
    struct Golden {
        std::int64_t worker = 0;
        std::size_t index = 0;
    };
    struct InFlight {
        AnalysisTask task;
        std::optional<Golden> golden;
        Stage stage = Stage::waiting_for_decoder;
        DecodeReply decoded;
        UniqueFd tensor, display;
        MonotonicTime deadline;
        SupervisedChild* child = nullptr;  // that works on it
        std::string package_sha256;        // of the model.yaml that it was decoded for
        ModelIdentity identity;            // of the same
    };
    struct Decoder {
        std::unique_ptr<SupervisedChild> child;
        std::int64_t task = 0;  // 0: idle
    };

    ChildSpecification specify_worker(std::size_t model, const std::string& device,
                                      const std::string& name) override;
    Task<Status> run_golden(ModelWorker& worker, std::size_t index) override;
    void worker_says(ModelWorker& worker, Message message) override;
    void worker_gone(ModelWorker& worker, const std::string& how) override;
    void model_serves() override;
    void model_changed() override { owner_.child_changed(); }
    void model_event(const audit::AuditEvent& event) override { owner_.model_event(event); }

    void make_decoder(Decoder& decoder, int number);
    void pump();
    bool can_decode(const InFlight& task) const;
    bool somebody_waits_behind() const;
    const ModelWorker* worker_to_decode_for(const InFlight& task) const;
    bool give_to_decoder(std::int64_t id, InFlight& task);
    void give_to_worker(std::int64_t id, InFlight& task);
    void on_decoder_message(Decoder& decoder, Message message);
    void on_decoded(std::int64_t id, DecodeReply reply, std::vector<UniqueFd> fds);
    void on_inferred(std::int64_t id, InferReply reply, std::vector<UniqueFd> fds);
    void fail_tasks(const std::function<bool(const InFlight&)>& which, const std::string& how);
    void finish(std::int64_t id, AnalysisAnswer answer);
    void watch_deadlines();

    World& world_;
    const Configuration& configuration_;
    const ChildPrograms& programs_;
    Owner& owner_;
    std::vector<Decoder> decoders_;
    std::vector<std::unique_ptr<ModelWorkers>> models_;  // one per configured model
    std::map<std::int64_t, InFlight> tasks_;             // by number, so in order of arrival
    bool urgent_had_last_turn_ = false;
    std::int64_t next_urgent_ = -1'000'000'000'000, next_ = 1;
    std::unique_ptr<Timer> deadline_timer_;
};

}  // namespace hilum
