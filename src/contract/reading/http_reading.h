// How `http:` is read from a configuration file.
#pragma once

#include <filesystem>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

// Relative paths are taken from `folder`. `node` and `scp` of the configuration are read already: HTTP has
// sockets of its own.
void read_http(YamlMapping at, const std::filesystem::path& folder, Configuration& configuration);

}  // namespace hilum
