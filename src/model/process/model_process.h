// The node's decoder and worker, started for one command: the same programs and messages as in the daemon, so
// that what `hilum predict` says, and what hilum-train learns from, is what the node does.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/channel.h"
#include "base/process.h"
#include "contract/analysis.h"
#include "contract/configuration.h"
#include "contract/messages/inference.h"

namespace hilum::model {

// What the programs are given: the configuration's text and which model of it.
struct ModelChoice {
    Configuration configuration;
    std::string configuration_text;
    std::filesystem::path configuration_file;  // relative paths in the text are taken from its folder
    std::size_t model = 0;

    const ModelSettings& settings() const { return configuration.models.at(model); }
};

// The model of the configuration file whose package folder or package name is `name`, the first if it is
// empty.
Result<ModelChoice> choose_configured_model(const std::filesystem::path& configuration_file,
                                            const std::string& name);

// A package alone, with default settings; with a configuration file as the node of that file would serve it:
// with its site, its decoder's limits and, where the file has an entry for this package's folder, all that
// the entry says.
Result<ModelChoice> choose_package(const std::filesystem::path& folder,
                                   const std::optional<std::filesystem::path>& configuration_file = {});

// No model: for a decoder that surveys. Default settings, where no configuration file is given.
Result<ModelChoice> choose_no_model(
    const std::optional<std::filesystem::path>& configuration_file = std::nullopt);

// A program of Hilum: beside this one, in ../libexec/hilum from there, or in PATH. Code "not_installed".
Result<std::filesystem::path> find_program(const std::string& name);

// A child of this process with a channel to it; ended and waited for by the destructor.
class ModelProcess {
  public:
    static Result<ModelProcess> start_decoder(const ModelChoice& choice);
    static Result<ModelProcess> start_worker(const ModelChoice& choice);
    ModelProcess(ModelProcess&&) noexcept = default;
    ModelProcess& operator=(ModelProcess&&) = delete;
    ~ModelProcess();

    // Sends, and waits for one message. Code "process_died" when the process ends instead, with how it ended;
    // "timeout". After either give it up: what it may say yet would be taken for the next answer.
    Result<Message> exchange(const Packet& request, std::vector<int> fds, Duration timeout);
    Result<Message> receive(Duration timeout);

    // For who waits for several at once: sends only. A process that has ended is told by receive().
    Status send(const Packet& request, std::span<const int> fds);
    int fd() const { return channel_.fd(); }  // readable when receive() does not wait

  private:
    static Result<ModelProcess> start(const ModelChoice& choice, std::vector<std::string> arguments);
    ModelProcess(std::string name, Channel channel, ChildProcess child)
        : name_(std::move(name)), channel_(std::move(channel)), child_(std::move(child)) {}

    std::string name_;
    Channel channel_;
    ChildProcess child_;
};

// A warm model and a decoder for it. One of the two that an image crashed, or that did not answer in time, is
// started anew for the next image; a package that was changed since is not taken then ("package_changed").
class Predictor {
  public:
    static Result<Predictor> start(ModelChoice choice);

    struct Prediction {
        InferenceResult result;
        FrameCount frames;
        ImageNotes notes;
        InputGeometry geometry;
        std::vector<float> maps;  // labels x result.map_rows x result.map_columns; empty: none
    };
    struct Refusal {
        NotAnalysed reason;
        ImageNotes notes;
    };
    // Of several frames the first.
    Result<std::variant<Refusal, Prediction>> predict(const std::filesystem::path& file);
    // The same of a DICOM or grey PNG file whatever the package's intended use; the site's rules for what an
    // image looks like hold.
    Result<std::variant<Refusal, Prediction>> predict_whatever_its_use(const std::filesystem::path& file);

    // Runs the model on `tensor`, 1 x channels x rows x columns floats behind a sealed memfd.
    Result<InferenceResult> infer(int tensor, const std::vector<std::int64_t>& shape);

    // Runs the package's golden case `index` of worker().golden. Codes: "golden_mismatch"; what else prevents
    // it.
    Status run_golden(std::size_t index);

    const WorkerReady& worker() const { return ready_; }

  private:
    struct Tensor {
        UniqueFd memory;
        std::vector<std::int64_t> shape;
        FrameCount frames;
        ImageNotes notes;
        InputGeometry geometry;
    };
    struct Inference {
        InferenceResult result;
        std::vector<float> maps;
    };

    struct Worker {
        ModelProcess process;
        WorkerReady ready;
        std::vector<UniqueFd> files;  // that came with it
    };

    Predictor(ModelChoice choice, Worker worker)
        : choice_(std::move(choice)),
          worker_(std::move(worker.process)),
          ready_(std::move(worker.ready)),
          files_(std::move(worker.files)) {}
    static Result<Worker> start_worker(const ModelChoice& choice);
    Status have_worker();
    Status have_decoder();
    // What a file is taken for.
    enum class Taken { for_patients, whatever_its_use, as_golden };
    Result<std::variant<Refusal, Prediction>> predict(const std::filesystem::path& file, Taken taken);
    Result<std::variant<Refusal, Tensor>> decode(int file, Taken taken);
    Result<Inference> infer(int tensor, const std::vector<std::int64_t>& shape, int golden);

    ModelChoice choice_;
    std::optional<ModelProcess> worker_, decoder_;
    WorkerReady ready_;
    std::vector<UniqueFd> files_;
    std::int64_t jobs_ = 0;
};

}  // namespace hilum::model
