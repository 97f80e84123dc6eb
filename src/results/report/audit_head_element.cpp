#include "results/report/audit_head_element.h"

#include "results/dataset_writing.h"

namespace hilum::results {
namespace {

// PS3.5 7.8.1: the creator's name reserves (0099,1000) to (0099,10FF).
constexpr Uint16 group = 0x0099;
constexpr const char* creator = "HILUM";

}  // namespace

void put_audit_head(DcmItem& report, const std::string& line) {
    if (line.empty()) return;
    put(report, DcmTagKey(group, 0x0010), creator);
    // Not by put(): no dictionary knows its VR.
    report.putAndInsertOFStringArray(DcmTag(group, 0x1001, EVR_LT), OFString(line.data(), line.size()));
}

}  // namespace hilum::results
