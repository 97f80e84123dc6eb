// TLS over a connection whose waiting somebody else decides: who uses it keeps its own time limits, in the
// handshake as later. Reads not a byte more than the record that is under way, so that what the socket has
// is still to come. Single-threaded.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/tls/certificate_pattern.h"
#include "base/tls/tls_context.h"
#include "base/tls/tls_failure.h"

struct ssl_st;

namespace hilum {

// The connection underneath.
class TlsWire {
  public:
    virtual ~TlsWire() = default;
    // At most `size` bytes, as soon as there are some. 0: the peer closed it. -1 with errno: EAGAIN where
    // there are none and `wait` is false, else time is over or the connection lost.
    virtual ssize_t receive(void* buffer, std::size_t size, bool wait) = 0;
    // All of it; false where time is over or the connection lost.
    virtual bool send(const void* bytes, std::size_t size) = 0;
};

class TlsStream {
  public:
    // `wire` must outlive it.
    static Result<TlsStream> server(const TlsContext& context, TlsWire& wire);
    // The peer must have a certificate for `name`, a host's or an address; empty: any name.
    static Result<TlsStream> client(const TlsContext& context, TlsWire& wire, const std::string& name);

    TlsStream(TlsStream&&) noexcept;
    TlsStream& operator=(TlsStream&&) noexcept;
    ~TlsStream();

    // Errors, always Retry::later, with one of the codes of tls_failures and words for why.
    Status handshake();

    // Decrypted bytes; 0 at the end, -1 with errno where it failed: failure() tells.
    ssize_t read(void* buffer, std::size_t size);
    // All of it, or -1.
    ssize_t write(const void* bytes, std::size_t size);
    // Whether read() would return at once: takes what came of the records, and waits for nothing.
    bool has_arrived();
    void say_goodbye();  // close_notify, where the connection still is

    // None: it showed no certificate.
    std::optional<PeerCertificate> peer() const;
    std::string protocol() const;  // "TLSv1.3 TLS_AES_256_GCM_SHA384"

    // Why the handshake, or reading or writing after it, failed. Code "none": it did not.
    const Error& failure() const;

  private:
    struct State;
    struct Bridge;
    explicit TlsStream(std::unique_ptr<State> state);
    static Result<TlsStream> make(const TlsContext& context, TlsWire& wire);
    std::unique_ptr<State> state_;
};

}  // namespace hilum
