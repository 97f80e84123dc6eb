#include "contract/configuration.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "base/file_system.h"
#include "base/ip_network.h"
#include "contract/reading/audit_reading.h"
#include "contract/reading/destination_reading.h"
#include "contract/reading/http_reading.h"
#include "contract/reading/setting_reading.h"
#include "contract/reading/tls_reading.h"

namespace hilum {
namespace {

constexpr std::size_t largest_file = 1 << 20;

void read_node(YamlMapping at, const std::filesystem::path& folder, NodeSettings& node) {
    node.ae_title = ae_title(at, "ae_title", node.ae_title);
    node.data_dir = folder / at.string("data_dir", node.data_dir.string());
    node.log_level = at.choice("log_level", {"debug", "info", "warning", "error"}, node.log_level);
    node.institution = long_string(at, "institution", node.institution);
    node.drain_timeout = positive_duration(at, "drain_timeout", node.drain_timeout);
    node.control_socket = socket_path(at, "control_socket");
    node.operators = at.string("operators", node.operators);
    if (node.control_socket.empty())
        check_socket_length(at, at.has("data_dir") ? "data_dir" : "control_socket", node.control());
    // What lies in data_dir only the node's user and root reach.
    if (!node.operators.empty() && node.control_socket.empty())
        at.problem("operators",
                   "cannot reach the socket in node.data_dir: set node.control_socket to a path outside of "
                   "it, such as /run/hilum/control.sock");
    at.finish();
}

void read_limits(YamlMapping& at, ScpSettings& scp) {
    constexpr int most_associations = 10'000, most_connections = 100'000;
    const auto limit = [&](const char* key, int& value, int without_key, int most) {
        value = static_cast<int>(at.integer(key, without_key, 1, most));
    };
    limit("max_associations", scp.max_associations, scp.max_associations, most_associations);
    limit("max_associations_per_caller", scp.max_associations_per_caller,
          std::max(1, scp.max_associations / 2), most_associations);
    limit("max_associations_per_address", scp.max_associations_per_address,
          std::max(scp.max_associations_per_caller, (3 * scp.max_associations + 3) / 4), most_associations);
    limit("max_connections", scp.max_connections, scp.max_connections, most_connections);
    limit("max_connections_per_address", scp.max_connections_per_address,
          std::max(1, scp.max_connections / 4), most_connections);
    limit("max_unlisted_connections", scp.max_unlisted_connections, scp.max_unlisted_connections, 1000);
}

void read_scp(YamlMapping at, const std::filesystem::path& folder, ScpSettings& scp) {
    read_scp_ports(at, folder, scp);
    scp.bind = at.string("bind", scp.bind);
    if (const auto address = IpAddress::parse(scp.bind); !address)
        at.problem("bind", "must be an address of this machine, or 0.0.0.0 or \"::\" for all");
    read_limits(at, scp);
    scp.check_called_ae_title = at.boolean("check_called_ae_title", scp.check_called_ae_title);
    scp.association_timeout = positive_duration(at, "association_timeout", scp.association_timeout);
    scp.idle_timeout = positive_duration(at, "idle_timeout", scp.idle_timeout);
    scp.max_object_size = at.size("max_object_size", scp.max_object_size);
    scp.min_free_space = at.size("min_free_space", scp.min_free_space);
    scp.max_pdu = static_cast<int>(at.integer("max_pdu", scp.max_pdu, 4096, 131072));
    for (auto& entry : at.mappings("accept")) {
        if (entry.boolean("any", false)) {
            scp.any_caller = true;
        } else {
            AcceptedCaller caller;
            caller.ae_title = entry.string("ae_title");
            if (entry.has("ae_title") && caller.ae_title != "*" && !is_ae_title(caller.ae_title))
                entry.problem("ae_title",
                              "must be an AE title, or \"*\" for any: " + ae_title_problem(caller.ae_title));
            caller.hosts = restriction(entry, "hosts");
            for (const auto& host : caller.hosts)
                if (const auto network = IpNetwork::parse(host); !network)
                    entry.problem("hosts", network.error().message);
            read_certificates(entry, scp, caller);
            scp.accept.push_back(std::move(caller));
        }
        entry.finish();
    }
    at.finish();
}

bool is_device(std::string_view name) {
    constexpr std::string_view numbered = "cuda:";
    if (name == "auto" || name == "cpu" || name == "cuda") return true;
    return name.starts_with(numbered) && name.size() > numbered.size() &&
           name.find_first_not_of("0123456789", numbered.size()) == std::string_view::npos;
}

void read_devices(YamlMapping& at, ModelSettings& model) {
    constexpr std::size_t most = 64;
    const auto devices = at.strings("device");
    if (!at.has("device")) return;
    if (devices.empty() || devices.size() > most || !std::all_of(devices.begin(), devices.end(), is_device))
        at.problem("device", "must be auto, cpu, cuda or cuda:N, or a list of these with a worker for each");
    else
        model.devices = devices;
}

void read_models(YamlMapping& root, const std::filesystem::path& folder, std::vector<ModelSettings>& models) {
    std::set<std::string> names;
    for (auto& at : root.mappings("models")) {
        ModelSettings model;
        model.package = folder / at.string("package");
        for (const auto& key : restriction(at, "signed_by")) model.signed_by.push_back(folder / key);
        read_devices(at, model);
        model.threads = static_cast<int>(at.integer("threads", model.threads, 0, 256));
        auto batch = at.mapping("batch");
        if (batch.string("max_size", "auto") != "auto")
            model.batch_max_size = static_cast<int>(batch.integer("max_size", std::nullopt, 1, 256));
        model.batch_max_delay = batch.duration("max_delay", model.batch_max_delay);
        batch.finish();
        model.mode = choice(at, "mode", model.mode);
        model.timeout = positive_duration(at, "timeout", model.timeout);
        model.golden_every = duration_or_none(at, "golden_every", model.golden_every);
        if (model.golden_every == Duration::zero())
            at.problem("golden_every", "must be longer than 0, or none");
        auto thresholds = at.mapping("thresholds");
        model.thresholds_line = thresholds.line();
        for (const auto& label : thresholds.keys())
            model.thresholds[label] = thresholds.number(label, std::nullopt, 0, 1);
        if (!names.insert(model_key(model)).second)
            at.problem("package", "another model's package folder has this name too");
        at.finish();
        models.push_back(std::move(model));
    }
}

std::map<std::string, std::vector<std::string>> read_aliases(YamlMapping at) {
    std::map<std::string, std::vector<std::string>> aliases;
    for (const auto& name : at.keys()) aliases[name] = at.strings(name);
    return aliases;
}

void read_site(YamlMapping at, SiteSettings& site) {
    site.modality_aliases = read_aliases(at.mapping("modality_aliases"));
    site.body_part_aliases = read_aliases(at.mapping("body_part_aliases"));
    site.view_aliases = read_aliases(at.mapping("view_aliases"));
    site.body_part_patterns = read_aliases(at.mapping("body_part_patterns"));
    site.view_patterns = read_aliases(at.mapping("view_patterns"));
    site.missing_view = at.choice("missing_view", {"analyse", "refuse"}, site.missing_view);
    site.missing_body_part = at.choice("missing_body_part", {"analyse", "refuse"}, site.missing_body_part);
    site.missing_age = at.choice("missing_age", {"analyse", "refuse"}, site.missing_age);
    for (auto& entry : at.mappings("polarity")) {
        PolarityRule rule;
        rule.manufacturer = entry.string("manufacturer");
        rule.model = entry.string("model", rule.model);
        rule.follow =
            entry.choice("follow", {"photometric_interpretation", "presentation_lut_shape"}, std::nullopt);
        entry.finish();
        site.polarity.push_back(std::move(rule));
    }
    at.finish();
}

void read_decoder(YamlMapping at, DecoderSettings& decoder) {
    decoder.processes = static_cast<int>(at.integer("processes", decoder.processes, 0, 64));
    decoder.max_memory = at.size("max_memory", decoder.max_memory);
    decoder.max_pixels = static_cast<std::uint64_t>(
        at.integer("max_pixels", static_cast<std::int64_t>(decoder.max_pixels), 1, 4'000'000'000));
    decoder.timeout = positive_duration(at, "timeout", decoder.timeout);
    at.finish();
}

void read_composer(YamlMapping at, ComposerSettings& composer) {
    composer.processes = static_cast<int>(at.integer("processes", composer.processes, 0, 64));
    at.finish();
}

void read_study(YamlMapping at, StudySettings& study) {
    study.idle_timeout = at.duration("idle_timeout", study.idle_timeout);
    study.max_wait = at.duration("max_wait", study.max_wait);
    study.close_on_release = at.boolean("close_on_release", study.close_on_release);
    study.max_age = duration_or_none(at, "max_age", study.max_age);
    study.report_not_analysed =
        at.choice("report_not_analysed", {"never", "nothing_analysed", "always"}, study.report_not_analysed);
    study.revise = at.boolean("revise", study.revise);
    study.analysed_ahead = static_cast<int>(at.integer("analysed_ahead", study.analysed_ahead, 1, 1'000'000));
    if (study.max_wait < study.idle_timeout)
        at.problem("max_wait", "must not be shorter than study.idle_timeout");
    at.finish();
}

void read_retry(YamlMapping at, RetrySettings& retry) {
    retry.max_attempts = static_cast<int>(at.integer("max_attempts", retry.max_attempts, 1, 100));
    retry.first_delay = at.duration("first_delay", retry.first_delay);
    retry.longest_delay = at.duration("longest_delay", retry.longest_delay);
    retry.trouble_limit = at.duration("trouble_limit", retry.trouble_limit);
    at.finish();
}

void read_triage(YamlMapping at, TriageSettings& triage) {
    auto urgent = at.mapping("urgent");
    triage.urgent_line = urgent.line();
    for (const auto& finding : urgent.keys()) {
        TriageRule rule{finding, 0};
        if (urgent.string(finding) != "positive")
            rule.at_least = urgent.number(finding, std::nullopt, 0.000001, 1);
        if (finding == indeterminate && rule.at_least > 0)
            urgent.problem(finding, "must be positive: what is indeterminate has no score of its own");
        triage.urgent.push_back(std::move(rule));
    }
    at.finish();
}

}  // namespace

std::string model_key(const ModelSettings& model) {
    auto folder = model.package.lexically_normal();
    return folder.has_filename() ? folder.filename().string() : folder.parent_path().filename().string();
}

std::vector<std::string> model_keys(const std::vector<ModelSettings>& models) {
    std::vector<std::string> keys;
    for (const auto& model : models) keys.push_back(model_key(model));
    return keys;
}

std::vector<std::string> destination_names(const std::vector<DestinationSettings>& destinations) {
    std::vector<std::string> names;
    for (const auto& destination : destinations) names.push_back(destination.name);
    return names;
}

std::vector<std::string> destinations_asked_for_commitment(
    const std::vector<DestinationSettings>& destinations) {
    std::vector<std::string> names;
    for (const auto& destination : destinations)
        if (destination.storage_commitment) names.push_back(destination.name);
    return names;
}

LoadedConfiguration parse_configuration(const std::string& text, const std::filesystem::path& file) {
    LoadedConfiguration loaded;
    auto& [configuration, problems] = loaded;
    auto root = YamlMapping::parse(text, file.string(), problems);
    std::error_code error;
    const auto folder = std::filesystem::absolute(file, error).parent_path();
    read_node(root.mapping("node"), folder, configuration.node);
    read_scp(root.mapping("scp"), folder, configuration.scp);
    read_models(root, folder, configuration.models);
    read_site(root.mapping("site"), configuration.site);
    configuration.scp.descriptions_matter =
        !configuration.site.body_part_patterns.empty() || !configuration.site.view_patterns.empty();
    read_decoder(root.mapping("decoder"), configuration.decoder);
    read_composer(root.mapping("composer"), configuration.composer);
    read_study(root.mapping("study"), configuration.study);
    read_retry(root.mapping("retry"), configuration.retry);
    read_triage(root.mapping("triage"), configuration.triage);
    read_destinations(root, folder, configuration.destinations);
    read_retention(root.mapping("retention"), configuration.retention);
    read_audit(root.mapping("audit"), folder, configuration.node, configuration.audit);
    read_http(root.mapping("http"), folder, configuration);
    root.finish();
    return loaded;
}

LoadedConfiguration load_configuration(const std::filesystem::path& file) {
    const auto text = read_file(file, largest_file);
    if (text) return parse_configuration(*text, file);
    LoadedConfiguration loaded;
    loaded.problems.push_back({file.string(), 0, "", text.error().message});
    return loaded;
}

}  // namespace hilum
