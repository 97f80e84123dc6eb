// hilum status: how the node is.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <ostream>
#include <utility>

#include "base/units.h"
#include "hilum/command_line.h"
#include "hilum/control_client.h"
#include "hilum/output.h"

namespace hilum::cli {
namespace {

nlohmann::json member(const nlohmann::json& object, const char* key) {
    return object.value(key, nlohmann::json::array());
}

void print_node(const Context& context, const nlohmann::json& status) {
    if (!status.value("running", false)) {
        context.out << "hilumd is not running; this is what the database says.\n";
    } else {
        const auto node = status.value("node", nlohmann::json::object());
        context.out << fmt::format("{} (Hilum {}), process {}, since {}\n", text_of(node, "ae_title"),
                                   text_of(node, "version"), text_of(node, "pid"),
                                   short_time(text_of(node, "started_at")));
        context.out << fmt::format("  receiving  {}\n", status.value("receiving", false)
                                                            ? "yes, port " + text_of(node, "scp_port")
                                                            : "NO: the DICOM port is not open");
        context.out << fmt::format("  inferring  {}\n", status.value("inferring", false)
                                                            ? "yes"
                                                            : "NO: no model is ready (see below)");
        if (text_of(node, "http_port") != "0")
            context.out << "  http       port " << text_of(node, "http_port") << "\n";
        if (status.value("draining", false)) context.out << "  being stopped: finishing what runs\n";
    }
    const auto disk = status.value("disk", nlohmann::json::object());
    if (disk.contains("free_bytes"))
        context.out << "  free disk  " << human_size(disk["free_bytes"].get<std::uint64_t>()) << "\n";
}

// Only of the last day.
void print_clock(const Context& context, const nlohmann::json& status) {
    const auto clock = status.value("clock", nlohmann::json::object());
    if (!clock.value("set_lately", false)) return;
    const double seconds = clock.value("set_by_seconds", 0.0);
    const Duration by(static_cast<std::int64_t>(std::abs(seconds) * 1e6));
    context.out << fmt::format("  clock      was set {} by {} at {}; what waits was moved with it\n",
                               seconds > 0 ? "ahead" : "back", format_duration(by),
                               short_time(text_of(clock, "set_at")));
}

void print_section(const Context& context, const char* title, const Table& table) {
    if (table.empty()) return;
    context.out << "\n" << title << "\n";
    table.print(context.out);
}

Table models_table(const nlohmann::json& status) {
    Table table({"MODEL", "VERSION", "STATE", "DEVICE", "WEIGHTS", "PROBLEM"});
    for (const auto& model : member(status, "models"))
        table.add({model.contains("name") ? text_of(model, "name") : text_of(model, "package"),
                   text_of(model, "version"), text_of(model, "state"), text_of(model, "device"),
                   text_of(model, "sha256").substr(0, 12), text_of(model, "error")});
    return table;
}

Table queue_table(const nlohmann::json& status) {
    Table table({"JOBS", "STATE", "COUNT"});
    const auto queue = status.value("queue", nlohmann::json::object());
    for (const auto& [kind, states] : queue.items())
        for (const auto& [state, count] : states.items()) table.add({kind, state, count.dump()});
    return table;
}

// By name: what the database knows of it, and how the running daemon finds it.
std::map<std::string, std::pair<nlohmann::json, nlohmann::json>> destinations_of(
    const nlohmann::json& status) {
    std::map<std::string, std::pair<nlohmann::json, nlohmann::json>> all;
    for (const auto& destination : member(status, "destinations"))
        all[text_of(destination, "name")].first = destination;
    for (const auto& destination : member(status, "destination_states"))
        all[text_of(destination, "name")].second = destination;
    return all;
}

std::string state_text(const nlohmann::json& known, const nlohmann::json& found) {
    if (!text_of(known, "paused_at").empty())
        return "paused since " + short_time(text_of(known, "paused_at"));
    if (text_of(found, "state") == "down") return "DOWN since " + short_time(text_of(found, "since"));
    return text_of(found, "state");
}

// "3 of 5"; "-" where the destination is not asked.
std::string commitment_text(const nlohmann::json& known) {
    const auto count = [&](const char* key) { return known.value(key, std::int64_t{0}); };
    const auto committed = count("committed"), asked = committed + count("uncommitted");
    return asked == 0 ? "-" : fmt::format("{} of {}", committed, asked);
}

Table destinations_table(const nlohmann::json& status) {
    Table table({"DESTINATION", "STATE", "WAITING", "DELIVERED", "COMMITTED", "REFUSED", "LAST ERROR"});
    for (const auto& [name, destination] : destinations_of(status)) {
        const auto& [known, found] = destination;
        const auto error = text_of(found, "error");
        table.add({name, state_text(known, found), text_of(known, "waiting"), text_of(known, "delivered"),
                   commitment_text(known), text_of(known, "refused"),
                   error.empty() ? text_of(known, "last_error") : error});
    }
    return table;
}

Table children_table(const nlohmann::json& status) {
    Table table({"PROCESS", "NAME", "PID", "STATE", "RESTARTS"});
    for (const auto& child : member(status, "children"))
        table.add({text_of(child, "role"), text_of(child, "name"), text_of(child, "pid"),
                   text_of(child, "state"), text_of(child, "restarts")});
    return table;
}

int show_status(const Context& context) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto status = ask(configuration->node.data_dir, "status");
    if (!status) return context.failed(status.error());
    if (context.json) {
        print_json(context.out, *status);
        return exit_ok;
    }
    print_node(context, *status);
    print_clock(context, *status);
    print_section(context, "Models", models_table(*status));
    print_section(context, "Queue", queue_table(*status));
    print_section(context, "Destinations", destinations_table(*status));
    print_section(context, "Processes", children_table(*status));
    return exit_ok;
}

}  // namespace

void add_status_verb(CLI::App& app, Action& action) {
    auto* verb =
        app.add_subcommand("status", "how the node is: ports, models, queues, destinations, processes");
    verb->callback([&action] { action = show_status; });
}

}  // namespace hilum::cli
