// Where the places of a role lie on this machine.
#pragma once

#include <filesystem>
#include <vector>

#include "base/confinement/landlock.h"
#include "base/confinement/role_table.h"

namespace hilum {

// What the configuration says of a role's places. A role that has no such place leaves it empty.
struct Places {
    std::filesystem::path data_dir{};
    std::filesystem::path package{};
    std::vector<std::filesystem::path> also_reads{};  // files that the configuration names
    std::vector<int> connect_ports{};                 // TCP, of a sender or syslog, beside the DNS's
};

// Where it lies. Of a package without what it links to.
std::vector<FileRule> files_at(const PlaceRule& rule, const Places& places);

// Errors are the file system's: what it did not show would be forbidden for good.
Result<LandlockRules> landlock_rules(const RoleRules& role, const Places& places);

}  // namespace hilum
