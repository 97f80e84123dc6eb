// What a node is told before it starts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/signing/ed25519.h"
#include "contract/configuration.h"

namespace hilum {

struct NodeOptions {
    Configuration configuration;
    std::string configuration_text;                      // the same text for every child
    std::filesystem::path configuration_file;            // names it, and the folder of its relative paths
    std::filesystem::path daemon_program;                // hilumd
    std::filesystem::path worker_program;                // hilum-worker
    std::optional<SigningKey> audit_key = std::nullopt;  // signs heads of the audit trail

    // What signs those in reports; null where reports hold none.
    const SigningKey* report_key() const {
        return configuration.audit.signing.in_reports && audit_key ? &*audit_key : nullptr;
    }
};

}  // namespace hilum
