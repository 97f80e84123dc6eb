#include "contract/messages/request_table.h"

#include <spdlog/spdlog.h>

#include <cstdlib>

#include "base/logging.h"

namespace hilum {

Status check_request(const Message& message, bool known, bool permitted, std::size_t descriptors) {
    const auto type = loggable(packet_type(message));
    if (!known) return fail("protocol", "the coordinator sent a '{}' message, which is unknown here", type);
    if (!permitted) return fail("protocol", "the coordinator sent a '{}' message out of turn", type);
    if (descriptors != any_number && message.fds.size() != descriptors)
        return fail("protocol", "a '{}' message comes with {} descriptors, not with {}", type, descriptors,
                    message.fds.size());
    return {};
}

int exit_code_of(std::string_view role, const Error& error) {
    if (error.code == "closed") return EXIT_SUCCESS;
    spdlog::error("{}: {}", role, error.message);
    return error.retry == Retry::once_mended ? ended_by_the_nodes_trouble : EXIT_FAILURE;
}

}  // namespace hilum
