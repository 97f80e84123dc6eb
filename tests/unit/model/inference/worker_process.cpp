#include "worker_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <fstream>
#include <span>
#include <stdexcept>

#include "base/digest.h"
#include "base/file_system.h"
#include "torchscript_source.h"

namespace hilum::test {
namespace {

constexpr int patience_ms = 60'000;

void wait_readable(int fd, const char* what) {
    pollfd waited{fd, POLLIN, 0};
    if (::poll(&waited, 1, patience_ms) != 1)
        throw std::runtime_error(fmt::format("no {} within a minute", what));
}

template <typename T>
T value_of(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

// Returns the digest of the weights.
std::string write_package(const std::filesystem::path& package, const WorkerOptions& options) {
    std::filesystem::create_directory(package);
    write_torchscript(package / "model.pt", options.forward);
    const auto digest = value_of(sha256_of_file(package / "model.pt"));
    std::ofstream(package / "model.yaml") << fmt::format(
        "name: test\nversion: 7\nfile: model.pt\nsha256: {}\n"
        "input: {{rows: {}, columns: {}}}\n"
        "output: {{activation: {}, labels: [{{name: Dark}}, {{name: Bright}}]}}\n",
        digest, input_side, input_side, options.activation);
    return digest;
}

}  // namespace

void WorkerProcess::must(const Status& status) {
    if (!status) throw std::runtime_error(status.error().message);
}

WorkerProcess::WorkerProcess(const WorkerOptions& options) {
    weights_sha256_ = write_package(folder_ / "package", options);
    if (options.damage) options.damage(folder_ / "package");
    const auto text = fmt::format("models:\n  - package: package\n    device: {}\n    threads: 1\n{}",
                                  options.device, options.settings);
    auto config = value_of(make_memfd("config", std::as_bytes(std::span(text))));
    auto [ours, theirs] = value_of(Channel::make_pair());
    channel_ = std::move(ours);
    const auto file = (folder_ / "hilum.yaml").string();
    process_ = value_of(spawn({.arguments = {HILUM_WORKER, "--config", file, "--config-fd", "4",
                                             "--channel-fd", "3", "--model", "0", "--device", options.device},
                               .descriptors = {theirs.fd(), config.get()},
                               .dies_with_parent = true}));
}

WorkerProcess::~WorkerProcess() {
    if (waited_) return;
    ::kill(process_.pid, SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
}

Message WorkerProcess::receive() {
    wait_readable(channel_.fd(), "message from the worker");
    return value_of(channel_.receive());
}

WorkerReady WorkerProcess::ready() {
    return value_of(from_packet<WorkerReady>(receive()));
}
WorkerFailed WorkerProcess::failed() {
    return value_of(from_packet<WorkerFailed>(receive()));
}

void WorkerProcess::infer(std::int64_t job, float grey, int golden) {
    infer(job, std::vector<float>(input_side * input_side, grey), {1, 1, input_side, input_side}, golden);
}

void WorkerProcess::infer(std::int64_t job, const std::vector<float>& image, std::vector<std::int64_t> shape,
                          int golden) {
    const auto memfd = value_of(make_memfd("tensor", std::as_bytes(std::span(image))));
    const std::array fds{memfd.get()};
    must(channel_.send(to_packet(InferRequest{job, std::move(shape), golden}), fds));
}

InferReply WorkerProcess::reply(Message* message) {
    auto received = receive();
    auto reply = value_of(from_packet<InferReply>(received));
    if (message != nullptr) *message = std::move(received);
    return reply;
}

int WorkerProcess::exit_code() {
    wait_readable(process_.pidfd.get(), "end of the worker");
    int status = 0;
    ::waitpid(process_.pid, &status, 0);
    waited_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace hilum::test
