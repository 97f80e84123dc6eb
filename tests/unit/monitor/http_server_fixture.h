// The http process as a child process of the test, spoken to over its port and its channel.
#pragma once

#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "contract/access/access_tokens.h"
#include "contract/messages/accessing.h"
#include "contract/messages/monitoring.h"
#include "monitor/http_server.h"
#include "support/loopback.h"
#include "support/temporary_folder.h"

namespace hilum::monitor {

#define TOKEN "hilum_0000000000000000000000000000000000000000000000000000000000000000"
#define HOST_AND_TOKEN "Host: localhost\r\nAuthorization: Bearer " TOKEN "\r\n"

inline bool wait_readable(int fd, int milliseconds = 20'000) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) == 1;
}

class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override {
        configuration_.node.data_dir = folder_.path();
        configuration_.http.port = 0;
        configuration_.http.max_body = 1 << 20;
        configuration_.http.tokens = (folder_ / "tokens").string();
        write_tokens(line_of_token("tester", AccessRole::act, TOKEN));
    }
    void write_tokens(const std::string& line) {
        std::ofstream(configuration_.http.tokens) << line << "\n";
        std::filesystem::permissions(configuration_.http.tokens, std::filesystem::perms::owner_read |
                                                                     std::filesystem::perms::owner_write);
    }
    void start() {
        auto [ours, theirs] = std::move(*Channel::make_pair());
        child_ = ::fork();
        if (child_ == 0) {
            ours.close();
            ::_exit(run_http(std::move(theirs), Heartbeat(), configuration_));
        }
        channel_ = std::move(ours);
    }
    void start_and_wait() {
        start();
        const auto tokens = next<TokensLoaded>();
        ASSERT_TRUE(tokens);
        EXPECT_EQ(tokens->error, "");
        const auto ready = next<HttpReady>();
        ASSERT_TRUE(ready);
        port_ = ready->port;
        ASSERT_GT(port_, 0);
        NodeStatus status;
        status.auditing = true;
        ASSERT_TRUE(channel_.send(to_packet(status)));
    }
    template <typename T>
    Result<T> next() {
        EXPECT_TRUE(wait_readable(channel_.fd()));
        return channel_.receive().and_then([](const Message& message) { return from_packet<T>(message); });
    }
    // What is not for the audit trail.
    Result<Message> next_question() {
        auto message = wait_readable(channel_.fd()) ? channel_.receive() : fail("nothing", "nothing came");
        if (message && from_packet<HttpAccess>(*message)) return next_question();
        return message;
    }
    int wait_for_exit() {
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    void TearDown() override {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        wait_for_exit();
    }

    // Sends the bytes and reads until the server closes the connection.
    std::string exchange(const std::string& request) { return rest_of(send(request)); }
    UniqueFd send(const std::string& request) {
        auto fd = test::connect_loopback(port_);
        EXPECT_TRUE(fd);
        EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
        return fd;
    }
    std::string rest_of(const UniqueFd& fd) {
        std::string answer;
        char part[4096];
        ssize_t n;
        while (wait_readable(fd.get()) && (n = ::recv(fd.get(), part, sizeof part, 0)) > 0)
            answer.append(part, static_cast<std::size_t>(n));
        return answer;
    }
    std::string get(const std::string& target) {
        return exchange("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }

    test::TemporaryFolder folder_;
    Configuration configuration_;
    Channel channel_;
    pid_t child_ = -1;
    int port_ = 0;
};

}  // namespace hilum::monitor
