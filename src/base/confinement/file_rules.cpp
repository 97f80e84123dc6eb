#include "base/confinement/file_rules.h"

#include <link.h>

#include <cstdlib>
#include <string_view>

#include "base/file_system.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

constexpr int dns_port = 53;  // for answers that do not fit into a datagram

void add_each(std::vector<FileRule>& rules, std::initializer_list<const char*> paths, bool writes = false) {
    for (const char* path : paths) rules.push_back({path, writes});
}

// Where it links: folders of the libraries that are loaded now, wherever somebody has put LibTorch.
int add_library(dl_phdr_info* library, std::size_t, void* rules) {
    const fs::path file = library->dlpi_name == nullptr ? "" : library->dlpi_name;
    if (file.is_absolute())
        static_cast<std::vector<FileRule>*>(rules)->push_back({file.parent_path(), false, true});
    return 0;
}

void add_own_program(std::vector<FileRule>& rules) {
    rules.push_back({"/proc/self/exe", false, true});  // by whatever name, also when an upgrade took it away
    ::dl_iterate_phdr(&add_library, &rules);
    for (const char* loader : {"/lib64", "/lib"}) rules.push_back({loader, false, true});
}

// What it links to lies elsewhere.
Status add_links(std::vector<FileRule>& rules, const fs::path& package) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(package, error), end; !error && at != end; at.increment(error)) {
        const bool links = at->is_symlink(error);
        if (error) break;
        if (!links) continue;
        auto target = fs::canonical(at->path(), error);
        if (error && !is_absent(error.value())) break;
        if (!error) rules.push_back({std::move(target)});
    }
    if (error && !is_absent(error.value()))
        return tl::unexpected(system_error(error.value(), "cannot list " + package.string()));
    return {};
}

void add_fonts(std::vector<FileRule>& rules) {
    add_each(rules, {"/etc/fonts", "/usr/share", "/usr/local/share/fonts", "/var/cache/fontconfig"});
    for (const char* variable : {"FONTCONFIG_FILE", "FONTCONFIG_PATH"})
        if (const char* set = std::getenv(variable)) rules.push_back({set});
    if (const char* home = std::getenv("HOME"))
        for (const char* folder : {".fonts", ".local/share/fonts", ".config/fontconfig", ".cache/fontconfig"})
            rules.push_back({fs::path(home) / folder});
}

void add_system(std::vector<FileRule>& rules) {
    add_each(rules,
             {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache",
              "/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo", "/usr/share/locale", "/dev/urandom"});
    add_each(rules, {"/dev/null"}, true);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    add_each(rules, {"/proc", HILUM_SUPPRESSIONS});
#endif
}

void add_place(std::vector<FileRule>& rules, const PlaceRule& rule, const Places& places) {
    const auto below = [&](const char* name) { rules.push_back({places.data_dir / name, rule.writes}); };
    switch (rule.place) {
        case Place::system:
            return add_system(rules);
        case Place::fonts:
            return add_fonts(rules);
        case Place::name_services:
            // What NSS modules read lies in many places, and is for everybody to read.
            return add_each(rules,
                            {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf",
                             "/etc/gai.conf", "/etc/services", "/etc/networks", "/etc/passwd", "/etc/group",
                             "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd",
                             "/var/lib/sss/pipes", "/var/lib/sss/mc"});
        case Place::own_program:
            return add_own_program(rules);
        case Place::package:
            return rules.push_back({places.package});
        case Place::machine:
            return add_each(rules, {"/proc", "/sys"});
        case Place::devices:
            add_each(rules, {"/etc", "/opt", "/run/nvidia-persistenced"});
            return add_each(rules, {"/dev", "/dev/shm", "/proc/self", "/proc/driver/nvidia"}, true);
        case Place::spool:
            return below("spool");
        case Place::analyses:
            return below("analyses");
        case Place::results:
            return below("results");
        case Place::database:
            below("hilum.db");
            return below("hilum.db-wal");
        case Place::database_index:
            return below("hilum.db-shm");
        case Place::certificates:
            return add_each(rules,
                            {"/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"});
    }
}

}  // namespace

std::vector<FileRule> files_at(const PlaceRule& rule, const Places& places) {
    std::vector<FileRule> rules;
    add_place(rules, rule, places);
    return rules;
}

Result<LandlockRules> landlock_rules(const RoleRules& role, const Places& places) {
    LandlockRules rules;
    for (const auto& rule : role.places) {
        add_place(rules.files, rule, places);
        if (rule.place != Place::package) continue;
        if (auto added = add_links(rules.files, places.package); !added) return tl::unexpected(added.error());
    }
    for (const auto& file : places.also_reads) rules.files.push_back({file});
    rules.any_device_control = role.role == Role::gpu_worker;
    if (role.ports == Ports::destination) {
        rules.connect_ports = places.connect_ports;
        rules.connect_ports.push_back(dns_port);
    }
    return rules;
}

}  // namespace hilum
