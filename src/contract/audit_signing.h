// Whether heads of the audit trail are signed (config/hilum.yaml: audit.sign).
#pragma once

#include <chrono>
#include <filesystem>

#include "base/yaml_reader.h"

namespace hilum {

struct AuditSigning {
    std::filesystem::path key;  // private Ed25519 key in PEM; empty: nothing is signed
    Duration every = std::chrono::minutes(10);
    bool operator==(const AuditSigning&) const = default;
};

// Relative paths start at `folder`.
void read_audit_signing(YamlMapping at, const std::filesystem::path& folder, AuditSigning& signing);

}  // namespace hilum
