#include "pipeline/control/operator_name.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/logging.h"

namespace hilum {
namespace {

std::string name_in_file(uid_t uid, const char* passwd_file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(passwd_file, "re"), &std::fclose);
    if (!file) return {};
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    while (::fgetpwent_r(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0)
        if (entry.pw_uid == uid) return entry.pw_name;
    return {};
}

}  // namespace

std::string user_text(uid_t uid, const UserSources& sources) {
    const auto name = name_in_file(uid, sources.passwd.c_str());
    return name.empty() ? fmt::format("uid {}", uid) : fmt::format("uid {} ({})", uid, name);
}

std::optional<uid_t> login_of(const UnixPeer& peer, const UserSources& sources) {
    constexpr auto nobody = static_cast<uid_t>(-1);
    const auto process = fmt::format("{}/{}", sources.processes, peer.pid);
    struct stat owner {};
    // A number is given again once its process has ended.
    if (::stat(process.c_str(), &owner) != 0 || owner.st_uid != peer.uid) return std::nullopt;
    uid_t login = nobody;
    if (!(std::ifstream(process + "/loginuid") >> login) || login == nobody) return std::nullopt;
    return login;
}

std::string operator_name(uid_t uid, std::optional<uid_t> login, const std::string& claim,
                          const UserSources& sources) {
    const auto text = "operator " + user_text(uid, sources);
    if (login && *login == uid) return text;
    if (login) return text + ", logged in as " + user_text(*login, sources);
    return claim.empty() ? text : text + ", who says: " + loggable(claim);
}

}  // namespace hilum
