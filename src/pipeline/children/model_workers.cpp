#include "pipeline/children/model_workers.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/logging.h"
#include "pipeline/wake_up.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

constexpr RetryPolicy unproved_again{std::chrono::seconds(1), std::chrono::minutes(1)};
constexpr int most_failed_proofs = 3;

std::int64_t next_number() {
    static std::int64_t last = 0;  // the coordinator has one thread for this
    return ++last;
}

bool same_package(const WorkerReady& a, const WorkerReady& b) {
    return a.package_sha256 == b.package_sha256 && a.model == b.model;
}

bool contains(const std::list<ModelWorker>& workers, std::int64_t number) {
    return std::ranges::find(workers, number, &ModelWorker::number) != workers.end();
}

}  // namespace

ModelWorkers::ModelWorkers(World& world, const ModelSettings& settings, std::size_t model,
                           const ChildPrograms& programs, Owner& owner)
    : world_(world),
      settings_(settings),
      model_(model),
      key_(model_key(settings)),
      programs_(programs),
      owner_(owner),
      reload_timer_(world.make_timer()),
      proof_timer_(world.make_timer()) {}

void ModelWorkers::start() {
    for (std::size_t slot = 0; slot < settings_.devices.size(); ++slot) add(serving_, slot).child->start();
    if (settings_.golden_every) prove_again_after(*settings_.golden_every);
}

void ModelWorkers::stop() {
    stopping_ = true;
    reload_timer_->cancel();
    proof_timer_->cancel();
    if (reloaded_) end_reload("the node is being stopped");
    for (auto* workers : {&serving_, &candidates_, &retiring_})
        for (auto& worker : *workers) worker.child->stop();
}

ModelWorker& ModelWorkers::add(Workers& workers, std::size_t slot) {
    auto& worker = workers.emplace_back(world_, settings_.timeout);
    worker.number = next_number();
    worker.model = model_;
    const auto number = worker.number;
    const auto name = settings_.devices.size() == 1 ? key_ : fmt::format("{}/{}", key_, slot);
    worker.child = std::make_unique<SupervisedChild>(
        world_, programs_.worker(model_, settings_.devices[slot], name),
        SupervisedChild::Callbacks{
            [this, number](Message message) { on_message(number, std::move(message)); },
            [this, number](const std::string& how) { on_ended(number, how); },
            [this] { owner_.model_changed(); }});
    return worker;
}

// ---- what the processes tell ----

void ModelWorkers::on_message(std::int64_t number, Message message) {
    auto* worker = find(number);
    if (worker == nullptr) return;
    if (const auto failed = from_packet<WorkerFailed>(message)) {
        worker->error = failed->error.message;
        spdlog::error("model {}: {}", key_, worker->error);
        return owner_.model_changed();
    }
    auto ready = from_packet<WorkerReady>(message);
    if (!ready && !worker->ready) return;  // it was rejected: nothing that it still says counts
    if (!ready) return on_reply(*worker, std::move(message));
    if (worker->ready || message.fds.size() != 1 + ready->golden.size() || ready->batch_size < 1) {
        spdlog::error("worker {}: malformed announcement", worker->child->name());
        return worker->child->kill();
    }
    on_loaded(*worker, std::move(*ready), std::move(message.fds));
}

void ModelWorkers::on_loaded(ModelWorker& worker, WorkerReady ready, std::vector<UniqueFd> fds) {
    worker.ready = std::move(ready);
    worker.model_yaml = std::move(fds.front());
    fds.erase(fds.begin());
    worker.golden_inputs = std::move(fds);
    if (!differs_from_others(worker)) return proofs_.start(prove(worker.number));
    // Two versions must not serve side by side.
    if (is_candidate(worker)) return end_reload("the package was changed while it was being loaded");
    worker.error = "the package was changed since the other workers loaded it; run `hilum model reload`";
    worker.ready.reset();  // what it loaded is nothing that others are to be compared with
    spdlog::error("worker {}: {}", worker.child->name(), worker.error);
    owner_.model_changed();
}

bool ModelWorkers::differs_from_others(const ModelWorker& worker) const {
    const auto& others = is_candidate(worker) ? candidates_ : serving_;
    return std::ranges::any_of(others, [&worker](const ModelWorker& other) {
        return other.ready && !same_package(*other.ready, *worker.ready);
    });
}

void ModelWorkers::on_ended(std::int64_t number, const std::string& how) {
    auto* worker = find(number);
    if (worker == nullptr) return;
    if (worker->ready) worker->error = how;
    worker->ready.reset();
    worker->proved = false;
    worker->unproved = worker->failed_proofs = 0;
    ++worker->life;
    worker->golden_inputs.clear();
    worker->fail_asked(how);
    if (is_candidate(*worker)) return end_reload(worker->error.empty() ? how : worker->error);
    if (!contains(retiring_, number)) return;  // it is started again
    worker->child->stop();
    forget_later(number);
}

// Not at once: its SupervisedChild is still at work when it tells of its end.
void ModelWorkers::forget_later(std::int64_t number) {
    world_.post([this, number] {
        retiring_.remove_if([number](const ModelWorker& worker) { return worker.number == number; });
    });
}

// ---- what they are asked ----

Task<Result<InferAnswer>> ModelWorkers::infer(ModelWorker& worker, InferRequest request, int tensor) {
    Arrival<Result<InferAnswer>> answer;
    worker.ask(request, tensor, answer.bring());
    co_return co_await answer;
}

void ModelWorkers::on_reply(ModelWorker& worker, Message message) {
    auto reply = from_packet<InferReply>(message);
    const auto answered = reply ? worker.answered(reply->job) : std::nullopt;
    if (!answered) {
        spdlog::error("worker {}: {}", worker.child->name(),
                      reply ? "answered a request that it was not given" : reply.error().message);
        return worker.child->kill();
    }
    InferAnswer answer{std::move(*reply), UniqueFd()};
    if (!message.fds.empty()) answer.maps = std::move(message.fds.front());
    if (contains(retiring_, worker.number)) end_if_idle(worker);
    (*answered)(std::move(answer));
}

// ---- golden cases ----

// One case after another, so that the images of the day go on between them.
Task<void> ModelWorkers::prove(std::int64_t number) {
    auto* worker = find(number);
    const int life = worker->life;
    for (std::size_t index = 0; index < worker->golden_inputs.size(); ++index) {
        const Status outcome = co_await owner_.run_golden(*worker, index);
        worker = proving(number, life);
        if (worker == nullptr) co_return;
        if (!outcome) co_return on_golden_failure(*worker, outcome.error());
    }
    on_proved(*worker);
}

// What would fail again is a verdict on the package, and what has failed several times though the node lacked
// nothing (a case of which the decoder dies). What may pass says nothing of it.
void ModelWorkers::on_golden_failure(ModelWorker& worker, const Error& error) {
    const bool counts = error.retry == Retry::later && !worker.proved;
    if (error.retry == Retry::never || (counts && ++worker.failed_proofs >= most_failed_proofs))
        return reject(worker, error.message);
    const auto why = "its golden cases could not be run and are tried again: " + error.message;
    spdlog::warn("model {}: {}", key_, why);
    if (worker.proved) return prove_again_after(unproved_again.longest_delay);
    worker.error = why;
    const auto wait = unproved_again.delay_after(++worker.unproved, world_.random());
    wake_up_after(*worker.proof_timer, wait, [this, number = worker.number, life = worker.life] {
        if (!stopping_ && proving(number, life) != nullptr) proofs_.start(prove(number));
    });
    owner_.model_changed();
}

// Its process is started again and has to prove itself anew: what a restart mends was not the package.
void ModelWorkers::reject(ModelWorker& worker, const std::string& why) {
    spdlog::error("model {} does not say what it should: {}", key_, why);
    auto event = event_of("model_golden_failed", &worker);
    event.outcome = "failure";
    event.detail["error"] = why;
    worker.error = why;
    worker.ready.reset();
    worker.proved = false;
    owner_.model_event(event);
    worker.child->kill();
    owner_.model_changed();
}

void ModelWorkers::on_proved(ModelWorker& worker) {
    if (worker.proved) {  // again, as every day
        spdlog::info("model {}: its {} golden cases came out right", key_, worker.golden_inputs.size());
        return owner_.model_event(event_of("model_golden_passed", &worker));
    }
    worker.proved = true;
    worker.error.clear();
    worker.child->prosper();
    if (!is_candidate(worker)) return take_up(worker);
    if (std::ranges::all_of(candidates_, &ModelWorker::proved)) swap();
}

void ModelWorkers::take_up(ModelWorker& worker) {
    const auto& ready = *worker.ready;
    spdlog::info("model {} {} is ready on {}, {} golden cases right", loggable(ready.model.name),
                 loggable(ready.model.version), ready.device, ready.golden.size());
    owner_.model_event(event_of("model_loaded", &worker));
    owner_.model_changed();
    owner_.model_serves();
}

void ModelWorkers::prove_again_after(Duration wait) {
    if (stopping_) return;
    wake_up_after(*proof_timer_, wait, [this] {
        for (auto& worker : serving_)
            if (worker.serves()) proofs_.start(prove(worker.number));
        if (settings_.golden_every) prove_again_after(*settings_.golden_every);
    });
}

// ---- reload ----

void ModelWorkers::reload(const std::string& actor, Reloaded done) {
    const auto* serving = any_serving();
    const std::string serves = serving != nullptr ? serving->ready->model.version : "";
    if (reloaded_ || stopping_) {
        ModelReload outcome{key_, stopping_ ? "the node is being stopped" : "it is being reloaded already",
                            serves, ""};
        return world_.post([done = std::move(done), outcome] { done(outcome); });
    }
    reloaded_ = std::move(done);
    actor_ = actor;
    before_ = serves;
    spdlog::info("model {}: loading {} beside what serves", key_, settings_.package.string());
    for (std::size_t slot = 0; slot < settings_.devices.size(); ++slot) add(candidates_, slot);
    wake_up_after(*reload_timer_, longest_reload, [this] {
        const auto unready = std::ranges::find(candidates_, false, &ModelWorker::proved);
        end_reload(fmt::format("it was not ready within {}{}{}", format_duration(longest_reload),
                               unready->error.empty() ? "" : ": ", unready->error));
    });
    for (auto& candidate : candidates_) candidate.child->start();
    owner_.model_changed();
}

bool ModelWorkers::is_candidate(const ModelWorker& worker) const {
    return contains(candidates_, worker.number);
}

void ModelWorkers::swap() {
    retire(serving_);
    serving_.splice(serving_.end(), candidates_);
    for (auto& worker : serving_) take_up(worker);
    end_reload("");
}

void ModelWorkers::end_reload(const std::string& error) {
    if (!reloaded_) return;
    reload_timer_->cancel();
    const auto* serving = any_serving();
    ModelReload outcome{key_, error, before_, ""};
    auto event = event_of(error.empty() ? "model_reloaded" : "model_reload_failed", serving);
    event.actor = actor_;
    if (error.empty()) {
        outcome.after = serving->ready->model.version;
        event.detail["before"] = before_;
    } else {
        spdlog::error("model {} was not reloaded: {}", key_, error);
        event.outcome = "failure";
        event.detail["error"] = error;
    }
    retire(candidates_);
    owner_.model_event(event);
    owner_.model_changed();
    std::exchange(reloaded_, nullptr)(std::move(outcome));
}

// They finish what they work on. Those that never served are ended.
void ModelWorkers::retire(Workers& workers) {
    std::vector<std::int64_t> numbers;
    for (auto& worker : workers) numbers.push_back(worker.number);
    retiring_.splice(retiring_.end(), workers);
    for (const auto number : numbers) {
        auto* worker = find(number);
        if (!worker->serves()) worker->child->kill();
        if (!worker->child->running()) forget_later(number);
        end_if_idle(*worker);
    }
}

void ModelWorkers::end_if_idle(ModelWorker& worker) {
    if (worker.promised == 0) worker.child->stop();
}

// ---- who is there ----

ModelWorker* ModelWorkers::find(std::int64_t number) {
    for (auto* workers : {&serving_, &candidates_, &retiring_})
        for (auto& worker : *workers)
            if (worker.number == number) return &worker;
    return nullptr;
}

const ModelWorker* ModelWorkers::any_serving() const {
    const auto found = std::find_if(serving_.begin(), serving_.end(),
                                    [](const ModelWorker& worker) { return worker.serves(); });
    return found == serving_.end() ? nullptr : &*found;
}

std::size_t ModelWorkers::batch_sizes() const {
    std::size_t all = 0;
    for (const auto& worker : serving_)
        if (worker.serves()) all += static_cast<std::size_t>(worker.ready->batch_size);
    return all;
}

ModelWorker* ModelWorkers::with_room(const std::string& package_sha256) {
    ModelWorker* best = nullptr;
    for (auto& worker : serving_) {
        if (!worker.serves() || worker.ready->package_sha256 != package_sha256 || !worker.has_room())
            continue;
        if (best == nullptr || worker.promised < best->promised) best = &worker;
    }
    return best;
}

ModelWorker* ModelWorkers::proving(std::int64_t number, int life) {
    auto* worker = contains(retiring_, number) ? nullptr : find(number);
    return worker != nullptr && worker->ready && worker->life == life ? worker : nullptr;
}

bool ModelWorkers::any_child_running() const {
    for (const auto* workers : {&serving_, &candidates_, &retiring_})
        for (const auto& worker : *workers)
            if (worker.child->running()) return true;
    return false;
}

void ModelWorkers::append_children_status(std::vector<ChildStatus>& all) const {
    // One line for each device: those that come and go during a reload are told by status().
    for (const auto& worker : serving_) all.push_back(worker.child->status());
}

ModelStatus ModelWorkers::status() const {
    const auto* serving = any_serving();
    std::string error, devices;
    bool proving = false;
    for (const auto& worker : serving_) {
        if (error.empty()) error = worker.error;
        proving = proving || (worker.ready && !worker.proved);
        if (worker.serves()) devices += (devices.empty() ? "" : ", ") + worker.ready->device;
    }
    ModelStatus one;
    one.package = settings_.package.filename().string();
    one.mode = settings_.mode;
    one.state = serving != nullptr         ? ModelState::ready
                : error.empty() || proving ? ModelState::loading
                                           : ModelState::failed;
    one.reloading = reloaded_ != nullptr;
    one.error = error;
    if (serving == nullptr) return one;
    const auto& ready = *serving->ready;
    one.serving = ServingModel{ready.model.name, ready.model.version, ready.model.sha256,
                               devices,          ready.batch_size,    static_cast<int>(ready.golden.size())};
    return one;
}

audit::AuditEvent ModelWorkers::event_of(const char* type, const ModelWorker* worker) const {
    audit::AuditEvent event;
    event.type = type;
    event.actor = "hilum";
    event.detail["model_key"] = key_;
    if (worker == nullptr || !worker->ready) return event;
    event.detail["model"] = worker->ready->model;
    event.detail["device"] = worker->ready->device;
    event.detail["golden_cases"] = worker->ready->golden.size();
    event.detail["diagnoses"] = worker->ready->diagnoses;
    return event;
}

}  // namespace hilum
