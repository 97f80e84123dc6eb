#include "pipeline/events/event_limiter.h"

#include <algorithm>

namespace hilum {
namespace {

constexpr std::size_t most_sorts = 1'000;  // whose events are counted apart

}  // namespace

EventLimiter::Verdict EventLimiter::judge(const std::string& sort, MonotonicTime now, std::int64_t count) {
    if (!each_.take(sort, now) || !all_.take({}, now)) {
        const bool apart = left_out_.size() < most_sorts || left_out_.contains(sort);
        left_out_[apart ? sort : std::string()] += count;
        return {};
    }
    const auto left_out = left_out_.extract(sort);
    return {true, left_out ? left_out.mapped() : 0};
}

std::vector<EventLimiter::LeftOut> EventLimiter::take_left_out(std::size_t most) {
    std::vector<LeftOut> all;
    for (const auto& [sort, count] : left_out_) all.push_back({sort, count});
    left_out_.clear();
    std::ranges::stable_sort(all, std::greater{}, &LeftOut::count);
    if (all.size() <= most) return all;
    LeftOut rest;
    for (auto at = all.begin() + static_cast<std::ptrdiff_t>(most); at != all.end(); ++at)
        rest.count += at->count;
    all.resize(most);
    all.push_back(rest);
    return all;
}

}  // namespace hilum
