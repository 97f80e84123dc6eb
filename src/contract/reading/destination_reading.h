// How `destinations` are read from a configuration file.
#pragma once

#include <filesystem>
#include <vector>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

// Relative paths are taken from `folder`.
void read_destinations(YamlMapping& root, const std::filesystem::path& folder,
                       std::vector<DestinationSettings>& destinations);

}  // namespace hilum
