#include "pipeline/user_access.h"

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

constexpr char may = 'y', may_not = 'n';

// In the child: becomes the user and writes a letter for each path. Calls nothing that allocates but
// initgroups().
[[noreturn]] void answer_as(const passwd& user, const std::vector<WantedAccess>& wanted, int to) {
    if (::geteuid() != user.pw_uid && (::initgroups(user.pw_name, user.pw_gid) != 0 ||
                                       ::setgid(user.pw_gid) != 0 || ::setuid(user.pw_uid) != 0))
        ::_exit(1);
    for (const auto& one : wanted) {
        const char answer = ::access(one.path.c_str(), one.mode) == 0 ? may : may_not;
        if (::write(to, &answer, 1) != 1) ::_exit(1);
    }
    ::_exit(0);
}

}  // namespace

bool user_exists(const std::string& name) {
    return ::getpwnam(name.c_str()) != nullptr;
}

Result<std::vector<std::filesystem::path>> denied_to(const std::string& name,
                                                     const std::vector<WantedAccess>& wanted) {
    const passwd* user = ::getpwnam(name.c_str());
    if (user == nullptr) return fail("not_found", "there is no user '{}'", name);
    if (::geteuid() != 0 && ::geteuid() != user->pw_uid)
        return fail("not_permitted", "only root can tell what the user '{}' may read", name);
    int ends[2];
    if (::pipe(ends) != 0) return tl::unexpected(system_error(errno, "cannot make a pipe"));
    const UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return tl::unexpected(system_error(errno, "cannot start a process"));
    if (child == 0) answer_as(*user, wanted, to.get());
    to.reset();
    std::vector<std::filesystem::path> denied;
    std::size_t answered = 0;
    for (char answer; ::read(from.get(), &answer, 1) == 1 && answered < wanted.size(); ++answered)
        if (answer == may_not) denied.push_back(wanted[answered].path);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0 || answered != wanted.size())
        return fail("system", "cannot find out what the user '{}' may read", name);
    return denied;
}

}  // namespace hilum
