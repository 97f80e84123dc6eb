#include "cli/image_survey.h"

#include <fcntl.h>

#include <cerrno>

#include "base/file_system.h"

namespace hilum::cli {

Status ImageSurvey::start() {
    if (decoder_) return {};
    const auto choice = model::choose_no_model(configuration_);
    if (!choice) return tl::unexpected(choice.error());
    auto started = model::ModelProcess::start_decoder(*choice);
    if (!started) return tl::unexpected(started.error());
    decoder_.emplace(std::move(*started));
    timeout_ = choice->configuration.decoder.timeout;
    return {};
}

Result<ImageSurvey::Outcome> ImageSurvey::look_at(const std::filesystem::path& file) {
    if (auto started = start(); !started) return tl::unexpected(started.error());
    // Not blocking: a named pipe among the files would be waited for.
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return NotAnalysed{"unreadable", system_error(errno, "cannot open the file").message};
    SurveyRequest request;
    request.job = ++jobs_;
    const auto message = decoder_->exchange(to_packet(request), {fd.get()}, timeout_);
    if (!message) {
        decoder_.reset();
        return NotAnalysed{message.error().code, message.error().message};
    }
    auto reply = from_packet<SurveyReply>(*message);
    if (!reply) return tl::unexpected(reply.error());
    if (reply->job != request.job) return fail("protocol", "the decoder answered another request");
    if (reply->error) return NotAnalysed{reply->error->code, reply->error->message};
    if (!reply->not_analysed.code.empty()) return std::move(reply->not_analysed);
    constexpr std::size_t thumbnail = survey_side * survey_side;
    if (reply->image.thumbnail.size() != thumbnail) return fail("protocol", "the decoder sent no thumbnail");
    return std::move(reply->image);
}

}  // namespace hilum::cli
