#include "monitor/serving/question_queue.h"

#include <algorithm>
#include <utility>

namespace hilum::monitor {

bool QuestionQueue::add(const IpAddress& address, std::function<void()> answer) {
    if (count_ >= most) return false;
    auto& asked = addresses_[address];
    if (asked.waiting.size() >= most_per_address) return false;
    if (asked.waiting.empty()) asked.turn = ++turns_;  // behind those that wait already
    asked.waiting.push_back(std::move(answer));
    ++count_;
    return true;
}

void QuestionQueue::answer_next() {
    const auto next =
        std::ranges::min_element(addresses_, {}, [](const auto& entry) { return entry.second.turn; });
    auto answer = std::move(next->second.waiting.front());
    next->second.waiting.pop_front();
    next->second.turn = ++turns_;
    if (next->second.waiting.empty()) addresses_.erase(next);
    --count_;
    answer();
}

}  // namespace hilum::monitor
