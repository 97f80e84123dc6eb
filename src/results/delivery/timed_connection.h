// DCMTK's TCP connection, but one that we made, and with time limits that hold whatever the peer does. DCMTK
// connects to one IPv4 address of a name and looks it up without a time limit; its own limits cover the wait
// for the first byte of a PDU only, so that a peer that drips bytes could hold us for ever, and they follow
// the wall clock.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>

#include <memory>
#include <optional>
#include <string>

#include "base/tls/tls_stream.h"
#include "base/unique_fd.h"
#include "results/delivery/connection_watch.h"
#include "results/delivery/rendezvous.h"

namespace hilum::delivery {

// Hands DCMTK a connection in place of its own. DCMTK 3.6.7 knows no way to be given one as a requestor: it
// is told to connect to a rendezvous, and what it gets there is replaced. The connection obeys the watch.
class TimedTransportLayer : public DcmTransportLayer {
  public:
    explicit TimedTransportLayer(ConnectionWatch& watch) : watch_(watch) {}

    // The connection to be handed over next. The address that DCMTK is to connect to. `tls`: to speak
    // through; its handshake is over, and its wire the watch's socket.
    std::string offer(std::shared_ptr<Rendezvous> rendezvous, UniqueFd connection,
                      std::optional<TlsStream> tls = std::nullopt);
    DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool use_secure_layer) override;

    // What the peer sent first, at most 32 bytes; empty: nothing.
    const std::string& beginning() const { return beginning_; }

  private:
    ConnectionWatch& watch_;
    UniqueFd connection_;
    std::shared_ptr<Rendezvous> rendezvous_;
    std::optional<TlsStream> tls_;
    std::string beginning_;
};

}  // namespace hilum::delivery
