#include "dicom/tls_connection.h"

#include <dcmtk/dcmnet/cond.h>
#include <unistd.h>

namespace hilum {

OFCondition TlsConnection::handshake() {
    return stream_.handshake() ? EC_Normal : OFCondition(DUL_NETWORKCLOSED);
}

// TLS 1.3 knows none, and ours of 1.2 refuses it.
OFCondition TlsConnection::renegotiate(const char* /*suite*/) {
    return OFCondition(DUL_ILLEGALREQUEST);
}

void TlsConnection::close() {
    if (getSocket() < 0) return;
    stream_.say_goodbye();
    ::close(getSocket());
    setSocket(-1);
}

OFString& TlsConnection::dumpConnectionParameters(OFString& text) {
    text = stream_.protocol().c_str();
    return text;
}

}  // namespace hilum
