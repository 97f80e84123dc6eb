#include "pipeline/analysis_engine.h"

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

AnalysisEngine::AnalysisEngine(boost::asio::io_context& loop, const Configuration& configuration,
                               Environment environment)
    : loop_(loop),
      configuration_(configuration),
      environment_(std::move(environment)),
      decoders_(static_cast<std::size_t>(decoder_count(configuration.decoder))),
      workers_(configuration.models.size()),
      deadline_timer_(loop) {}

AnalysisEngine::~AnalysisEngine() = default;

void AnalysisEngine::start() {
    for (std::size_t i = 0; i < decoders_.size(); ++i) make_decoder(decoders_[i], static_cast<int>(i + 1));
    for (std::size_t i = 0; i < workers_.size(); ++i) make_worker(workers_[i], i);
    watch_deadlines();
}

void AnalysisEngine::make_decoder(Decoder& decoder, int number) {
    decoder.child = std::make_unique<SupervisedChild>(
        loop_, environment_.specify("decoder", std::to_string(number)),
        SupervisedChild::Callbacks{
            [this, &decoder](Message message) { on_decoder_message(decoder, std::move(message)); },
            [this, &decoder](const std::string& how) {
                decoder.task = 0;
                fail_tasks_of(decoder.child.get(), how);
            },
            [this] {
                environment_.on_changed();
                pump();
            }});
    decoder.child->start();
}

void AnalysisEngine::make_worker(Worker& worker, std::size_t model) {
    worker.child = std::make_unique<SupervisedChild>(
        loop_, environment_.specify("worker", std::to_string(model)),
        SupervisedChild::Callbacks{
            [this, model](Message message) { on_worker_message(model, std::move(message)); },
            [this, &worker](const std::string& how) {
                if (worker.ready) worker.error = how;
                worker.ready.reset();
                worker.inferring = 0;
                fail_tasks_of(worker.child.get(), how);
            },
            [this] { environment_.on_changed(); }});
    worker.child->start();
}

void AnalysisEngine::stop() {
    deadline_timer_.cancel();
    for (auto& decoder : decoders_)
        if (decoder.child) decoder.child->stop();
    for (auto& worker : workers_)
        if (worker.child) worker.child->stop();
}

bool AnalysisEngine::any_child_running() const {
    const auto running = [](const auto& one) { return one.child && one.child->running(); };
    return std::any_of(decoders_.begin(), decoders_.end(), running) ||
           std::any_of(workers_.begin(), workers_.end(), running);
}

bool AnalysisEngine::ready(std::size_t model) const {
    return workers_[model].ready.has_value();
}

bool AnalysisEngine::decoding() const {
    return std::any_of(decoders_.begin(), decoders_.end(),
                       [](const Decoder& decoder) { return decoder.child && decoder.child->running(); });
}

bool AnalysisEngine::can_take(std::size_t model) const {
    if (!ready(model)) return false;
    const auto wanted = decoders_.size() + 2 * static_cast<std::size_t>(workers_[model].ready->batch_size);
    const auto count = std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
        return entry.second.task.model == model && !entry.second.task.urgent;
    });
    return static_cast<std::size_t>(count) < wanted;
}

void AnalysisEngine::submit(AnalysisTask task) {
    const std::int64_t id = task.urgent ? next_urgent_++ : next_++;
    tasks_[id].task = std::move(task);
    pump();
}

// Moves every task on as far as idle children allow. A child that breaks on the way fails its tasks later, by
// its end; so nothing here removes a task.
void AnalysisEngine::pump() {
    for (auto& [id, task] : tasks_)
        if (task.stage == Stage::waiting_for_worker) give_to_worker(id, task);
    // Every second decoder's turn belongs to what does not wait for somebody, so that predictions over HTTP,
    // however many, do not hold up the PACS.
    for (auto& [id, task] : tasks_) {
        if (task.stage != Stage::waiting_for_decoder || !ready(task.task.model)) continue;
        if (task.task.urgent && urgent_had_last_turn_ && somebody_waits_behind()) continue;
        if (!give_to_decoder(id, task)) break;
        urgent_had_last_turn_ = task.task.urgent;
    }
}

bool AnalysisEngine::somebody_waits_behind() const {
    return std::any_of(tasks_.begin(), tasks_.end(), [this](const auto& entry) {
        const Task& task = entry.second;
        return !task.task.urgent && task.stage == Stage::waiting_for_decoder && ready(task.task.model);
    });
}

bool AnalysisEngine::give_to_decoder(std::int64_t id, Task& task) {
    const auto idle = std::find_if(decoders_.begin(), decoders_.end(), [](const Decoder& decoder) {
        return decoder.task == 0 && decoder.child && decoder.child->running();
    });
    if (idle == decoders_.end()) return false;
    task.package_sha256 = workers_[task.task.model].ready->package_sha256;
    const DecodeRequest request{id, configuration_.models[task.task.model].package.string(),
                                task.package_sha256, display_long_side(configuration_)};
    const int fds[] = {task.task.file.get()};
    if (!idle->child->send(to_packet(request), fds)) return false;
    idle->task = id;
    task.stage = Stage::decoding;
    task.child = idle->child.get();
    task.deadline = std::chrono::steady_clock::now() + configuration_.decoder.timeout;
    return true;
}

bool AnalysisEngine::give_to_worker(std::int64_t id, Task& task) {
    auto& worker = workers_[task.task.model];
    if (!worker.ready || worker.inferring >= 2 * worker.ready->batch_size) return false;
    if (worker.ready->package_sha256 != task.package_sha256) {  // decoded for another version of the package
        task.tensor.reset();
        task.display.reset();
        task.stage = Stage::waiting_for_decoder;
        return false;
    }
    const int fds[] = {task.tensor.get()};
    if (!worker.child->send(to_packet(InferRequest{id, task.decoded.shape}), fds)) return false;
    ++worker.inferring;
    task.stage = Stage::inferring;
    task.child = worker.child.get();
    task.deadline = std::chrono::steady_clock::now() + configuration_.models[task.task.model].timeout;
    return true;
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
    if (!reply.not_analysed.code.empty()) {
        const auto& worker = workers_[tasks_.at(id).task.model];
        return finish(id, Refused{reply.not_analysed, worker.ready ? worker.ready->model : ModelIdentity{}});
    }
    if (!reply.prepared || fds.size() != 2) {
        const auto code = reply.error_code.empty() ? std::string("decoder_failed") : reply.error_code;
        return finish(id, AnalysisFailure{{code, reply.error, Retry::later}});
    }
    Task& task = tasks_.at(id);
    task.decoded = std::move(reply);
    task.tensor = std::move(fds[0]);
    task.display = std::move(fds[1]);
    task.stage = Stage::waiting_for_worker;
    task.child = nullptr;
}

void AnalysisEngine::on_worker_message(std::size_t model, Message message) {
    auto& worker = workers_[model];
    if (auto ready = from_packet<WorkerReady>(message)) {
        spdlog::info("model {} {} is ready on {}", loggable(ready->model.name),
                     loggable(ready->model.version), ready->device);
        worker.ready = std::move(*ready);
        worker.error.clear();
        worker.child->prosper();
        environment_.on_changed();
        pump();
        return environment_.on_capacity();
    }
    if (const auto failed = from_packet<WorkerFailed>(message)) {
        worker.error = failed->error;
        spdlog::error("model {}: {}", configuration_.models[model].package.string(), failed->error);
        return environment_.on_changed();
    }
    auto reply = from_packet<InferReply>(message);
    if (!reply) {
        spdlog::error("worker: {}", reply.error().message);
        return worker.child->kill();
    }
    on_inferred(model, std::move(*reply), std::move(message.fds));
    pump();
}

void AnalysisEngine::on_inferred(std::size_t model, InferReply reply, std::vector<UniqueFd> fds) {
    auto& worker = workers_[model];
    const auto found = tasks_.find(reply.job);
    if (found == tasks_.end() || found->second.stage != Stage::inferring ||
        found->second.task.model != model) {
        spdlog::error("worker answered a request that it was not given");
        return worker.child->kill();
    }
    --worker.inferring;
    if (!reply.error_code.empty()) {
        const bool passing = reply.error_code == "out_of_memory" || reply.error_code == "device_lost";
        return finish(reply.job, AnalysisFailure{
                                     {reply.error_code, reply.error, passing ? Retry::later : Retry::never}});
    }
    Task& task = found->second;
    Analysed analysed{std::move(reply.result), task.decoded.attributes, task.decoded.geometry,
                      task.decoded.display,    std::move(task.display), UniqueFd()};
    if (!fds.empty()) analysed.maps = std::move(fds.front());
    finish(reply.job, std::move(analysed));
}

void AnalysisEngine::fail_tasks_of(SupervisedChild* child, const std::string& how) {
    std::vector<std::int64_t> failed;
    for (const auto& [id, task] : tasks_)
        if (task.child == child) failed.push_back(id);
    for (const auto id : failed)
        finish(id, AnalysisFailure{{"process_died", "the process that worked on it " + how, Retry::later}});
}

void AnalysisEngine::finish(std::int64_t id, AnalysisAnswer answer) {
    const auto node = tasks_.extract(id);
    node.mapped().task.done(std::move(answer));
    environment_.on_capacity();
}

// A child that works for too long on a task is killed; its end fails the task.
void AnalysisEngine::watch_deadlines() {
    deadline_timer_.expires_after(std::chrono::milliseconds(250));
    deadline_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        const auto time = std::chrono::steady_clock::now();
        for (const auto& [id, task] : tasks_) {
            if (task.child == nullptr || task.deadline > time) continue;
            spdlog::error("{} took too long over one image and is killed",
                          task.stage == Stage::decoding ? "decoder" : "worker");
            task.child->kill();
        }
        watch_deadlines();
    });
}

nlohmann::json AnalysisEngine::children_status() const {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& decoder : decoders_)
        if (decoder.child) all.push_back(decoder.child->status());
    for (const auto& worker : workers_)
        if (worker.child) all.push_back(worker.child->status());
    return all;
}

nlohmann::json AnalysisEngine::models_status() const {
    nlohmann::json all = nlohmann::json::array();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const auto& worker = workers_[i];
        nlohmann::json one = {{"package", configuration_.models[i].package.filename().string()},
                              {"mode", configuration_.models[i].mode},
                              {"state", worker.ready           ? "ready"
                                        : worker.error.empty() ? "loading"
                                                               : "failed"},
                              {"error", worker.error}};
        if (worker.ready) {
            one["name"] = worker.ready->model.name;
            one["version"] = worker.ready->model.version;
            one["sha256"] = worker.ready->model.sha256;
            one["device"] = worker.ready->device;
            one["batch_size"] = worker.ready->batch_size;
        }
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace hilum
