#include "pipeline/children/analysis_engine.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "base/logging.h"

namespace hilum {
namespace {

constexpr int longest_display_side = 4096;

int decoder_count(const DecoderSettings& settings) {
    if (settings.processes > 0) return settings.processes;
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 4);
}

// The display image serves every destination: the longest side that one of them asks for.
int display_long_side(const Configuration& configuration) {
    int side = ReportSettings{}.sc_long_side;
    for (const auto& destination : configuration.destinations)
        side = std::max(side, destination.reports.sc_long_side);
    return std::min(side, longest_display_side);
}

}  // namespace

AnalysisEngine::AnalysisEngine(World& world, const Configuration& configuration,
                               const ChildPrograms& programs, Owner& owner)
    : world_(world),
      configuration_(configuration),
      programs_(programs),
      owner_(owner),
      decoders_(static_cast<std::size_t>(decoder_count(configuration.decoder))),
      deadline_timer_(world.make_timer()) {
    ModelWorkers::Owner& models_owner = *this;
    for (std::size_t i = 0; i < configuration.models.size(); ++i)
        models_.push_back(std::make_unique<ModelWorkers>(world, configuration.models[i], i, models_owner));
}

AnalysisEngine::~AnalysisEngine() = default;

void AnalysisEngine::start() {
    for (std::size_t i = 0; i < decoders_.size(); ++i) make_decoder(decoders_[i], static_cast<int>(i + 1));
    for (auto& model : models_) model->start();
    watch_deadlines();
}

void AnalysisEngine::make_decoder(Decoder& decoder, int number) {
    decoder.child = std::make_unique<SupervisedChild>(
        world_, programs_.child("decoder", std::to_string(number)),
        SupervisedChild::Callbacks{
            [this, &decoder](Message message) { on_decoder_message(decoder, std::move(message)); },
            [this, &decoder](const std::string& how) {
                decoder.task = 0;
                fail_tasks([&](const InFlight& task) { return task.child == decoder.child.get(); }, how);
            },
            [this] {
                owner_.child_changed();
                pump();
            }});
    decoder.child->start();
}

void AnalysisEngine::stop() {
    deadline_timer_->cancel();
    for (auto& decoder : decoders_)
        if (decoder.child) decoder.child->stop();
    for (auto& model : models_) model->stop();
}

bool AnalysisEngine::any_child_running() const {
    return std::any_of(decoders_.begin(), decoders_.end(),
                       [](const Decoder& one) { return one.child && one.child->running(); }) ||
           std::any_of(models_.begin(), models_.end(),
                       [](const auto& model) { return model->any_child_running(); });
}

bool AnalysisEngine::decoding() const {
    return std::any_of(decoders_.begin(), decoders_.end(), [](const Decoder& decoder) {
        return decoder.child && decoder.child->running() && !decoder.child->silent();
    });
}

bool AnalysisEngine::can_take(std::size_t model) const {
    if (!ready(model)) return false;
    const auto wanted = decoders_.size() + 2 * models_[model]->batch_sizes();
    const auto count = std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
        const InFlight& task = entry.second;
        return task.task.model == model && !task.task.urgent && !task.golden;
    });
    return static_cast<std::size_t>(count) < wanted;
}

void AnalysisEngine::submit(AnalysisTask task) {
    const std::int64_t id = task.urgent ? next_urgent_++ : next_++;
    tasks_[id].task = std::move(task);
    pump();
}

// ---- what the models' workers tell ----

ChildSpecification AnalysisEngine::specify_worker(std::size_t model, const std::string& device,
                                                  const std::string& name) {
    return programs_.worker(model, device, name);
}

void AnalysisEngine::worker_gone(ModelWorker& worker, const std::string& how) {
    const auto is_its = [&](const InFlight& task) {
        return task.child == worker.child.get() || (task.golden && task.golden->worker == worker.number);
    };
    fail_tasks(is_its, how);
}

void AnalysisEngine::model_serves() {
    pump();
    owner_.capacity_came();
}

// ---- through a decoder, then through a worker ----

// Moves every task on as far as idle children allow. A child that breaks on the way fails its tasks later, by
// its end; so nothing here removes a task.
void AnalysisEngine::pump() {
    for (auto& [id, task] : tasks_)
        if (task.stage == Stage::waiting_for_worker) give_to_worker(id, task);
    // Every second decoder's turn belongs to what does not wait for somebody, so that predictions over HTTP,
    // however many, do not hold up the PACS.
    for (auto& [id, task] : tasks_) {
        if (!can_decode(task)) continue;
        if (task.task.urgent && urgent_had_last_turn_ && somebody_waits_behind()) continue;
        if (!give_to_decoder(id, task)) break;
        urgent_had_last_turn_ = task.task.urgent;
    }
}

bool AnalysisEngine::can_decode(const InFlight& task) const {
    return task.stage == Stage::waiting_for_decoder && worker_to_decode_for(task) != nullptr;
}

bool AnalysisEngine::somebody_waits_behind() const {
    return std::any_of(tasks_.begin(), tasks_.end(), [this](const auto& entry) {
        const InFlight& task = entry.second;
        return !task.task.urgent && can_decode(task);
    });
}

// Whose package the image is prepared for.
const ModelWorker* AnalysisEngine::worker_to_decode_for(const InFlight& task) const {
    auto& model = *models_[task.task.model];
    if (!task.golden) return model.any_serving();
    const auto* worker = model.find(task.golden->worker);
    return worker != nullptr && worker->ready ? worker : nullptr;
}

bool AnalysisEngine::give_to_decoder(std::int64_t id, InFlight& task) {
    const auto idle = std::find_if(decoders_.begin(), decoders_.end(), [](const Decoder& decoder) {
        return decoder.task == 0 && decoder.child && decoder.child->running();
    });
    if (idle == decoders_.end()) return false;
    const auto& worker = *worker_to_decode_for(task);
    task.package_sha256 = worker.ready->package_sha256;
    task.identity = worker.ready->model;
    const DecodeRequest request{id,
                                configuration_.models[task.task.model].package.string(),
                                task.package_sha256,
                                display_long_side(configuration_),
                                task.golden.has_value(),
                                task.task.frame};
    const int fds[] = {task.task.file.get(), worker.model_yaml.get()};
    if (!idle->child->send(to_packet(request), fds)) return false;
    idle->task = id;
    task.stage = Stage::decoding;
    task.child = idle->child.get();
    task.deadline = world_.monotonic() + configuration_.decoder.timeout;
    return true;
}

void AnalysisEngine::give_to_worker(std::int64_t id, InFlight& task) {
    auto& model = *models_[task.task.model];
    auto* worker = task.golden ? model.find(task.golden->worker) : model.with_room(task.package_sha256);
    if (worker == nullptr || !worker->ready) {
        const auto* serving = model.any_serving();
        if (task.golden || serving == nullptr || serving->ready->package_sha256 == task.package_sha256)
            return;
        // It was decoded for a package that serves no more.
        task.tensor.reset();
        task.display.reset();
        task.stage = Stage::waiting_for_decoder;
        return;
    }
    const InferRequest request{id, task.decoded.shape,
                               task.golden ? static_cast<int>(task.golden->index) : -1};
    const int fds[] = {task.tensor.get()};
    if (!worker->child->send(to_packet(request), fds)) return;
    ++worker->inferring;
    task.stage = Stage::inferring;
    task.child = worker->child.get();
    task.deadline = world_.monotonic() + configuration_.models[task.task.model].timeout;
}

Task<Status> AnalysisEngine::run_golden(ModelWorker& worker, std::size_t index) {
    const auto name = worker.ready->golden[index];
    Arrival<AnalysisAnswer> arrival;
    InFlight golden;
    golden.golden = Golden{worker.number, index};
    golden.task.model = worker.model;
    golden.task.file = UniqueFd(::fcntl(worker.golden_inputs[index].get(), F_DUPFD_CLOEXEC, 0));
    golden.task.done = arrival.bring();
    tasks_[next_++] = std::move(golden);
    pump();
    const auto answer = co_await arrival;
    if (const auto* failure = std::get_if<AnalysisFailure>(&answer)) co_return tl::unexpected(failure->error);
    if (const auto* refused = std::get_if<Refused>(&answer))
        co_return fail("golden_input", "golden case {}: {}", name, refused->reason.message);
    co_return Status();
}

void AnalysisEngine::on_decoder_message(Decoder& decoder, Message message) {
    auto reply = from_packet<DecodeReply>(message);
    if (!reply || reply->job != decoder.task) {
        spdlog::error("decoder: {}", reply ? "answered another request" : reply.error().message);
        decoder.child->kill();
        return;
    }
    decoder.child->prosper();
    const auto id = std::exchange(decoder.task, 0);
    if (tasks_.contains(id)) on_decoded(id, std::move(*reply), std::move(message.fds));
    pump();
}

void AnalysisEngine::on_decoded(std::int64_t id, DecodeReply reply, std::vector<UniqueFd> fds) {
    InFlight& task = tasks_.at(id);
    if (!reply.not_analysed.code.empty())
        return finish(id, Refused{reply.not_analysed, task.identity, reply.frames, reply.notes});
    const std::size_t memfds = task.golden ? 1 : 2;
    if (!reply.prepared || fds.size() != memfds)
        return finish(id,
                      AnalysisFailure{reply.error.value_or(Error{"decoder_failed", "", Retry::later}), {}});
    task.decoded = std::move(reply);
    task.tensor = std::move(fds[0]);
    if (!task.golden) task.display = std::move(fds[1]);
    task.stage = Stage::waiting_for_worker;
    task.child = nullptr;
}

void AnalysisEngine::worker_says(ModelWorker& worker, Message message) {
    auto reply = from_packet<InferReply>(message);
    if (!reply) {
        spdlog::error("worker: {}", reply.error().message);
        return worker.child->kill();
    }
    const auto found = tasks_.find(reply->job);
    if (found == tasks_.end() || found->second.stage != Stage::inferring ||
        found->second.child != worker.child.get()) {
        spdlog::error("worker answered a request that it was not given");
        return worker.child->kill();
    }
    found->second.child = nullptr;
    models_[worker.model]->answered(worker);
    on_inferred(found->first, std::move(*reply), std::move(message.fds));
    pump();
}

void AnalysisEngine::on_inferred(std::int64_t id, InferReply reply, std::vector<UniqueFd> fds) {
    InFlight& task = tasks_.at(id);
    if (reply.error) return finish(id, AnalysisFailure{*reply.error, task.decoded.frames});
    Analysed analysed{std::move(reply.result), task.decoded.attributes, task.decoded.geometry,
                      task.decoded.display,    std::move(task.display), UniqueFd(),
                      task.decoded.frames,     task.decoded.notes};
    if (!fds.empty()) analysed.maps = std::move(fds.front());
    finish(id, std::move(analysed));
}

void AnalysisEngine::fail_tasks(const std::function<bool(const InFlight&)>& which, const std::string& how) {
    std::vector<std::int64_t> failed;
    for (const auto& [id, task] : tasks_)
        if (which(task)) failed.push_back(id);
    // One's end may bring about another's.
    for (const auto id : failed)
        if (const auto task = tasks_.find(id); task != tasks_.end())
            finish(id, AnalysisFailure{{"process_died", "the process that worked on it " + how, Retry::later},
                                       task->second.decoded.frames});
}

void AnalysisEngine::finish(std::int64_t id, AnalysisAnswer answer) {
    const auto node = tasks_.extract(id);
    node.mapped().task.done(std::move(answer));
    owner_.capacity_came();
}

// A child that works for too long on a task is killed; its end fails the task.
void AnalysisEngine::watch_deadlines() {
    deadline_timer_->start(std::chrono::milliseconds(250), [this] {
        const auto time = world_.monotonic();
        for (const auto& [id, task] : tasks_) {
            if (task.child == nullptr || task.deadline > time) continue;
            spdlog::error("{} took too long over one image and is killed",
                          task.stage == Stage::decoding ? "decoder" : "worker");
            task.child->kill();
        }
        watch_deadlines();
    });
}

std::vector<ChildStatus> AnalysisEngine::children_status() const {
    std::vector<ChildStatus> all;
    for (const auto& decoder : decoders_)
        if (decoder.child) all.push_back(decoder.child->status());
    for (const auto& model : models_) model->append_children_status(all);
    return all;
}

std::vector<ModelStatus> AnalysisEngine::models_status() const {
    std::vector<ModelStatus> all;
    for (const auto& model : models_) all.push_back(model->status());
    return all;
}

}  // namespace hilum
