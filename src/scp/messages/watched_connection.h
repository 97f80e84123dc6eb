// Transport connections under a ReceiveWatch: DCMTK reads the body of a PDU without any time limit.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>

#include <memory>
#include <optional>

#include "base/tls/tls_stream.h"
#include "dicom/transport_connection.h"
#include "scp/messages/pdu_framing.h"
#include "scp/receive_watch.h"

namespace hilum::scp {

class WatchedConnection : public TransportConnection {
  public:
    // Owns `inner`, which owns `socket`. `watch` and `framing`, which follows what is read, must outlive the
    // connection.
    WatchedConnection(DcmNativeSocketType socket, std::unique_ptr<DcmTransportConnection> inner,
                      ReceiveWatch& watch, PduFraming& framing);

    ssize_t read(void* buffer, size_t size) override;
    OFBool networkDataAvailable(int timeout) override;

  private:
    bool wait();  // until there is something to read that read() returns at once

    ReceiveWatch& watch_;
    PduFraming& framing_;
};

// Decorates what DCMTK's layer makes.
class WatchedTransportLayer : public DcmTransportLayer {
  public:
    WatchedTransportLayer(ReceiveWatch& watch, PduFraming& framing) : watch_(watch), framing_(framing) {}
    // The next connection speaks through it; its handshake is over.
    void secure(TlsStream stream) { tls_.emplace(std::move(stream)); }
    DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool use_secure_layer) override;

  private:
    ReceiveWatch& watch_;
    PduFraming& framing_;
    std::optional<TlsStream> tls_;
};

}  // namespace hilum::scp
