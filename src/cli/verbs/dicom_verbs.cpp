// hilum echo, hilum send: whether a DICOM node answers, and sending files to one.
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string_view>

#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/input_files.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/terminal_text.h"
#include "dicom/dataset_reading.h"
#include "results/delivery/mllp_client.h"
#include "results/delivery/storage_scu.h"
#include "results/delivery/tls_client.h"

namespace hilum::cli {
namespace {

using delivery::Outcome;
using delivery::RemoteNode;

// Which node to call: a destination of the configuration, or host and port.
struct PeerOptions {
    std::string destination;
    std::string host;
    int port = 0;
    std::string calling_ae_title, called_ae_title;
    std::vector<std::filesystem::path> files;
};

RemoteNode node_of(const Configuration& configuration, const DestinationSettings& destination) {
    return {configuration.node.ae_title, destination.ae_title,          destination.host, destination.port,
            destination.timeout,         delivery::tls_for(destination)};
}

Result<const DestinationSettings*> find_destination(const Configuration& configuration,
                                                    const std::string& name) {
    std::string known;
    for (const auto& destination : configuration.destinations) {
        if (destination.name == name) return &destination;
        known += (known.empty() ? "" : ", ") + destination.name;
    }
    return fail("not_found", "no destination is named '{}'; the configuration has: {}", name,
                known.empty() ? "none" : known);
}

Result<RemoteNode> find_dicom_destination(const Configuration& configuration, const std::string& name) {
    const auto found = find_destination(configuration, name);
    if (!found) return tl::unexpected(found.error());
    if ((*found)->reports.hl7)
        return fail("wrong_protocol", "the destination '{}' takes HL7 messages and no DICOM objects", name);
    return node_of(configuration, **found);
}

// The running node itself, on this machine.
Result<RemoteNode> own_node(const Configuration& configuration) {
    if (!configuration.scp.plain)
        return fail("tls_only",
                    "this node takes DICOM over TLS alone (scp.port is none): use a tool that has a "
                    "certificate which the node knows");
    const bool everywhere = configuration.scp.bind == "0.0.0.0" || configuration.scp.bind == "::";
    RemoteNode node{configuration.node.ae_title, configuration.node.ae_title,
                    everywhere ? "127.0.0.1" : configuration.scp.bind, configuration.scp.port};
    if (node.port != 0) return node;
    const auto status = ask(configuration.node, {.verb = ControlVerb::status});
    if (!status) return tl::unexpected(status.error());
    node.port = static_cast<int>(number_of(mapping_of(*status, "node"), "scp_port"));
    if (node.port == 0)
        return fail("not_running", "hilumd has no DICOM port open; `hilum status` tells more");
    return node;
}

Result<RemoteNode> choose_peer(const Context& context, const PeerOptions& options) {
    RemoteNode node{"HILUM", "ANY-SCP", options.host, options.port};
    if (options.host.empty() || context.has_config()) {
        const auto configuration = context.configuration();
        if (!configuration) return tl::unexpected(configuration.error());
        auto chosen = !options.host.empty() ? Result<RemoteNode>(node)
                      : !options.destination.empty()
                          ? find_dicom_destination(*configuration, options.destination)
                          : own_node(*configuration);
        if (!chosen) return chosen;
        node = *chosen;
        node.calling_ae_title = configuration->node.ae_title;
    }
    if (!options.calling_ae_title.empty()) node.calling_ae_title = options.calling_ae_title;
    if (!options.called_ae_title.empty()) node.called_ae_title = options.called_ae_title;
    return node;
}

// Whom to ask, and how: by C-ECHO, or where HL7 is spoken by a connection.
struct Peer {
    std::string name;
    std::function<delivery::Answer()> ask;
};

Peer dicom_peer(const std::string& name, const RemoteNode& node) {
    return {name, [node] { return delivery::StorageScu(node).echo(); }};
}

Peer peer_of(const Configuration& configuration, const DestinationSettings& destination) {
    if (!destination.reports.hl7) return dicom_peer(destination.name, node_of(configuration, destination));
    return {destination.name, [destination] {
                return delivery::MllpClient({destination.name, destination.host, destination.port,
                                             destination.timeout, delivery::tls_for(destination)})
                    .connect();
            }};
}

int echo_all(const Context& context, const std::vector<Peer>& peers) {
    auto results = nlohmann::json::array();
    Table table({{"DESTINATION", 12}, "ANSWERS", {"MESSAGE", 20}});
    bool all_answer = true;
    Progress progress(context.terminal);
    for (const auto& peer : peers) {
        progress.say("asking " + peer.name);
        const auto answer = peer.ask();
        const bool answers = answer.outcome == Outcome::delivered;
        all_answer &= answers;
        table.add({peer.name, answers ? "yes" : "NO", answer.message});
        results.push_back({{"destination", peer.name},
                           {"answers", answers},
                           {"dimse_status", answer.dimse_status},
                           {"message", answer.message}});
    }
    progress.clear();
    if (context.json)
        print_json(context.out, {{"echoes", results}});
    else
        table.print(context.out, context.terminal.columns);
    return all_answer ? exit_ok : exit_failed;
}

int echo_host(const Context& context, const PeerOptions& options) {
    const auto node = choose_peer(context, options);
    if (!node) return context.failed(node.error());
    return echo_all(context, {dicom_peer(node->text(), *node)});
}

int echo_destination(const Context& context, const Configuration& configuration, const PeerOptions& options) {
    const auto destination = find_destination(configuration, options.destination);
    if (!destination) return context.failed(destination.error());
    if ((*destination)->reports.hl7) return echo_all(context, {peer_of(configuration, **destination)});
    const auto node = choose_peer(context, options);  // with the AE titles of the command line
    if (!node) return context.failed(node.error());
    return echo_all(context, {dicom_peer(options.destination, *node)});
}

int echo(const Context& context, const PeerOptions& options) {
    if (auto ready = prepare_dcmtk(); !ready) return context.failed(ready.error());
    if (!options.host.empty()) return echo_host(context, options);
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    if (!options.destination.empty()) return echo_destination(context, *configuration, options);
    std::vector<Peer> peers;
    for (const auto& destination : configuration->destinations)
        peers.push_back(peer_of(*configuration, destination));
    if (peers.empty())
        return context.failed({"not_found", context.config.string() + " has no destinations; name a --host"});
    return echo_all(context, peers);
}

// Whatever else lies in a folder: it can be read, is not empty, and has no "DICM" behind its preamble (PS3.10
// 7.1); or it is the directory of a medium (PS3.10 8.6).
bool is_something_else(const std::filesystem::path& path) {
    if (path.filename() == "DICOMDIR") return true;
    std::ifstream file(path, std::ios::binary);
    std::array<char, 132> head{};
    if (!file.read(head.data(), head.size())) return file.eof() && !file.bad() && file.gcount() > 0;
    return std::string_view(head.data() + 128, 4) != "DICM";
}

// Loaded once to negotiate for all files at once, and once more to be sent, so that memory holds one of them.
struct Sendable {
    std::filesystem::path file;
    std::optional<Error> unreadable;
};

std::vector<Sendable> propose_all(delivery::StorageScu& scu, const std::vector<InputFile>& files,
                                  Progress& progress) {
    std::vector<Sendable> sendable;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& file = files[i];
        progress.count("reading", i + 1, files.size());
        const auto instance = delivery::SopInstance::load(file.path);
        if (instance)
            scu.propose(instance->sop_class_uid(), instance->transfer_syntax_uid());
        else if (!file.named && is_something_else(file.path))
            continue;
        sendable.push_back({file.path, instance ? std::nullopt : std::optional(instance.error())});
    }
    return sendable;
}

delivery::Answer send_one(delivery::StorageScu& scu, const Sendable& sendable) {
    if (sendable.unreadable) return {Outcome::unsendable, -1, sendable.unreadable->message};
    const auto instance = delivery::SopInstance::load(sendable.file);
    if (!instance) return {Outcome::unsendable, -1, instance.error().message};
    return scu.store(*instance);
}

int send(const Context& context, const PeerOptions& options) {
    if (auto ready = prepare_dcmtk(); !ready) return context.failed(ready.error());
    const auto node = choose_peer(context, options);
    if (!node) return context.failed(node.error());
    const auto files = collect_files(options.files);
    if (!files) return context.failed(files.error());
    delivery::StorageScu scu(*node);
    Progress progress(context.terminal);
    const auto sendable = propose_all(scu, *files, progress);
    if (sendable.empty()) {
        progress.clear();
        return context.failed({"not_dicom", "there is no DICOM file in what was named"});
    }
    auto results = nlohmann::json::array();
    Table table({{"FILE", 24}, "RESULT", {"MESSAGE", 24}});
    std::size_t delivered = 0;
    for (const auto& one : sendable) {
        progress.count("sending", results.size() + 1, sendable.size());
        const auto answer = send_one(scu, one);
        if (answer.outcome == Outcome::delivered) ++delivered;
        const char* result = answer.outcome == Outcome::delivered ? "stored" : "FAILED";
        table.add({end_of(one.file.string(), context.terminal.columns / 2), result, answer.message});
        results.push_back({{"file", one.file.string()},
                           {"stored", answer.outcome == Outcome::delivered},
                           {"dimse_status", answer.dimse_status},
                           {"message", answer.message}});
    }
    progress.clear();
    if (context.json) {
        print_json(context.out, {{"files", results}});
    } else {
        table.print(context.out, context.terminal.columns);
        context.out << fmt::format("{} of {} stored at {}\n", delivered, sendable.size(), node->text());
    }
    return delivered == sendable.size() ? exit_ok : exit_failed;
}

void add_peer_options(const Verb& verb, PeerOptions& options, const Option& destination) {
    auto host = verb.option("--host", options.host, "call this host instead of a destination");
    auto port = verb.option("--port", options.port, "its DICOM port").between(1, 65535);
    host.needs(port).excludes(destination);
    port.needs(host);
    const auto problem = [](const std::string& text) {
        return text.empty() || text.size() > 16 ? "an AE title has 1 to 16 characters" : std::string();
    };
    verb.option("--aet,--calling", options.calling_ae_title, "call as this AE title (default: the node's)")
        .checked("AE", problem);
    verb.option("--aec,--called", options.called_ae_title, "call this AE title").checked("AE", problem);
}

}  // namespace

void add_dicom_verbs(const Verb& app) {
    auto echo_options = std::make_shared<PeerOptions>();
    const auto echo_verb =
        app.verb("echo", "ask destinations whether they answer (C-ECHO; HL7: a connection)");
    auto echo_destination = echo_verb.option("DESTINATION", echo_options->destination,
                                             "its name in the configuration (default: all)");
    add_peer_options(echo_verb, *echo_options, echo_destination);
    echo_verb.does([echo_options](const Context& c) { return echo(c, *echo_options); });

    auto send_options = std::make_shared<PeerOptions>();
    const auto send_verb =
        app.verb("send", "send DICOM files (C-STORE), to this node if nothing else is said");
    send_verb.option("FILE", send_options->files, "DICOM files, and folders that hold some").required();
    auto send_destination =
        send_verb.option("--to", send_options->destination, "a destination's name in the configuration");
    add_peer_options(send_verb, *send_options, send_destination);
    send_verb.does([send_options](const Context& c) { return send(c, *send_options); });
}

}  // namespace hilum::cli
