#include "results/composer.h"

#include <spdlog/spdlog.h>

#include <array>
#include <vector>

#include "contract/messages/request_table.h"
#include "dicom/dataset_reading.h"
#include "results/study_composer.h"

namespace hilum::results {
namespace {

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
        return coordinator_.send(to_packet(compose(request, equipment_)));
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
