#include "simulation/children/decoder.h"

#include "base/file_system.h"
#include "simulation/damaged_files.h"
#include "simulation/lost_claims.h"
#include "simulation/promises.h"

namespace hilum::simulation {
namespace {

constexpr Duration typical_of_decoder = std::chrono::milliseconds(120);
constexpr std::size_t most_bytes_of_decoder = 1 << 20;
constexpr int display_side = 4;

}  // namespace

void Decoder::hear(Message message) {
    const auto request = from_packet<DecodeRequest>(message);
    if (!request) return end(crashed_status);
    const auto file = read_fd(message.fds.at(0).get(), most_bytes_of_decoder).value_or("");
    if (request->golden)
        return respond(typical_of_decoder / 10, [this, asked = *request] { prepared(asked, "golden", {}); });
    if (!request->stored.dataset_sha256.empty() && !is_whole(scene_, file, request->stored.dataset_sha256))
        return respond(typical_of_decoder, [this, asked = *request] { damaged(asked); });
    const auto image = from_file(file);
    scene_.demand(image.has_value(), "the node analyses what it stored", "a decoder got a torn file");
    if (image->header == predicted_header)
        return respond(typical_of_decoder,
                       [this, asked = *request, image = *image] { decode(asked, image); });
    const auto model = std::filesystem::path(request->package).filename().string();
    at_work_ = fmt::format("job {} of {} {} frame {} under {}", request->job, image->sop_instance_uid,
                           image->dataset_sha256(), request->frame, model);
    scene_.tell("decoder {} gets {} frame {} for {}", name(), image->sop_instance_uid, request->frame, model);
    check_analysis_claimed(scene_, *image, model, request->frame);
    owner_is_lost(scene_, "analyse/" + model);
    respond(typical_of_decoder, [this, asked = *request, image = *image] { decode(asked, image); });
}

void Decoder::damaged(const DecodeRequest& request) {
    DecodeReply reply;
    reply.job = request.job;
    reply.error = object_is_damaged("simulated").value();
    say(to_packet(reply));
}

void Decoder::decode(const DecodeRequest& request, const Image& image) {
    at_work_.clear();
    if (image.kind == "poison") return end(crashed_status);
    DecodeReply reply;
    reply.job = request.job;
    if (image.kind == "lateral")
        reply.not_analysed = {"view", "the view is LATERAL; this model reads PA and AP"};
    if (image.kind == "foreign") reply.not_analysed = {"modality", "the modality is MG; this model reads DX"};
    if (!reply.not_analysed.code.empty()) return say(to_packet(reply));
    const FrameCount frames = image.kind == "frames" ? FrameCount{2, 2} : FrameCount{1, 1};
    prepared(request, image.kind + " " + image.pixels, frames);
}

void Decoder::prepared(const DecodeRequest& request, const std::string& text, FrameCount frames) {
    DecodeReply reply;
    reply.job = request.job;
    reply.prepared = true;
    reply.shape = {1, 1, 1, 1};
    reply.display = {display_side, display_side};
    reply.frames = frames;
    const auto tensor = make_memfd("tensor", std::as_bytes(std::span(text)));
    const auto display = make_memfd("display", display_side * display_side);
    const int fds[] = {tensor->get(), display->get()};
    say(to_packet(reply), std::span(fds).first(request.golden ? 1 : 2));
}

}  // namespace hilum::simulation
