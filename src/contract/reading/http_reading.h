// How `http:` is read from a configuration file.
#pragma once

#include <filesystem>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

// Relative paths are taken from `folder`.
void read_http(YamlMapping at, const std::filesystem::path& folder, HttpSettings& http);

}  // namespace hilum
