// DCMTK's transport connections, plain or TLS, under a ReceiveWatch and with quick acknowledgements: DCMTK
// reads the body of a PDU without any time limit, and a default sender (Nagle's algorithm on) waits 40 ms for
// the acknowledgement of the last but one segment of each message.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>

#include <memory>

#include "scp/messages/pdu_framing.h"
#include "scp/receive_watch.h"

namespace hilum::scp {

class WatchedConnection : public DcmTransportConnection {
  public:
    // Owns `inner`, which owns `socket`. `watch` and `framing`, which follows what is read, must outlive the
    // connection.
    WatchedConnection(DcmNativeSocketType socket, std::unique_ptr<DcmTransportConnection> inner,
                      ReceiveWatch& watch, PduFraming& framing);

    ssize_t read(void* buffer, size_t size) override;
    OFBool networkDataAvailable(int timeout) override;

    OFCondition serverSideHandshake() override { return inner_->serverSideHandshake(); }
    OFCondition clientSideHandshake() override { return inner_->clientSideHandshake(); }
    OFCondition renegotiate(const char* suite) override { return inner_->renegotiate(suite); }
    ssize_t write(void* buffer, size_t size) override { return inner_->write(buffer, size); }
    void close() override { inner_->close(); }
    void closeTransportConnection() override { inner_->closeTransportConnection(); }
    unsigned long getPeerCertificateLength() override { return inner_->getPeerCertificateLength(); }
    unsigned long getPeerCertificate(void* buffer, unsigned long size) override {
        return inner_->getPeerCertificate(buffer, size);
    }
    OFBool isTransparentConnection() override { return inner_->isTransparentConnection(); }
    OFString& dumpConnectionParameters(OFString& text) override {
        return inner_->dumpConnectionParameters(text);
    }

  private:
    bool wait();

    std::unique_ptr<DcmTransportConnection> inner_;
    ReceiveWatch& watch_;
    PduFraming& framing_;
};

// Decorates what DCMTK's layer makes.
class WatchedTransportLayer : public DcmTransportLayer {
  public:
    WatchedTransportLayer(ReceiveWatch& watch, PduFraming& framing) : watch_(watch), framing_(framing) {}
    DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool use_secure_layer) override;

  private:
    ReceiveWatch& watch_;
    PduFraming& framing_;
};

}  // namespace hilum::scp
