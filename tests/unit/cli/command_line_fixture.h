// `hilum` as a whole, within the test's process: arguments in, text and exit code out; and a daemon that it
// asks.
#pragma once

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "base/channel.h"
#include "cli/command_line.h"
#include "phantom/phantom_dicom.h"
#include "support/temporary_folder.h"

namespace hilum::cli {

class CommandLineTest : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        std::filesystem::create_directories(folder_ / "data");
        configure("");
    }
    void configure(const std::string& more) {
        std::ofstream(folder_ / "hilum.yaml") << "node: {ae_title: HILUM, data_dir: data}\n" << more;
    }
    int hilum(std::vector<std::string> arguments, bool json = false) {
        out_.str("");
        err_.str("");
        std::vector<std::string> all = {"--config", (folder_ / "hilum.yaml").string()};
        if (json) all.emplace_back("--json");
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run(all, out_, err_);
    }
    nlohmann::json printed_json() { return nlohmann::json::parse(out_.str()); }
    std::string phantoms(int count) {
        phantom::PhantomOptions options;
        options.folder = folder_ / "phantoms";
        options.count = count;
        options.long_side = 64;
        EXPECT_TRUE(phantom::write_phantoms(options));
        return options.folder.string();
    }

    test::TemporaryFolder folder_;
    std::ostringstream out_, err_;
};

// What a daemon says first to who would wait for long.
inline const nlohmann::json does_not_hang = {{"ok", {{"running", true}}}};

// A daemon that answers each request with the next answer that the test has for it, and keeps the requests.
class FakeDaemon {
  public:
    FakeDaemon(const std::filesystem::path& socket_file, nlohmann::json first,
               std::optional<nlohmann::json> second = std::nullopt) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_file.native().copy(address.sun_path, sizeof address.sun_path - 1);
        listening_ = UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        if (::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listening_.get(), 1) != 0)
            throw std::runtime_error("no control socket for a test");
        std::vector<nlohmann::json> answers{std::move(first)};
        if (second) answers.push_back(std::move(*second));
        thread_ = std::thread([this, answers = std::move(answers)] {
            for (const auto& answer : answers) {
                Channel client(UniqueFd(::accept(listening_.get(), nullptr, nullptr)));
                if (auto message = client.receive()) requests_.push_back(message->packet.body());
                (void)client.send(Packet(answer));
            }
        });
    }
    ~FakeDaemon() { end(); }
    // What it was asked; no more answers are given.
    std::vector<nlohmann::json> requests() {
        end();
        return requests_;
    }
    nlohmann::json request() { return requests().at(0); }

  private:
    void end() {
        ::shutdown(listening_.get(), SHUT_RDWR);  // for a client that never came
        if (thread_.joinable()) thread_.join();
    }
    UniqueFd listening_;
    std::thread thread_;
    std::vector<nlohmann::json> requests_;
};

}  // namespace hilum::cli
