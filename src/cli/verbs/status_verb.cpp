// hilum status: how the node is.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/units.h"
#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"
#include "cli/verbs/node_health.h"

namespace hilum::cli {
namespace {

std::string words_for(const std::string& reason) {
    if (reason == "created") return "created anew beside objects that it did not know";
    if (reason == "older") return "older than its folders: a backup, or commits were lost";
    if (reason == "foreign") return "not the one that belongs to its folders";
    return "its folders did not say which database is theirs";
}

// What is out of the ordinary about the database and the spool, and nothing else.
void print_storage(const Context& context, const nlohmann::json& status) {
    const auto storage = mapping_of(status, "storage");
    const auto database = mapping_of(storage, "database");
    if (!database.empty())
        context.out << fmt::format("  database   {}\n             ({})\n",
                                   words_for(text_of(database, "reason")),
                                   short_time(text_of(database, "since")));
    const auto spool = mapping_of(storage, "spool");
    if (number_of(spool, "unknown") > 0)
        context.out << fmt::format(
            "  spool      {} objects were unknown: {} adopted, {} set aside, {} twice,\n             {} "
            "unreadable for now ({})\n",
            text_of(spool, "unknown"), text_of(spool, "adopted"), text_of(spool, "set_aside"),
            text_of(spool, "duplicates"), text_of(spool, "postponed"), short_time(text_of(spool, "at")));
    if (number_of(status, "adopting") > 0)
        context.out << "  adopting   " << text_of(status, "adopting") << " objects wait\n";
    const auto files = list_of(storage, "set_aside");
    if (!files.empty())
        context.out << fmt::format("  set aside  {} {} in spool/set-aside; `hilum status --json` says why\n",
                                   files.size(), files.size() == 1 ? "file" : "files");
}

std::string receiving_text(const nlohmann::json& status, const nlohmann::json& node) {
    if (is_true(status, "receiving")) {
        const auto plain = number_of(node, "scp_port"), tls = number_of(node, "scp_tls_port");
        return "yes, " + (plain > 0 ? fmt::format("port {}", plain) : "") +
               (plain > 0 && tls > 0 ? ", " : "") + (tls > 0 ? fmt::format("TLS port {}", tls) : "");
    }
    const auto refused = text_of(status, "refusing");
    return refused.empty() ? "NO (see below)" : "NO: refusing: " + refused;
}

std::string inferring_text(const nlohmann::json& status) {
    if (is_true(status, "inferring")) return "yes";
    return is_true(status, "stores_only") ? "no: it stores, and reports nothing (see below)"
                                          : "NO (see below)";
}

void print_node(const Context& context, const nlohmann::json& status) {
    if (!is_true(status, "running")) {
        context.out << (status.contains("unreachable") ? "hilumd does not answer" : "hilumd is not running")
                    << "; this is what the database says.\n";
    } else {
        const auto node = mapping_of(status, "node");
        context.out << fmt::format("{} (Hilum {}), process {}, since {}\n", text_of(node, "ae_title"),
                                   text_of(node, "version"), text_of(node, "pid"),
                                   short_time(text_of(node, "started_at")));
        context.out << "  receiving  " << receiving_text(status, node) << "\n";
        context.out << "  inferring  " << inferring_text(status) << "\n";
        if (text_of(node, "http_port") != "0")
            context.out << "  http       port " << text_of(node, "http_port") << "\n";
    }
    print_storage(context, status);
    if (status.contains("confinement"))
        context.out << "  confined   " << text_of(status, "confinement") << "\n";
    const auto disk = mapping_of(status, "disk");
    if (disk.contains("free_bytes"))
        context.out << "  free disk  "
                    << human_size(static_cast<std::uint64_t>(number_of(disk, "free_bytes"))) << "\n";
}

void print_sentences(const Context& context, const char* title, const std::vector<std::string>& sentences) {
    if (sentences.empty()) return;
    context.out << "\n" << title << "\n";
    for (const auto& sentence : sentences)
        print_wrapped(context.out, "- ", sentence, context.terminal.columns);
}

// Only of the last day.
void print_clock(const Context& context, const nlohmann::json& status) {
    const auto clock = mapping_of(status, "clock");
    if (!is_true(clock, "set_lately")) return;
    const auto seconds = static_cast<double>(number_of(clock, "set_by_seconds"));
    const Duration by(static_cast<std::int64_t>(std::abs(seconds) * 1e6));
    context.out << fmt::format("  clock      was set {} by {} at {}; what waits was moved with it\n",
                               seconds > 0 ? "ahead" : "back", format_duration(by),
                               short_time(text_of(clock, "set_at")));
}

void print_section(const Context& context, const char* title, const Table& table) {
    if (table.empty()) return;
    context.out << "\n" << title << "\n";
    table.print(context.out, context.terminal.columns);
}

Table models_table(const nlohmann::json& status) {
    Table table(
        {{"MODEL", 12}, {"VERSION", 7}, "STATE", {"DEVICE", 8}, {"WEIGHTS", 12, true}, {"PROBLEM", 16}});
    for (const auto& model : list_of(status, "models"))
        table.add({model.contains("name") ? text_of(model, "name") : text_of(model, "package"),
                   text_of(model, "version"), text_of(model, "state"), text_of(model, "device"),
                   text_of(model, "sha256").substr(0, 12), text_of(model, "error")});
    return table;
}

Table queue_table(const nlohmann::json& status) {
    Table table({"JOBS", "STATE", "COUNT"});
    const auto queue = mapping_of(status, "queue");
    for (const auto& [kind, states] : queue.items())
        for (const auto& [state, count] : states.items()) table.add({kind, state, count.dump()});
    return table;
}

struct Destination {
    nlohmann::json known = nlohmann::json::object();  // what the database has of it
    nlohmann::json found = nlohmann::json::object();  // how the running daemon finds it
};

// By name: those configured, and others that results were made for.
std::map<std::string, Destination> destinations_of(const Configuration& configuration,
                                                   const nlohmann::json& status) {
    std::map<std::string, Destination> all;
    for (const auto& destination : configuration.destinations) all[destination.name];
    for (const auto& destination : list_of(status, "destinations"))
        all[text_of(destination, "name")].known = destination;
    for (const auto& destination : list_of(status, "destination_states"))
        all[text_of(destination, "name")].found = destination;
    return all;
}

std::string state_text(const Destination& destination) {
    if (!text_of(destination.known, "paused_at").empty()) return "paused";
    const auto state = text_of(destination.found, "state");
    return state == "down" ? "DOWN" : state.empty() ? "-" : state;
}

// "3 of 5"; "-" where the destination is not asked.
std::string commitment_text(const nlohmann::json& known) {
    const auto committed = number_of(known, "committed");
    const auto asked = committed + number_of(known, "uncommitted") + number_of(known, "unanswered");
    return asked == 0 ? "-" : fmt::format("{} of {}", committed, asked);
}

void print_destinations(const Context& context, const Configuration& configuration,
                        const nlohmann::json& status) {
    Table table({{"DESTINATION", 16}, "STATE", "WAITING", "DELIVERED", "COMMITTED", "REFUSED"});
    const auto destinations = destinations_of(configuration, status);
    for (const auto& [name, destination] : destinations) {
        const auto count = [&known = destination.known](const char* key) {
            return std::to_string(number_of(known, key));
        };
        table.add({name, state_text(destination), count("waiting"), count("delivered"),
                   commitment_text(destination.known), count("refused")});
    }
    print_section(context, "Destinations", table);
    for (const auto& [name, destination] : destinations)
        if (const auto error = text_of(destination.known, "last_error"); !error.empty())
            print_wrapped(context.out, "- ",
                          fmt::format("{}: last error, {}: {}", name,
                                      short_time(text_of(destination.known, "last_error_at")), error),
                          context.terminal.columns);
}

// Of audit.syslog.
Table audit_servers_table(const nlohmann::json& status) {
    std::map<std::string, std::string> states;
    for (const auto& server : list_of(status, "audit_server_states"))
        states[text_of(server, "name")] =
            text_of(server, "state") == "down" ? "DOWN" : text_of(server, "state");
    Table table({{"SYSLOG SERVER", 16}, "STATE", "WAITING", "LAST SENT"});
    for (const auto& server : list_of(status, "audit_servers")) {
        const auto name = text_of(server, "name"), sent = text_of(server, "sent_at");
        table.add({name, states[name].empty() ? "-" : states[name], text_of(server, "waiting"),
                   sent.empty() ? "-" : short_time(sent)});
    }
    return table;
}

Table children_table(const nlohmann::json& status) {
    Table table({"PROCESS", "NAME", "PID", "STATE", "RESTARTS"});
    for (const auto& child : list_of(status, "children"))
        table.add({text_of(child, "role"), text_of(child, "name"), text_of(child, "pid"),
                   text_of(child, "state"), text_of(child, "restarts")});
    return table;
}

int show_status(const Context& context) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    auto status = ask(configuration->node, {.verb = ControlVerb::status});
    if (!status) return context.failed(status.error());
    const auto health = health_of(*status);
    if (context.json) {
        (*status)["well"] = health.well();
        (*status)["problems"] = health.problems;
        (*status)["to_look_at"] = health.to_look_at;
        print_json(context.out, *status);
    } else {
        print_node(context, *status);
        print_clock(context, *status);
        print_sentences(context, "NOT WELL", health.problems);
        print_sentences(context, "To look at", health.to_look_at);
        print_section(context, "Models", models_table(*status));
        print_section(context, "Queue", queue_table(*status));
        print_destinations(context, *configuration, *status);
        print_section(context, "Audit trail", audit_servers_table(*status));
        print_section(context, "Processes", children_table(*status));
    }
    return health.well() ? exit_ok : exit_failed;
}

}  // namespace

void add_status_verb(const Verb& app) {
    const auto verb = app.verb(
        "status",
        "how the node is: ports, models, queues, destinations, processes; exit code 1 when it is not well");
    verb.does(show_status);
}

}  // namespace hilum::cli
