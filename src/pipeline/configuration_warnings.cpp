#include "pipeline/configuration_warnings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/ip_network.h"
#include "pipeline/tls/tls_check.h"
#include "pipeline/user_access.h"

namespace hilum {
namespace {

// A few analyses that are at work at once, their artifacts, and the database's log.
constexpr std::uint64_t enough_to_go_on = 64ULL << 20;  // bytes

// How long the coordinator waits for its children once it has drained; see coordinator.cpp.
constexpr Duration children_end = std::chrono::seconds(5);

class Warnings {
  public:
    Warnings(const std::string& text, const std::filesystem::path& file) : text_(text), file_(file) {}
    template <typename... Args>
    void add(const std::string& key, fmt::format_string<Args...> format, Args&&... args) {
        all_.push_back(
            {file_.string(), line_of_key(text_, key), key, fmt::format(format, std::forward<Args>(args)...)});
    }
    ConfigurationProblems take() { return std::move(all_); }

  private:
    const std::string& text_;
    const std::filesystem::path& file_;
    ConfigurationProblems all_;
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

void check_stop(const Configuration& configuration, const Surroundings& surroundings, Warnings& warnings) {
    const auto& stop = surroundings.stop_timeout;
    const auto drain = configuration.node.drain_timeout;
    if (stop && drain + children_end > stop->after)
        warnings.add(
            "node.drain_timeout",
            "is {}; with the {} that processes get to end it is longer than TimeoutStopSec={} in {}, after "
            "which systemd kills the node",
            format_duration(drain), format_duration(children_end), format_duration(stop->after),
            stop->file.string());
}

// What a configuration names of the file system.
struct NamedPlace {
    std::string key;
    WantedAccess access;
};

std::vector<NamedPlace> named_files(const Configuration& configuration) {
    std::vector<NamedPlace> named;
    for (std::size_t i = 0; i < configuration.models.size(); ++i) {
        named.push_back(
            {fmt::format("models[{}].package", i), {configuration.models[i].package, R_OK | X_OK}});
        for (const auto& signer : configuration.models[i].signed_by)
            named.push_back({fmt::format("models[{}].signed_by", i), {signer, R_OK}});
    }
    for (const auto& [key, source] : secret_files(configuration)) named.push_back({key, {source, R_OK}});
    return named;
}

// The service manager may make them when the service starts.
std::vector<NamedPlace> named_folders(const Configuration& configuration) {
    std::vector<NamedPlace> named{{"node.data_dir", {configuration.node.data_dir, R_OK | W_OK | X_OK}}};
    const auto add = [&](const char* key, const std::filesystem::path& socket) {
        if (!socket.empty()) named.push_back({key, {socket.parent_path(), W_OK | X_OK}});
    };
    add("node.control_socket", configuration.node.control_socket);
    add("http.socket", configuration.http.socket);
    return named;
}

// Where the node makes a data_dir that is not there yet; the service manager makes the packaged one.
std::optional<NamedPlace> folder_to_make_data_in(const std::filesystem::path& data_dir) {
    std::error_code error;
    if (data_dir == "/var/lib/hilum" || std::filesystem::exists(data_dir, error) || error)
        return std::nullopt;
    auto parent = std::filesystem::absolute(data_dir).parent_path();
    while (!std::filesystem::exists(parent, error) && parent.has_relative_path())
        parent = parent.parent_path();
    return NamedPlace{"node.data_dir", {parent, W_OK | X_OK}};
}

// What an administrator may have put there as root: a backup, a disk of its own.
std::vector<NamedPlace> data_in(const std::filesystem::path& data_dir) {
    std::vector<NamedPlace> named;
    std::error_code error;
    const auto add = [&](const std::filesystem::path& path) {
        const bool folder = std::filesystem::is_directory(path, error);
        if (folder || std::filesystem::exists(path, error))
            named.push_back({"node.data_dir", {path, R_OK | W_OK | (folder ? X_OK : 0)}});
    };
    for (const char* file : {"hilum.db", "hilum.db-wal", "hilum.db-shm", "history"}) add(data_dir / file);
    for (const char* folder : {"spool", "analyses", "results", "facts"}) {
        add(data_dir / folder);
        for (const auto& entry : std::filesystem::directory_iterator(data_dir / folder, error))
            if (entry.path().filename() != "lost+found" && entry.is_directory(error)) add(entry.path());
    }
    for (const auto& entry : std::filesystem::directory_iterator(data_dir / "facts", error))
        add(entry.path());
    return named;
}

void check_sandbox(const Configuration& configuration, const UnitSandbox& sandbox, Warnings& warnings) {
    const auto folders = named_folders(configuration);
    for (const auto& all : {folders, named_files(configuration)})
        for (const auto& [key, access] : all)
            if (const auto setting = sandbox.hides(access.path); !setting.empty())
                warnings.add(key, "the service does not see {}, because of {}", access.path.string(),
                             setting);
    for (const auto& [key, access] : folders)
        if (const auto setting = sandbox.keeps_read_only(access.path);
            !setting.empty() && sandbox.hides(access.path).empty())
            warnings.add(
                key,
                "the service cannot write to {}, because of {}: a drop-in with ReadWritePaths={} lets "
                "it (docs/operations.md, Data on another disk)",
                access.path.string(), setting, access.path.string());
}

// The service manager makes one where the unit says so, the node that of its data; nobody makes another.
void check_socket_folders(const Configuration& configuration, Warnings& warnings) {
    for (const auto& [key, access] : named_folders(configuration)) {
        std::error_code error;
        const bool made = key == "node.data_dir" || access.path == "/run/hilum";
        if (!made && !std::filesystem::exists(access.path, error) && !error)
            warnings.add(key, "there is no folder {}: the socket cannot be made there", access.path.string());
    }
}

// What watches the space that is free, and what retention makes room in, is the disk of node.data_dir.
void check_one_disk(const std::filesystem::path& data_dir, Warnings& warnings) {
    const auto device_of = [](const std::filesystem::path& folder) {
        struct stat info {};
        return ::stat(folder.c_str(), &info) == 0 ? std::optional(info.st_dev) : std::nullopt;
    };
    const auto whole = device_of(data_dir);
    for (const char* part : {"spool", "analyses", "results"})
        if (const auto device = device_of(data_dir / part); whole && device && *device != *whole)
            warnings.add("node.data_dir",
                         "{} is on a disk of its own: free space is watched and made on that of {} alone; "
                         "mount the whole folder there (docs/operations.md, Data on another disk)",
                         (data_dir / part).string(), data_dir.string());
}

void check_receiving(const ScpSettings& scp, const Surroundings& surroundings, Warnings& warnings) {
    if (scp.min_free_space < enough_to_go_on)
        warnings.add("scp.min_free_space",
                     "is less than 64MiB: what is analysed may take the last of it, and a disk that is full "
                     "stays full, since the database can keep no delivery, after which files go");
    if (!scp.any_caller && scp.accept.empty())
        warnings.add("scp.accept", "is empty: every association is rejected, nothing can be received");
    if (const auto why = scp.plain ? surroundings.why_no_port(scp.bind, scp.port) : std::string();
        !why.empty())
        warnings.add("scp.port", "{}", why);
    if (const auto why = scp.tls ? surroundings.why_no_port(scp.bind, scp.tls->port) : std::string();
        !why.empty())
        warnings.add("scp.tls.port", "{}", why);
    for (std::size_t i = 0; i < scp.accept.size(); ++i)
        if (scp.plain && !scp.any_caller && scp.tls && scp.accept[i].certificates.empty())
            warnings.add(
                fmt::format("scp.accept[{}]", i),
                "lets {} in without TLS too, over the plain port: give it certificates, or set scp.port to "
                "none",
                scp.accept[i].ae_title);
}

bool is_own_port(const ScpSettings& scp, int port) {
    return (scp.plain && port == scp.port) || (scp.tls && port == scp.tls->port);
}

void check_models(const std::vector<ModelSettings>& models, Warnings& warnings) {
    const auto active = [](const ModelSettings& model) { return model.mode == ModelMode::active; };
    if (models.empty())
        warnings.add("models", "there is no model: what is received is stored, and nothing is analysed");
    else if (std::none_of(models.begin(), models.end(), active))
        warnings.add("models", "every model is a shadow: no results are sent");
}

// Whether both get results of the same caller.
bool share_a_caller(const DestinationSettings& one, const DestinationSettings& other) {
    if (one.from.empty() || other.from.empty()) return true;
    return std::any_of(one.from.begin(), one.from.end(), [&](const std::string& caller) {
        return std::find(other.from.begin(), other.from.end(), caller) != other.from.end();
    });
}

void check_destinations(const Configuration& configuration, const Surroundings& surroundings,
                        Warnings& warnings) {
    const auto& all = configuration.destinations;
    if (all.empty()) warnings.add("destinations", "there are none: results are made and sent nowhere");
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto key = fmt::format("destinations[{}]", i);
        if (is_own_port(configuration.scp, all[i].port) && surroundings.is_this_machine(all[i].host))
            warnings.add(key, "{} port {} is this node itself: results go to the PACS, not back to Hilum",
                         all[i].host, all[i].port);
        for (std::size_t j = 0; j < i; ++j)
            if (lower(all[j].host) == lower(all[i].host) && all[j].port == all[i].port &&
                all[j].ae_title == all[i].ae_title && share_a_caller(all[i], all[j])) {
                warnings.add(key, "is the same as destinations[{}] ('{}'): it gets every result twice", j,
                             all[j].name);
                break;
            }
    }
}

// Their members would be told that they may not.
void check_groups(const Configuration& configuration, const Surroundings& surroundings, Warnings& warnings) {
    const auto& operators = configuration.node.operators;
    if (!operators.empty() && !surroundings.has_group(operators))
        warnings.add("node.operators",
                     "there is no group '{}' on this machine: only root and the node's user may ask it",
                     operators);
    for (const auto& [group, role] : configuration.http.socket_groups)
        if (!surroundings.has_group(group))
            warnings.add("http.socket_groups." + group,
                         "there is no group '{}' on this machine: nobody has the role {} by it", group,
                         enum_text(role));
}

void check_http(const HttpSettings& http, const Surroundings& surroundings, Warnings& warnings) {
    if (!http.enabled) return;
    const auto address = IpAddress::parse(http.address);
    const bool loopback = address && (IpNetwork::parse("127.0.0.0/8")->contains(*address) ||
                                      *address == *IpAddress::parse("::1"));
    if (!loopback && !http.tls && !http.tokens.empty())
        warnings.add("http.tokens_over_plain",
                     "lets tokens and patient data cross the network in the clear, unless what is before {} "
                     "encrypts",
                     http.address);
    if (const auto why = surroundings.why_no_port(http.address, http.port); !why.empty())
        warnings.add("http.listen", "{}", why);
}

}  // namespace

ConfigurationProblems configuration_warnings(const Configuration& configuration, const std::string& text,
                                             const std::filesystem::path& file,
                                             const Surroundings& surroundings) {
    Warnings warnings(text, file);
    check_stop(configuration, surroundings, warnings);
    if (surroundings.sandbox) check_sandbox(configuration, *surroundings.sandbox, warnings);
    check_socket_folders(configuration, warnings);
    check_one_disk(configuration.node.data_dir, warnings);
    check_receiving(configuration.scp, surroundings, warnings);
    check_models(configuration.models, warnings);
    check_destinations(configuration, surroundings, warnings);
    check_groups(configuration, surroundings, warnings);
    check_http(configuration.http, surroundings, warnings);
    return warnings.take();
}

ConfigurationProblems access_warnings(const Configuration& configuration, const std::string& text,
                                      const std::filesystem::path& file, const std::string& user) {
    Warnings warnings(text, file);
    std::vector<NamedPlace> wanted{{"", {std::filesystem::absolute(file), R_OK}}};
    std::error_code error;
    for (const auto& named : named_files(configuration)) {
        wanted.push_back(named);
        for (const auto& entry : std::filesystem::directory_iterator(named.access.path, error))
            wanted.push_back({named.key, {entry.path(), entry.is_directory(error) ? R_OK | X_OK : R_OK}});
    }
    for (const auto& named : named_folders(configuration))
        if (std::filesystem::exists(named.access.path, error)) wanted.push_back(named);
    if (auto made_in = folder_to_make_data_in(configuration.node.data_dir)) wanted.push_back(*made_in);
    for (auto& named : data_in(configuration.node.data_dir)) wanted.push_back(std::move(named));
    std::vector<WantedAccess> asked;
    for (const auto& one : wanted) asked.push_back(one.access);
    const auto denied = denied_to(user, asked);
    if (!denied) {
        warnings.add("", "{}", denied.error().message);
        return warnings.take();
    }
    for (const auto& one : wanted)
        if (std::find(denied->begin(), denied->end(), one.access.path) != denied->end())
            warnings.add(one.key, "the user '{}', as whom the service runs, may not {} {}", user,
                         (one.access.mode & W_OK) != 0 ? "write to" : "read", one.access.path.string());
    return warnings.take();
}

std::string warning_text(const ConfigurationProblem& warning) {
    const auto where = warning.line > 0 ? fmt::format("{}:{}", warning.file, warning.line) : warning.file;
    return fmt::format("{}: warning: {}{}", where, warning.key.empty() ? "" : warning.key + ": ",
                       warning.message);
}

}  // namespace hilum
