#include "results/delivery/tls_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/text.h"

namespace hilum::delivery {

ssize_t WatchedTlsWire::receive(void* buffer, std::size_t size, bool wait) {
    for (;;) {
        const ssize_t n = ::recv(watch_.socket(), buffer, size, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) watch_.lose();
        if (n >= 0 || (errno != EAGAIN && errno != EINTR)) return n;
        if (errno == EINTR) continue;
        if (!wait) return -1;
        if (watch_.wait(POLLIN)) continue;
        errno = ETIMEDOUT;
        return -1;
    }
}

bool WatchedTlsWire::send(const void* bytes, std::size_t size) {
    if (watch_.send(static_cast<const char*>(bytes), size)) return true;
    errno = watch_.timed_out() ? ETIMEDOUT : EPIPE;
    return false;
}

TlsClient::TlsClient(const DestinationSettings& destination)
    : TlsClient("destination " + destination.name, destination.host, *destination.tls) {}

TlsClient::TlsClient(std::string use, const std::string& host, const TlsClientSettings& tls)
    : use_(std::move(use)),
      server_name_(tls.server_name.empty() ? host : tls.server_name),
      expected_(tls.expect),
      context_([settings = tls] { return TlsContext::client(settings); }) {
    if (!expected_.empty()) server_name_.clear();
}

void TlsClient::mend() {
    if (!context_.mend()) return;
    auto told = loaded();
    told.reload = true;
    if (told.error.empty()) spdlog::info("{}: certificates are loaded now", use_);
    tell_(told);
}

tl::expected<TlsStream, Answer> TlsClient::connect(TlsWire& wire, const std::string& text) {
    mend();
    const auto prevented = [&](const std::string& why) {
        return tl::unexpected(Answer{Outcome::retry, -1, fmt::format("no TLS with {}: {}", text, why), true});
    };
    const auto& context = context_.context();
    if (!context)
        return prevented(context.error().message + (context_.lacks()
                                                        ? "; the next connection tries it again"
                                                        : "; `systemctl reload hilum` loads it anew"));
    auto stream = TlsStream::client(*context, wire, server_name_);
    if (!stream) return prevented(stream.error().message);
    if (auto shaken = stream->handshake(); !shaken) {
        const auto& error = shaken.error();
        return prevented(error.code == tls_failures::wrong_name
                             ? fmt::format("{}, not '{}'; see server_name and expect of its tls",
                                           error.message, server_name_)
                             : error.message);
    }
    if (expected_.empty()) return std::move(*stream);
    const auto peer = stream->peer();
    if (peer && fits_any(*peer, expected_)) return std::move(*stream);
    return prevented(fmt::format("its certificate is of {} (sha256:{}), and expect has {}",
                                 peer ? peer->subject : "nobody", peer ? peer->sha256 : "",
                                 joined(expected_)));
}

std::shared_ptr<TlsClient> tls_for(const DestinationSettings& destination) {
    return destination.tls ? std::make_shared<TlsClient>(destination) : nullptr;
}

Status tell_certificates(Channel& coordinator, TlsClient* tls) {
    if (tls == nullptr) return {};
    tls->tell([&coordinator](const CertificatesLoaded& loaded) {
        (void)coordinator.send(to_packet(loaded));  // whether it is gone, the reply tells
    });
    return coordinator.send(to_packet(tls->loaded()));
}

}  // namespace hilum::delivery
