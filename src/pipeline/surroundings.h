// The machine that a configuration is checked on (configuration_warnings.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pipeline/configuration_warnings.h"
#include "pipeline/unit/service_unit.h"

namespace hilum {

// `control_socket`: of the node; while it runs, its own ports are not asked for.
Surroundings surroundings_on_this_machine(const std::filesystem::path& control_socket);

// Its TimeoutStopSec (systemd.service(5)).
std::optional<Surroundings::StopTimeout> stop_timeout_of_unit(const ServiceUnit& unit);

// A span as systemd.time(7) has it: "60", "1min 30s". Nothing for "infinity" and for what is none.
std::optional<Duration> parse_systemd_span(std::string_view text);

}  // namespace hilum
