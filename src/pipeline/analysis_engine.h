// The decoders and workers at work: takes an open DICOM file and a model, and answers with what the model
// said, why it was not asked, or what went wrong. In memory only; the jobs that outlive a restart are
// AnalysisJobs'.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "pipeline/supervised_child.h"
#include "pipeline/types/analysis.h"
#include "pipeline/types/configuration.h"
#include "pipeline/types/messages.h"

namespace hilum {

// What the model said, with the pictures of it: memfds whose sizes the geometries tell.
struct Analysed {
    InferenceResult result;
    RadiographAttributes attributes;
    InputGeometry geometry;
    DisplayGeometry display;
    UniqueFd display_pixels;
    UniqueFd maps;  // none where the model has none
};
struct AnalysisFailure {
    Error error;  // Retry::never: the same input fails again
};
struct Refused {
    NotAnalysed reason;
    ModelIdentity model;  // whose intended use it is outside of
};
using AnalysisAnswer = std::variant<Analysed, Refused, AnalysisFailure>;

struct AnalysisTask {
    UniqueFd file;                             // the DICOM file, open for reading
    std::size_t model = 0;                     // index into configuration.models
    bool urgent = false;                       // somebody waits: before the queue
    std::function<void(AnalysisAnswer)> done;  // called once, on the loop
};

class AnalysisEngine {
  public:
    // How children are started and who hears of changes: filled in by the coordinator.
    struct Environment {
        std::function<ChildSpecification(const std::string& role, const std::string& name)> specify;
        std::function<void()> on_capacity;  // can_take may have become true
        std::function<void()> on_changed;   // a child's or model's state changed
    };

    AnalysisEngine(boost::asio::io_context& loop, const Configuration& configuration,
                   Environment environment);
    ~AnalysisEngine();

    void start();
    void stop();  // closes the children's channels

    // Whether the model is ready and few enough tasks wait for it. Tasks beyond that are taken all the same.
    bool can_take(std::size_t model) const;
    void submit(AnalysisTask task);

    bool ready(std::size_t model) const;
    bool decoding() const;  // a decoder runs
    bool idle() const { return tasks_.empty(); }
    bool any_child_running() const;
    nlohmann::json children_status() const;
    nlohmann::json models_status() const;  // name, version, sha256, device, state, error

  private:
    enum class Stage { waiting_for_decoder, decoding, waiting_for_worker, inferring };
    struct Task {
        AnalysisTask task;
        Stage stage = Stage::waiting_for_decoder;
        DecodeReply decoded;
        UniqueFd tensor, display;
        std::chrono::steady_clock::time_point deadline;
        SupervisedChild* child = nullptr;  // that works on it
        std::string package_sha256;        // of the model.yaml that it was decoded for
    };
    struct Decoder {
        std::unique_ptr<SupervisedChild> child;
        std::int64_t task = 0;  // 0: idle
    };
    struct Worker {
        std::unique_ptr<SupervisedChild> child;
        std::optional<WorkerReady> ready;
        std::string error;  // why it is not
        int inferring = 0;
    };

    void make_decoder(Decoder& decoder, int number);
    void make_worker(Worker& worker, std::size_t model);
    void pump();
    bool somebody_waits_behind() const;
    bool give_to_decoder(std::int64_t id, Task& task);
    bool give_to_worker(std::int64_t id, Task& task);
    void on_decoder_message(Decoder& decoder, Message message);
    void on_worker_message(std::size_t model, Message message);
    void on_decoded(std::int64_t id, DecodeReply reply, std::vector<UniqueFd> fds);
    void on_inferred(std::size_t model, InferReply reply, std::vector<UniqueFd> fds);
    void fail_tasks_of(SupervisedChild* child, const std::string& how);
    void finish(std::int64_t id, AnalysisAnswer answer);
    void watch_deadlines();

    boost::asio::io_context& loop_;
    const Configuration& configuration_;
    Environment environment_;
    std::vector<Decoder> decoders_;
    std::vector<Worker> workers_;         // one per configured model
    std::map<std::int64_t, Task> tasks_;  // by number, so in order of arrival
    bool urgent_had_last_turn_ = false;
    std::int64_t next_urgent_ = -1'000'000'000'000, next_ = 1;
    boost::asio::steady_timer deadline_timer_;
};

}  // namespace hilum
