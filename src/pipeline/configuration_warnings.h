// What is valid in a configuration and still most likely a mistake: `hilumd --check` says it and succeeds.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/yaml_reader.h"
#include "contract/configuration.h"
#include "pipeline/unit/unit_sandbox.h"

namespace hilum {

// What a configuration meets on its machine.
struct Surroundings {
    // Whether a host of the configuration, a name or an address, is this machine.
    std::function<bool(const std::string& host)> is_this_machine;
    // Why nobody can listen there, in words; empty where one can, or where that cannot be told.
    std::function<std::string(const std::string& address, int port)> why_no_port;
    // After which time the service manager kills a unit that it stops; none where there is no unit, or no
    // limit.
    struct StopTimeout {
        Duration after;
        std::filesystem::path file;
    };
    std::optional<StopTimeout> stop_timeout;
    std::function<bool(const std::string& group)> has_group;
    std::optional<UnitSandbox> sandbox = {};  // of the unit; none where there is no unit
};

// Each with file, line and key, in the order of the file's sections. `text` is what `configuration` was read
// from; it has no problems.
ConfigurationProblems configuration_warnings(const Configuration& configuration, const std::string& text,
                                             const std::filesystem::path& file,
                                             const Surroundings& surroundings);

// What the user that the service runs as cannot read: the file itself and all that it names; or write:
// node.data_dir and the folders of sockets. That it cannot be told, since only root can, is a warning too.
ConfigurationProblems access_warnings(const Configuration& configuration, const std::string& text,
                                      const std::filesystem::path& file, const std::string& user);

// "hilum.yaml:12: warning: http.listen: ..."
std::string warning_text(const ConfigurationProblem& warning);

}  // namespace hilum
