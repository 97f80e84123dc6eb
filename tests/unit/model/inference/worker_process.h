// A real hilum-worker with a model of the test's own, and the coordinator's end of its channel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/channel.h"
#include "base/process.h"
#include "contract/messages/inference.h"
#include "support/temporary_folder.h"

namespace hilum::test {

inline constexpr int input_side = 4;  // of the test models: one channel, 4 x 4

struct WorkerOptions {
    std::string forward;                 // TorchScript source
    std::string activation = "softmax";  // two labels: Dark, Bright
    std::string device = "cpu";
    std::string settings{};  // further lines of the model's configuration, each "    key: value"
    std::function<void(const std::filesystem::path& package)> damage{};  // done before the worker starts
};

class WorkerProcess {
  public:
    explicit WorkerProcess(const WorkerOptions& options);
    ~WorkerProcess();

    // The next packet; fails the test after a minute.
    Message receive();
    WorkerReady ready();
    WorkerFailed failed();

    void infer(std::int64_t job, float grey, int golden = -1);  // an image of one grey
    void infer(std::int64_t job, const std::vector<float>& image, std::vector<std::int64_t> shape,
               int golden = -1);
    void send(const Packet& packet) { must(channel_.send(packet)); }
    InferReply reply(Message* message = nullptr);

    void close() { channel_.close(); }
    int exit_code();  // waits for the end, a minute
    pid_t pid() const { return process_.pid; }
    std::string weights_sha256() const { return weights_sha256_; }

  private:
    static void must(const Status& status);

    TemporaryFolder folder_;
    Channel channel_;
    ChildProcess process_;
    std::string weights_sha256_;
    bool waited_ = false;
};

}  // namespace hilum::test
