// DCMTK's storescp as a child process: a storage SCP that is not ours.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/process.h"
#include "support/loopback.h"
#include "support/temporary_folder.h"

namespace hilum::test {

class Storescp {
  public:
    static constexpr const char* program = "/usr/bin/storescp";
    static bool available() { return ::access(program, X_OK) == 0; }

    Storescp() : port_(closed_port()) {
        auto child = spawn({{program, "--output-directory", folder_.path().string(), std::to_string(port_)},
                            {},
                            /*dies_with_parent=*/true});
        if (!child) throw std::runtime_error(child.error().message);
        child_ = std::move(*child);
        if (!wait_for_listener(port_)) throw std::runtime_error("storescp does not listen");
    }
    ~Storescp() {
        ::kill(child_.pid, SIGKILL);
        ::waitpid(child_.pid, nullptr, 0);
    }
    Storescp(const Storescp&) = delete;
    Storescp& operator=(const Storescp&) = delete;

    int port() const { return port_; }
    const std::filesystem::path& folder() const { return folder_.path(); }
    std::size_t files() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path()))
            ++count;
        return count;
    }

  private:
    TemporaryFolder folder_;
    int port_;
    ChildProcess child_;
};

}  // namespace hilum::test
