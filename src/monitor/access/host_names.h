// Whether a request is meant for this server. A page of a stranger's whose name is made to lead here (DNS
// rebinding) would else be taken by a browser for one of ours, and could read what we answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hilum::monitor {

class HostNames {
  public:
    // `names`: lower case, without ports. Beside them `localhost` is known, and every numeric address: no
    // stranger's name is one.
    explicit HostNames(std::vector<std::string> names) : names_(std::move(names)) {}

    // `host`: the Host field, with or without a port.
    bool know(std::string_view host) const;

  private:
    std::vector<std::string> names_;
};

// What the machine calls itself, whole and without its domain, in lower case.
std::vector<std::string> names_of_this_machine();

}  // namespace hilum::monitor
