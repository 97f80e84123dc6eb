#include "contract/access/access_ledger.h"

#include <utility>

#include "base/characters/printable.h"

namespace hilum {
namespace {

// Of one line: nothing in it is a line break, but for a parameter's value, which stands last.
std::string sort_of(const HttpAccess& access) {
    auto sort = access.name + '\n' + access.role + '\n' + access.path + '\n' + access.refused + '\n' +
                access.address + '\n' + std::to_string(access.uid);
    for (const auto& [name, value] : access.parameters)
        sort += '\n' + std::to_string(name.size()) + ':' + name + std::to_string(value.size()) + ':' + value;
    return sort;
}

// What is left has few values: the names of tokens, roles, reasons, and users who may see. Of who may not, a
// local user can be as many as a user namespace has.
void leave_out_details(HttpAccess& access) {
    access.path.clear();
    access.address.clear();
    if (!access.refused.empty()) access.uid = -1;
    access.parameters = {{"of_many", "true"}};
}

MonotonicTime end_of_window(const HttpAccess& access, MonotonicTime now) {
    return now + (access.refused.empty() ? Duration(AccessLedger::window) : AccessLedger::refused_window);
}

}  // namespace

std::map<std::string, std::string> audited_parameters(const std::map<std::string, std::string>& asked) {
    constexpr std::size_t longest_name = 32, longest_value = 128, most_parameters = 8;
    std::map<std::string, std::string> all;
    for (const auto& [name, value] : asked)
        if (all.size() < most_parameters && name != "limit")
            all.emplace(printable(name.substr(0, longest_name)), printable(value.substr(0, longest_value)));
    return all;
}

Status AccessLedger::note(HttpAccess access, MonotonicTime now) {
    auto& counted = access.refused.empty() ? shown_ : refused_;
    auto sort = sort_of(access);
    if (counted.size() >= most && !counted.contains(sort)) {
        leave_out_details(access);
        sort = sort_of(access);
    }
    const auto found = counted.find(sort);
    if (found != counted.end()) {
        found->second.access.count += access.count;
        return {};
    }
    if (auto told = tell_(access); !told) return told;
    const auto ends = end_of_window(access, now);
    access.count = 0;
    counted.emplace(std::move(sort), Counted{std::move(access), ends});
    return {};
}

void AccessLedger::tell_counted(MonotonicTime now) {
    tell_counted(shown_, now);
    tell_counted(refused_, now);
}

void AccessLedger::tell_all() {
    for (auto* all : {&shown_, &refused_}) {
        for (const auto& [sort, counted] : *all)
            if (counted.access.count > 0) (void)tell_(counted.access);
        all->clear();
    }
}

void AccessLedger::tell_counted(AllCounted& counted, MonotonicTime now) {
    for (auto at = counted.begin(); at != counted.end();) {
        auto& [access, ends] = at->second;
        if (now < ends) {
            ++at;
        } else if (access.count == 0) {
            at = counted.erase(at);
        } else {
            if (tell_(access)) access.count = 0;  // else with the next
            ends = end_of_window(access, now);
            ++at;
        }
    }
}

}  // namespace hilum
