#include "contract/audit_signing.h"

#include "contract/setting_reading.h"

namespace hilum {

void read_audit_signing(YamlMapping at, const std::filesystem::path& folder, AuditSigning& signing) {
    if (at.has("key")) signing.key = folder / at.string("key");
    signing.every = positive_duration(at, "every", signing.every);
    if (at.has("every") && signing.key.empty()) at.problem("key", "is missing");
    at.finish();
}

}  // namespace hilum
