#include "monitor/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>

namespace hilum::monitor {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::map<std::string, std::string>;

std::string help_for(const std::string& name) {
    static const std::map<std::string, std::string> texts = {
        {"instances_received", "SOP instances received, by what became of them"},
        {"associations", "Associations requested, by outcome"},
        {"association_ends", "Associations that ended, by reason"},
        {"connections_refused", "Connections closed because too many were open"},
        {"receiver_events", "Events of the receivers: echoes, failed stores, aborts"},
        {"analyses", "Analyses finished, by model, outcome and diagnosis"},
        {"analysis_failures", "Attempts at an analysis that failed"},
        {"model_events", "Models loaded, reloaded or not, golden cases passed or failed, by event"},
        {"inference_seconds", "Time spent in the model's forward pass"},
        {"reports_not_revised", "Late images that study.revise keeps from making a new report"},
        {"results_composed", "Structured reports and secondary captures made"},
        {"deliveries", "Attempts at a delivery, by destination and outcome"},
        {"commitments", "Storage commitments of results, by destination and outcome"},
        {"urgent_studies", "Studies with a finding of triage.urgent"},
        {"withdrawals", "Studies whose results an operator took back, by reason"},
        {"uncommitted_results", "Delivered results whose storage commitment is awaited"},
        {"destination_up", "1 unless the destination gives no association"},
        {"jobs_quarantined", "Jobs set aside for an operator"},
        {"jobs", "Jobs by kind and state"},
        {"stored_bytes", "Bytes of received objects kept"},
        {"stored_instances", "Received objects kept"},
        {"oldest_waiting_job_seconds", "Age of the oldest job that is not finished"},
        {"receiving", "1 while the DICOM port is open"},
        {"inferring", "1 while a model is loaded and warm"},
        {"draining", "1 while the node is being stopped"},
        {"child_restarts", "Restarts of the node's processes"},
        {"child_up", "1 while the process runs"},
        {"model_info", "The models in use"},
    };
    const auto found = texts.find(name);
    return found != texts.end() ? found->second : "See docs/operations.md";
}

// Families in alphabetical order, each with its samples.
class Families {
  public:
    void add(const std::string& name, MetricType type, const Labels& labels, double value) {
        auto& family = families_[name];
        family.type = type;
        family.help = help_for(name);
        family.name = "hilum_" + name + (type == MetricType::Counter ? "_total" : "");
        ClientMetric metric;
        for (const auto& [key, text] : labels) metric.label.push_back({key, text});
        (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
        family.metric.push_back(std::move(metric));
    }

    std::string text() const {
        std::vector<MetricFamily> all;
        for (const auto& [name, family] : families_) all.push_back(family);
        std::ostringstream out;
        prometheus::TextSerializer().Serialize(out, all);
        return out.str();
    }

  private:
    std::map<std::string, MetricFamily> families_;
};

void add_counter(Families& families, const CounterValue& counter) {
    constexpr std::string_view suffix = "_microseconds";
    if (!counter.name.ends_with(suffix)) {
        families.add(counter.name, MetricType::Counter, counter.labels, static_cast<double>(counter.value));
        return;
    }
    const auto stem = counter.name.substr(0, counter.name.size() - suffix.size());
    families.add(stem + "_seconds", MetricType::Counter, counter.labels,
                 static_cast<double>(counter.value) / 1e6);
}

// Text of a member of an object from the coordinator; never a reason to lose the whole page.
std::string text_in(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add_node(Families& families, const NodeStatus& status) {
    const auto flag = [&](const char* name, bool value) {
        families.add(name, MetricType::Gauge, {}, value ? 1 : 0);
    };
    flag("receiving", status.receiving);
    flag("inferring", status.inferring);
    flag("draining", status.draining);
    for (const auto& child : status.children) {
        const Labels labels{{"role", text_in(child, "role")}, {"name", text_in(child, "name")}};
        families.add("child_up", MetricType::Gauge, labels, text_in(child, "state") == "running" ? 1 : 0);
        const auto restarts = child.find("restarts");
        if (restarts != child.end() && restarts->is_number())
            families.add("child_restarts", MetricType::Counter, labels, restarts->get<double>());
    }
    for (const auto& destination : status.destinations)
        families.add("destination_up", MetricType::Gauge, {{"destination", text_in(destination, "name")}},
                     text_in(destination, "state") == "up" ? 1 : 0);
    for (const auto& model : status.models)
        families.add("model_info", MetricType::Gauge,
                     {{"name", text_in(model, "name")},
                      {"version", text_in(model, "version")},
                      {"sha256", text_in(model, "sha256")},
                      {"device", text_in(model, "device")},
                      {"state", text_in(model, "state")}},
                     1);
}

}  // namespace

std::string metrics_text(const std::vector<CounterValue>& counters, const std::vector<CounterValue>& gauges,
                         const NodeStatus& status) {
    Families families;
    for (const auto& counter : counters) add_counter(families, counter);
    for (const auto& gauge : gauges)
        families.add(gauge.name, MetricType::Gauge, gauge.labels, static_cast<double>(gauge.value));
    add_node(families, status);
    return families.text();
}

}  // namespace hilum::monitor
