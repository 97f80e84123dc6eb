// DCMTK's connection of an association, plain or TLS, for others to give time limits to: what SCP and SCU
// share of the transport. It neither waits for an acknowledgement before a small segment (Nagle's algorithm)
// nor delays its own: either would cost 40 ms a message.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <sys/types.h>

#include <memory>

namespace hilum {

// Hands everything on to `inner`, which owns the socket.
class TransportConnection : public DcmTransportConnection {
  public:
    TransportConnection(DcmNativeSocketType socket, std::unique_ptr<DcmTransportConnection> inner);

    ssize_t read(void* buffer, size_t size) override;
    ssize_t write(void* buffer, size_t size) override;
    OFBool networkDataAvailable(int timeout) override { return inner_->networkDataAvailable(timeout); }

    OFCondition serverSideHandshake() override { return inner_->serverSideHandshake(); }
    OFCondition clientSideHandshake() override { return inner_->clientSideHandshake(); }
    OFCondition renegotiate(const char* suite) override { return inner_->renegotiate(suite); }
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

  protected:
    // Whether bytes are in hand that the socket has no more: TLS decrypts whole records.
    bool has_decrypted();
    void acknowledge_at_once();  // the kernel takes it back by itself, so again after every read and write

    // What read() and write() return where time is over or the peer gone. Not EINTR, on which DCMTK tries
    // again.
    static ssize_t failed(int error_number);

  private:
    std::unique_ptr<DcmTransportConnection> inner_;
};

}  // namespace hilum
