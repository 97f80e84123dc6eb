// What a node is told before it starts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/signing/ed25519.h"
#include "contract/configuration.h"

namespace hilum {

// What signs heads of the audit trail, from its file; nothing where nothing is signed.
inline Result<std::optional<SigningKey>> audit_key_of(const AuditSigning& signing) {
    if (signing.key.empty()) return std::nullopt;
    return SigningKey::read(signing.key).map([](SigningKey key) { return std::optional(std::move(key)); });
}

struct NodeOptions {
    Configuration configuration;
    std::string configuration_text;                      // the same text for every child
    std::filesystem::path configuration_file;            // names it, and the folder of its relative paths
    std::filesystem::path daemon_program;                // hilumd
    std::filesystem::path worker_program;                // hilum-worker
    std::optional<SigningKey> audit_key = std::nullopt;  // signs heads; run_coordinator() reads it

    // What signs those in reports; null where reports hold none.
    const SigningKey* report_key() const {
        return configuration.audit.signing.in_reports && audit_key ? &*audit_key : nullptr;
    }
};

}  // namespace hilum
