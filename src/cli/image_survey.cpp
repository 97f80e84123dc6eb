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

Result<std::variant<NotAnalysed, ImageSurvey::Surveyed>> ImageSurvey::ask(const std::filesystem::path& file,
                                                                          int long_side) {
    if (auto started = start(); !started) return tl::unexpected(started.error());
    // Not blocking: a named pipe among the files would be waited for.
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return NotAnalysed{"unreadable", system_error(errno, "cannot open the file").message};
    SurveyRequest request;
    request.job = ++jobs_;
    request.display_long_side = long_side;
    auto message = decoder_->exchange(to_packet(request), {fd.get()}, timeout_);
    if (!message) {
        decoder_.reset();
        return NotAnalysed{message.error().code, message.error().message};
    }
    auto reply = from_packet<SurveyReply>(*message);
    if (!reply) return tl::unexpected(reply.error());
    if (reply->job != request.job) return fail("protocol", "the decoder answered another request");
    if (reply->error) return NotAnalysed{reply->error->code, reply->error->message};
    if (!reply->not_analysed.code.empty()) return std::move(reply->not_analysed);
    return Surveyed{std::move(*reply), std::move(message->fds)};
}

Result<ImageSurvey::Outcome> ImageSurvey::look_at(const std::filesystem::path& file) {
    auto answer = ask(file, 0);
    if (!answer) return tl::unexpected(answer.error());
    if (auto* refused = std::get_if<NotAnalysed>(&*answer)) return std::move(*refused);
    auto& image = std::get<Surveyed>(*answer).reply.image;
    constexpr std::size_t thumbnail = survey_side * survey_side;
    if (image.thumbnail.size() != thumbnail) return fail("protocol", "the decoder sent no thumbnail");
    return std::move(image);
}

Result<std::variant<NotAnalysed, DisplayImage>> ImageSurvey::picture_of(const std::filesystem::path& file,
                                                                        int long_side) {
    auto answer = ask(file, long_side);
    if (!answer) return tl::unexpected(answer.error());
    if (auto* refused = std::get_if<NotAnalysed>(&*answer)) return std::move(*refused);
    const auto& surveyed = std::get<Surveyed>(*answer);
    const auto [columns, rows] = surveyed.reply.display;
    if (surveyed.fds.size() != 1 || columns <= 0 || rows <= 0)
        return fail("protocol", "the decoder sent no display image");
    const auto size = static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows);
    const auto mapping = Mapping::of_memfd(surveyed.fds.front().get(), size);
    if (!mapping) return tl::unexpected(mapping.error());
    const auto pixels = mapping->as<std::uint8_t>();
    return DisplayImage{columns, rows, {pixels.begin(), pixels.end()}};
}

}  // namespace hilum::cli
