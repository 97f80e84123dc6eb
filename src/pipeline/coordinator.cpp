#include "pipeline/coordinator.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/confinement/confinement.h"
#include "base/local/service_manager.h"
#include "base/logging.h"
#include "base/process.h"
#include "pipeline/asio_world.h"
#include "pipeline/node.h"
#include "store/data_directory.h"
#include "store/data_history.h"
#include "store/recovery/opening.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

constexpr std::chrono::minutes longest_recovery(60);

// Waits for a service manager that is slow, and goes on without one that hangs. Whether it was told.
bool tell(const std::string& state) {
    const auto told = tell_service_manager(state, std::chrono::seconds(5));
    if (!told) spdlog::warn("{}: {}", told.error().message, state);
    return told.has_value();
}

// It waits so long for the start to end.
void tell_of_delay(Duration delay, const std::string& status) {
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(delay).count();
    tell(fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS={}", time, loggable(status)));
}

// The signals that the node obeys.
class Signals {
  public:
    Signals(boost::asio::io_context& loop, Node& node)
        : node_(node), end_(loop, SIGTERM, SIGINT), hangup_(loop, SIGHUP) {}

    void obey() {
        end_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            spdlog::info("signal {}: draining", signal);
            node_.drain();
        });
        wait_for_hangup();
    }

  private:
    // SIGHUP, as daemons take it: what can be changed without a restart is loaded anew.
    void wait_for_hangup() {
        hangup_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            node_.reload_models("SIGHUP");
            wait_for_hangup();
        });
    }

    Node& node_;
    boost::asio::signal_set end_, hangup_;
};

// Tells systemd, where the unit asks for it, that the loop turns and the node lives. It restarts the service
// where it was not told for the unit's WatchdogSec.
class Watchdog {
  public:
    Watchdog(World& world, Node& node) : node_(node), timer_(world.make_timer()) {}

    void keep() {
        std::uint64_t interval = 0;
        if (sd_watchdog_enabled(0, &interval) <= 0) return;
        if (node_.lives())
            pat();
        else
            spdlog::error(
                "the commit thread or the listener does not go on; where that lasts, the watchdog "
                "of systemd restarts the node");
        timer_->start(std::chrono::microseconds(interval / 4), [this] { keep(); });
    }
    void receiving() { owes_ready_ = !tell(ready); }

  private:
    // One that is full already need not be told once more.
    void pat() {
        const auto told =
            tell_service_manager(owes_ready_ ? std::string(ready) + "\nWATCHDOG=1" : "WATCHDOG=1");
        if (!told && was_told_) spdlog::warn("{}; the node goes on", told.error().message);
        was_told_ = told.has_value();
        if (told) owes_ready_ = false;
    }

    static constexpr const char* ready = "READY=1\nSTATUS=";
    Node& node_;
    std::unique_ptr<Timer> timer_;
    bool was_told_ = true;
    bool owes_ready_ = false;  // a manager that hung when the node was ready: it would end the start
};

// Until the node has finished. One that cannot be started has committed nothing.
NodeEnd run(boost::asio::io_context& loop, World& world, Node& node) {
    NodeEnd end;
    Watchdog watchdog(world, node);
    auto started = node.start({.on_receiving = [&watchdog] { watchdog.receiving(); },
                               .on_draining = [] { tell("STOPPING=1"); },
                               .on_finished =
                                   [&](const NodeEnd& reached) {
                                       end = reached;
                                       loop.stop();
                                   }});
    if (!started) {
        spdlog::critical("{}", started.error().message);
        return {1, true};
    }
    Signals signals(loop, node);
    signals.obey();
    watchdog.keep();
    loop.run();
    return end;
}

// What `open` returns, once the node has what it needs for it: a start that fails again every few seconds
// mends no disk, and fills the log. SIGTERM ends the wait.
template <typename Open>
auto once_mended(Open open) -> decltype(open()) {
    constexpr RetryPolicy policy{std::chrono::seconds(1), std::chrono::seconds(30)};
    for (int tries = 1;; ++tries) {
        auto opened = open();
        if (opened || opened.error().retry != Retry::once_mended) return opened;
        const auto delay = policy.delay_after(tries);
        const auto& why = opened.error().message;
        spdlog::critical("{}; the start goes on once that is mended, next try in {}", why,
                         format_duration(delay));
        constexpr Duration margin = std::chrono::minutes(5);  // for the try itself
        tell_of_delay(delay + margin, "waits: " + why);
        std::this_thread::sleep_for(delay);
    }
}

// The database is closed when it returns.
Result<NodeEnd> run_with(const NodeOptions& options, const DataDirectory& directory, Database database) {
    boost::asio::io_context loop;
    AsioWorld world(loop);
    bool failed = false;
    const auto generation = once_mended([&]() -> Result<Generation> {
        // What failed in the middle of a transaction goes on with a connection of its own, once there is one.
        if (failed)
            if (auto opened = database.reopen(); !opened) return tl::unexpected(opened.error());
        auto joined = join_history(world, database, directory);
        failed = !joined;
        return joined;
    });
    if (!generation) return tl::unexpected(generation.error());
    Node node(world, options, std::move(database), generation->id);
    return run(loop, world, node);
}

Result<int> open_and_run(const NodeOptions& options) {
    const DataDirectory directory{options.configuration.node.data_dir};
    const auto lock = once_mended([&] { return prepare_data_directory(directory); });
    if (!lock) return tl::unexpected(lock.error());
    const auto ended = once_mended([&] { return take_clean_end(directory); });
    if (!ended) return tl::unexpected(ended.error());
    // To check a large database takes its time, and to copy one that is damaged.
    tell_of_delay(longest_recovery, "checks the database");
    auto opened = once_mended([&] { return open_database(directory, *ended, now()); });
    if (!opened) return tl::unexpected(opened.error());
    const auto end = run_with(options, directory, std::move(opened->database));
    if (!end) return tl::unexpected(end.error());
    if (end->in_order)
        if (const auto kept = keep_clean_end(directory); !kept) spdlog::warn("{}", kept.error().message);
    return end->exit_code;
}

}  // namespace

int run_coordinator(NodeOptions options) {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);  // until there are models to reload
    raise_open_files_limit();
    auto audit_key = once_mended([&] { return audit_key_of(options.configuration.audit.signing); });
    if (!audit_key) {
        spdlog::critical("audit.sign.key: {}", audit_key.error().message);
        return 1;
    }
    options.audit_key = std::move(*audit_key);
    // Its children inherit it. What of it this kernel lacks is told and no error.
    if (const auto confined = once_mended([] { return confine(Role::coordinator, {}, -1); }); !confined) {
        spdlog::critical("cannot confine the node: {}", confined.error().message);
        return 1;
    }
    spdlog::info("confinement: {}", support_text(confinement_support()));
    ::umask(0027);  // images, results and identifiers are for the daemon's user and its group
    const auto exit_code = open_and_run(options);
    if (exit_code) return *exit_code;
    spdlog::critical("{}", exit_code.error().message);
    return 1;
}

}  // namespace hilum
