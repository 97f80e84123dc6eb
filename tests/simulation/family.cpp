#include "simulation/family.h"

#include <algorithm>
#include <set>

#include "simulation/children/composer.h"
#include "simulation/children/decoder.h"
#include "simulation/children/listener.h"
#include "simulation/children/others.h"
#include "simulation/children/receiver.h"
#include "simulation/children/sender.h"
#include "simulation/children/worker.h"

namespace hilum::simulation {
namespace {

// The argument after `option`; empty where there is none.
std::string argument(const SpawnOptions& options, std::string_view option) {
    const auto found = std::ranges::find(options.arguments, option);
    return found == options.arguments.end() || found + 1 == options.arguments.end() ? std::string()
                                                                                    : *(found + 1);
}

}  // namespace

std::unique_ptr<Child> Family::make(const std::string& role, Child::Birth birth) {
    if (role == "listener") return std::make_unique<Listener>(scene_, std::move(birth));
    if (role == "decoder") return std::make_unique<Decoder>(scene_, std::move(birth));
    if (role == "worker") return std::make_unique<Worker>(scene_, std::move(birth));
    if (role == "composer") return std::make_unique<Composer>(scene_, std::move(birth));
    if (role == "sender") return std::make_unique<Sender>(scene_, std::move(birth));
    if (role == "scanner") return std::make_unique<Scanner>(scene_, std::move(birth));
    return std::make_unique<Http>(scene_, std::move(birth));
}

bool Family::begin(pid_t pid, const SpawnOptions& options, UniqueFd channel) {
    if (scene_.random.chance(scene_.weather.fork_fails)) return false;
    const auto model = argument(options, "--model");
    const auto role = model.empty() ? argument(options, "--role") : "worker";
    const auto name = model.empty() ? argument(options, "--name") : "model" + model;
    scene_.tell("{} {} is started", role, name);
    auto child = make(role, {pid, role, name, Channel(std::move(channel))});
    child->begin();
    children_[pid] = std::move(child);
    sweep();
    return true;
}

void Family::kill(pid_t pid) {
    if (const auto found = children_.find(pid); found != children_.end()) found->second->end(killed_status);
    sweep();
}

bool Family::beats(pid_t pid) {
    const auto found = children_.find(pid);
    return found == children_.end() || !found->second->stopped();
}

// Later, since one of them may be at work.
void Family::sweep() {
    if (std::exchange(sweeping_, true)) return;
    scene_.world.after(std::chrono::seconds(1), [this] {
        sweeping_ = false;
        std::erase_if(children_, [](const auto& entry) { return !entry.second->running(); });
    });
}

bool Family::connect(std::vector<Image> images) {
    for (auto& [pid, child] : children_) {
        auto* listener = dynamic_cast<Listener*>(child.get());
        if (listener == nullptr || !listener->listens()) continue;
        const auto receiver = scene_.world.next_pid();
        auto channel = listener->connect(receiver);
        if (!channel) return false;
        auto made = std::make_unique<Receiver>(
            scene_, Child::Birth{receiver, "receiver", std::to_string(receiver), std::move(*channel)},
            std::move(images));
        made->begin();
        children_[receiver] = std::move(made);
        sweep();
        return true;
    }
    return false;
}

void Family::node_died(Death death) {
    for (auto& [pid, child] : children_) {
        const bool ends_by_itself = child->role() == "listener" || child->role() == "receiver";
        const bool follows = !ends_by_itself || child->stopped();
        if (death == Death::power_cut && child->running()) child->power_cut();
        if (death == Death::power_cut || follows) child->end(killed_status);
    }
    sweep();
}

void Family::predict(const std::string& file) {
    for (auto& [pid, child] : children_)
        if (auto* http = dynamic_cast<Http*>(child.get()); http != nullptr && http->running())
            http->predict(file);
}

void Family::befall(Mishap mishap, const std::string& role, std::int64_t nth, Duration time) {
    std::vector<Child*> candidates;
    for (auto& [pid, child] : children_)
        if (child->role() == role && child->running()) candidates.push_back(child.get());
    if (candidates.empty()) return;
    auto& child = *candidates[static_cast<std::size_t>(nth) % candidates.size()];
    if (mishap == Mishap::stopped) return child.stop_for(time);
    child.end(killed_status);
    sweep();
}

void Family::check_claims() const {
    std::set<std::string> at_work;
    std::set<std::string> composed;
    for (const auto& [pid, child] : children_) {
        const auto* composer = dynamic_cast<const Composer*>(child.get());
        if (composer != nullptr && composer->running() && !composer->at_work().empty())
            scene_.demand(composed.insert(composer->at_work()).second, "a claim is held by one",
                          "two composers are at work on {}", composer->at_work());
        const auto* decoder = dynamic_cast<const Decoder*>(child.get());
        if (decoder == nullptr || !decoder->running() || decoder->at_work().empty()) continue;
        scene_.demand(at_work.insert(decoder->at_work()).second, "a claim is held by one",
                      "two decoders are at work on {}", decoder->at_work());
    }
}

}  // namespace hilum::simulation
