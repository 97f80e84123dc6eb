#include "monitor/access/host_names.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/ip_network.h"

namespace hilum::monitor {
namespace {

std::string lower(std::string_view text) {
    std::string all(text);
    std::ranges::transform(all, all.begin(), [](unsigned char c) { return std::tolower(c); });
    return all;
}

bool is_port(std::string_view text) {
    return text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool HostNames::know(std::string_view host) const {
    const bool bracketed = host.starts_with('[');
    const auto end = bracketed ? host.find(']') : host.find(':');
    if (bracketed && end == std::string_view::npos) return false;
    const auto name = bracketed ? host.substr(1, end - 1) : host.substr(0, end);
    const auto rest = end == std::string_view::npos ? std::string_view() : host.substr(end + bracketed);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return false;
    if (const auto address = IpAddress::parse(name)) return bracketed != address->is_ipv4();
    const auto asked = lower(name);
    return !bracketed && (asked == "localhost" || std::ranges::find(names_, asked) != names_.end());
}

std::vector<std::string> names_of_this_machine() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return {};
    const auto whole = lower(name.data());
    return {whole, whole.substr(0, whole.find('.'))};
}

}  // namespace hilum::monitor
