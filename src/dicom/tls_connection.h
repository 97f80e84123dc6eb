// DICOM over TLS (PS3.15 annex B): a connection for DCMTK that is ours, since DCMTK's waits for whole records
// without a time limit, and its profiles of 3.6.7 let TLS 1.0 in or leave 1.3 out.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmtrans.h>

#include "base/tls/tls_stream.h"

namespace hilum {

class TlsConnection : public DcmTransportConnection {
  public:
    // Owns the socket, which is the stream's wire.
    TlsConnection(DcmNativeSocketType socket, TlsStream stream)
        : DcmTransportConnection(socket), stream_(std::move(stream)) {}
    ~TlsConnection() override { close(); }

    ssize_t read(void* buffer, size_t size) override { return stream_.read(buffer, size); }
    ssize_t write(void* bytes, size_t size) override { return stream_.write(bytes, size); }
    // Whether read() returns at once; waits for nothing, whatever the timeout.
    OFBool networkDataAvailable(int) override { return stream_.has_arrived() ? OFTrue : OFFalse; }
    OFBool isTransparentConnection() override { return OFFalse; }

    OFCondition serverSideHandshake() override { return handshake(); }
    OFCondition clientSideHandshake() override { return handshake(); }
    OFCondition renegotiate(const char* suite) override;
    void close() override;
    void closeTransportConnection() override { close(); }
    unsigned long getPeerCertificateLength() override { return 0; }
    unsigned long getPeerCertificate(void*, unsigned long) override { return 0; }
    OFString& dumpConnectionParameters(OFString& text) override;

    const TlsStream& stream() const { return stream_; }

  private:
    OFCondition handshake();  // the stream's failure() tells why it failed
    TlsStream stream_;
};

}  // namespace hilum
