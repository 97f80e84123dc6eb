// The TCP socket that associations come to.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "contract/configuration.h"

namespace hilum::scp {

class ListeningSocket {
  public:
    ListeningSocket() = default;  // closed

    // Listens on scp.bind and `port`, which the configuration has under `key`. Codes: "address" for what
    // scp.bind says, "port_in_use", "port_denied", "system". The messages say what to do.
    static Result<ListeningSocket> open(const ScpSettings& settings, int port, const char* key);

    int fd() const { return fd_.get(); }  // -1 when closed
    int port() const { return port_; }    // the one taken where 0 was asked for; 0 where there is none
    void close() { fd_.reset(); }

  private:
    ListeningSocket(UniqueFd fd, int port) : fd_(std::move(fd)), port_(port) {}
    UniqueFd fd_;
    int port_ = 0;
};

}  // namespace hilum::scp
