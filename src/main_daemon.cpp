// hilumd: the composition root. Without --role it is the coordinator, which starts itself again in every
// other role.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>

#include "base/channel.h"
#include "base/characters/printable.h"
#include "base/confinement/confinement.h"
#include "base/confinement/role_table.h"
#include "base/file_system.h"
#include "base/heartbeat.h"
#include "base/logging.h"
#include "base/process.h"
#include "base/tls/pem_source.h"
#include "base/yaml_reader.h"
#include "contract/configuration.h"
#include "contract/messages/request_table.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/decoder.h"
#include "model/package/model_package.h"
#include "model/package/package_signature.h"
#include "monitor/http_server.h"
#include "pipeline/configuration_warnings.h"
#include "pipeline/coordinator.h"
#include "pipeline/surroundings.h"
#include "pipeline/tls/tls_check.h"
#include "pipeline/user_access.h"
#include "results/composer.h"
#include "results/delivery/rendezvous.h"
#include "results/delivery/sender.h"
#include "scp/listener.h"
#include "scp/spool_scanner.h"
#include "syslog/syslog_sender.h"

namespace {

using namespace hilum;

constexpr std::size_t largest_configuration = 1 << 20;

struct Arguments {
    std::string config = "/etc/hilum/hilum.yaml";
    bool check = false;
    bool confinement = false;  // print its table
    std::string user;  // whose access --check asks for; empty: of the package's service, where it is there
    std::string role, name;
    int channel_fd = -1, config_fd = -1, heartbeat_fd = -1;
};

int print_problems(const ConfigurationProblems& problems) {
    for (const auto& problem : problems) std::cerr << printable(problem.text(), "\n\t") << "\n";
    return problems.empty() ? 0 : 1;
}

// The configuration's own problems and those of the model packages that it names.
ConfigurationProblems problems_of(const LoadedConfiguration& loaded, const std::string& file) {
    ConfigurationProblems problems = loaded.problems;
    const auto& models = loaded.configuration.models;
    std::set<std::string> findings;
    for (std::size_t i = 0; i < models.size(); ++i) {
        auto loaded_package = model::read_vouched_package(models[i].package, models[i].signed_by).loaded;
        problems.insert(problems.end(), loaded_package.problems.begin(), loaded_package.problems.end());
        if (!loaded_package.problems.empty()) continue;
        for (const auto& label : loaded_package.package.labels) findings.insert(label.name);
        if (loaded_package.package.may_call_indeterminate()) findings.insert(indeterminate);
        const auto key = fmt::format("models[{}]", i);
        if (const auto fits = model::apply_thresholds(loaded_package.package, models[i].thresholds); !fits)
            problems.push_back({file, models[i].thresholds_line, key + ".thresholds", fits.error().message});
        if (const auto weights = model::verify_weights(loaded_package.package); !weights)
            problems.push_back({models[i].package.string(), 0, "", weights.error().message});
    }
    const auto secrets = check_secrets(loaded.configuration, file).problems;
    problems.insert(problems.end(), secrets.begin(), secrets.end());
    const auto& triage = loaded.configuration.triage;
    for (const auto& rule : triage.urgent)
        if (problems.empty() && !findings.contains(rule.finding))
            problems.push_back({file, triage.urgent_line, "triage.urgent",
                                rule.finding == indeterminate
                                    ? "no package calls a result indeterminate"
                                    : fmt::format("no package has a label named '{}'", rule.finding)});
    return problems;
}

// As whom the service runs that the package installs.
constexpr const char* service_user = "hilum";

// What is valid and unwise. Read access is asked for where the service's user is known and somebody else
// checks.
ConfigurationProblems warnings_of(const Configuration& configuration, const std::string& text,
                                  const Arguments& arguments) {
    auto warnings = configuration_warnings(configuration, text, arguments.config,
                                           surroundings_on_this_machine(configuration.node.control()));
    const auto secrets = check_secrets(configuration, arguments.config);
    for (const auto& some : {secrets.warnings, secrets.unchecked})
        warnings.insert(warnings.end(), some.begin(), some.end());
    const bool service = arguments.user.empty() && ::geteuid() == 0 && user_exists(service_user);
    const std::string user = service ? service_user : arguments.user;
    if (user.empty()) return warnings;
    for (auto& warning : access_warnings(configuration, text, arguments.config, user))
        warnings.push_back(std::move(warning));
    return warnings;
}

int check(const LoadedConfiguration& loaded, const std::string& text, const Arguments& arguments) {
    const auto problems = problems_of(loaded, arguments.config);
    if (!problems.empty()) return print_problems(problems);
    const auto warnings = warnings_of(loaded.configuration, text, arguments);
    for (const auto& warning : warnings) std::cerr << printable(warning_text(warning), "\n\t") << "\n";
    std::cout << "confinement here: " << support_text(confinement_support()) << "\n";
    std::cout << (warnings.empty() ? "the configuration is valid\n"
                                   : "the configuration is valid; see the warnings\n");
    return 0;
}

// What the sender of that name keeps; DICOM's rendezvous, which it opens for it.
struct OfSender {
    Places places{};
    std::shared_ptr<delivery::Rendezvous> rendezvous{};
};

Result<OfSender> prepare_sender(const Configuration& configuration, const std::string& name) {
    const auto& all = configuration.destinations;
    const auto destination = std::ranges::find(all, name, &DestinationSettings::name);
    OfSender kept;
    if (destination == all.end()) return kept;  // which run_sender() tells
    kept.places.connect_ports = {destination->port};
    if (destination->tls) kept.places.also_reads = folders_of(sources_of(*destination->tls));
    if (destination->reports.hl7) return kept;
    auto rendezvous = delivery::Rendezvous::open();
    if (!rendezvous) return tl::unexpected(rendezvous.error());
    kept.rendezvous = std::move(*rendezvous);
    kept.places.connect_ports.push_back(kept.rendezvous->port());
    return kept;
}

Places places_of_syslog(const Configuration& configuration, const std::string& name) {
    const auto& all = configuration.audit.syslog;
    const auto server = std::ranges::find(all, name, &SyslogSettings::name);
    if (server == all.end()) return {};
    Places places{.connect_ports = {server->port}};
    if (server->protocol == SyslogProtocol::tls) places.also_reads = folders_of(sources_of(server->tls));
    return places;
}

// Of those that open nothing by themselves; listener and http do it when their ports are open. DCMTK's
// dictionary is read before.
Status confine_role(const Arguments& arguments, const Configuration& configuration) {
    if (auto ready = prepare_dcmtk(); !ready) return ready;
    const int channel = arguments.channel_fd;
    const Places places{.data_dir = configuration.node.data_dir};
    if (arguments.role == "scanner") return confine(Role::scanner, places, channel);
    if (arguments.role == "decoder")
        return confine(Role::decoder, places, channel, configuration.decoder.max_memory);
    if (arguments.role == "composer") return confine(Role::composer, places, channel);
    return confine(Role::syslog, places_of_syslog(configuration, arguments.name), channel);
}

int run_sender(Channel channel, Heartbeat heartbeat, const Arguments& arguments,
               const Configuration& configuration) {
    auto kept = prepare_sender(configuration, arguments.name);
    if (!kept) return exit_code_of("sender", kept.error());
    if (auto ready = prepare_dcmtk(); !ready) return exit_code_of("sender", ready.error());
    if (const auto confined = confine(Role::sender, kept->places, channel.fd()); !confined)
        return exit_code_of("sender", confined.error());
    const BeatingThread beating(std::move(heartbeat));
    return delivery::run_sender(std::move(channel), configuration, arguments.name,
                                std::move(kept->rendezvous));
}

int run_role(const Arguments& arguments, const Configuration& configuration) {
    Channel channel((UniqueFd(arguments.channel_fd)));
    Heartbeat heartbeat((UniqueFd(arguments.heartbeat_fd)));
    // These have one thread, whose loop beats.
    if (arguments.role == "listener")
        return scp::run_listener(std::move(channel), std::move(heartbeat), configuration);
    if (arguments.role == "http")
        return monitor::run_http(std::move(channel), std::move(heartbeat), configuration);
    if (arguments.role == "sender")
        return run_sender(std::move(channel), std::move(heartbeat), arguments, configuration);
    if (const auto confined = confine_role(arguments, configuration); !confined) {
        return exit_code_of(arguments.role, confined.error());
    }
    const BeatingThread beating(std::move(heartbeat));
    if (arguments.role == "scanner") return scp::run_spool_scanner(std::move(channel), configuration);
    if (arguments.role == "decoder") return model::run_decoder(std::move(channel), configuration);
    if (arguments.role == "composer") return results::run_composer(std::move(channel), configuration);
    if (arguments.role == "syslog")
        return syslog::run_syslog_sender(std::move(channel), configuration, arguments.name);
    std::cerr << "hilumd has no role '" << arguments.role << "'\n";
    return 2;
}

int run_child(const Arguments& arguments) {
    // A terminal's Ctrl-C reaches the whole group: the coordinator alone decides when its children end.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    const UniqueFd config(arguments.config_fd);
    const auto text = read_fd(config.get(), largest_configuration);
    if (!text) {
        std::cerr << printable(text.error().message, "\n\t") << "\n";
        return 1;
    }
    const auto loaded = parse_configuration(*text, arguments.config);
    if (!loaded.problems.empty()) return print_problems(loaded.problems);
    start_logging(arguments.role, loaded.configuration.node.log_level);
    name_process("hilumd:" + arguments.role);
    return run_role(arguments, loaded.configuration);
}

int run_daemon(const Arguments& arguments) {
    const auto text = read_file(arguments.config, largest_configuration);
    if (!text) {
        std::cerr << printable(text.error().message, "\n\t") << "\n";
        return 1;
    }
    auto loaded = parse_configuration(*text, arguments.config);
    if (arguments.check) return check(loaded, *text, arguments);
    if (!loaded.problems.empty()) return print_problems(loaded.problems);
    start_logging("coordinator", loaded.configuration.node.log_level);
    const std::filesystem::path program = own_executable(), worker = program.parent_path() / "hilum-worker";
    for (const auto& file : {program, worker}) {
        if (const auto pinned = pin_program(file.string()); !pinned) {
            std::cerr << printable(pinned.error().message, "\n\t") << "\n";
            return 1;
        }
    }
    return run_coordinator({std::move(loaded.configuration), *text,
                            std::filesystem::absolute(arguments.config), program, worker});
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Hilum, a DICOM node that reads chest radiographs with a model and reports into their studies",
        "hilumd");
    Arguments arguments;
    app.set_version_flag("--version", HILUM_VERSION);
    app.add_option("--config", arguments.config, "configuration file")->capture_default_str();
    auto* checks = app.add_flag("--check", arguments.check,
                                "print every problem and warning, and exit: 1 if any problem");
    app.add_option("--user", arguments.user, "of the service, for what it cannot read (root: hilum)")
        ->needs(checks);
    const auto own = "(used by hilumd itself)";
    app.add_flag("--confinement", arguments.confinement,
                 "print what each process of the node may do, and exit");
    app.add_option("--role", arguments.role, own)->group("");
    app.add_option("--name", arguments.name, own)->group("");
    app.add_option("--channel-fd", arguments.channel_fd, own)->group("");
    app.add_option("--config-fd", arguments.config_fd, own)->group("");
    app.add_option("--heartbeat-fd", arguments.heartbeat_fd, own)->group("");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    if (arguments.confinement) {
        std::cout << role_table_text();
        return 0;
    }
    return arguments.role.empty() ? run_daemon(arguments) : run_child(arguments);
}
