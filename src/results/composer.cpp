#include "results/composer.h"

#include <spdlog/spdlog.h>

#include "base/sandbox.h"
#include "dicom/dataset_reading.h"
#include "results/study_composer.h"

namespace hilum::results {
namespace {

constexpr std::size_t address_space = 4ULL << 30;  // bytes; one study at a time

// Before the first foreign byte. The channel to the coordinator is open already and stays.
Status enter_sandbox() {
    if (auto status = deny_new_sockets(); !status) return status;
    return limit_address_space(address_space);
}

}  // namespace

int run_composer(Channel coordinator, const Configuration& configuration) {
    prepare_dcmtk();
    if (const auto status = enter_sandbox(); !status) {
        spdlog::error("cannot enter the sandbox: {}", status.error().message);
        return 1;
    }
    const Equipment equipment{configuration.node.institution, configuration.node.ae_title};
    for (;;) {
        const auto message = coordinator.receive();
        if (!message) return message.error().code == "closed" ? 0 : 1;
        const auto request = from_packet<ComposeRequest>(*message);
        if (!request) {
            spdlog::error("{}", request.error().message);
            return 1;
        }
        const auto sent = coordinator.send(to_packet(compose(*request, equipment)));
        if (!sent) return sent.error().code == "closed" ? 0 : 1;
    }
}

}  // namespace hilum::results
