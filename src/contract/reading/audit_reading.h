// How `audit` is read from a configuration file.
#pragma once

#include <filesystem>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

// Relative paths are taken from `folder`.
void read_audit(YamlMapping at, const std::filesystem::path& folder, const NodeSettings& node,
                AuditSettings& audit);

}  // namespace hilum
