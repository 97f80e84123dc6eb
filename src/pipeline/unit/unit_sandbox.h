// What a unit leaves its service of the file system (systemd.exec(5), Sandboxing): what is read-only there,
// and what is hidden.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/unit/service_unit.h"

namespace hilum {

class UnitSandbox {
  public:
    explicit UnitSandbox(const ServiceUnit& unit);

    // The setting and its file, such as "ProtectHome=yes in /usr/lib/systemd/system/hilum.service", for which
    // the service finds nothing of what lies there, or something else; empty where it finds it, and where
    // that cannot be told.
    std::string hides(const std::filesystem::path& place) const;

    // The same for what it finds and cannot write to.
    std::string keeps_read_only(const std::filesystem::path& place) const;

  private:
    enum class Kind { inaccessible, emptied, read_only, bound_read_only, bound, writable };
    struct Rule {
        Kind kind;
        std::filesystem::path folder;  // and all below it, but for what a longer one says
        std::string said;
    };
    void take(const UnitSetting& setting);
    void take_list(const UnitSetting& setting, Kind kind);
    void take_directories(const UnitSetting& setting, const char* parent);
    void protect_system(const UnitSetting& setting);
    void protect_home(const UnitSetting& setting);
    void drop(const std::string& setting);  // what was said under this name
    void add(const UnitSetting& setting, Kind kind, const std::filesystem::path& folder);

    std::string unit_;
    std::vector<std::pair<std::string, Rule>> rules_;  // by the setting's name
    bool elsewhere_ = false;                           // another root: nothing can be told
    bool untold_ = false;  // a place that may be writable has a name that is not known here
};

}  // namespace hilum
