#include "pipeline/control/operator_name.h"

#include <fmt/format.h>
#include <pwd.h>

#include <array>
#include <cstdio>
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

std::string operator_name(uid_t uid, const std::string& claim, const char* passwd_file) {
    auto text = fmt::format("operator uid {}", uid);
    if (const auto name = name_in_file(uid, passwd_file); !name.empty()) text += " (" + name + ")";
    if (!claim.empty()) text += ", who says: " + loggable(claim);
    return text;
}

}  // namespace hilum
