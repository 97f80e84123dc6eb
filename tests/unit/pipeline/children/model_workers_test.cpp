// What is a verdict on a package, and who pays for the end of its worker.
#include "pipeline/children/model_workers.h"

#include <gmock/gmock.h>

#include "pipeline/surroundings.h"
#include "pipeline/unit/service_unit.h"
#include "support/temporary_folder.h"
#include "unit/pipeline/children/analysis_engine_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ModelWorkersTest : public test::AnalysisEngineFixture {
  protected:
    Retry retry_of(const std::string& name) {
        return std::get<AnalysisFailure>(answers_.at(name)).error.retry;
    }
    ModelStatus status() { return engine_->models_status().at(0); }
    // Each decoder dies over what it is given: killed, unless told otherwise.
    void decoders_die(int wait_status = 9) {
        decode_ = [this, wait_status](pid_t pid, const DecodeRequest&) { end(pid, wait_status); };
    }
    void decoders_work() {
        decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    }
    void workers_hold_what_they_get() {
        infer_ = [](pid_t, const InferRequest&) {};
    }
    void answer(std::size_t nth) { inferred(infers_.at(nth).first, infers_.at(nth).second); }
};

// ---- golden cases ----

TEST_F(ModelWorkersTest, AGoldenCaseThatCannotBeRunAtTheStartIsTriedAgain) {
    decoders_die();
    start(10s);
    EXPECT_THAT(events_, IsEmpty()) << "nothing is known of the package";
    EXPECT_EQ(kills_, 0) << "the worker stays warm";
    EXPECT_FALSE(engine_->ready(0));
    EXPECT_EQ(status().state, ModelState::loading);
    EXPECT_THAT(status().error, HasSubstr("could not be run and are tried again"));
    decoders_work();
    run_for(2min);
    EXPECT_TRUE(engine_->ready(0));
    EXPECT_EQ(status().error, "");
    EXPECT_THAT(events_, ElementsAre("model_loaded"));
}

TEST_F(ModelWorkersTest, WhatTheNodeLacksIsNoVerdictOnTheModel) {
    infer_ = [this](pid_t pid, const InferRequest& request) {
        inferred(pid, request, Error{"out_of_memory", "the memory does not suffice", Retry::once_mended});
    };
    start(10s);
    EXPECT_THAT(events_, IsEmpty());
    EXPECT_EQ(kills_, 0);
    EXPECT_GT(infers_.size(), 1u);
    EXPECT_LT(infers_.size(), 6u) << "with growing pauses";
}

TEST_F(ModelWorkersTest, AModelThatFailsOverItsGoldenCaseIsRejected) {
    infer_ = [this](pid_t pid, const InferRequest& request) {
        inferred(pid, request, Error{"model_failed", "too bright", Retry::never});
    };
    start(50ms);
    EXPECT_THAT(events_, ElementsAre("model_golden_failed"));
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(status().state, ModelState::failed);
}

TEST_F(ModelWorkersTest, AGoldenCaseOfWhichEachDecoderDiesIsAVerdict) {
    decoders_die(11);
    start(1min);
    EXPECT_THAT(events_, testing::Contains("model_golden_failed"));
    EXPECT_GE(kills_, 1);
}

TEST_F(ModelWorkersTest, AReloadWaitsForGoldenCasesThatCannotBeRun) {
    start();
    version_ = "2";
    decoders_die();
    std::string error = "not ended";
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(1min);
    EXPECT_EQ(error, "not ended");
    decoders_work();
    run_for(2min);
    EXPECT_EQ(error, "");
    EXPECT_EQ(status().serving->version, "2");
    EXPECT_THAT(events_, ElementsAre("model_loaded", "model_loaded", "model_reloaded"));
}

TEST_F(ModelWorkersTest, AReloadDoesNotWaitForThemForEverAndTellsWhy) {
    start();
    version_ = "2";
    decoders_die();
    std::string error = "not ended";
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(11min);
    EXPECT_THAT(error, HasSubstr("it was not ready within 10min"));
    EXPECT_THAT(error, HasSubstr("could not be run"));
    EXPECT_EQ(status().serving->version, "1");
    EXPECT_THAT(events_, ElementsAre("model_loaded", "model_reload_failed"));
}

TEST_F(ModelWorkersTest, ASecondReloadIsToldWhatServes) {
    start();
    version_ = "2";
    decoders_die();
    ModelReload first, second;
    engine_->reload(0, "operator", [&](const ModelReload& reload) { first = reload; });
    engine_->reload(0, "another", [&](const ModelReload& reload) { second = reload; });
    run_for(1s);
    EXPECT_THAT(second.error, HasSubstr("already"));
    EXPECT_EQ(second.before, "1");
    engine_->stop();
    engine_->reload(0, "a third", [&](const ModelReload& reload) { second = reload; });
    run_for(1s);
    EXPECT_THAT(second.error, HasSubstr("stopped"));
}

// systemd ends the command that reloads after TimeoutStartSec, and the model would be swapped afterwards.
TEST_F(ModelWorkersTest, TheUnitGivesAReloadTheTimeThatItMayTake) {
    const test::TemporaryFolder root;
    const auto units = root.path() / "usr/lib/systemd/system";
    std::filesystem::create_directories(units);
    std::filesystem::copy(HILUM_SOURCE_DIR "/systemd/hilum.service", units);
    std::optional<Duration> limit;
    const auto unit = read_service_unit(root.path(), "hilum.service");
    ASSERT_TRUE(unit);
    for (const auto& [name, value, file] : unit->settings)
        if (name == "TimeoutStartSec") limit = parse_systemd_span(value);
    ASSERT_TRUE(limit);
    EXPECT_GE(*limit, ModelWorkers::longest_reload + 1min);
}

// ---- how long a request may take ----

TEST_F(ModelWorkersTest, WhatWaitsBehindAnotherIsGivenTheWholeTime) {
    start();
    workers_hold_what_they_get();
    for (const char* name : {"a", "b"}) submit(name);
    run_for(15s);
    answer(1);
    run_for(15s);
    EXPECT_EQ(kills_, 0);
    answer(2);
    run_for(1s);
    EXPECT_TRUE(analysed("a"));
    EXPECT_TRUE(analysed("b"));
    run_for(1min);
    EXPECT_EQ(kills_, 0) << "nothing is asked of it any more";
}

TEST_F(ModelWorkersTest, WhatWasBegunLateIsNotGivenMore) {
    start();
    workers_hold_what_they_get();
    for (const char* name : {"a", "b"}) submit(name);
    run_for(15s);
    answer(1);
    run_for(19s);
    EXPECT_EQ(kills_, 0);
    run_for(2s);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(failure("b"), "process_died");
    EXPECT_EQ(retry_of("b"), Retry::later);
}

// ---- whose fault its end is ----

TEST_F(ModelWorkersTest, WhatWasNeverHandedOverIsNotToBlameForItsEnd) {
    start();
    workers_hold_what_they_get();
    for (const char* name : {"a", "b", "waits for a worker"}) submit(name);
    run_for(1s);
    answer(1);  // its last words make room
    end(worker(), 11);
    run_for(10ms);
    EXPECT_TRUE(analysed("a"));
    EXPECT_EQ(failure("b"), "process_died");
    EXPECT_EQ(retry_of("b"), Retry::later);
    EXPECT_EQ(failure("waits for a worker"), "process_died");
    EXPECT_EQ(retry_of("waits for a worker"), Retry::once_mended);
}

}  // namespace
}  // namespace hilum
