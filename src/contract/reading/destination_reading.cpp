#include "contract/reading/destination_reading.h"

#include <algorithm>
#include <set>

#include "contract/reading/setting_reading.h"
#include "contract/reading/tls_reading.h"

namespace hilum {
namespace {

ReportSettings read_reports(YamlMapping& at) {
    ReportSettings reports;
    const auto kinds = restriction(at, "send", EmptyList::is_none);
    if (at.has("send")) {
        reports.sr = reports.sc = false;
        for (const auto& kind : kinds) {
            if (kind == "sr")
                reports.sr = true;
            else if (kind == "sc")
                reports.sc = true;
            else
                at.problem("send", fmt::format("'{}' is not a kind of result: sr, sc", kind));
        }
    }
    reports.character_set = choice(at, "character_set", reports.character_set);
    reports.language = at.choice("language", {"en", "de", "fr"}, reports.language);
    auto sr = at.mapping("sr");
    reports.sr_class = choice(sr, "sop_class", reports.sr_class);
    reports.sr_series_number =
        static_cast<int>(sr.integer("series_number", reports.sr_series_number, 1, 999'999'999));
    reports.sr_series_description = long_string(sr, "series_description", reports.sr_series_description);
    reports.sr_activation_region = sr.boolean("activation_region", reports.sr_activation_region);
    sr.finish();
    auto sc = at.mapping("sc");
    reports.sc_when = choice(sc, "when", reports.sc_when);
    reports.sc_long_side = static_cast<int>(sc.integer("long_side", reports.sc_long_side, 512, 8192));
    reports.sc_series_number =
        static_cast<int>(sc.integer("series_number", reports.sc_series_number, 1, 999'999'999));
    reports.sc_series_description = long_string(sc, "series_description", reports.sc_series_description);
    reports.sc_style = choice(sc, "style", reports.sc_style);
    sc.finish();
    return reports;
}

// HL7 version 2.5.1, 2.A: HD is shown with 20 characters of namespace by most; no delimiter of HL7 in it.
std::string hl7_name(YamlMapping& at, const std::string& key, const std::string& fallback) {
    auto name = at.string(key, fallback);
    if (name.size() > 180 || name.find_first_of("|^~\\&\r\n") != std::string::npos)
        at.problem(key, "must have at most 180 characters and none of | ^ ~ \\ &");
    return name;
}

constexpr int hl7_port = 2575;  // as IANA registered it

Hl7Settings read_hl7(YamlMapping at) {
    Hl7Settings hl7;
    hl7.sending_application = hl7_name(at, "sending_application", hl7.sending_application);
    hl7.sending_facility = hl7_name(at, "sending_facility", hl7.sending_facility);
    hl7.receiving_application = hl7_name(at, "receiving_application", hl7.receiving_application);
    hl7.receiving_facility = hl7_name(at, "receiving_facility", hl7.receiving_facility);
    hl7.processing_id = at.choice("processing_id", {"P", "T", "D"}, hl7.processing_id);
    hl7.version = at.choice("version", {"2.3.1", "2.4", "2.5", "2.5.1"}, hl7.version);
    hl7.result_status = at.choice("result_status", {"P", "R"}, hl7.result_status);
    hl7.character_set = at.choice("character_set", {"utf8", "latin1"}, hl7.character_set);
    at.finish();
    return hl7;
}

// What a destination is sent, and at which port where none is told, by its protocol; the keys of the other
// one are mistakes.
void read_protocol(YamlMapping& at, DestinationSettings& destination) {
    if (at.choice("protocol", {"dicom", "hl7"}, "dicom") == "hl7") {
        for (const char* key :
             {"ae_title", "send", "sr", "sc", "character_set", "language", "storage_commitment"})
            if (at.has(key)) at.problem(key, "is for destinations whose protocol is dicom");
        destination.reports.sr = destination.reports.sc = false;
        destination.reports.hl7 = read_hl7(at.mapping("hl7"));
        destination.port = hl7_port;
        return;
    }
    if (at.has("hl7")) at.problem("hl7", "is for destinations whose protocol is hl7");
    destination.ae_title = ae_title(at, "ae_title", std::nullopt);
    destination.reports = read_reports(at);
    auto commitment = at.mapping("storage_commitment");
    destination.storage_commitment = commitment.boolean("request", destination.storage_commitment);
    destination.commitment_wait = positive_duration(commitment, "wait", destination.commitment_wait);
    commitment.finish();
}

}  // namespace

void read_destinations(YamlMapping& root, const std::filesystem::path& folder,
                       std::vector<DestinationSettings>& destinations) {
    std::set<std::string> names;
    for (auto& at : root.mappings("destinations")) {
        DestinationSettings destination;
        destination.name = at.string("name");
        if (!names.insert(destination.name).second)
            at.problem("name", "another destination has this name too");
        read_protocol(at, destination);
        destination.host = host_name(at, "host");
        destination.port = static_cast<int>(at.integer("port", destination.port, 1, 65535));
        destination.from = restriction(at, "from", EmptyList::is_none);
        destination.give_up_after = positive_duration(at, "give_up_after", destination.give_up_after);
        destination.first_delay = positive_duration(at, "first_delay", destination.first_delay);
        destination.longest_delay = positive_duration(at, "longest_delay", destination.longest_delay);
        destination.refused_delay = positive_duration(at, "refused_delay", destination.refused_delay);
        destination.refused_attempts =
            static_cast<int>(at.integer("refused_attempts", destination.refused_attempts, 1, 1000));
        destination.timeout = positive_duration(at, "timeout", destination.timeout);
        destination.tls = read_tls_client(at, folder);
        at.finish();
        destinations.push_back(std::move(destination));
    }
}

}  // namespace hilum
