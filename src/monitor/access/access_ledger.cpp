#include "monitor/access/access_ledger.h"

#include <utility>

namespace hilum::monitor {
namespace {

// Of one line: nothing in it is a line break, but for a parameter's value, which stands last.
std::string sort_of(const HttpAccess& access) {
    auto sort = access.name + '\n' + access.role + '\n' + access.path + '\n' + access.refused + '\n' +
                access.address + '\n' + std::to_string(access.uid);
    for (const auto& [name, value] : access.parameters)
        sort += '\n' + std::to_string(name.size()) + ':' + name + std::to_string(value.size()) + ':' + value;
    return sort;
}

MonotonicTime end_of_window(const HttpAccess& access, MonotonicTime now) {
    return now + (access.refused.empty() ? Duration(AccessLedger::window) : AccessLedger::refused_window);
}

}  // namespace

Status AccessLedger::note(HttpAccess access, MonotonicTime now) {
    auto sort = sort_of(access);
    if (counted_.size() >= most && !counted_.contains(sort)) {
        access.address.clear();  // of a user the uid stays: there are not so many
        access.parameters = {{"of_many", "true"}};
        sort = sort_of(access);
    }
    const auto found = counted_.find(sort);
    if (found != counted_.end()) {
        found->second.access.count += access.count;
        return {};
    }
    if (auto told = tell_(access); !told) return told;
    const auto ends = end_of_window(access, now);
    access.count = 0;
    counted_.emplace(std::move(sort), Counted{std::move(access), ends});
    return {};
}

void AccessLedger::tell_counted(MonotonicTime now) {
    for (auto at = counted_.begin(); at != counted_.end();) {
        auto& [access, ends] = at->second;
        if (now < ends) {
            ++at;
        } else if (access.count == 0) {
            at = counted_.erase(at);
        } else {
            if (tell_(access)) access.count = 0;  // else with the next
            ends = end_of_window(access, now);
            ++at;
        }
    }
}

}  // namespace hilum::monitor
