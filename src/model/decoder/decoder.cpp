#include "model/decoder/decoder.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#include "base/file_system.h"
#include "contract/analysis.h"
#include "contract/messages/decoding.h"
#include "contract/messages/request_table.h"
#include "contract/messages/surveying.h"
#include "dicom/dataset_reading.h"
#include "dicom/stored_object_check.h"
#include "model/decoder/radiograph_decoder.h"
#include "model/decoder/radiograph_preparation.h"
#include "model/package/model_package.h"

namespace hilum::model {
namespace {

constexpr int largest_display = 16384;  // pixels of its longer side

// Packages by the digest of their model.yaml, which comes with every request.
class PackageCache {
  public:
    Result<const ModelPackage*> find(const DecodeRequest& request, int model_yaml) {
        const auto known = packages_.find(request.package_sha256);
        if (known != packages_.end()) return &known->second;
        auto text = read_fd(model_yaml, largest_model_yaml);
        if (!text) return tl::unexpected(text.error());
        auto loaded = parse_model_yaml(std::move(*text), request.package);
        if (!loaded.problems.empty()) return fail("package", "{}", loaded.problems.front().text());
        if (loaded.package.yaml_sha256 != request.package_sha256)
            return fail("package", "{}/model.yaml is not the one that the worker runs", request.package);
        if (packages_.size() >= most_packages) packages_.clear();
        return &packages_.emplace(request.package_sha256, std::move(loaded.package)).first->second;
    }

  private:
    static constexpr std::size_t most_packages = 16;
    std::map<std::string, ModelPackage> packages_;
};

struct Answer {
    DecodeReply reply;
    UniqueFd tensor, display;  // a golden case and any use have no display image
};

Answer error_answer(std::int64_t job, const Error& error) {
    Answer answer;
    answer.reply.job = job;
    answer.reply.error =
        Error{error.code, error.message, counted_unless_nodes(error)};  // not the image's fault
    return answer;
}

// A damaged object is as damaged at the next attempt; what the disk did may pass.
Answer unreadable_answer(std::int64_t job, Error error) {
    Answer answer;
    answer.reply.job = job;
    answer.reply.error = std::move(error);
    return answer;
}

Answer answer_of(std::int64_t job, Preparation preparation) {
    Answer answer;
    answer.reply.job = job;
    answer.reply.attributes = std::move(preparation.attributes);
    answer.reply.frames = preparation.frames;
    answer.reply.notes = std::move(preparation.notes);
    if (auto* refused = std::get_if<NotAnalysed>(&preparation.outcome)) {
        answer.reply.not_analysed = std::move(*refused);
        return answer;
    }
    auto& prepared = std::get<PreparedRadiograph>(preparation.outcome);
    answer.reply.prepared = true;
    answer.reply.shape = std::move(prepared.shape);
    answer.reply.geometry = prepared.geometry;
    answer.reply.display = prepared.display_geometry;
    answer.tensor = std::move(prepared.tensor);
    answer.display = std::move(prepared.display);
    return answer;
}

class Decoder {
  public:
    Decoder(Channel& coordinator, const Configuration& configuration)
        : coordinator_(coordinator), configuration_(configuration) {}

    Error run();

  private:
    Status decode(const DecodeRequest& request, std::vector<UniqueFd> files);
    Status survey(const SurveyRequest& request, std::vector<UniqueFd> files);
    Result<Preparation> prepare(const DecodeRequest& request, int file, int model_yaml);
    Status send(const Answer& answer);

    Channel& coordinator_;
    const Configuration& configuration_;
    PackageCache packages_;
};

Error Decoder::run() {
    static constexpr std::array requests{request<&Decoder::decode>(2), request<&Decoder::survey>(1)};
    return serve_requests(coordinator_, *this, requests).error();
}

Status Decoder::decode(const DecodeRequest& request, std::vector<UniqueFd> files) {
    if (request.display_long_side < 1 || request.display_long_side > largest_display)
        return fail("protocol", "a decode request needs a display size of 1 to {} pixels", largest_display);
    if (!request.stored.dataset_sha256.empty())
        if (const auto whole = check_stored_object(files[0].get(), request.stored); !whole)
            return send(unreadable_answer(request.job, whole.error()));
    auto preparation = prepare(request, files[0].get(), files[1].get());
    if (!preparation) return send(error_answer(request.job, preparation.error()));
    return send(answer_of(request.job, std::move(*preparation)));
}

Status Decoder::survey(const SurveyRequest& request, std::vector<UniqueFd> files) {
    if (request.display_long_side < 0 || request.display_long_side > largest_display)
        return fail("protocol", "a survey request needs a display size of 0 to {} pixels", largest_display);
    SurveyReply reply;
    reply.job = request.job;
    std::vector<int> fds;
    auto surveyed = survey_image(files[0].get(), configuration_, request.display_long_side);
    if (!surveyed) {
        reply.error = surveyed.error();
    } else if (auto* refused = std::get_if<NotAnalysed>(&*surveyed)) {
        reply.not_analysed = std::move(*refused);
    } else {
        auto& survey = std::get<Survey>(*surveyed);
        reply.image = std::move(survey.image);
        reply.display = survey.display_geometry;
        if (survey.display) fds.push_back(survey.display.get());
    }
    return coordinator_.send(to_packet(reply), fds);
}

Result<Preparation> Decoder::prepare(const DecodeRequest& request, int file, int model_yaml) {
    const auto package = packages_.find(request, model_yaml);
    if (!package) return tl::unexpected(package.error());
    if (request.golden) return prepare_golden_case(file, **package, configuration_.decoder.max_pixels);
    if (request.any_use) return prepare_whatever_its_use(file, **package, configuration_);
    return prepare_radiograph(file, request.frame, **package, request.display_long_side, configuration_);
}

Status Decoder::send(const Answer& answer) {
    std::vector<int> fds;
    for (const auto* fd : {&answer.tensor, &answer.display})
        if (*fd) fds.push_back(fd->get());
    return coordinator_.send(to_packet(answer.reply), fds);
}

}  // namespace

int run_decoder(Channel coordinator, const Configuration& configuration) {
    if (auto ready = prepare_dcmtk(); !ready) return exit_code_of("decoder", ready.error());
    register_decoders();
    return exit_code_of("decoder", Decoder(coordinator, configuration).run());
}

}  // namespace hilum::model
