#include "pipeline/node.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "pipeline/control/control_requests.h"
#include "pipeline/control/live_status.h"
#include "pipeline/control/node_troubles.h"
#include "store/commitments.h"
#include "store/data_history.h"
#include "store/jobs/analyses.h"
#include "store/jobs/claim.h"
#include "store/jobs/deliveries.h"
#include "store/jobs/due_reports.h"
#include "store/jobs/shadow_results.h"
#include "store/overview/metric_catalogue.h"
#include "store/stored_deadlines.h"

namespace hilum {
namespace {

constexpr std::chrono::milliseconds drain_poll(50);
constexpr std::chrono::seconds children_end(5);  // how long they may take after their channel closed

}  // namespace

// The parts call each other only once they are started: start_children() wires them.
Node::Node(World& world, NodeOptions options, Database database, const std::string& generation)
    : world_(world),
      options_(std::move(options)),
      models_(model_keys(configuration_.models)),
      engine_(world, configuration_, programs_, *this),
      commits_(world, std::move(database), this),
      reports_(world, commits_, configuration_, directory_, *this, options_.report_key()),
      retention_(world, commits_, configuration_, directory_, generation),
      audit_servers_(world, commits_, configuration_.audit, *this),
      reception_(world, commits_, events_, configuration_, instances()),
      predictions_(world, events_, engine_, models_),
      operators_(world, commits_, events_, directory_, models_,
                 destination_names(configuration_.destinations), instances(), shadow_models(configuration_)),
      control_(world, events_, configuration_.node,
               [this](auto&&... asked) { operators_.handle(std::forward<decltype(asked)>(asked)...); }),
      clock_(world, commits_),
      adoption_(world, commits_, directory_, instances()),
      history_(world, commits_, directory_, audit_servers_.witness(world, options_)),
      disk_(world, directory_.root, configuration_.scp.min_free_space) {
    Happenings& happenings = *this;
    for (std::size_t i = 0; i < models_.size(); ++i)
        analyses_.emplace_back(world, commits_, engine_, configuration_, directory_, generation,
                               AnalysisLane::Model{i, models_[i]}, senders_, happenings);
    for (const auto& destination : configuration_.destinations)
        senders_.emplace_back(world, commits_, configuration_, destination, directory_, happenings);
}

// What waits for a commit may use what was made after the queue.
Node::~Node() {
    commits_.end();
}

InstanceStore Node::instances() const {
    return {configuration_.study, models_, directory_};
}

// ---- start ----

Status Node::start(Callbacks callbacks) {
    callbacks_ = std::move(callbacks);
    if (auto prepared = programs_.prepare(); !prepared) return prepared;
    events_.start([this] { happened(Happening::status_changed); });
    start_operator_desk();
    if (auto opened = control_.start(); !opened) return opened;
    commit_watch_.start([this] { happened(Happening::status_changed); });
    take_up_jobs();
    return {};
}

void Node::start_operator_desk() {
    operators_.start(
        {.live_status = [this] { return live_status(); },
         .on_jobs = [this] { happened(Happening::jobs_changed); },
         .reload_models = [this](const std::string& model, const std::string& actor,
                                 const OperatorDesk::Answer& done) { reload(model, actor, done); }});
}

void Node::take_up_jobs() {
    commits_.submit_until_kept(
        [this](Transaction& transaction) {
            take_up_deadlines(transaction, configuration_);
            audit_servers_.configure(transaction);
            create_counters(transaction, configuration_);
            take_up_all(transaction);
            adopt_models(transaction, models_);
            take_up_shadows(transaction, configuration_);
            expire_stray_deliveries(transaction, destination_names(configuration_.destinations));
            take_up_commitments(transaction, destinations_asked_for_commitment(configuration_.destinations));
            audit::AuditEvent event;
            event.type = "node_started";
            event.actor = "hilum";
            event.detail = {{"version", HILUM_VERSION}};
            transaction.append_audit(event);
        },
        [this](Result<void> recovered) {
            if (!recovered) {
                spdlog::critical("cannot take up the jobs: {}", recovered.error().message);
                exit_code_ = 1;
                return finish();
            }
            if (!draining_) start_children();
        });
}

void Node::start_children() {
    children_started_ = true;
    const auto instances_came = [this] { arrivals_.came(); };
    const auto changed = [this] { happened(Happening::status_changed); };
    retention_.start(changed);  // before anything is claimed
    reception_.start(
        programs_.child("listener", "1"),
        {.on_instances = instances_came,
         .on_changed = changed,
         .on_certificates = [this](const auto& loaded) { certificates_loaded(loaded); },
         .on_report = [this](const CommitmentReport& report,
                             auto answer) { tasks_.start(answer_report(report, std::move(answer))); }});
    engine_.start();
    for (auto& lane : analyses_) lane.start();
    reports_.start(programs_.children("composer", reports_.size()));
    for (auto& lane : senders_) lane.start(programs_.child("sender", lane.name()));
    audit_servers_.start(programs_);
    if (configuration_.http.is_served())
        predictions_.start(programs_.child("http", "1"),
                           {.on_changed = changed,
                            .on_certificates = [this](const auto& loaded) { certificates_loaded(loaded); }});
    adoption_.start(programs_.child("scanner", "1"), instances_came, changed);
    history_.start();
    clock_.start([this] { happened(Happening::deadlines_moved); });
    disk_.start(changed);
}

// ---- what wakes whom ----

void Node::clock_set(Transaction& transaction, Duration step) {
    clock_was_set(transaction, configuration_, step);
}

void Node::happened(Happening what) {
    if (what != Happening::capacity_came && what != Happening::status_changed) retention_.wake();
    switch (what) {
        case Happening::capacity_came:
        case Happening::delivery_ended:
            wake_analyses();
            break;
        case Happening::instances_came:
        case Happening::analysis_ended:
        case Happening::result_damaged:
            wake_analyses();
            reports_.wake();
            break;
        case Happening::reports_moved:
            wake_analyses();
            wake_senders();
            break;
        case Happening::commitment_came:
            wake_senders();
            break;
        case Happening::jobs_changed:
            wake_analyses();
            reports_.wake();
            for (auto& lane : senders_) lane.try_now();
            break;
        case Happening::deadlines_moved:  // those who wait for one wait anew
            wake_analyses();
            reports_.wake();
            wake_senders();
            status_changed();
            break;
        case Happening::status_changed:  // a destination may be up or down
            wake_analyses();
            status_changed();
            break;
    }
}

void Node::wake_analyses() {
    for (auto& lane : analyses_) lane.wake();
}

void Node::wake_senders() {
    for (auto& lane : senders_) lane.wake();
}

Task<void> Node::answer_report(CommitmentReport report, std::function<void(CommitmentReportAnswer)> answer) {
    answer(co_await keep_report(commits_, std::move(report), configuration_.destinations));
    happened(Happening::commitment_came);
}

// ---- operators ----

void Node::handle_request(const Packet& request, const std::string& actor, OperatorDesk::Answer answer) {
    operators_.handle(request, actor, std::move(answer));
}

void Node::reload_models(const std::string& actor) {
    reload("", actor, [](const nlohmann::json&) {});  // the log and the audit trail tell
}

void Node::reload_certificates() {
    reception_.reload_certificates();
    predictions_.reload_certificates();
    for (auto& lane : senders_) lane.reload_certificates();
    audit_servers_.reload_certificates();
}

void Node::certificates_loaded(const CertificatesLoaded& loaded) {
    certificates_.note(loaded);
    status_changed();
}

void Node::reload(const std::string& model, const std::string& actor, const OperatorDesk::Answer& done) {
    if (!children_started_)
        return done(control_error({"not_ready", "the node is starting: it has yet to load its models"}));
    if (model.empty()) reload_certificates();
    reloads_.reload(model, actor, done);
}

void Node::model_event(const audit::AuditEvent& event) {
    commits_.submit_until_kept(
        [event](Transaction& transaction) {
            transaction.append_audit(event);
            const auto model = event.detail.at("model_key").get<std::string>();
            create_diagnosis_counters(transaction, model,
                                      event.detail.value("diagnoses", std::vector<std::string>()));
            transaction.count("model_events",
                              {{"model", model}, {"event", event.type.substr(event.type.find('_') + 1)}});
        },
        [](const auto& kept) {
            if (!kept) spdlog::error("cannot audit a model's change: {}", kept.error().message);
        });
}

// ---- the end ----

// Stops taking new work; what is at work may finish within the drain timeout.
void Node::drain() {
    if (draining_) return;
    take_no_more_work();
    callbacks_.on_draining();
    status_changed();
    continue_drain(world_.monotonic() + configuration_.node.drain_timeout);
}

void Node::take_no_more_work() {
    draining_ = true;
    operators_.drain();
    for (auto& lane : analyses_) lane.drain();
    reports_.drain();
    retention_.drain();
    for (auto& lane : senders_) lane.drain();
    audit_servers_.drain();
    adoption_.stop();
    history_.stop_checking();
    if (reception_.started()) reception_.drain();
}

void Node::continue_drain(MonotonicTime until) {
    const bool idle = reception_.idle() && lanes_idle();
    if (idle || world_.monotonic() >= until) {
        if (!idle) spdlog::warn("node.drain_timeout ended some work, which is taken up at the next start");
        return end_children();
    }
    drain_timer_->start(drain_poll, [this, until] { continue_drain(until); });
}

bool Node::lanes_idle() const {
    const auto idle = [](const auto& lane) { return lane.idle(); };
    return reports_.idle() && std::all_of(analyses_.begin(), analyses_.end(), idle) &&
           std::all_of(senders_.begin(), senders_.end(), idle);
}

void Node::end_children() {
    reception_.stop();
    adoption_.stop();
    control_.tell_left_out();
    operators_.tell_looks();
    engine_.stop();
    reports_.stop();
    for (auto& lane : senders_) lane.stop();
    audit_servers_.stop();
    predictions_.stop();
    wait_for_children(world_.monotonic() + children_end);
}

bool Node::any_child_running() const {
    const auto sending = [](const SendingLane& lane) { return lane.destination().sender().running(); };
    return reception_.child_running() || adoption_.child_running() || engine_.any_child_running() ||
           reports_.any_child_running() || audit_servers_.any_child_running() ||
           std::any_of(senders_.begin(), senders_.end(), sending) ||
           (predictions_.http() != nullptr && predictions_.http()->running());
}

void Node::wait_for_children(MonotonicTime until) {
    // Children that do not end are killed when their owners go.
    if (!any_child_running() || world_.monotonic() >= until) return finish();
    drain_timer_->start(drain_poll, [this, until] { wait_for_children(until); });
}

void Node::finish() {
    if (std::exchange(finishing_, true)) return;
    events_.try_now();
    commits_.submit(
        [](Transaction& transaction) {
            audit::AuditEvent event;
            event.type = "node_stopped";
            event.actor = "hilum";
            transaction.append_audit(event);
            keep_time_seen(transaction);
            return mark_of(transaction);
        },
        [this](const Result<HistoryMark>& mark) {
            if (mark)
                history_.finish(*mark);
            else
                spdlog::error("cannot keep that the node ends in order: {}", mark.error().message);
            events_.tell_lost();
            callbacks_.on_finished({exit_code_, mark.has_value()});
        });
}

// ---- status ----

// What a shadow lacks holds up nothing that leaves the node; its own state tells.
bool Node::inferring() const {
    for (std::size_t i = 0; i < configuration_.models.size(); ++i)
        if (configuration_.models[i].mode != ModelMode::shadow && !engine_.ready(i)) return false;
    return engine_.decoding();
}

NodeStatus Node::status() const {
    NodeStatus status;
    const auto of_database = trouble_of(commits_, commit_watch_);
    status.refusing = why_refusing(reception_, of_database, disk_);
    status.receiving = reception_.receiving() && status.refusing.empty();  // what refuses has a port, too
    status.troubles =
        troubles_of(reception_, of_database, events_, predictions_.access(), adoption_, retention_);
    status.auditing = !of_database && !events_.trouble();
    status.stores_only = active_models(configuration_).empty();
    status.inferring = !status.stores_only && inferring();
    status.scp_port = reception_.port();
    status.scp_tls_port = reception_.tls_port();
    status.certificates = certificates_.certificates();
    status.draining = draining_;
    status.models = engine_.models_status();
    status.children = engine_.children_status();
    audit_servers_.tell(status);
    for (const auto& lane : senders_) {
        status.destinations.push_back(lane.destination().status());
        if (children_started_) status.children.push_back(lane.destination().sender().process().status());
    }
    if (reception_.started()) status.children.push_back(reception_.listener().status());
    if (const auto scanner = adoption_.child_status()) status.children.push_back(*scanner);
    if (children_started_)
        for (auto& composer : reports_.children_status()) status.children.push_back(std::move(composer));
    if (predictions_.http() != nullptr) status.children.push_back(predictions_.http()->status());
    return status;
}

nlohmann::json Node::live_status() const {
    return live_status_json(
        {configuration_.node.ae_title, started_at_, predictions_.port(), adoption_.waiting()}, status());
}

// Changes come in bursts: one message tells them all.
void Node::status_changed() {
    if (status_pending_) return;
    status_pending_ = true;
    world_.post([this] {
        status_pending_ = false;
        tell_status();
    });
}

void Node::tell_status() {
    if (!draining_ && reception_.receiving() && !std::exchange(was_receiving_, true))
        callbacks_.on_receiving();
    const bool port_never_opened = !was_receiving_ && !draining_ && reception_.cannot_listen();
    if (port_never_opened) {
        spdlog::critical("the DICOM port cannot be opened; ending");
        exit_code_ = 1;
        take_no_more_work();
        return end_children();
    }
    predictions_.tell(status());
}

}  // namespace hilum
