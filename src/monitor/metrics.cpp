#include "monitor/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "base/characters/printable.h"
#include "base/clock.h"
#include "store/overview/metric_catalogue.h"

namespace hilum::monitor {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::map<std::string, std::string>;

std::string help_for(const std::string& name) {
    const auto all = metric_catalogue();
    const auto found = std::ranges::find(all, name, &MetricDescription::name);
    return found == all.end() ? "See docs/metrics.md" : std::string(found->help);
}

// What observe() kept: observations by their bucket's upper bound, and the sum of all.
struct Histogram {
    std::map<double, std::uint64_t> counts;
    double seconds = 0;
};
using Histograms = std::map<std::pair<std::string, Labels>, Histogram>;  // by name and labels

// Families in alphabetical order, each with its samples.
class Families {
  public:
    void add(const std::string& name, MetricType type, const Labels& labels, double value) {
        auto& metric = sample(name, type, labels);
        (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    }

    // A gauge of this name and these labels is 0 where nobody has added one.
    void add_missing_gauge(const std::string& name, const Labels& labels) {
        const auto family = families_.find(name);
        const bool there = family != families_.end() &&
                           std::ranges::any_of(family->second.metric, [&](const ClientMetric& metric) {
                               return metric.label == labels_of(labels);
                           });
        if (!there) add(name, MetricType::Gauge, labels, 0);
    }

    void add(const std::string& name, const Labels& labels, const Histogram& histogram) {
        auto& kept = sample(name, MetricType::Histogram, labels).histogram;
        for (const auto& [bound, count] : histogram.counts) {
            kept.sample_count += count;
            kept.bucket.push_back({kept.sample_count, bound});
        }
        kept.sample_sum = histogram.seconds;
    }

    std::string text() const {
        std::vector<MetricFamily> all;
        for (const auto& [name, family] : families_) all.push_back(family);
        std::ostringstream out;
        prometheus::TextSerializer().Serialize(out, all);
        return out.str();
    }

  private:
    static std::vector<ClientMetric::Label> labels_of(const Labels& labels) {
        std::vector<ClientMetric::Label> all;
        for (const auto& [key, text] : labels) all.push_back({key, printable(text)});
        return all;
    }

    ClientMetric& sample(const std::string& name, MetricType type, const Labels& labels) {
        auto& family = families_[name];
        family.type = type;
        family.help = help_for(name);
        family.name = "hilum_" + name + (type == MetricType::Counter ? "_total" : "");
        auto& metric = family.metric.emplace_back();
        metric.label = labels_of(labels);
        return metric;
    }

    std::map<std::string, MetricFamily> families_;
};

// The name without the suffix; nothing where it has another.
std::optional<std::string> without(std::string_view name, std::string_view suffix) {
    if (!name.ends_with(suffix)) return std::nullopt;
    return std::string(name.substr(0, name.size() - suffix.size()));
}

void add_counter(Families& families, Histograms& histograms, const CounterValue& counter) {
    if (const auto histogram = without(counter.name, bucket_suffix);
        histogram && counter.labels.contains("le")) {
        auto labels = counter.labels;
        const double bound = std::strtod(labels.extract("le").mapped().c_str(), nullptr);  // reads +Inf too
        histograms[{*histogram, labels}].counts[bound] += static_cast<std::uint64_t>(counter.value);
        return;
    }
    const auto stem = without(counter.name, sum_suffix);
    const double seconds = static_cast<double>(counter.value) / 1e6;
    if (!stem)
        families.add(counter.name, MetricType::Counter, counter.labels, static_cast<double>(counter.value));
    else if (stem->ends_with("_seconds"))
        histograms[{*stem, counter.labels}].seconds = seconds;
    else
        families.add(*stem + "_seconds", MetricType::Counter, counter.labels, seconds);
}

// The soonest end of those that have the same labels.
void add_certificates(Families& families, const std::vector<CertificateStatus>& certificates) {
    std::map<Labels, std::int64_t> ends;
    for (const auto& one : certificates) {
        if (one.not_after == 0) continue;
        const Labels labels{
            {"use", one.use}, {"kind", one.kind}, {"source", one.source}, {"subject", one.subject}};
        const auto [end, added] = ends.emplace(labels, one.not_after);
        if (!added) end->second = std::min(end->second, one.not_after);
    }
    const auto seconds = static_cast<double>(to_microseconds(now())) / 1e6;
    for (const auto& [labels, end] : ends)
        families.add("certificate_days_left", MetricType::Gauge, labels,
                     (static_cast<double>(end) - seconds) / 86400);
}

void add_node(Families& families, const NodeStatus& status, bool complete) {
    const auto flag = [&](const char* name, bool value) {
        families.add(name, MetricType::Gauge, {}, value ? 1 : 0);
    };
    flag("receiving", status.receiving);
    for (const char* reason : {"disk", "database", "processes", "files"})
        families.add("receiving_refused", MetricType::Gauge, {{"reason", reason}},
                     status.refusing == reason ? 1 : 0);
    flag("metrics_complete", complete);
    for (const char* where : {"database", "audit", "receiving", "http", "spool", "retention"})
        families.add("node_trouble", MetricType::Gauge, {{"where", where}},
                     std::ranges::count(status.troubles, where, &NodeTrouble::where) > 0 ? 1 : 0);
    flag("inferring", status.inferring);
    flag("stores_only", status.stores_only);
    flag("draining", status.draining);
    for (const auto& child : status.children) {
        const Labels labels{{"role", child.role}, {"name", child.name}};
        families.add("child_up", MetricType::Gauge, labels, child.state == ChildState::running ? 1 : 0);
        families.add("child_restarts", MetricType::Counter, labels, child.restarts);
        families.add("child_silences", MetricType::Counter, labels, child.silences);
        families.add("child_forbidden_calls", MetricType::Counter, labels, child.forbidden_calls);
    }
    for (const auto& destination : status.destinations) {
        const Labels labels{{"destination", destination.name}};
        families.add("destination_up", MetricType::Gauge, labels,
                     destination.state == DestinationState::up ? 1 : 0);
        if (!complete) continue;
        for (const auto* name :
             {"waiting_deliveries", "oldest_waiting_delivery_seconds", "uncommitted_results"})
            families.add_missing_gauge(name, labels);
    }
    for (const auto& server : status.audit_servers)
        families.add("audit_syslog_up", MetricType::Gauge, {{"server", server.name}},
                     server.state == DestinationState::up ? 1 : 0);
    add_certificates(families, status.certificates);
    for (const auto& model : status.models) {
        const auto serving = model.serving.value_or(ServingModel{});
        families.add("model_info", MetricType::Gauge,
                     {{"model", model.package},
                      {"name", serving.name},
                      {"version", serving.version},
                      {"sha256", serving.sha256},
                      {"device", serving.device},
                      {"state", enum_string(model.state)}},
                     1);
    }
}

}  // namespace

std::string metrics_text(const std::optional<StoredMetrics>& stored, const NodeStatus& status) {
    Families families;
    Histograms histograms;
    const auto [counters, gauges] = stored.value_or(StoredMetrics{});
    for (const auto& counter : counters) add_counter(families, histograms, counter);
    for (const auto& [metric, histogram] : histograms) families.add(metric.first, metric.second, histogram);
    for (const auto& gauge : gauges)
        families.add(gauge.name, MetricType::Gauge, gauge.labels, static_cast<double>(gauge.value));
    add_node(families, status, stored.has_value());
    return families.text();
}

}  // namespace hilum::monitor
