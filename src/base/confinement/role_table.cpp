#include "base/confinement/role_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/confinement/call_groups.h"

namespace hilum {
namespace {

constexpr std::size_t gibibyte = std::size_t{1} << 30;
constexpr std::size_t few_files = 256;

constexpr std::array of_coordinator{CallGroup::anything};
constexpr std::array of_listener{CallGroup::work,  CallGroup::lookup, CallGroup::store,
                                 CallGroup::serve, CallGroup::fork,   CallGroup::deepen};
constexpr std::array of_receiver{CallGroup::work, CallGroup::lookup, CallGroup::store};
constexpr std::array of_reader{CallGroup::work, CallGroup::lookup};
constexpr std::array of_worker{CallGroup::work, CallGroup::lookup, CallGroup::placement};
constexpr std::array of_gpu_worker{CallGroup::anything};
constexpr std::array of_syslog{CallGroup::work, CallGroup::lookup, CallGroup::connect, CallGroup::fork};
// It accepts, to close it, what DCMTK connects to a port that it keeps (results/delivery/rendezvous.h).
constexpr std::array of_sender{CallGroup::work, CallGroup::lookup, CallGroup::connect, CallGroup::fork,
                               CallGroup::serve};
constexpr std::array of_http{CallGroup::work, CallGroup::lookup, CallGroup::store, CallGroup::serve};

constexpr std::array receiving{PlaceRule{Place::system}, PlaceRule{Place::certificates},
                               PlaceRule{Place::spool, true}};
constexpr std::array reading{PlaceRule{Place::system}};
constexpr std::array inferring{PlaceRule{Place::system}, PlaceRule{Place::own_program},
                               PlaceRule{Place::package}, PlaceRule{Place::machine}};
constexpr std::array inferring_on_gpu{PlaceRule{Place::system}, PlaceRule{Place::own_program},
                                      PlaceRule{Place::package}, PlaceRule{Place::machine},
                                      PlaceRule{Place::devices, true}};
constexpr std::array composing{PlaceRule{Place::system}, PlaceRule{Place::fonts}};
constexpr std::array sending{PlaceRule{Place::system}, PlaceRule{Place::name_services},
                             PlaceRule{Place::certificates}};
constexpr std::array serving_http{PlaceRule{Place::system}, PlaceRule{Place::certificates},
                                  PlaceRule{Place::database}, PlaceRule{Place::database_index, true}};

constexpr std::array table{
    RoleRules{Role::coordinator,
              "coordinator",
              of_coordinator,
              Forbidden::is_refused,
              false,
              {},
              Ports::none,
              0,
              0,
              "starts all others; parses no foreign bytes"},
    RoleRules{Role::listener, "listener", of_listener, Forbidden::kills, true, receiving, Ports::none, 0,
              gibibyte, "binds its port first, then gives up the capability for it"},
    RoleRules{Role::receiver, "receiver", of_receiver, Forbidden::kills, true, receiving, Ports::none,
              few_files, gibibyte, "one for each connection"},
    RoleRules{Role::scanner, "scanner", of_reader, Forbidden::kills, true, reading, Ports::none, few_files,
              gibibyte, "gets the file open"},
    RoleRules{Role::decoder, "decoder", of_reader, Forbidden::kills, true, reading, Ports::none, few_files, 0,
              "gets the file open; address space: `decoder.max_memory`"},
    RoleRules{Role::worker, "worker", of_worker, Forbidden::is_refused, true, inferring, Ports::none, 0, 0,
              "gets checked tensors; what LibTorch calls differs from version to version"},
    RoleRules{Role::gpu_worker, "worker on a GPU", of_gpu_worker, Forbidden::is_refused, true,
              inferring_on_gpu, Ports::none, 0, 0,
              "gets checked tensors; what a driver calls differs from version to version"},
    RoleRules{Role::composer, "composer", of_reader, Forbidden::kills, true, composing, Ports::none,
              few_files, 4 * gibibyte, "gets each file open; what it makes the coordinator writes"},
    RoleRules{Role::sender, "sender", of_sender, Forbidden::kills, true, sending, Ports::destination,
              few_files, 4 * gibibyte, "one for each destination; gets the result's file open"},
    RoleRules{Role::syslog, "syslog", of_syslog, Forbidden::kills, true, sending, Ports::destination,
              few_files, 4 * gibibyte, "one for each server of `audit.syslog`"},
    RoleRules{Role::http, "http", of_http, Forbidden::kills, true, serving_http, Ports::none, 0, 0,
              "writes only SQLite's locks and read marks"},
};

std::string_view place_name(Place place) {
    switch (place) {
        case Place::system:
            return "system files";
        case Place::fonts:
            return "fonts";
        case Place::name_services:
            return "name services";
        case Place::own_program:
            return "its own program";
        case Place::package:
            return "its model package";
        case Place::machine:
            return "`/proc` and `/sys`";
        case Place::devices:
            return "devices and `/dev/shm` (of `/etc` and `/opt` it reads)";
        case Place::spool:
            return "`spool/`";
        case Place::analyses:
            return "`analyses/`";
        case Place::results:
            return "`results/`";
        case Place::database:
            return "`hilum.db` and `hilum.db-wal`";
        case Place::database_index:
            return "`hilum.db-shm`";
        case Place::certificates:
            return "`/etc/ssl`";
    }
    return "";
}

std::string files_text(const RoleRules& rules) {
    if (!rules.files_confined) return "as its user";
    std::string reads, writes;
    for (const auto& rule : rules.places) {
        auto& list = rule.writes ? writes : reads;
        list += fmt::format("{}{}", list.empty() ? "" : ", ", place_name(rule.place));
    }
    return fmt::format("reads {}{}", reads, writes.empty() ? "" : "; reads and writes " + writes);
}

bool has(const RoleRules& rules, CallGroup group) {
    return std::ranges::find(rules.calls, group) != rules.calls.end();
}

std::string network_text(const RoleRules& rules) {
    if (rules.role == Role::coordinator) return "Unix sockets; none else is opened";
    if (rules.role == Role::gpu_worker) return "Unix sockets alone, which drivers use";
    if (rules.role == Role::syslog) return "by TCP and TLS: to its server's port; UDP; the DNS";
    if (has(rules, CallGroup::connect))
        return "TCP to its destination's port, by DICOM also to one of its own on the loopback; the DNS";
    if (has(rules, CallGroup::serve)) return "accepts at the port that it opened before";
    return rules.role == Role::receiver ? "its one connection" : "none";
}

std::string processes_text(const RoleRules& rules) {
    if (rules.role == Role::coordinator) return "starts the others";
    if (rules.role == Role::listener) return "forks receivers; executes nothing";
    if (has(rules, CallGroup::fork)) return "forks for look-ups in the DNS; executes nothing";
    return "none";
}

std::string limits_text(const RoleRules& rules) {
    std::string text = "no core";
    if (rules.open_files > 0) text += fmt::format(", {} open files", rules.open_files);
    if (rules.address_space > 0) text += fmt::format(", {} GiB", rules.address_space / gibibyte);
    return text;
}

}  // namespace

const RoleRules& rules_of(Role role) {
    return *std::ranges::find(table, role, &RoleRules::role);
}

std::string role_table_text() {
    std::string text =
        "| role | files | network | processes | limits | a forbidden call | remarks |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const auto& rules : table)
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", rules.name, files_text(rules),
                            network_text(rules), processes_text(rules), limits_text(rules),
                            rules.forbidden == Forbidden::kills ? "kills the process" : "is refused",
                            rules.remark);
    return text + "\n" + call_groups_text();
}

}  // namespace hilum
