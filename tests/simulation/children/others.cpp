#include "simulation/children/others.h"

#include "base/file_system.h"
#include "contract/messages/scanning.h"
#include "simulation/image.h"

namespace hilum::simulation {
namespace {

constexpr std::size_t most_bytes_of_others = 1 << 20;

}  // namespace

void Http::begin() {
    later(std::chrono::milliseconds(20), [this] { say(to_packet(HttpReady{8080})); });
}

void Http::predict(const std::string& file) {
    PredictRequest request;
    request.request = ++asked_;
    const auto memfd = make_memfd("predict", std::as_bytes(std::span(file)));
    const int fds[] = {memfd->get()};
    say(to_packet(request), fds);
}

void Http::hear(Message message) {
    if (packet_type(message) == PredictReply::type) ++answered_;
}

void Scanner::hear(Message message) {
    const auto request = from_packet<ScanRequest>(message);
    if (!request) return end(crashed_status);
    const auto file = read_fd(message.fds.at(0).get(), most_bytes_of_others).value_or("");
    respond(std::chrono::milliseconds(10), [this, name = request->file, file] {
        ScanReply reply;
        reply.object.file = name;
        if (const auto image = from_file(file)) {
            reply.object = image->commit(name);
            reply.data_set = data_set_bytes(file);
        } else {
            reply.error_code = image.error().code;
            reply.error = image.error().message;
        }
        say(to_packet(reply));
    });
}

}  // namespace hilum::simulation
