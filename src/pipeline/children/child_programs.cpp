#include "pipeline/children/child_programs.h"

#include <span>
#include <utility>

#include "base/file_system.h"

namespace hilum {
namespace {

// What is nearer to the network goes first: who receives, commits and sends is not kept waiting by who
// computes, and what is analysed is reported before more is.
int nicer_by(const std::string& role) {
    if (role == "decoder" || role == "worker" || role == "scanner") return 5;
    return role == "composer" ? 2 : 0;
}

bool is_privileged(int port) {
    return port > 0 && port < 1024;
}

bool binds_privileged_port(const std::string& role, const Configuration& configuration) {
    const auto& scp = configuration.scp;
    if (role == "http") return is_privileged(configuration.http.port);
    return role == "listener" &&
           ((scp.plain && is_privileged(scp.port)) || (scp.tls && is_privileged(scp.tls->port)));
}

// What http answers from the database takes seconds where that is large and the disk slow, on its only
// thread.
Duration longest_silence(const std::string& role) {
    return (role == "http" ? 2 : 1) * Duration(SignsOfLife::usual_silence);
}

// Who says by itself that it is ready: a worker reads and warms up a large model first.
Duration longest_start(const std::string& role) {
    if (role == "worker") return std::chrono::minutes(10);
    return role == "listener" || role == "http" ? std::chrono::minutes(1) : Duration::zero();
}

}  // namespace

Status ChildPrograms::prepare() {
    auto text = make_memfd("hilum-configuration", std::as_bytes(std::span(options_.configuration_text)));
    if (!text) return tl::unexpected(text.error());
    configuration_fd_ = std::move(*text);
    return {};
}

ChildSpecification ChildPrograms::specify(const std::string& role, const std::string& name,
                                          std::vector<std::string> arguments) const {
    for (const auto& argument : {std::string("--config"), options_.configuration_file.string(),
                                 std::string("--channel-fd"), std::string("3"), std::string("--config-fd"),
                                 std::string("4"), std::string("--heartbeat-fd"), std::string("5")})
        arguments.push_back(argument);
    ChildSpecification child;
    child.role = role;
    child.name = name;
    child.arguments = std::move(arguments);
    child.configuration_fd = configuration_fd_.get();
    child.dies_with_parent = role != "listener";
    child.nicer_by = nicer_by(role);
    child.binds_privileged_port = binds_privileged_port(role, options_.configuration);
    child.longest_silence = longest_silence(role);
    child.longest_start = longest_start(role);
    return child;
}

ChildSpecification ChildPrograms::child(const std::string& role, const std::string& name) const {
    return specify(role, name, {options_.daemon_program.string(), "--role", role, "--name", name});
}

std::vector<ChildSpecification> ChildPrograms::children(const std::string& role, std::size_t count) const {
    std::vector<ChildSpecification> all;
    for (std::size_t i = 1; i <= count; ++i) all.push_back(child(role, std::to_string(i)));
    return all;
}

ChildSpecification ChildPrograms::worker(std::size_t model, const std::string& device,
                                         const std::string& name) const {
    return specify("worker", name,
                   {options_.worker_program.string(), "--model", std::to_string(model), "--device", device});
}

}  // namespace hilum
