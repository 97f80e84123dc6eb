#include "model/process/model_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/confinement/call_filter.h"
#include "base/file_system.h"
#include "base/yaml/yaml_document.h"
#include "base/yaml_reader.h"
#include "contract/messages/decoding.h"
#include "contract/messages/forbidden_call.h"
#include "model/package/model_package.h"

namespace hilum::model {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_configuration = 1 << 20;
constexpr auto loading_timeout = std::chrono::minutes(10);  // a large model on a slow disk, and its warm-up

Result<ModelChoice> parse_choice(std::string text, fs::path file) {
    auto loaded = parse_configuration(text, file);
    if (!loaded.problems.empty()) return fail("configuration", "{}", loaded.problems.front().text());
    return ModelChoice{std::move(loaded.configuration), std::move(text), std::move(file), 0};
}

// The configuration's text with `change` made to it.
template <class Change>
Result<std::string> changed(const std::string& text, const fs::path& file, Change change) {
    try {
        YAML::Node root = yaml_document(text).root;
        change(root);
        return YAML::Dump(root);
    } catch (const YAML::Exception& error) {
        return fail("configuration", "{}: {}", file.string(), error.what());
    }
}

// Only errors are logged: the terminal is the operator's.
Result<ModelChoice> read_choice(const fs::path& configuration_file) {
    const auto text = read_file(configuration_file, largest_configuration);
    if (!text) return tl::unexpected(text.error());
    // As it stands, with its own lines: what is changed below has lost what hilumd would refuse.
    if (auto as_node = parse_choice(*text, configuration_file); !as_node) return as_node;
    auto quiet =
        changed(*text, configuration_file, [](YAML::Node& root) { root["node"]["log_level"] = "error"; });
    if (!quiet) return tl::unexpected(quiet.error());
    return parse_choice(std::move(*quiet), configuration_file);
}

bool is_entry_of(const ModelSettings& entry, const fs::path& folder) {
    std::error_code ignored;
    return fs::equivalent(entry.package, folder, ignored);
}

// This package is the only model: another of the file may have its folder's name.
Result<ModelChoice> with_only(const fs::path& folder, const ModelChoice& choice) {
    const auto& models = choice.configuration.models;
    const auto entry =
        std::ranges::find_if(models, [&](const ModelSettings& model) { return is_entry_of(model, folder); });
    auto text = changed(choice.configuration_text, choice.configuration_file, [&](YAML::Node& root) {
        YAML::Node only;
        if (entry != models.end())
            only = YAML::Clone(root["models"][static_cast<std::size_t>(entry - models.begin())]);
        only["package"] = folder.string();
        YAML::Node list;
        list.push_back(only);
        root["models"] = list;
    });
    if (!text) return tl::unexpected(text.error());
    return parse_choice(std::move(*text), choice.configuration_file);
}

std::vector<fs::path> program_folders() {
    const auto own = fs::path(own_executable()).parent_path();
    std::vector<fs::path> folders{own, own.parent_path() / "libexec" / "hilum"};
    const char* path = std::getenv("PATH");
    std::istringstream parts(path != nullptr ? path : "");
    for (std::string folder; std::getline(parts, folder, ':');)
        if (!folder.empty()) folders.emplace_back(folder);
    return folders;
}

// One request and its own answer. A process that gives another is given up: each later answer would be that
// of the image before.
template <class Reply, class Request>
Result<std::pair<Reply, std::vector<UniqueFd>>> ask(std::optional<ModelProcess>& process,
                                                    const Request& request, std::vector<int> fds,
                                                    Duration timeout) {
    auto message = process->exchange(to_packet(request), std::move(fds), timeout);
    auto reply = message ? from_packet<Reply>(*message) : tl::unexpected(message.error());
    if (reply && reply->job != request.job)
        reply = fail("protocol", "it answered request {} instead of {}", reply->job, request.job);
    if (reply) return std::pair{std::move(*reply), std::move(message->fds)};
    process.reset();
    return tl::unexpected(reply.error());
}

}  // namespace

Result<ModelChoice> choose_configured_model(const fs::path& configuration_file, const std::string& name) {
    auto choice = read_choice(configuration_file);
    if (!choice) return choice;
    const auto& models = choice->configuration.models;
    if (models.empty()) return fail("configuration", "{} names no model", configuration_file.string());
    if (name.empty()) return choice;
    std::string known;
    for (std::size_t i = 0; i < models.size(); ++i) {
        const auto package_name = read_model_package(models[i].package).package.name;
        if (name == model_key(models[i]) || name == package_name) {
            choice->model = i;
            return choice;
        }
        known += (known.empty() ? "" : ", ") + package_name;
    }
    return fail("configuration", "{} has no model '{}'; it has: {}", configuration_file.string(), name,
                known);
}

Result<ModelChoice> choose_package(const fs::path& folder,
                                   const std::optional<fs::path>& configuration_file) {
    const auto absolute = fs::absolute(folder);
    if (configuration_file)
        return read_choice(*configuration_file).and_then([&](const ModelChoice& choice) {
            return with_only(absolute, choice);
        });
    const nlohmann::json configuration = {{"node", {{"log_level", "error"}}},
                                          {"models", {{{"package", absolute.string()}}}}};
    return parse_choice(configuration.dump(), absolute / "hilum.yaml");  // JSON is YAML
}

Result<ModelChoice> choose_no_model(const std::optional<fs::path>& configuration_file) {
    if (configuration_file) return read_choice(*configuration_file);
    return parse_choice(R"({"node": {"log_level": "error"}})", fs::current_path() / "hilum.yaml");
}

Result<fs::path> find_program(const std::string& name) {
    for (const auto& folder : program_folders()) {
        auto program = folder / name;
        if (::access(program.c_str(), X_OK) == 0 && !fs::is_directory(program)) return program;
    }
    return fail("not_installed", "cannot find {} beside {} or in PATH; is Hilum installed whole?", name,
                own_executable());
}

Result<ModelProcess> ModelProcess::start_decoder(const ModelChoice& choice) {
    return start(choice, {"hilumd", "--role", "decoder", "--name", "1"});
}

Result<ModelProcess> ModelProcess::start_worker(const ModelChoice& choice) {
    return start(choice, {"hilum-worker", "--model", std::to_string(choice.model)});
}

Result<ModelProcess> ModelProcess::start(const ModelChoice& choice, std::vector<std::string> arguments) {
    const auto name = arguments.front();
    const auto program = find_program(name);
    if (!program) return tl::unexpected(program.error());
    arguments.front() = program->string();
    for (const auto& more :
         {std::string("--config"), choice.configuration_file.string(), std::string("--channel-fd"),
          std::string("3"), std::string("--config-fd"), std::string("4")})
        arguments.push_back(more);
    const auto text = make_memfd("hilum-configuration", std::as_bytes(std::span(choice.configuration_text)));
    if (!text) return tl::unexpected(text.error());
    auto ends = Channel::make_pair();
    if (!ends) return tl::unexpected(ends.error());
    auto child = spawn({std::move(arguments), {ends->second.fd(), text->get()}, /*dies_with_parent=*/true});
    if (!child) return tl::unexpected(child.error());
    return ModelProcess(name, std::move(ends->first), std::move(*child));
}

ModelProcess::~ModelProcess() {
    if (!child_.pidfd) return;
    channel_.close();  // tells it to end
    pollfd ended{child_.pidfd.get(), POLLIN, 0};
    if (::poll(&ended, 1, 5'000) != 1) ::kill(child_.pid, SIGKILL);
    ::waitpid(child_.pid, nullptr, 0);
}

Result<Message> ModelProcess::exchange(const Packet& request, std::vector<int> fds, Duration timeout) {
    if (const auto sent = send(request, fds); !sent) return tl::unexpected(sent.error());
    return receive(timeout);
}

Status ModelProcess::send(const Packet& request, std::span<const int> fds) {
    auto sent = channel_.send(request, fds);
    if (!sent && sent.error().code == "closed") return {};
    return sent;
}

Result<Message> ModelProcess::receive(Duration timeout) {
    pollfd readable{channel_.fd(), POLLIN, 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    int ready;
    do ready = ::poll(&readable, 1, static_cast<int>(milliseconds));
    while (ready < 0 && errno == EINTR);
    if (ready == 0) return fail("timeout", "{} did not answer within {}", name_, format_duration(timeout));
    auto message = channel_.receive();
    if (message && message->packet.type() == ForbiddenCall::type) {
        const auto forbidden = from_packet<ForbiddenCall>(*message);
        return fail("process_died", "{} made the system call {}, which its role may not make, and was killed",
                    name_, forbidden ? call_name(forbidden->number) : "");
    }
    if (message || message.error().code != "closed") return message;
    siginfo_t how{};
    ::waitid(P_PID, static_cast<id_t>(child_.pid), &how, WEXITED | WNOWAIT);
    return fail("process_died", "{} ended without an answer: {}", name_,
                how.si_code == CLD_EXITED ? fmt::format("exit status {}", how.si_status)
                                          : fmt::format("killed by signal {}", how.si_status));
}

Result<Predictor> Predictor::start(ModelChoice choice) {
    auto worker = start_worker(choice);
    if (!worker) return tl::unexpected(worker.error());
    return Predictor(std::move(choice), std::move(*worker));
}

Result<Predictor::Worker> Predictor::start_worker(const ModelChoice& choice) {
    auto worker = ModelProcess::start_worker(choice);
    if (!worker) return tl::unexpected(worker.error());
    auto message = worker->receive(loading_timeout);
    if (!message) return tl::unexpected(message.error());
    if (const auto failed = from_packet<WorkerFailed>(*message))
        return fail(failed->error.code, "the model cannot be used: {}", failed->error.message);
    auto ready = from_packet<WorkerReady>(*message);
    if (!ready) return tl::unexpected(ready.error());
    if (message->fds.size() != 1 + ready->golden.size())
        return fail("protocol", "the worker did not send its package's files");
    return Worker{std::move(*worker), std::move(*ready), std::move(message->fds)};
}

Status Predictor::have_worker() {
    if (worker_) return {};
    auto started = start_worker(choice_);
    if (!started) return tl::unexpected(started.error());
    if (started->ready.package_sha256 != ready_.package_sha256)
        return fail("package_changed", "{} was changed while its model was in use",
                    choice_.settings().package.string());
    worker_.emplace(std::move(started->process));
    return {};
}

Status Predictor::have_decoder() {
    if (decoder_) return {};
    auto started = ModelProcess::start_decoder(choice_);
    if (!started) return tl::unexpected(started.error());
    decoder_.emplace(std::move(*started));
    return {};
}

Result<std::variant<Predictor::Refusal, Predictor::Tensor>> Predictor::decode(int file, Taken taken) {
    if (const auto had = have_decoder(); !had) return tl::unexpected(had.error());
    DecodeRequest request;
    request.job = ++jobs_;
    request.package = choice_.settings().package.string();
    request.package_sha256 = ready_.package_sha256;
    request.golden = taken == Taken::as_golden;
    request.any_use = taken == Taken::whatever_its_use;
    auto answer = ask<DecodeReply>(decoder_, request, {file, files_.front().get()},
                                   choice_.configuration.decoder.timeout);
    if (!answer) return tl::unexpected(answer.error());
    auto& [reply, fds] = *answer;
    if (reply.error) return tl::unexpected(*reply.error);
    if (!reply.not_analysed.code.empty())
        return Refusal{std::move(reply.not_analysed), std::move(reply.notes)};
    if (!reply.prepared || fds.empty()) return fail("protocol", "the decoder sent no tensor");
    return Tensor{std::move(fds.front()), std::move(reply.shape), reply.frames, std::move(reply.notes),
                  reply.geometry};
}

Result<std::variant<Predictor::Refusal, Predictor::Prediction>> Predictor::predict(const fs::path& file) {
    return predict(file, Taken::for_patients);
}

Result<std::variant<Predictor::Refusal, Predictor::Prediction>> Predictor::predict_whatever_its_use(
    const fs::path& file) {
    return predict(file, Taken::whatever_its_use);
}

Result<std::variant<Predictor::Refusal, Predictor::Prediction>> Predictor::predict(const fs::path& file,
                                                                                   Taken taken) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail("unreadable", "{}", system_error(errno, "cannot open " + file.string()).message);
    auto decoded = decode(fd.get(), taken);
    if (!decoded) return tl::unexpected(decoded.error());
    if (auto* refused = std::get_if<Refusal>(&*decoded)) return std::move(*refused);
    auto& tensor = std::get<Tensor>(*decoded);
    auto inference = infer(tensor.memory.get(), tensor.shape, -1);
    if (!inference) return tl::unexpected(inference.error());
    return Prediction{std::move(inference->result), tensor.frames, std::move(tensor.notes), tensor.geometry,
                      std::move(inference->maps)};
}

Status Predictor::run_golden(std::size_t index) {
    const auto decoded = decode(files_.at(1 + index).get(), Taken::as_golden);
    if (!decoded) return tl::unexpected(decoded.error());
    if (const auto* refused = std::get_if<Refusal>(&*decoded))
        return fail(refused->reason.code, "golden case {}: {}", ready_.golden.at(index),
                    refused->reason.message);
    const auto& tensor = std::get<Tensor>(*decoded);
    const auto result = infer(tensor.memory.get(), tensor.shape, static_cast<int>(index));
    if (!result) return tl::unexpected(result.error());
    return {};
}

Result<InferenceResult> Predictor::infer(int tensor, const std::vector<std::int64_t>& shape) {
    auto inference = infer(tensor, shape, -1);
    if (!inference) return tl::unexpected(inference.error());
    return std::move(inference->result);
}

Result<Predictor::Inference> Predictor::infer(int tensor, const std::vector<std::int64_t>& shape,
                                              int golden) {
    if (const auto had = have_worker(); !had) return tl::unexpected(had.error());
    const InferRequest request{++jobs_, shape, golden};
    auto answer = ask<InferReply>(worker_, request, {tensor}, choice_.settings().timeout);
    if (!answer) return tl::unexpected(answer.error());
    auto& [reply, fds] = *answer;
    if (reply.error) return tl::unexpected(*reply.error);
    Inference inference{std::move(reply.result), {}};
    const auto& result = inference.result;
    if (fds.empty() || result.map_rows <= 0 || result.map_columns <= 0) return inference;
    const auto values = result.labels.size() * static_cast<std::size_t>(result.map_rows) *
                        static_cast<std::size_t>(result.map_columns);
    const auto mapping = Mapping::of_memfd(fds.front().get(), values * sizeof(float));
    if (!mapping) return tl::unexpected(mapping.error());
    const auto maps = mapping->as<float>();
    inference.maps.assign(maps.begin(), maps.end());
    return inference;
}

}  // namespace hilum::model
