#include "pipeline/coordinator.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/process.h"
#include "pipeline/children/analysis_engine.h"
#include "pipeline/clock_keeper.h"
#include "pipeline/control.h"
#include "pipeline/control_server.h"
#include "pipeline/disk_watch.h"
#include "pipeline/history_keeper.h"
#include "pipeline/lanes/analysis_jobs.h"
#include "pipeline/lanes/delivery_jobs.h"
#include "pipeline/lanes/report_jobs.h"
#include "pipeline/prediction_desk.h"
#include "pipeline/reception.h"
#include "pipeline/spool_adoption.h"
#include "store/audit/audit_event.h"
#include "store/commitments.h"
#include "store/data_directory.h"
#include "store/data_history.h"
#include "store/database/commit_queue.h"
#include "store/job_state.h"
#include "store/overview/metric_catalogue.h"
#include "store/stored_deadlines.h"

namespace hilum {
namespace {

constexpr std::chrono::milliseconds drain_poll(50);
constexpr std::chrono::seconds children_end(5);  // how long they may take after their channel closed

std::vector<std::string> keys_of(const std::vector<ModelSettings>& models) {
    std::vector<std::string> keys;
    for (const auto& model : models) keys.push_back(model_key(model));
    return keys;
}

std::vector<std::string> names_of(const std::vector<DestinationSettings>& destinations) {
    std::vector<std::string> names;
    for (const auto& destination : destinations) names.push_back(destination.name);
    return names;
}

std::vector<std::string> asked_for_commitment(const std::vector<DestinationSettings>& destinations) {
    std::vector<std::string> names;
    for (const auto& destination : destinations)
        if (destination.storage_commitment) names.push_back(destination.name);
    return names;
}

void append_common_arguments(std::vector<std::string>& arguments, const CoordinatorOptions& options) {
    for (const auto& argument :
         {std::string("--config"), options.configuration_file.string(), std::string("--channel-fd"),
          std::string("3"), std::string("--config-fd"), std::string("4")})
        arguments.push_back(argument);
}

// Everything that lives while the node runs. Made once the data directory is ours and the database is open.
class Node {
  public:
    Node(boost::asio::io_context& loop, const CoordinatorOptions& options, UniqueFd configuration_fd,
         Database database, const std::string& generation);

    ~Node() { commits_.end(); }

    Status start();
    int exit_code() const { return exit_code_; }

  private:
    ChildSpecification specify(const std::string& role, const std::string& name) const;
    ChildSpecification specify_worker(std::size_t model, const std::string& device,
                                      const std::string& name) const;
    ControlServer::Node control_environment();
    InstanceStore instances() const;
    void instances_came();
    void reload_models(const std::string& model, const std::string& actor,
                       const std::function<void(nlohmann::json)>& done);
    void on_model_event(const audit::AuditEvent& event);
    AnalysisEngine::Environment engine_environment();
    void start_children();
    void look_again();
    void wait_for_signals();
    void wait_for_hangup();
    void begin_drain();
    void continue_drain(std::chrono::steady_clock::time_point until);
    void end_children();
    void wait_for_children(std::chrono::steady_clock::time_point until);
    bool any_child_running() const;
    void finish();
    void status_changed();
    void tell_status();
    void tell_systemd_when_ready();
    void keep_watchdog();
    NodeStatus status() const;
    nlohmann::json live_status() const;
    bool inferring() const;

    boost::asio::io_context& loop_;
    const CoordinatorOptions& options_;
    const Configuration& configuration_;
    DataDirectory directory_;
    UniqueFd configuration_fd_;
    Timestamp started_at_ = now();
    boost::asio::signal_set signals_, hangup_;
    boost::asio::steady_timer drain_timer_, watchdog_timer_;
    bool draining_ = false, status_pending_ = false, told_ready_ = false, was_receiving_ = false;
    int exit_code_ = 0;
    AnalysisEngine engine_;
    CommitQueue commits_;  // ~Node ends it before what its work calls
    AnalysisJobs analyses_;
    ReportJobs reports_;
    DeliveryJobs deliveries_;
    Reception reception_;
    PredictionDesk predictions_;
    ControlServer control_;
    ClockKeeper clock_;
    SpoolAdoption adoption_;
    HistoryKeeper history_;
    DiskWatch disk_;
};

Node::Node(boost::asio::io_context& loop, const CoordinatorOptions& options, UniqueFd configuration_fd,
           Database database, const std::string& generation)
    : loop_(loop),
      options_(options),
      configuration_(options.configuration),
      directory_{configuration_.node.data_dir},
      configuration_fd_(std::move(configuration_fd)),
      signals_(loop, SIGTERM, SIGINT),
      hangup_(loop, SIGHUP),
      drain_timer_(loop),
      watchdog_timer_(loop),
      engine_(loop, configuration_, engine_environment()),
      commits_(loop, std::move(database),
               {.on_set = [this](Transaction& transaction,
                                 Duration step) { clock_was_set(transaction, configuration_, step); }}),
      analyses_(loop, commits_, engine_, configuration_, directory_, generation,
                keys_of(configuration_.models), [this] { reports_.pump(); }),
      reports_(
          loop, commits_, configuration_, directory_, keys_of(configuration_.models),
          [this] {
              deliveries_.pump();
              analyses_.pump();
          },
          [this] { status_changed(); }),
      deliveries_(loop, commits_, configuration_, directory_, [this] { status_changed(); }),
      reception_(
          loop, commits_, configuration_, instances(), [this] { instances_came(); },
          [this] { status_changed(); },
          [this](const CommitmentReport& report, auto answer) {
              deliveries_.keep_report(report, std::move(answer));
          }),
      predictions_(loop, engine_, keys_of(configuration_.models), [this] { status_changed(); }),
      control_(loop, commits_, directory_, control_environment()),
      clock_(loop, commits_, [this] { look_again(); }),
      adoption_(
          loop, commits_, directory_, instances(), [this] { instances_came(); },
          [this] { status_changed(); }),
      history_(loop, commits_, directory_),
      disk_(
          loop, configuration_.scp.min_free_space, [this] { return free_space(directory_); },
          [this] { status_changed(); }) {}

InstanceStore Node::instances() const {
    return {configuration_.study, keys_of(configuration_.models), directory_};
}

void Node::instances_came() {
    analyses_.pump();
    reports_.pump();
}

AnalysisEngine::Environment Node::engine_environment() {
    return {.specify_decoder = [this](const std::string& name) { return specify("decoder", name); },
            .specify_worker = [this](std::size_t model, const std::string& device,
                                     const std::string& name) { return specify_worker(model, device, name); },
            .on_capacity = [this] { analyses_.pump(); },
            .on_changed = [this] { status_changed(); },
            .on_model_event = [this](const audit::AuditEvent& event) { on_model_event(event); }};
}

ControlServer::Node Node::control_environment() {
    return {
        .live_status = [this] { return live_status(); },
        .on_jobs =
            [this] {
                analyses_.pump();
                reports_.pump();
                deliveries_.try_now();
            },
        .destinations = names_of(configuration_.destinations),
        .instances = instances(),
        .reload_models =
            [this](const std::string& model, const std::string& actor,
                   const std::function<void(nlohmann::json)>& done) { reload_models(model, actor, done); }};
}

ChildSpecification Node::specify(const std::string& role, const std::string& name) const {
    ChildSpecification child;
    child.role = role;
    child.name = name;
    child.configuration_fd = configuration_fd_.get();
    child.dies_with_parent = role != "listener";
    child.arguments = {options_.daemon_program.string(), "--role", role, "--name", name};
    append_common_arguments(child.arguments, options_);
    return child;
}

ChildSpecification Node::specify_worker(std::size_t model, const std::string& device,
                                        const std::string& name) const {
    auto child = specify("worker", name);
    child.arguments = {options_.worker_program.string(), "--model", std::to_string(model), "--device",
                       device};
    append_common_arguments(child.arguments, options_);
    return child;
}

Status Node::start() {
    if (auto opened = control_.start(); !opened) return opened;
    commits_.submit(
        [retry = configuration_.retry, models = keys_of(configuration_.models),
         destinations = names_of(configuration_.destinations),
         asked = asked_for_commitment(configuration_.destinations), this](Transaction& transaction) {
            take_up_deadlines(transaction, configuration_);
            create_counters(transaction, configuration_);
            recover_jobs(transaction, retry);
            adopt_models(transaction, models);
            expire_stray_deliveries(transaction, destinations);
            forget_commitments(transaction, asked);
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
            start_children();
        });
    wait_for_signals();
    wait_for_hangup();
    keep_watchdog();
    return {};
}

void Node::start_children() {
    reception_.start(specify("listener", "1"));
    engine_.start();
    reports_.start(specify("composer", "1"));
    deliveries_.start([this](const std::string& destination) { return specify("sender", destination); });
    if (configuration_.http.enabled) predictions_.start(specify("http", "1"));
    adoption_.start(specify("scanner", "1"));
    history_.start();
    reports_.pump();
    clock_.start();
    disk_.start();
}

// The deadlines were moved: those who wait for one set their timers anew.
void Node::look_again() {
    analyses_.pump();
    reports_.pump();
    deliveries_.pump();
    status_changed();
}

void Node::wait_for_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        spdlog::info("signal {}: draining", signal);
        begin_drain();
    });
}

// SIGHUP, as daemons take it: what can be changed without a restart is loaded anew.
void Node::wait_for_hangup() {
    hangup_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        reload_models("", "SIGHUP", [](const nlohmann::json&) {});  // the log and the audit trail tell
        wait_for_hangup();
    });
}

void Node::reload_models(const std::string& model, const std::string& actor,
                         const std::function<void(nlohmann::json)>& done) {
    const auto keys = keys_of(configuration_.models);
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (model.empty() || model == keys[i]) wanted.push_back(i);
    if (wanted.empty())
        return done(control_error(
            {"not_found", fmt::format("no configured model's package folder is named '{}'", model)}));
    spdlog::info("{} asks for a reload of {}", actor, model.empty() ? "every model" : model);
    struct Outcomes {
        std::size_t awaited;
        nlohmann::json models = nlohmann::json::array();
    };
    const auto outcomes = std::make_shared<Outcomes>(Outcomes{wanted.size()});
    for (const auto i : wanted)
        engine_.reload(i, actor, [outcomes, done](const ModelReload& reload) {
            outcomes->models.push_back({{"model", reload.model},
                                        {"before", reload.before},
                                        {"after", reload.after},
                                        {"error", reload.error}});
            if (--outcomes->awaited == 0) done({{"ok", {{"models", outcomes->models}}}});
        });
}

void Node::on_model_event(const audit::AuditEvent& event) {
    commits_.submit_until_kept(
        [event](Transaction& transaction) {
            transaction.append_audit(event);
            const auto model = event.detail.at("model_key").get<std::string>();
            create_diagnosis_counters(transaction, model,
                                      event.detail.value("labels", std::vector<std::string>()));
            transaction.count("model_events",
                              {{"model", model}, {"event", event.type.substr(event.type.find('_') + 1)}});
        },
        [](const Result<void>& kept) {
            if (!kept) spdlog::error("cannot audit a model's change: {}", kept.error().message);
        });
}

// Stops taking new work; what is at work may finish within the drain timeout.
void Node::begin_drain() {
    if (draining_) return;
    draining_ = true;
    sd_notify(0, "STOPPING=1");
    analyses_.drain();
    reports_.drain();
    deliveries_.drain();
    adoption_.stop();
    if (was_receiving_) reception_.drain();
    status_changed();
    continue_drain(std::chrono::steady_clock::now() + configuration_.node.drain_timeout);
}

void Node::continue_drain(std::chrono::steady_clock::time_point until) {
    const bool idle = reception_.idle() && analyses_.idle() && reports_.idle() && deliveries_.idle();
    if (idle || std::chrono::steady_clock::now() >= until) {
        if (!idle)
            spdlog::warn(
                "not everything finished within node.drain_timeout; it is taken up at the next start");
        return end_children();
    }
    drain_timer_.expires_after(drain_poll);
    drain_timer_.async_wait([this, until](const boost::system::error_code& error) {
        if (!error) continue_drain(until);
    });
}

void Node::end_children() {
    reception_.stop();
    adoption_.stop();
    engine_.stop();
    if (reports_.started()) reports_.composer().stop();
    deliveries_.stop();
    if (predictions_.http() != nullptr) predictions_.http()->stop();
    wait_for_children(std::chrono::steady_clock::now() + children_end);
}

bool Node::any_child_running() const {
    return reception_.child_running() || adoption_.child_running() || engine_.any_child_running() ||
           deliveries_.any_child_running() || (reports_.started() && reports_.composer().running()) ||
           (predictions_.http() != nullptr && predictions_.http()->running());
}

void Node::wait_for_children(std::chrono::steady_clock::time_point until) {
    // Children that do not end are killed when their owners go.
    if (!any_child_running() || std::chrono::steady_clock::now() >= until) return finish();
    drain_timer_.expires_after(drain_poll);
    drain_timer_.async_wait([this, until](const boost::system::error_code& error) {
        if (!error) wait_for_children(until);
    });
}

void Node::finish() {
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
            if (mark) history_.finish(*mark);
            loop_.stop();
        });
}

bool Node::inferring() const {
    if (!engine_.decoding()) return false;
    for (std::size_t i = 0; i < configuration_.models.size(); ++i)
        if (!engine_.ready(i)) return false;
    return true;
}

NodeStatus Node::status() const {
    NodeStatus status;
    status.receiving = reception_.receiving() && !disk_.refusing();  // what refuses has a port all the same
    status.inferring = inferring();
    status.scp_port = reception_.port();
    status.draining = draining_;
    status.models = engine_.models_status();
    status.destinations = deliveries_.destinations_status();
    status.children = engine_.children_status();
    for (const auto& child : deliveries_.children_status()) status.children.push_back(child);
    if (reception_.started()) status.children.push_back(reception_.listener().status());
    if (const auto scanner = adoption_.child_status()) status.children.push_back(*scanner);
    if (reports_.started()) status.children.push_back(reports_.composer().status());
    if (predictions_.http() != nullptr) status.children.push_back(predictions_.http()->status());
    return status;
}

nlohmann::json Node::live_status() const {
    const auto now_is = status();
    return {
        {"running", true},
        {"node",
         {{"ae_title", configuration_.node.ae_title},
          {"version", HILUM_VERSION},
          {"pid", ::getpid()},
          {"started_at", to_iso8601(started_at_)},
          {"scp_port", now_is.scp_port},
          {"http_port", predictions_.port()}}},
        {"receiving", disk_.refusing() ? nlohmann::json("refusing: disk") : nlohmann::json(now_is.receiving)},
        {"refusing", disk_.refusing() ? "disk" : ""},
        {"inferring", now_is.inferring},
        {"draining", now_is.draining},
        {"adopting", adoption_.waiting()},
        {"destination_states", now_is.destinations},
        {"children", now_is.children},
        {"models", now_is.models}};
}

// Changes come in bursts: one message tells them all.
void Node::status_changed() {
    if (status_pending_) return;
    status_pending_ = true;
    boost::asio::post(loop_, [this] {
        status_pending_ = false;
        tell_status();
    });
}

void Node::tell_status() {
    if (reception_.receiving()) was_receiving_ = true;
    const bool port_never_opened = !was_receiving_ && !draining_ && reception_.cannot_listen();
    if (port_never_opened) {
        spdlog::critical("the DICOM port cannot be opened; ending");
        exit_code_ = 1;
        draining_ = true;
        return end_children();
    }
    predictions_.tell(status());
    tell_systemd_when_ready();
}

void Node::tell_systemd_when_ready() {
    if (told_ready_ || !reception_.receiving()) return;
    told_ready_ = true;
    sd_notify(0, "READY=1");
}

void Node::keep_watchdog() {
    std::uint64_t interval = 0;
    if (sd_watchdog_enabled(0, &interval) <= 0) return;
    sd_notify(0, "WATCHDOG=1");
    watchdog_timer_.expires_after(std::chrono::microseconds(interval / 3));
    watchdog_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) keep_watchdog();
    });
}

}  // namespace

int run_coordinator(const CoordinatorOptions& options) {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);  // until there are models to reload
    raise_open_files_limit();
    ::umask(0027);  // images, results and identifiers are for the daemon's user and its group
    const DataDirectory directory{options.configuration.node.data_dir};
    auto lock = prepare_data_directory(directory);
    if (!lock) {
        spdlog::critical("{}", lock.error().message);
        return 1;
    }
    auto database = Database::open(directory.database(), Database::Access::read_write);
    if (!database) {
        spdlog::critical("{}", database.error().message);
        return 1;
    }
    const auto generation = join_history(*database, directory, now());
    if (!generation) {
        spdlog::critical("{}", generation.error().message);
        return 1;
    }
    auto text = make_memfd("hilum-configuration", std::as_bytes(std::span(options.configuration_text)));
    if (!text) {
        spdlog::critical("{}", text.error().message);
        return 1;
    }
    boost::asio::io_context loop;
    Node node(loop, options, std::move(*text), std::move(*database), generation->id);
    if (auto started = node.start(); !started) {
        spdlog::critical("{}", started.error().message);
        return 1;
    }
    loop.run();
    return node.exit_code();
}

}  // namespace hilum
