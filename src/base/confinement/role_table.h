// What each role may do: the one table from which its filter, its file rules, its limits and the table of
// docs/security.md are made. Constants only.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/confinement/role.h"

namespace hilum {

// Groups of system calls, call_groups.h has their names.
enum class CallGroup {
    work,       // memory, threads of its own, time, and what is done with open descriptors
    lookup,     // opening files for reading, and looking at them
    store,      // making, writing, renaming and removing files
    serve,      // accepting connections at a socket that listens
    fork,       // processes of its own, which run the same program and end by themselves
    deepen,     // confining such a process further than this one, which only takes away
    connect,    // sockets to others
    placement,  // on which processors, and in which memory
    anything,   // all but what no role may
};

// Folders and files by what they are for. Where they lie: file_rules.h.
enum class Place {
    system,         // libraries, time zones, character sets: what installed programs are made of
    fonts,          // with fontconfig's settings and cache
    name_services,  // how host names are looked up
    own_program,    // which it executes once more, confined
    package,        // of the model that it runs
    machine,        // what the kernel tells of processors and memory
    devices,        // and drivers' memory, for a GPU
    spool,
    analyses,
    results,
    database,        // with its write-ahead log
    database_index,  // of that log, with its readers' locks and marks
    certificates,
};

struct PlaceRule {
    Place place = Place::system;
    bool writes = false;
};

// What a forbidden system call does.
enum class Forbidden {
    kills,      // the process, which tells the coordinator which call it was
    is_refused  // EPERM
};

// To which a TCP connection may be made: to those that Places names, and the DNS's.
enum class Ports { none, destination };

struct RoleRules {
    Role role = Role::coordinator;
    std::string_view name;
    std::span<const CallGroup> calls;
    Forbidden forbidden = Forbidden::kills;
    bool files_confined = true;  // by Landlock, to `places`
    std::span<const PlaceRule> places;
    Ports ports = Ports::none;
    std::size_t open_files = 0;     // at most; 0: as the system has it
    std::size_t address_space = 0;  // bytes, at most; 0: unlimited, or by the configuration
    std::string_view remark;        // for the page
};

const RoleRules& rules_of(Role role);

// As docs/security.md has them, in Markdown.
std::string role_table_text();

}  // namespace hilum
