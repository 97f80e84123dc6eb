// Where DCMTK connects as a requestor, to be handed another connection in place of what it gets there
// (timed_connection.h): a port of the loopback. Opened by the sender before it is confined, which leaves it
// this port and its destination's.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum::delivery {

class Rendezvous {
  public:
    // Error: code "system".
    static Result<std::shared_ptr<Rendezvous>> open();

    int port() const { return port_; }
    std::string address() const;  // for DCMTK
    // Closes what connected until now, so that there is room: DCMTK's own, whose other end is no more, and
    // whoever else on this machine tries ports.
    void clear();

  private:
    Rendezvous() = default;

    UniqueFd socket_;
    int port_ = 0;
};

}  // namespace hilum::delivery
