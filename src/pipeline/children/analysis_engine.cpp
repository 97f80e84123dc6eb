#include "pipeline/children/analysis_engine.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/file_system.h"
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

Error gone(const char* why) {
    return {"process_died", why, Retry::later};
}

}  // namespace

AnalysisEngine::AnalysisEngine(World& world, const Configuration& configuration,
                               const ChildPrograms& programs, Owner& owner)
    : configuration_(configuration), programs_(programs), owner_(owner) {
    AskedChild::Owner& as_asking = *this;
    for (int i = 0; i < decoder_count(configuration.decoder); ++i) decoders_.emplace_back(world, as_asking);
    ModelWorkers::Owner& as_proving = *this;
    for (std::size_t i = 0; i < configuration.models.size(); ++i)
        models_.push_back(
            std::make_unique<ModelWorkers>(world, configuration.models[i], i, programs, as_proving));
}

AnalysisEngine::~AnalysisEngine() = default;

void AnalysisEngine::start() {
    int number = 0;
    for (auto& decoder : decoders_) decoder.child.start(programs_.child("decoder", std::to_string(++number)));
    for (auto& model : models_) model->start();
}

void AnalysisEngine::stop() {
    for (auto& decoder : decoders_) decoder.child.stop();
    for (auto& model : models_) model->stop();
}

bool AnalysisEngine::any_child_running() const {
    return decoding() || std::any_of(models_.begin(), models_.end(),
                                     [](const auto& model) { return model->any_child_running(); });
}

bool AnalysisEngine::decoding() const {
    return std::any_of(decoders_.begin(), decoders_.end(), [](const Decoder& decoder) {
        return decoder.child.running() && !decoder.child.process().silent();
    });
}

bool AnalysisEngine::can_take(std::size_t model) const {
    if (!ready(model)) return false;
    const auto wanted = decoders_.size() + 2 * models_[model]->batch_sizes();
    const auto count = std::count_if(queue_.begin(), queue_.end(), [&](const auto& entry) {
        const Analysis& one = *entry.second;
        return one.task.model == model && !one.task.urgent && !one.golden;
    });
    return static_cast<std::size_t>(count) < wanted;
}

void AnalysisEngine::child_changed() {
    owner_.engine_changed();
    hand_out();
}

void AnalysisEngine::model_serves() {
    hand_out();
    owner_.capacity_came();
}

// ---- an analysis ----

AnalysisEngine::Analysis::Analysis(AnalysisEngine& engine, AnalysisTask about, std::optional<Golden> case_of)
    : task(std::move(about)),
      golden(case_of),
      number(task.urgent ? engine.next_urgent_++ : engine.next_++),
      engine_(engine) {
    engine_.queue_.emplace(number, this);
}

AnalysisEngine::Analysis::~Analysis() {
    engine_.queue_.erase(number);
}

Task<AnalysisAnswer> AnalysisEngine::analyse(AnalysisTask task) {
    auto answer = co_await run(std::move(task), std::nullopt);
    owner_.capacity_came();
    co_return answer;
}

Task<Status> AnalysisEngine::run_golden(ModelWorker& worker, std::size_t index) {
    const auto name = worker.ready->golden[index];
    const Golden golden{worker.number, worker.life, index};
    AnalysisTask task;
    task.model = worker.model;
    task.file = UniqueFd(::fcntl(worker.golden_inputs[index].get(), F_DUPFD_CLOEXEC, 0));
    if (!task.file) co_return tl::unexpected(system_error(errno, "cannot open golden case " + name));
    const auto answer = co_await run(std::move(task), golden);
    if (const auto* failure = std::get_if<AnalysisFailure>(&answer)) co_return tl::unexpected(failure->error);
    if (const auto* refused = std::get_if<Refused>(&answer))
        co_return fail("golden_input", "golden case {}: {}", name, refused->reason.message);
    co_return Status();
}

// What is free after it goes to those who wait.
Task<AnalysisAnswer> AnalysisEngine::run(AnalysisTask task, std::optional<Golden> golden) {
    std::optional<Analysis> analysis(std::in_place, *this, std::move(task), golden);
    auto answer = co_await decode_and_infer(*analysis);
    analysis.reset();
    hand_out();
    co_return answer;
}

Task<AnalysisAnswer> AnalysisEngine::decode_and_infer(Analysis& analysis) {
    for (;;) {
        auto decoded = co_await decode(analysis);
        if (!decoded) co_return std::move(decoded.error());
        auto* worker = co_await free_worker(analysis, decoded->package_sha256);
        if (worker != nullptr) co_return co_await infer(analysis, std::move(*decoded), *worker);
        if (analysis.golden)
            co_return AnalysisFailure{gone("the worker was replaced"), decoded->reply.frames};
        // It was decoded for a package that serves no more.
    }
}

Task<tl::expected<AnalysisEngine::Decoded, AnalysisAnswer>> AnalysisEngine::decode(Analysis& analysis) {
    auto* decoder = co_await free_decoder(analysis);
    if (decoder == nullptr)
        co_return tl::unexpected(AnalysisAnswer(AnalysisFailure{
            gone(analysis.golden ? "the worker was replaced" : "who asked for it is gone"), {}}));
    const auto& worker = *worker_to_decode_for(analysis);
    const ModelIdentity identity = worker.ready->model;
    Decoded decoded;
    decoded.package_sha256 = worker.ready->package_sha256;
    auto message = co_await ask_decoder(*decoder, analysis, worker);
    decoder->taken = false;
    hand_out();
    if (!message) co_return tl::unexpected(AnalysisAnswer(AnalysisFailure{message.error(), {}}));
    auto& reply = decoded.reply = std::move(*from_packet<DecodeReply>(*message));
    if (!reply.not_analysed.code.empty())
        co_return tl::unexpected(
            AnalysisAnswer(Refused{reply.not_analysed, identity, reply.frames, reply.notes}));
    const std::size_t memfds = analysis.golden ? 1 : 2;
    if (!reply.prepared || message->fds.size() != memfds)
        co_return tl::unexpected(AnalysisAnswer(
            AnalysisFailure{reply.error.value_or(Error{"decoder_failed", "", Retry::later}), {}}));
    decoded.tensor = std::move(message->fds[0]);
    if (!analysis.golden) decoded.display = std::move(message->fds[1]);
    co_return decoded;
}

// A DecodeReply to this request, or why there is none.
Task<Result<Message>> AnalysisEngine::ask_decoder(Decoder& decoder, const Analysis& analysis,
                                                  const ModelWorker& worker) {
    const DecodeRequest request{analysis.number,
                                configuration_.models[analysis.task.model].package.string(),
                                worker.ready->package_sha256,
                                display_long_side(configuration_),
                                analysis.golden.has_value(),
                                analysis.task.frame,
                                analysis.task.stored};
    std::vector<int> fds{analysis.task.file.get(), worker.model_yaml.get()};
    auto message =
        co_await decoder.child.exchange(to_packet(request), std::move(fds), configuration_.decoder.timeout);
    if (!message) co_return message;
    const auto reply = from_packet<DecodeReply>(*message);
    if (!reply || reply->job != analysis.number) {
        const std::string why = reply ? "answered another request" : reply.error().message;
        co_return tl::unexpected(co_await decoder.child.dismiss(why));
    }
    decoder.child.prosper();
    co_return message;
}

Task<AnalysisAnswer> AnalysisEngine::infer(Analysis& analysis, Decoded decoded, ModelWorker& worker) {
    const InferRequest request{analysis.number, decoded.reply.shape,
                               analysis.golden ? static_cast<int>(analysis.golden->index) : -1};
    auto answer = co_await models_[analysis.task.model]->infer(worker, request, decoded.tensor.get());
    if (!answer) co_return AnalysisFailure{answer.error(), decoded.reply.frames};
    if (answer->reply.error) co_return AnalysisFailure{*answer->reply.error, decoded.reply.frames};
    co_return Analysed{std::move(answer->reply.result),
                       decoded.reply.attributes,
                       decoded.reply.geometry,
                       decoded.reply.display,
                       std::move(decoded.display),
                       std::move(answer->maps),
                       decoded.reply.frames,
                       decoded.reply.notes};
}

// ---- who gets what is free ----

// Null: a golden case whose worker is gone, or what nobody waits for any more.
Task<AnalysisEngine::Decoder*> AnalysisEngine::free_decoder(Analysis& analysis) {
    Arrival<Decoder*> arrival;
    analysis.for_decoder = arrival.bring();
    hand_out();
    co_return co_await arrival;
}

// Null: that package serves no more, or, of a golden case, its worker is gone.
Task<ModelWorker*> AnalysisEngine::free_worker(Analysis& analysis, std::string package_sha256) {
    Arrival<ModelWorker*> arrival;
    analysis.package_sha256 = std::move(package_sha256);
    analysis.for_worker = arrival.bring();
    hand_out();
    co_return co_await arrival;
}

// One thing after another, for whoever gets it goes on at once and may call this again.
void AnalysisEngine::hand_out() {
    while (hand_out_worker() || give_up() || hand_out_decoder()) {
    }
}

bool AnalysisEngine::hand_out_worker() {
    for (const auto& [number, analysis] : queue_) {
        if (!analysis->for_worker) continue;
        auto& model = *models_[analysis->task.model];
        auto* worker = analysis->golden ? worker_of(*analysis) : model.with_room(analysis->package_sha256);
        const auto* serving = model.any_serving();
        const bool useless =
            analysis->golden || (serving && serving->ready->package_sha256 != analysis->package_sha256);
        if (worker == nullptr && !useless) continue;
        if (worker != nullptr) ++worker->promised;
        std::exchange(analysis->for_worker, std::nullopt).value()(worker);
        return true;
    }
    return false;
}

bool AnalysisEngine::waits_in_vain(const Analysis& analysis) const {
    return analysis.golden ? worker_of(analysis) == nullptr : analysis.task.asker_gone.stop_requested();
}

bool AnalysisEngine::give_up() {
    for (const auto& [number, analysis] : queue_) {
        if (!analysis->for_decoder || !waits_in_vain(*analysis)) continue;
        std::exchange(analysis->for_decoder, std::nullopt).value()(nullptr);
        return true;
    }
    return false;
}

bool AnalysisEngine::hand_out_decoder() {
    const auto idle = std::find_if(decoders_.begin(), decoders_.end(), [](const Decoder& decoder) {
        return !decoder.taken && decoder.child.can_be_asked();
    });
    auto* analysis = idle == decoders_.end() ? nullptr : next_to_decode();
    if (analysis == nullptr) return false;
    idle->taken = true;
    urgent_had_last_turn_ = analysis->task.urgent;
    std::exchange(analysis->for_decoder, std::nullopt).value()(&*idle);
    return true;
}

// Every second decoder's turn belongs to what does not wait for somebody, so that predictions over HTTP,
// however many, do not hold up the PACS.
AnalysisEngine::Analysis* AnalysisEngine::next_to_decode() const {
    const bool not_urgent = urgent_had_last_turn_ && somebody_waits_behind();
    for (const auto& [number, analysis] : queue_)
        if (can_decode(*analysis) && !(analysis->task.urgent && not_urgent)) return analysis;
    return nullptr;
}

bool AnalysisEngine::can_decode(const Analysis& analysis) const {
    return analysis.for_decoder && worker_to_decode_for(analysis) != nullptr;
}

bool AnalysisEngine::somebody_waits_behind() const {
    return std::any_of(queue_.begin(), queue_.end(), [this](const auto& entry) {
        return !entry.second->task.urgent && can_decode(*entry.second);
    });
}

ModelWorker* AnalysisEngine::worker_of(const Analysis& golden) const {
    return models_[golden.task.model]->proving(golden.golden->worker, golden.golden->life);
}

// Whose package the image is prepared for.
const ModelWorker* AnalysisEngine::worker_to_decode_for(const Analysis& analysis) const {
    return analysis.golden ? worker_of(analysis) : models_[analysis.task.model]->any_serving();
}

// ---- status ----

std::vector<ChildStatus> AnalysisEngine::children_status() const {
    std::vector<ChildStatus> all;
    for (const auto& decoder : decoders_)
        if (decoder.child.started()) all.push_back(decoder.child.process().status());
    for (const auto& model : models_) model->append_children_status(all);
    return all;
}

std::vector<ModelStatus> AnalysisEngine::models_status() const {
    std::vector<ModelStatus> all;
    for (const auto& model : models_) all.push_back(model->status());
    return all;
}

}  // namespace hilum
