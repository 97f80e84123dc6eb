// What `hilum model reload` and SIGHUP ask for, and how it went.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "pipeline/children/analysis_engine.h"
#include "pipeline/control/operator_desk.h"
#include "pipeline/node_options.h"
#include "pipeline/tls/secret_folders.h"

namespace hilum {

class Reloads {
  public:
    // `models`: their keys. All outlive it.
    Reloads(World& world, const NodeOptions& options, const std::vector<std::string>& models,
            AnalysisEngine& engine);

    // Of that model, or, where none is named, of all; then certificates and tokens, which other processes
    // were told to load, are looked at too. Answers {"ok": {"models": [{"model", "before", "after",
    // "error"}], "problems": [...]}} once each has proved itself or not: of what is named among the problems
    // what was in use before goes on.
    void reload(const std::string& model, const std::string& actor, const OperatorDesk::Answer& done);

  private:
    struct Outcome;
    void look_at_secrets(const std::shared_ptr<Outcome>& outcome);

    World& world_;
    const NodeOptions& options_;
    const std::vector<std::string>& models_;
    AnalysisEngine& engine_;
    const SecretFolders folders_;
    std::unique_ptr<Background> files_;
};

}  // namespace hilum
