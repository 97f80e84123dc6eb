// The site's configuration, read from hilum.yaml. config/hilum.yaml explains every key; this is its shape in
// code. Each process gets the text that the coordinator read, so that all see the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/tls/tls_settings.h"
#include "base/units.h"
#include "contract/access/access_role.h"
#include "contract/hl7_settings.h"
#include "contract/model_mode.h"
#include "contract/report_form.h"
#include "contract/retention_settings.h"
#include "contract/syslog_settings.h"
#include "contract/triage.h"

namespace hilum {

struct ConfigurationProblem;

struct NodeSettings {
    std::string ae_title = "HILUM";
    std::filesystem::path data_dir = "/var/lib/hilum";
    std::string log_level = "info";  // debug | info | warning | error
    std::string institution;         // shown nowhere but in our own equipment module
    Duration drain_timeout = std::chrono::seconds(20);
    std::filesystem::path control_socket;  // on which `hilum` asks; empty: control.sock in data_dir
    std::string operators;  // a group that may ask there, beside root and the node's user; empty: none
    std::filesystem::path control() const {
        return control_socket.empty() ? data_dir / "control.sock" : control_socket;
    }
    bool operator==(const NodeSettings&) const = default;
};

struct AcceptedCaller {
    std::string ae_title;            // "*": any
    std::vector<std::string> hosts;  // addresses or networks in CIDR notation, IPv4 and IPv6; empty: any
    // Patterns (base/tls/certificate_pattern.h), one of which the caller's certificate fits; empty: any or
    // none
    std::vector<std::string> certificates = {};
    bool operator==(const AcceptedCaller&) const = default;
};

struct ScpTlsSettings : TlsServerSettings {
    int port = 2762;  // 0 takes a free port
    bool operator==(const ScpTlsSettings&) const = default;
};

struct ScpSettings {
    bool descriptions_matter = false;   // no key: the site has patterns for descriptions
    bool plain = true;                  // port: none is false
    int port = 11112;                   // 0 takes a free port
    std::optional<ScpTlsSettings> tls;  // none: no TLS port
    std::string bind = "0.0.0.0";
    int max_associations = 64;
    int max_associations_per_caller = 32;   // AE title and address; without a key half of max_associations
    int max_associations_per_address = 48;  // without a key three quarters of max_associations
    int max_connections = 1024;             // of addresses that scp.accept lists
    int max_connections_per_address = 256;  // of these; without a key a quarter of max_connections
    int max_unlisted_connections = 16;      // of all other addresses, beside the others
    bool any_caller = false;                // accept: any: true
    std::vector<AcceptedCaller> accept;
    bool check_called_ae_title = true;
    Duration association_timeout = std::chrono::seconds(15);  // from connection to A-ASSOCIATE-RQ
    Duration idle_timeout = std::chrono::seconds(60);         // without a message on an association
    std::uint64_t max_object_size = 2ULL << 30;
    std::uint64_t min_free_space = 1ULL << 30;  // below: A700 before the disk is full
    int max_pdu = 131072;
    bool operator==(const ScpSettings&) const = default;
};

struct ModelSettings {
    std::filesystem::path package;
    std::vector<std::filesystem::path> signed_by;  // files of public keys, one of which must vouch; none: any
    std::vector<std::string> devices{"auto"};      // auto | cpu | cuda | cuda:N; a worker for each
    int threads = 0;                               // of each worker; 0: as many as the processor has cores
    int batch_max_size = 0;                        // 0: measured at warm-up
    Duration batch_max_delay = std::chrono::milliseconds(5);
    ModelMode mode = ModelMode::active;
    int thresholds_line = 0;  // of the file, for messages
    std::map<std::string, double> thresholds;
    Duration timeout = std::chrono::seconds(120);                   // one inference
    std::optional<Duration> golden_every = std::chrono::hours(24);  // none: at load only
    bool operator==(const ModelSettings&) const = default;
};

// Whether an image's low values are white, where its header contradicts itself.
struct PolarityRule {
    std::string manufacturer;  // patterns as below, on Manufacturer and Manufacturer's Model Name
    std::string model = "*";
    std::string follow;  // photometric_interpretation | presentation_lut_shape
    bool operator==(const PolarityRule&) const = default;
};

struct SiteSettings {
    std::map<std::string, std::vector<std::string>> modality_aliases;
    std::map<std::string, std::vector<std::string>> body_part_aliases;
    std::map<std::string, std::vector<std::string>> view_aliases;
    // * and ? stand for any text and any byte, on descriptions of study, series and protocol.
    std::map<std::string, std::vector<std::string>> body_part_patterns, view_patterns;
    std::string missing_view = "analyse";  // analyse | refuse
    std::string missing_body_part = "refuse";
    std::string missing_age = "analyse";
    std::vector<PolarityRule> polarity;  // the first that fits; none: photometric_interpretation
    bool operator==(const SiteSettings&) const = default;
};

struct DecoderSettings {
    int processes = 0;  // 0: as many as the processor has cores, at most 4
    std::uint64_t max_memory = 2ULL << 30;
    std::uint64_t max_pixels = 50'000'000;  // of a frame; a colour pixel counts as three; never more
    Duration timeout = std::chrono::seconds(30);
    bool operator==(const DecoderSettings&) const = default;
};

struct ComposerSettings {
    int processes = 0;  // 0: half as many as the processor has cores, at least 1, at most 4
    bool operator==(const ComposerSettings&) const = default;
};

struct StudySettings {
    Duration idle_timeout = std::chrono::seconds(10);
    Duration max_wait = std::chrono::seconds(120);
    bool close_on_release = false;
    std::optional<Duration> max_age = std::chrono::hours(7 * 24);
    std::string report_not_analysed = "nothing_analysed";  // never | nothing_analysed | always
    bool revise = true;                                    // a late image makes a new version of the report
    int analysed_ahead = 20;  // studies that may wait to be reported and delivered before analyses wait
    bool operator==(const StudySettings&) const = default;
};

struct RetrySettings {
    int max_attempts = 3;                            // of an analysis or a report before it is quarantined
    Duration first_delay = std::chrono::seconds(2);  // doubles, with jitter
    Duration longest_delay = std::chrono::minutes(5);
    // Of trouble of the node that one job meets and others do not; then it counts as the job's own.
    Duration trouble_limit = std::chrono::hours(6);
    bool operator==(const RetrySettings&) const = default;
};

struct ReportSettings {
    bool sr = true;
    ReportClass sr_class = ReportClass::comprehensive_3d;
    int sr_series_number = 9001;
    std::string sr_series_description = "AI chest report";
    bool sr_activation_region = false;  // box of the activation map beside each finding
    bool sc = true;
    CaptureWhen sc_when = CaptureWhen::always;
    int sc_long_side = 1280;  // pixels
    int sc_series_number = 9002;
    std::string sc_series_description = "AI chest overlay";
    CaptureStyle sc_style = CaptureStyle::overlay;
    ResultCharacterSet character_set = ResultCharacterSet::source;
    std::string language = "en";     // en | de | fr
    std::optional<Hl7Settings> hl7;  // instead of sr and sc
    bool operator==(const ReportSettings&) const = default;
};

struct DestinationSettings {
    std::string name;
    std::string ae_title;
    std::string host;
    int port = 104;
    std::vector<std::string> from;  // calling AE titles; empty: everyone
    ReportSettings reports;
    Duration give_up_after = std::chrono::hours(72);
    Duration first_delay = std::chrono::seconds(5);  // retries: doubles, with jitter
    Duration longest_delay = std::chrono::minutes(10);
    Duration refused_delay = std::chrono::hours(1);  // where the destination blames the object
    int refused_attempts = 5;
    Duration timeout = std::chrono::seconds(30);       // to connect, and for each answer
    std::optional<TlsClientSettings> tls;              // none: plain
    bool storage_commitment = false;                   // ask whether it keeps what it was sent
    Duration commitment_wait = std::chrono::hours(1);  // without a report; then it is asked anew
    bool operator==(const DestinationSettings&) const = default;
};

struct TriageSettings {
    std::vector<TriageRule> urgent;
    int urgent_line = 0;  // of the file, for messages
    bool operator==(const TriageSettings&) const = default;
};

// What members of a group may who come by http.socket.
struct SocketGroup {
    std::string group;  // its name or number
    AccessRole role = AccessRole::status;
    bool operator==(const SocketGroup&) const = default;
};

struct HttpSettings {
    bool enabled = true;  // there is a port
    std::string address = "127.0.0.1";
    int port = 8080;  // 0 takes a free port
    std::uint64_t max_body = 512ULL << 20;
    std::optional<TlsServerSettings> tls;  // none: plain
    PemSource tokens;                      // file of who may see patient data; empty: nobody may
    int tokens_line = 0;                   // of the configuration, for messages
    bool tokens_over_plain = false;        // also from other machines without TLS
    std::vector<std::string> hosts;        // names that it is reached by, beside localhost, addresses and the
                                           // machine's own; lower case
    std::filesystem::path socket;          // a Unix socket beside the port; empty: none
    std::vector<SocketGroup> socket_groups;
    bool is_served() const { return enabled || !socket.empty(); }
    bool operator==(const HttpSettings&) const = default;
};

// Whether heads of the audit trail are signed.
struct AuditSigning {
    PemSource key;  // private Ed25519 key in PEM; empty: nothing is signed
    Duration every = std::chrono::minutes(10);
    bool in_reports = false;  // each SR holds a head, so that its PACS is a witness
    bool operator==(const AuditSigning&) const = default;
};

struct AuditSettings {
    std::optional<Duration> keep = std::chrono::years(7);  // of events; none: for ever
    std::optional<Duration> keep_unsent;  // of those that a server of `syslog` lacks; none: until it has them
    AuditSigning signing;
    std::vector<SyslogSettings> syslog;
    bool operator==(const AuditSettings&) const = default;
};

struct Configuration {
    NodeSettings node;
    ScpSettings scp;
    std::vector<ModelSettings> models;
    SiteSettings site;
    DecoderSettings decoder;
    ComposerSettings composer;
    StudySettings study;
    RetrySettings retry;
    TriageSettings triage;
    std::vector<DestinationSettings> destinations;
    RetentionSettings retention;
    AuditSettings audit;
    HttpSettings http;
};

struct LoadedConfiguration {
    Configuration configuration;                 // usable only when there are no problems
    std::vector<ConfigurationProblem> problems;  // all of them
};

// The name under which a model's jobs stand in the database: its package folder's name. Different for each
// model.
std::string model_key(const ModelSettings& model);
std::vector<std::string> model_keys(const std::vector<ModelSettings>& models);
std::vector<std::string> destination_names(const std::vector<DestinationSettings>& destinations);
std::vector<std::string> destinations_asked_for_commitment(
    const std::vector<DestinationSettings>& destinations);

// `file` names the source in problems. Relative paths in it are taken from the file's folder.
LoadedConfiguration parse_configuration(const std::string& text, const std::filesystem::path& file);

// Reads the file; a problem without a line when it cannot be read.
LoadedConfiguration load_configuration(const std::filesystem::path& file);

}  // namespace hilum
