// The decoders and workers at work: takes an open DICOM file and a model, and answers with what the model
// said, why it was not asked, or what went wrong. In memory only; the jobs that outlive a restart are
// AnalysisLane's. Whatever package a model's workers change to meanwhile, an image is prepared for the one
// that judges it. An analysis is a coroutine: it waits for a decoder, decodes, waits for a worker, infers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
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
#include "pipeline/lanes/asked_child.h"
#include "pipeline/lanes/task.h"

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
    UniqueFd file;                    // the DICOM file, open for reading
    std::size_t model = 0;            // index into configuration.models
    int frame = 1;                    // of the image, from 1
    bool urgent = false;              // somebody waits: before the queue
    StoredObject stored = {};         // what the file must be, where that is known
    std::stop_token asker_gone = {};  // nobody waits for the answer any more: what has not begun does not
};

class AnalysisEngine : private ModelWorkers::Owner, private AskedChild::Owner {
  public:
    // Who hears of changes: the node. It must outlive the engine.
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void capacity_came() = 0;                              // can_take may have become true
        virtual void engine_changed() = 0;                             // a child's or a model's state
        virtual void model_event(const audit::AuditEvent& event) = 0;  // see ModelWorkers
    };

    // `programs` tells how children are started, once it is prepared.
    AnalysisEngine(World& world, const Configuration& configuration, const ChildPrograms& programs,
                   Owner& owner);
    // What is being analysed is to be gone before.
    ~AnalysisEngine() override;

    void start();  // before any reload
    void stop();   // closes the children's channels

    // Whether the model is ready and few enough analyses wait for it. More are taken all the same.
    bool can_take(std::size_t model) const;
    Task<AnalysisAnswer> analyse(AnalysisTask task);

    bool ready(std::size_t model) const { return models_[model]->ready(); }
    void reload(std::size_t model, const std::string& actor, ModelWorkers::Reloaded done) {
        models_[model]->reload(actor, std::move(done));
    }
    bool decoding() const;  // a decoder runs
    bool any_child_running() const;
    std::vector<ChildStatus> children_status() const;
    std::vector<ModelStatus> models_status() const;  // ModelWorkers::status() of each

  private:
    // A golden case runs on one worker, not on any that has room, and ends with that life of it.
    struct Golden {
        std::int64_t worker = 0;
        int life = 0;
        std::size_t index = 0;
    };
    struct Decoder {
        Decoder(World& world, AskedChild::Owner& owner) : child(world, owner) {}
        AskedChild child;
        bool taken = false;
    };
    struct Decoded {
        DecodeReply reply;
        UniqueFd tensor, display;
        std::string package_sha256;  // of the model.yaml that it was decoded for
    };
    // One on its way. It stands in the queue as long as it lives, in its coroutine.
    class Analysis {
      public:
        Analysis(AnalysisEngine& engine, AnalysisTask about, std::optional<Golden> case_of);
        ~Analysis();
        Analysis(const Analysis&) = delete;
        Analysis& operator=(const Analysis&) = delete;

        AnalysisTask task;
        const std::optional<Golden> golden;
        const std::int64_t number;
        // What it waits for, and gets from hand_out(); null where there is no more use in waiting.
        std::optional<Arrival<Decoder*>::Callback> for_decoder;
        std::optional<Arrival<ModelWorker*>::Callback> for_worker;
        std::string package_sha256;  // while it waits for a worker: of whose package

      private:
        AnalysisEngine& engine_;
    };

    Task<Status> run_golden(ModelWorker& worker, std::size_t index) override;
    void model_serves() override;
    void model_changed() override { child_changed(); }
    void model_event(const audit::AuditEvent& event) override { owner_.model_event(event); }
    void child_changed() override;

    // These are what an analysis is, top to bottom.
    Task<AnalysisAnswer> run(AnalysisTask task, std::optional<Golden> golden);
    Task<AnalysisAnswer> decode_and_infer(Analysis& analysis);
    Task<tl::expected<Decoded, AnalysisAnswer>> decode(Analysis& analysis);
    Task<Result<Message>> ask_decoder(Decoder& decoder, const Analysis& analysis, const ModelWorker& worker);
    Task<AnalysisAnswer> infer(Analysis& analysis, Decoded decoded, ModelWorker& worker);
    Task<Decoder*> free_decoder(Analysis& analysis);
    Task<ModelWorker*> free_worker(Analysis& analysis, std::string package_sha256);

    // Who gets what is free.
    void hand_out();
    bool hand_out_worker();
    bool hand_out_decoder();
    bool give_up();
    bool waits_in_vain(const Analysis& analysis) const;
    Analysis* next_to_decode() const;
    bool can_decode(const Analysis& analysis) const;
    bool somebody_waits_behind() const;
    ModelWorker* worker_of(const Analysis& golden) const;
    const ModelWorker* worker_to_decode_for(const Analysis& analysis) const;

    const Configuration& configuration_;
    const ChildPrograms& programs_;
    Owner& owner_;
    std::deque<Decoder> decoders_;
    std::map<std::int64_t, Analysis*> queue_;  // all on their way, by number, so in order of arrival
    bool urgent_had_last_turn_ = false;
    std::int64_t next_urgent_ = -1'000'000'000'000, next_ = 1;
    std::vector<std::unique_ptr<ModelWorkers>>
        models_;  // one per configured model; their golden cases use the above
};

}  // namespace hilum
