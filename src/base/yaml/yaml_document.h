// The one document of a YAML file. YAML's own readers take what stands first, and drop the rest without a
// word.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace hilum {

struct YamlDocument {
    YAML::Node root;  // null where the file holds nothing
    int other_line =
        0;  // from 1: where something stands that belongs to no document or to a second one; 0: none
};

// Empty documents, as a leading or trailing --- or ... makes them, are passed over. Throws YAML::Exception
// where the text is no YAML.
YamlDocument yaml_document(const std::string& text);

}  // namespace hilum
