#include "pipeline/control/reloads.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <utility>

#include "base/logging.h"
#include "pipeline/control/control_requests.h"
#include "pipeline/tls/tls_check.h"

namespace hilum {

struct Reloads::Outcome {
    std::size_t awaited = 0;
    OperatorDesk::Answer done;
    nlohmann::json models = nlohmann::json::array(), problems = nlohmann::json::array();

    void came() {
        if (--awaited == 0) done({{"ok", {{"models", models}, {"problems", problems}}}});
    }
};

Reloads::Reloads(World& world, const NodeOptions& options, const std::vector<std::string>& models,
                 AnalysisEngine& engine)
    : world_(world),
      options_(options),
      models_(models),
      engine_(engine),
      folders_(options.configuration, options.configuration_file),
      files_(world.make_background()) {}

void Reloads::reload(const std::string& model, const std::string& actor, const OperatorDesk::Answer& done) {
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < models_.size(); ++i)
        if (model.empty() || model == models_[i]) wanted.push_back(i);
    if (!model.empty() && wanted.empty())
        return done(control_error(
            {"not_found", fmt::format("no configured model's package folder is named '{}'", model)}));
    spdlog::info("{} asks for a reload of {}", actor, model.empty() ? "everything" : model);
    const auto outcome = std::make_shared<Outcome>(Outcome{wanted.size() + (model.empty() ? 1 : 0), done});
    if (model.empty()) look_at_secrets(outcome);
    for (const auto i : wanted)
        engine_.reload(i, actor, [outcome](const ModelReload& reload) {
            outcome->models.push_back({{"model", reload.model},
                                       {"before", reload.before},
                                       {"after", reload.after},
                                       {"error", reload.error}});
            outcome->came();
        });
}

// As the processes do that use them, and as the same user: what this one may not read, they may not. It is
// not confined to the folders of the start, as they are.
void Reloads::look_at_secrets(const std::shared_ptr<Outcome>& outcome) {
    files_->post([this, outcome] {
        auto found = check_secrets(options_.configuration, options_.configuration_file);
        auto refused = std::move(found.problems);
        for (const auto& more : {found.unchecked, found.not_current, folders_.moved()})
            refused.insert(refused.end(), more.begin(), more.end());
        world_.post([outcome, refused = std::move(refused)] {
            for (const auto& problem : refused) {
                spdlog::error("reload: {}", loggable(problem.text()));
                outcome->problems.push_back(problem.text());
            }
            outcome->came();
        });
    });
}

}  // namespace hilum
