// The private attribute with which a report is a witness of the node's audit trail
// (docs/conformance-statement.md, 8.3).
#pragma once

#include <string>

class DcmItem;

namespace hilum::results {

// Adds (0099,0010) LO "HILUM" and (0099,1001) LT, the line of the signed head (store/audit/signed_head.h);
// nothing where `line` is empty.
void put_audit_head(DcmItem& report, const std::string& line);

}  // namespace hilum::results
