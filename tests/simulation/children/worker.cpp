#include "simulation/children/worker.h"

#include "base/file_system.h"

namespace hilum::simulation {
namespace {

using std::chrono::milliseconds;

constexpr Duration typical_of_worker = milliseconds(60);
constexpr std::size_t most_bytes_of_worker = 1 << 20;

}  // namespace

void Worker::begin() {
    version_ = scene_.package_version;
    later(scene_.random.between(milliseconds(100), milliseconds(3000)), [this] {
        if (scene_.random.chance(scene_.weather.refuses)) {
            say(to_packet(WorkerFailed{"package", "simulated: the package cannot be used"}));
            return end(1 << 8);
        }
        announce();
    });
}

void Worker::announce() {
    WorkerReady ready;
    ready.model = identity();
    ready.device = "cpu";
    ready.batch_size = 2;
    ready.diagnoses = {"Pneumonia"};
    ready.package_sha256 = fmt::format("package of {} {}", name(), version_);
    ready.golden = {"golden.png"};
    const std::string yaml = "name: " + name();
    const auto text = make_memfd("model.yaml", std::as_bytes(std::span(yaml)));
    const auto golden = make_memfd("golden", std::as_bytes(std::span(yaml)));
    const int fds[] = {text->get(), golden->get()};
    scene_.tell("worker {} announces version {}", name(), version_);
    say(to_packet(ready), fds);
}

ModelIdentity Worker::identity() const {
    ModelIdentity model;
    model.name = name();
    model.version = fmt::format("1.{}", version_);
    model.sha256 = fmt::format("weights of {} {}", name(), version_);
    return model;
}

void Worker::hear(Message message) {
    const auto request = from_packet<InferRequest>(message);
    if (!request) return end(crashed_status);
    const auto text = read_fd(message.fds.at(0).get(), most_bytes_of_worker).value_or("");
    respond(typical_of_worker, [this, job = request->job, golden = request->golden, text] {
        InferReply reply;
        reply.job = job;
        if (golden >= 0 && scene_.random.chance(scene_.weather.refuses))
            reply.error = Error{"golden_mismatch", "simulated", Retry::never};
        else if (scene_.random.chance(scene_.weather.refuses / 2))
            reply.error = Error{"out_of_memory", "simulated", Retry::later};
        else
            reply.result = infer(text);
        say(to_packet(reply));
    });
}

InferenceResult Worker::infer(const std::string& text) const {
    InferenceResult result;
    result.model = identity();
    LabelResult label;
    label.name = "Pneumonia";
    label.positive = text.starts_with("positive");
    label.score = label.probability = label.positive ? 0.9 : 0.1;
    label.threshold = 0.5;
    label.abnormal = true;
    result.labels = {label};
    result.activation = "sigmoid";
    result.diagnosis = label.positive ? "Pneumonia" : "no finding";
    result.confidence = 0.9;
    result.device = "cpu";
    result.started_at = to_microseconds(scene_.world.now());
    result.seconds = 0.05;
    return result;
}

}  // namespace hilum::simulation
