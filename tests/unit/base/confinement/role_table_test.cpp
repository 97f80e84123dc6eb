#include "base/confinement/role_table.h"

#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <string>

#include "base/confinement/call_groups.h"
#include "base/file_system.h"

namespace hilum {
namespace {

TEST(RoleTable, IsWhatTheSecurityPageSays) {
    const auto page = read_file(HILUM_SOURCE_DIR "/docs/security.md", 1 << 20);
    ASSERT_TRUE(page) << page.error().message;
    const std::string begin = "<!-- confinement: begin -->\n", end = "<!-- confinement: end -->";
    const auto from = page->find(begin), to = page->find(end);
    ASSERT_TRUE(from != std::string::npos && to != std::string::npos);
    EXPECT_EQ(page->substr(from + begin.size(), to - from - begin.size()), role_table_text())
        << "hilumd --confinement prints what belongs there";
}

TEST(RoleTable, HasEachRoleOnceAndOnlyTheCoordinatorUnconfinedInFiles) {
    for (const auto role : all_roles) {
        EXPECT_EQ(rules_of(role).role, role);
        EXPECT_EQ(rules_of(role).files_confined, role != Role::coordinator);
    }
}

TEST(RoleTable, GivesNobodyWhatNobodyMay) {
    for (const auto role : all_roles)
        for (const auto group : rules_of(role).calls)
            for (const std::string call : calls_of(group))
                EXPECT_TRUE(std::ranges::none_of(calls_of_nobody(), [&](const char* no) {
                    return call == no;
                })) << call;
}

// A name that is written wrong would silently permit, or forbid, nothing.
TEST(RoleTable, NamesCallsThatThereAre) {
    for (const auto role : all_roles)
        for (const auto group : rules_of(role).calls)
            for (const char* call : calls_of(group))
                EXPECT_NE(seccomp_syscall_resolve_name(call), __NR_SCMP_ERROR) << call;
    for (const char* call : calls_of_nobody())
        EXPECT_NE(seccomp_syscall_resolve_name(call), __NR_SCMP_ERROR) << call;
}

}  // namespace
}  // namespace hilum
