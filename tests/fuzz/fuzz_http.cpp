// What an HTTP client sends, through a whole session over a loopback connection: requests one after the
// other, uploads, and what is no HTTP.
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "monitor/http_session.h"
#include "support/loopback.h"
#include "support/temporary_folder.h"

namespace {

using namespace hilum;
using namespace hilum::monitor;
using boost::asio::ip::tcp;

DataSource empty_source() {
    const auto nothing = [] { return Result<nlohmann::json>(nlohmann::json::array()); };
    const auto no_values = [] { return Result<std::vector<CounterValue>>(std::vector<CounterValue>()); };
    return {no_values,
            no_values,
            nothing,
            nothing,
            [=](const StudyFilter&) { return nothing(); },
            [=](const JobFilter&) { return nothing(); }};
}

// One that the seeds show, of somebody who may have everything.
const HttpSettings& settings_with_token() {
    static const test::TemporaryFolder folder;
    static const HttpSettings settings = [] {
        HttpSettings with_token;
        with_token.tokens = (folder.path() / "tokens").string();
        const auto line = line_of_token("fuzz", AccessRole::act, "hilum_" + std::string(64, '0'));
        std::ofstream(with_token.tokens) << line << "\n";
        std::filesystem::permissions(with_token.tokens, std::filesystem::perms::owner_read);
        return with_token;
    }();
    return settings;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto [listening, port] = test::bind_loopback(16);
    auto client = test::connect_loopback(port);
    UniqueFd accepted(::accept(listening.get(), nullptr, nullptr));
    // More than the buffers take is cut off: nobody reads while it is sent.
    (void)!::send(client.get(), data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(client.get(), SHUT_WR);

    boost::asio::io_context loop(1);
    auto coordinator = std::move(*Channel::make_pair());
    Api api(empty_source());
    PredictionBroker predictions(loop, coordinator.first, std::chrono::seconds(0));
    Gate gate(settings_with_token(), [](const HttpAccess&) { return Status(); });
    (void)gate.load(false);
    gate.set_auditing(true);
    auto service = std::make_shared<HttpService>(HttpService{{}, api, predictions, gate});
    service->limits.max_body = 1 << 20;
    HttpSession::begin(tcp::socket(loop, tcp::v4(), accepted.release()), service);
    for (;; service->questions.answer_next()) {
        loop.restart();
        loop.run();
        if (service->questions.empty()) break;
    }
    if (service->connections.size() != 0 || service->running_predictions != 0 || !service->uploads.empty())
        std::abort();
    return 0;
}
