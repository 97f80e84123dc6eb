#include "base/confinement/role_table.h"

#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/confinement/call_groups.h"
#include "base/file_system.h"

namespace hilum {
namespace {

struct Grants {
    std::vector<Place> reads, writes;
    std::vector<CallGroup> calls;  // beside those of all, and of who opens files
};

// Once more, for the other tests of confinement expect what the table has.
std::map<Role, Grants> most_of_each_role() {
    using enum Place;
    using enum CallGroup;
    return {
        {Role::listener, {{system, certificates}, {spool}, {store, serve, fork, deepen}}},
        {Role::receiver, {{system, certificates}, {spool}, {store}}},
        {Role::scanner, {{system}, {}, {}}},
        {Role::decoder, {{system}, {}, {}}},
        {Role::worker, {{system, own_program, package, machine}, {}, {placement}}},
        {Role::gpu_worker, {{system, own_program, package, machine}, {devices}, {anything}}},
        {Role::composer, {{system, fonts}, {}, {}}},
        {Role::sender, {{system, name_services, certificates}, {}, {connect, fork, serve}}},
        {Role::syslog, {{system, name_services, certificates}, {}, {connect, fork}}},
        {Role::http, {{system, certificates, database}, {database_index}, {store, serve}}},
    };
}

template <typename T>
bool has(const std::vector<T>& list, T one) {
    return std::ranges::find(list, one) != list.end();
}

TEST(RoleTable, GrantsNoMoreThanARoleNeeds) {
    const auto most = most_of_each_role();
    for (const auto role : all_roles) {
        if (role == Role::coordinator) continue;
        const auto& rules = rules_of(role);
        const auto& grants = most.at(role);
        for (const auto& [place, writes] : rules.places)
            EXPECT_TRUE(has(grants.writes, place) || (!writes && has(grants.reads, place)))
                << rules.name << (writes ? " writes place " : " reads place ") << static_cast<int>(place);
        for (const auto group : rules.calls)
            EXPECT_TRUE(group == CallGroup::work || group == CallGroup::lookup || has(grants.calls, group))
                << rules.name << " has group " << static_cast<int>(group);
        EXPECT_EQ(rules.ports == Ports::destination, has(grants.calls, CallGroup::connect)) << rules.name;
    }
}

TEST(RoleTable, GivesNoSocketToWhoWorksOnWhatItIsHanded) {
    const std::vector<std::string_view> of_sockets{"socket", "socketpair", "connect", "bind",
                                                   "listen", "accept",     "accept4"};
    for (const auto role : {Role::scanner, Role::decoder, Role::worker, Role::composer})
        for (const auto group : rules_of(role).calls) {
            EXPECT_NE(group, CallGroup::anything) << rules_of(role).name;
            for (const std::string_view call : calls_of(group))
                EXPECT_FALSE(has(of_sockets, call)) << rules_of(role).name << ": " << call;
        }
}

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
