// DCMTK's TCP connection with time limits that hold whatever the peer does. DCMTK's own limits cover the wait
// for the first byte of a PDU only, so that a peer that drips bytes could hold us for ever.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>

#include <chrono>

#include "base/units.h"

namespace hilum::delivery {

// What the connection and its owner share; outlives the connection.
struct ConnectionWatch {
    int socket = -1;                                 // while the connection is open
    bool connected = false;                          // the connection was established at some time
    std::chrono::steady_clock::time_point deadline;  // for reading an answer
    Duration patience{};  // for writing: without any progress; writing moves the deadline
    bool timed_out = false;
    bool reset = false;  // the peer closed or reset the connection

    void allow(Duration duration) {
        patience = duration;
        deadline = std::chrono::steady_clock::now() + duration;
    }
};

// Makes connections that obey the watch, and that neither wait for an acknowledgement before a small segment
// (Nagle) nor delay their own, which would hold up a peer that does: 40 ms an instance each.
class TimedTransportLayer : public DcmTransportLayer {
  public:
    explicit TimedTransportLayer(ConnectionWatch& watch) : watch_(watch) {}
    DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool use_secure_layer) override;

  private:
    ConnectionWatch& watch_;
};

}  // namespace hilum::delivery
