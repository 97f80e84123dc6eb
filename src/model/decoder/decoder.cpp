#include "model/decoder/decoder.h"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#include "base/file_system.h"
#include "base/sandbox.h"
#include "contract/analysis.h"
#include "contract/messages/decoding.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"
#include "model/decoder/radiograph_preparation.h"
#include "model/package/model_package.h"

namespace hilum::model {
namespace {

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
    UniqueFd tensor, display;  // a golden case has no display image
};

Answer error_answer(std::int64_t job, const Error& error) {
    Answer answer;
    answer.reply.job = job;
    answer.reply.error_code = error.code;
    answer.reply.error = error.message;
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

Answer serve(const DecodeRequest& request, int file, int model_yaml, PackageCache& packages,
             const Configuration& configuration) {
    const auto package = packages.find(request, model_yaml);
    if (!package) return error_answer(request.job, package.error());
    auto preparation = request.golden ? prepare_golden_case(file, **package, configuration.decoder.max_pixels)
                                      : prepare_radiograph(file, request.frame, **package,
                                                           request.display_long_side, configuration);
    if (!preparation) return error_answer(request.job, preparation.error());
    return answer_of(request.job, std::move(*preparation));
}

Status send(Channel& coordinator, const Answer& answer) {
    std::vector<int> fds;
    for (const auto* fd : {&answer.tensor, &answer.display})
        if (*fd) fds.push_back(fd->get());
    return coordinator.send(to_packet(answer.reply), fds);
}

// One request, received and answered. Code "closed" when there will be no more.
Status serve_next(Channel& coordinator, PackageCache& packages, const Configuration& configuration) {
    const auto message = coordinator.receive();
    if (!message) return tl::unexpected(message.error());
    const auto request = from_packet<DecodeRequest>(*message);
    if (!request) return tl::unexpected(request.error());
    if (message->fds.size() != 2 || request->display_long_side < 1 || request->display_long_side > 16384)
        return fail("protocol",
                    "a decode request needs a file, a model.yaml and a display size of 1 to 16384 pixels");
    return send(coordinator,
                serve(*request, message->fds[0].get(), message->fds[1].get(), packages, configuration));
}

// Gives up what decoding foreign bytes does not need.
Status confine(const Configuration& configuration) {
    if (auto limited = limit_address_space(configuration.decoder.max_memory); !limited) return limited;
    return deny_new_sockets();
}

}  // namespace

int run_decoder(Channel coordinator, const Configuration& configuration) {
    prepare_dcmtk();
    register_decoders();
    if (auto confined = confine(configuration); !confined) {
        spdlog::error("cannot confine the decoder: {}", confined.error().message);
        return EXIT_FAILURE;
    }
    PackageCache packages;
    while (true) {
        const auto served = serve_next(coordinator, packages, configuration);
        if (served) continue;
        if (served.error().code == "closed") return EXIT_SUCCESS;
        spdlog::error("decoder: {}", served.error().message);
        return EXIT_FAILURE;
    }
}

}  // namespace hilum::model
