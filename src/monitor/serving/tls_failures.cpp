#include "monitor/serving/tls_failures.h"

namespace hilum::monitor {

void TlsFailures::add(const IpAddress& address, const Error& failure) {
    std::pair sort{address.text(), failure.code};
    if (failures_.size() >= most_told && !failures_.contains(sort)) sort.first.clear();
    auto& told = failures_[sort];
    if (told.code.empty()) told = {sort.first, failure.code, failure.message, 0};
    ++told.count;
}

void TlsFailures::tell(const std::function<Status(const HttpTlsFailed&)>& tell) {
    std::erase_if(failures_, [&](const auto& entry) { return tell(entry.second).has_value(); });
}

}  // namespace hilum::monitor
