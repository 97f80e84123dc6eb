#include "results/composer.h"

#include <spdlog/spdlog.h>

#include <array>
#include <vector>

#include "base/digest.h"
#include "base/file_system.h"
#include "contract/messages/request_table.h"
#include "dicom/dataset_reading.h"
#include "results/study_composer.h"

namespace hilum::results {
namespace {

// Asks the coordinator for each.
class CoordinatorsFiles final : public HandedFiles {
  public:
    CoordinatorsFiles(Channel& coordinator, std::int64_t job) : coordinator_(coordinator), job_(job) {}

    Result<UniqueFd> open(const std::string& file) override {
        auto answer = ask(FileRequest{job_, file}, {});
        if (!answer) {
            if (!is_gone(answer.error())) answer.error().code = "unreadable";
            return tl::unexpected(answer.error());
        }
        if (answer->fds.size() != 1) return tl::unexpected(end({"protocol", "the coordinator sent no file"}));
        return std::move(answer->fds.front());
    }

    Result<std::string> keep(const std::string& name, std::string_view bytes) override {
        const auto memory = make_memfd("hilum-result", std::as_bytes(std::span(bytes)));
        if (!memory) return tl::unexpected(memory.error());
        const int fd = memory->get();
        const MadeFile made{job_, name, sha256_hex(bytes)};
        const auto answer = ask(made, std::span(&fd, 1));
        if (!answer) return tl::unexpected(answer.error());
        return made.sha256;
    }

    // With an error the next message of the coordinator may answer what nobody waits for any more.
    const Status& conversation() const { return conversation_; }

  private:
    template <typename Asked>
    Result<Message> ask(const Asked& request, std::span<const int> fds) {
        if (!conversation_) return tl::unexpected(conversation_.error());
        conversation_ = fail("protocol", "an exchange with the coordinator was cut off");  // by an exception
        if (auto sent = coordinator_.send(to_packet(request), fds); !sent)
            return tl::unexpected(end(sent.error()));
        auto message = coordinator_.receive();
        if (!message) return tl::unexpected(end(message.error()));
        const auto reply = from_packet<FileReply>(*message);
        if (!reply || reply->job != job_ || reply->file != request.file)
            return tl::unexpected(end({"protocol", "the coordinator answered about another file"}));
        conversation_ = {};
        if (reply->error) return tl::unexpected(*reply->error);
        return message;
    }

    Error end(Error why) {
        conversation_ = tl::unexpected(why);
        return why;
    }

    Channel& coordinator_;
    const std::int64_t job_;
    Status conversation_;
};

class Composer {
  public:
    Composer(Channel& coordinator, const Configuration& configuration)
        : coordinator_(coordinator),
          equipment_{configuration.node.institution, configuration.node.ae_title, HILUM_VERSION, ""} {}

    Error run() {
        static constexpr std::array requests{request<&Composer::compose_study>()};
        return serve_requests(coordinator_, *this, requests).error();
    }

  private:
    Status compose_study(const ComposeRequest& request, std::vector<UniqueFd>) {
        CoordinatorsFiles files(coordinator_, request.job);
        const auto reply = compose(request, equipment_, files);
        if (!files.conversation()) return files.conversation();
        return coordinator_.send(to_packet(reply));
    }

    Channel& coordinator_;
    const Equipment equipment_;
};

}  // namespace

int run_composer(Channel coordinator, const Configuration& configuration) {
    if (auto ready = prepare_dcmtk(); !ready) return exit_code_of("composer", ready.error());
    return exit_code_of("composer", Composer(coordinator, configuration).run());
}

}  // namespace hilum::results
