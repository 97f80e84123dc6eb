// How the node's children are started: which program, with which arguments.
#pragma once

#include <cstddef>
#include <string>

#include "pipeline/children/supervised_child.h"
#include "pipeline/node_options.h"

namespace hilum {

class ChildPrograms {
  public:
    explicit ChildPrograms(const NodeOptions& options) : options_(options) {}  // which outlive it

    Status prepare();  // before any child: the configuration's text in a memfd, which all of them get

    // `role`: but for workers. `name`: tells children of one role apart.
    ChildSpecification child(const std::string& role, const std::string& name) const;
    std::vector<ChildSpecification> children(const std::string& role,
                                             std::size_t count) const;  // "1", "2", ...
    // `model`: index into configuration.models.
    ChildSpecification worker(std::size_t model, const std::string& device, const std::string& name) const;

  private:
    ChildSpecification specify(const std::string& role, const std::string& name,
                               std::vector<std::string> arguments) const;

    const NodeOptions& options_;
    UniqueFd configuration_fd_;
};

}  // namespace hilum
