// The listener in a process of its own, with a FakeCoordinator in this one.
#pragma once

#include <signal.h>
#include <sys/wait.h>

#include <optional>

#include "base/logging.h"
#include "scp/listener.h"
#include "support/fake_coordinator.h"
#include "support/temporary_folder.h"

namespace hilum::test {

class ReceivingNode {
  public:
    ReceivingNode() {
        configuration_.node.ae_title = "HILUM";
        configuration_.node.data_dir = folder_.path();
        configuration_.node.log_level = "error";
        configuration_.scp.bind = "127.0.0.1";
        configuration_.scp.port = 0;
        configuration_.scp.min_free_space = 0;
        configuration_.scp.accept = {{"PACS", {"127.0.0.0/8"}}, {"ECHOSCU", {}}, {"STORESCU", {}}};
    }
    ~ReceivingNode() { stop(); }

    Configuration& configuration() { return configuration_; }

    // `in_child` runs in the listener's process first.
    void start(
        CoordinatorScript script = {}, const std::function<void()>& in_child = [] {}) {
        auto pair = Channel::make_pair().value();
        listener_ = ::fork();
        if (listener_ == 0) {
            pair.first.close();
            start_logging("listener", configuration_.node.log_level);
            in_child();
            ::_exit(scp::run_listener(std::move(pair.second), Heartbeat(), configuration_));
        }
        pair.second.close();
        coordinator_.emplace(std::move(pair.first), std::move(script));
        const auto ready = coordinator_->wait_for(ListenerReady::type);
        if (!ready.empty()) port_ = ready[0].at("port").get<int>();
    }

    // The coordinator's channels close; returns the listener's exit code.
    int stop() {
        coordinator_.reset();
        if (listener_ <= 0) return -1;
        int status = 0;
        ::waitpid(std::exchange(listener_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    FakeCoordinator& coordinator() { return *coordinator_; }
    int port() const { return port_; }
    pid_t pid() const { return listener_; }
    std::filesystem::path spool() const { return folder_ / "spool"; }
    const TemporaryFolder& folder() const { return folder_; }

    std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(spool()))
            if (entry.is_regular_file()) ++count;
        return count;
    }

  private:
    TemporaryFolder folder_;
    Configuration configuration_;
    pid_t listener_ = -1;
    int port_ = 0;
    std::optional<FakeCoordinator> coordinator_;
};

}  // namespace hilum::test
