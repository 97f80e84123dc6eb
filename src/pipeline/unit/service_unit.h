// A service's unit as its files say it, drop-ins too (systemd.unit(5)).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hilum {

struct UnitSetting {
    std::string name, value;
    std::filesystem::path file;
};

struct ServiceUnit {
    std::string name;                   // hilum.service
    std::filesystem::path file;         // without its drop-ins
    std::vector<UnitSetting> settings;  // of [Service], in the order in which they are taken
};

// As the files below `root` ("/") have it; nothing where there is no such unit.
std::optional<ServiceUnit> read_service_unit(const std::filesystem::path& root, const std::string& name);

}  // namespace hilum
