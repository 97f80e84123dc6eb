#include "simulation/node_life.h"

#include "pipeline/node.h"
#include "store/data_history.h"
#include "support/known_signing_key.h"

namespace hilum::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration started_again = seconds(2);  // by the system, where it ended by itself

DestinationSettings destination(const std::string& name, bool gives_up_early) {
    DestinationSettings settings;
    settings.name = name;
    settings.ae_title = "PACS";
    settings.host = "192.0.2.9";
    settings.give_up_after = gives_up_early ? Duration(minutes(40)) : Duration(hours(48));
    settings.first_delay = seconds(5);
    settings.longest_delay = minutes(5);
    settings.refused_delay = minutes(10);
    settings.refused_attempts = 3;
    settings.commitment_wait = minutes(20);
    return settings;
}

void retain(const Script& script, RetentionSettings& retention) {
    retention.keep_failed = std::nullopt;
    retention.budget_kind = script.budget > 0 ? BudgetKind::bytes : BudgetKind::none;
    retention.budget = script.budget;
    const auto kept_for = [&](Duration age) { return script.retains ? std::optional(age) : std::nullopt; };
    retention.keep = kept_for(minutes(25));
    retention.keep_priors = kept_for(minutes(10));
    retention.keep_replaced = kept_for(minutes(5));
    retention.keep_captures = kept_for(minutes(3));
}

}  // namespace

Configuration configuration_of(const Script& script, const DataDirectory& directory) {
    Configuration configuration;
    configuration.node.data_dir = directory.root;
    configuration.decoder.processes = 2;
    configuration.composer.processes = script.two_composers ? 2 : 1;
    configuration.retry = {3, seconds(2), minutes(2)};
    configuration.study.close_on_release = script.close_on_release;
    ModelSettings model;
    model.package = "/models/chest";
    model.devices =
        script.two_devices ? std::vector<std::string>{"cpu", "cpu"} : std::vector<std::string>{"cpu"};
    configuration.models.push_back(model);
    if (script.second_model) {
        model.package = "/models/second";
        configuration.models.push_back(model);
    }
    auto pacs = destination("pacs", script.gives_up_early);
    pacs.storage_commitment = true;
    configuration.destinations = {pacs, destination("archive", script.gives_up_early),
                                  destination("viewer", script.gives_up_early)};
    retain(script, configuration.retention);
    configuration.audit.signing.in_reports = true;  // so that reports differ, unless the node remembers
    configuration.destinations[2].reports.sc = false;
    configuration.destinations[2].reports.sr_series_description = "for the viewer";
    return configuration;
}

NodeLife::NodeLife(Scene& scene, Family& family, Configuration configuration)
    : scene_(scene), family_(family), configuration_(std::move(configuration)) {}

NodeLife::~NodeLife() {
    scene_.world.end_life(SimulatedWorld::End::killed, [this] { node_.reset(); });
}

Status NodeLife::open() {
    auto lock = prepare_data_directory(scene_.directory);
    if (!lock) return tl::unexpected(lock.error());
    auto database = Database::open(scene_.directory.database(), Database::Access::read_write);
    if (!database) return tl::unexpected(database.error());
    const auto generation = join_history(scene_.world, *database, scene_.directory);
    if (!generation) return tl::unexpected(generation.error());
    lock_ = std::move(*lock);
    static const auto audit_key = test::known_signing_key();
    node_ = std::make_unique<Node>(
        scene_.world, NodeOptions{configuration_, "", "hilum.yaml", "hilumd", "hilum-worker", audit_key},
        std::move(*database), generation->id);
    return node_->start({.on_receiving = [] {},
                         .on_draining = [] {},
                         .on_finished =
                             [this, life = lives_](const NodeEnd& end) {
                                 scene_.world.after(Duration(0), [this, life, exit_code = end.exit_code] {
                                     if (node_ && life == lives_)
                                         finished(exit_code, draining_ ? down_ : started_again);
                                 });
                             }});
}

void NodeLife::start() {
    if (node_) return;
    ++lives_;
    draining_ = false;
    scene_.last_attempts.clear();
    scene_.tell("the node starts, life {}", lives_);
    if (const auto opened = open(); !opened) {
        scene_.tell("it cannot: {}", opened.error().code);
        scene_.demand(scene_.disk.ill(), "a restart continues", "{}", opened.error().message);
        scene_.world.end_life(SimulatedWorld::End::killed, [this] { node_.reset(); });
        family_.node_died(Death::killed);
        lock_.reset();
        start_after(started_again);
    }
}

void NodeLife::start_after(Duration wait) {
    if (std::exchange(starting_, true)) return;
    scene_.world.after(wait, [this] {
        starting_ = false;
        start();
    });
}

void NodeLife::die(Death death, Duration down) {
    scene_.tell("the node dies, {}", death == Death::killed ? "killed" : "the power is cut");
    scene_.disk.spare();
    scene_.world.end_life(SimulatedWorld::End::killed, [this] { node_.reset(); });
    family_.node_died(death);
    lock_.reset();
    start_after(down);
}

void NodeLife::restart(Duration down) {
    if (!node_ || std::exchange(draining_, true)) return;
    scene_.tell("the node is told to end");
    down_ = down;
    node_->drain();
}

void NodeLife::finished(int exit_code, Duration down) {
    scene_.tell("the node has ended, {}", exit_code);
    scene_.world.end_life(SimulatedWorld::End::in_order, [this] { node_.reset(); });
    family_.node_died(Death::killed);
    lock_.reset();
    start_after(down);
}

void NodeLife::ask(nlohmann::json request, std::function<void(const nlohmann::json&)> answered,
                   std::function<bool()> wanted) {
    const auto again = [this, request, answered, wanted, asking = asking_] {
        if (asking == asking_ && wanted()) ask(request, answered, wanted);
    };
    if (!node_ || draining_) return scene_.world.after(seconds(3), again);
    struct Asked {
        bool done = false;
    };
    const auto asked = std::make_shared<Asked>();
    node_->handle_request(Packet(request), "operator uid 0", [asked, answered](const nlohmann::json& answer) {
        if (std::exchange(asked->done, true)) return;
        answered(answer);
    });
    scene_.world.after(minutes(1), [asked, again] {
        if (!std::exchange(asked->done, true)) again();
    });
}

}  // namespace hilum::simulation
