// The analysis engine with one model in a simulated world.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/children/analysis_engine.h"
#include "unit/pipeline/children/scripted_children.h"

namespace hilum::test {

class AnalysisEngineFixture : public ScriptedChildren, protected AnalysisEngine::Owner {
  protected:
    explicit AnalysisEngineFixture(Duration decoder_timeout = std::chrono::seconds(10),
                                   Duration model_timeout = std::chrono::seconds(20)) {
        options_.daemon_program = "hilumd";
        options_.worker_program = "hilum-worker";
        auto& configuration = options_.configuration;
        configuration.decoder.processes = 1;
        configuration.decoder.timeout = decoder_timeout;
        auto& model = configuration.models.emplace_back();
        model.package = "demo";
        model.timeout = model_timeout;
        EXPECT_TRUE(programs_.prepare());
        AnalysisEngine::Owner& owner = *this;
        engine_.emplace(world_, configuration, programs_, owner);
    }
    void start(Duration time = std::chrono::seconds(1)) {
        engine_->start();
        run_for(time);
    }

    void capacity_came() override {}
    void engine_changed() override {}
    void model_event(const audit::AuditEvent& event) override { events_.push_back(event.type); }

    Task<void> analyse(std::string name, bool urgent) {
        AnalysisTask task;
        task.file = *make_memfd("file", 1);
        task.urgent = urgent;
        auto answer = co_await engine_->analyse(std::move(task));
        ended_.push_back(name);
        answers_.emplace(name, std::move(answer));
    }
    void submit(const std::string& name, bool urgent = false) { tasks_.start(analyse(name, urgent)); }
    std::string failure(const std::string& name) {
        const auto* found = std::get_if<AnalysisFailure>(&answers_.at(name));
        return found == nullptr ? "none" : found->error.code;
    }
    bool analysed(const std::string& name) {
        return answers_.contains(name) && std::holds_alternative<Analysed>(answers_.at(name));
    }
    void answer_last_decode() { decoded(decodes_.back().first, decodes_.back().second); }
    void decodes_silently() {
        decode_ = [](pid_t, const DecodeRequest&) {};
    }

    static std::ptrdiff_t open_descriptors() {
        return std::ranges::distance(std::filesystem::directory_iterator("/proc/self/fd"));
    }

    NodeOptions options_;
    ChildPrograms programs_{options_};
    std::optional<AnalysisEngine> engine_;
    std::vector<std::string> events_, ended_;
    std::map<std::string, AnalysisAnswer> answers_;
    Tasks tasks_;
};

}  // namespace hilum::test
