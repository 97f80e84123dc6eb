#include "training/data/image_decoding.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/file_system.h"
#include "contract/messages/decoding.h"
#include "model/package/input_yaml.h"
#include "model/process/model_process.h"

namespace hilum::training {
namespace {

using Clock = std::chrono::steady_clock;

// One decoder and what it is at.
struct Seat {
    std::optional<model::ModelProcess> process = {};
    std::optional<std::size_t> image = {};
    Clock::time_point until = {};
};

class Decoding {
  public:
    using Take = std::function<Status(std::size_t, const DecodingOutcome&)>;

    Decoding(const std::vector<std::filesystem::path>& files, const model::InputSpecification& input,
             const ImageReading& reading, const Take& take)
        : files_(files),
          reading_(reading),
          take_(take),
          yaml_(yaml_for_decoder(input)),
          yaml_sha256_(sha256_hex(yaml_)),
          input_(input) {}

    Status run() {
        auto choice = model::choose_no_model(reading_.configuration);
        if (!choice) return tl::unexpected(choice.error());
        choice_.emplace(std::move(*choice));
        auto text = make_memfd("hilum-model-yaml", std::as_bytes(std::span(yaml_)));
        if (!text) return tl::unexpected(text.error());
        yaml_file_ = std::move(*text);
        seats_.resize(std::clamp<std::size_t>(reading_.decoders, 1, std::max<std::size_t>(files_.size(), 1)));
        while (true) {
            for (auto& seat : seats_)
                while (!seat.image && next_ < files_.size())
                    if (auto given = give_work(seat); !given) return given;
            if (std::ranges::none_of(seats_, [](const Seat& seat) { return seat.image.has_value(); }))
                return {};
            if (auto waited = wait(); !waited) return waited;
        }
    }

  private:
    // Leaves the seat without an image where the file cannot be opened.
    Status give_work(Seat& seat) {
        const auto image = next_++;
        // Not blocking: a named pipe among the files would be waited for.
        const UniqueFd file(::open(files_[image].c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!file)
            return take_(image,
                         NotAnalysed{"unreadable", system_error(errno, "cannot open the file").message});
        if (!seat.process) {
            auto started = model::ModelProcess::start_decoder(*choice_);
            if (!started) return tl::unexpected(started.error());
            seat.process.emplace(std::move(*started));
        }
        DecodeRequest request;
        request.job = static_cast<std::int64_t>(image);
        request.package = "the model that is to be trained";
        request.package_sha256 = yaml_sha256_;
        request.golden = reading_.golden;
        request.any_use = !reading_.golden;
        const std::array descriptors{file.get(), yaml_file_.get()};
        if (auto sent = seat.process->send(to_packet(request), descriptors); !sent) return sent;
        seat.image = image;
        seat.until = Clock::now() + choice_->configuration.decoder.timeout;
        return {};
    }

    Status wait() {
        std::vector<pollfd> channels;
        auto first = Clock::time_point::max();
        for (const auto& seat : seats_) {
            channels.push_back({seat.image ? seat.process->fd() : -1, POLLIN, 0});
            if (seat.image) first = std::min(first, seat.until);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now()).count();
        if (::poll(channels.data(), channels.size(), static_cast<int>(std::clamp<long>(left, 0, 60'000))) <
                0 &&
            errno != EINTR)
            return tl::unexpected(system_error(errno, "cannot wait for the decoders"));
        for (std::size_t i = 0; i < seats_.size(); ++i) {
            auto& seat = seats_[i];
            if (!seat.image) continue;
            if (channels[i].revents != 0) {
                if (auto taken = take_answer(seat); !taken) return taken;
            } else if (Clock::now() >= seat.until) {
                const auto words = fmt::format("the decoder did not answer within {}",
                                               format_duration(choice_->configuration.decoder.timeout));
                if (auto taken = give_up(seat, {"timeout", words}); !taken) return taken;
            }
        }
        return {};
    }

    // The decoder is of no more use: the next image gets another.
    Status give_up(Seat& seat, const NotAnalysed& why) {
        seat.process.reset();
        const auto image = *std::exchange(seat.image, std::nullopt);
        return take_(image, why);
    }

    Status take_answer(Seat& seat) {
        const auto message = seat.process->receive(std::chrono::seconds(0));
        if (!message) return give_up(seat, {message.error().code, message.error().message});
        const auto reply = from_packet<DecodeReply>(*message);
        if (!reply) return tl::unexpected(reply.error());
        const auto image = *std::exchange(seat.image, std::nullopt);
        if (reply->job != static_cast<std::int64_t>(image))
            return fail("protocol", "a decoder answered another request");
        if (reply->error) return take_(image, NotAnalysed{reply->error->code, reply->error->message});
        if (!reply->not_analysed.code.empty()) return take_(image, reply->not_analysed);
        const std::vector<std::int64_t> shape{1, input_.channels, input_.rows, input_.columns};
        if (!reply->prepared || message->fds.empty() || reply->shape != shape)
            return fail("protocol", "a decoder sent another tensor than was asked for");
        const auto count = static_cast<std::size_t>(shape[1] * shape[2] * shape[3]);
        const auto tensor = Mapping::of_memfd(message->fds.front().get(), count * sizeof(float));
        if (!tensor) return tl::unexpected(tensor.error());
        return take_(image, DecodedInput{tensor->as<const float>(), reply->geometry});
    }

    const std::vector<std::filesystem::path>& files_;
    const ImageReading& reading_;
    const Take& take_;
    const std::string yaml_, yaml_sha256_;
    const model::InputSpecification& input_;
    UniqueFd yaml_file_;
    std::optional<model::ModelChoice> choice_;
    std::vector<Seat> seats_;
    std::size_t next_ = 0;
};

}  // namespace

std::string yaml_for_decoder(const model::InputSpecification& input) {
    return fmt::format(
        "name: training\nversion: training\nfile: model.pt\nsha256: {:064}\n{}"
        "output:\n  activation: softmax\n  labels: [{{name: one}}, {{name: another}}]\n",
        0, model::input_yaml(input));
}

Result<std::string> site_rules(const std::optional<std::filesystem::path>& configuration) {
    if (!configuration) return "";
    const auto choice = model::choose_no_model(configuration);
    if (!choice) return tl::unexpected(choice.error());
    model::ModelPackage package;
    model::apply_site(package, choice->configuration.site);
    return package.site;
}

Status decode_images(const std::vector<std::filesystem::path>& files, const model::InputSpecification& input,
                     const ImageReading& reading,
                     const std::function<Status(std::size_t, const DecodingOutcome&)>& take) {
    return Decoding(files, input, reading, take).run();
}

}  // namespace hilum::training
