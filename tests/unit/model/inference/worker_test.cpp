// hilum-worker as the coordinator meets it: a process at the other end of a channel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "contract/messages/request_table.h"
#include "worker_process.h"

namespace hilum::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// Logits [-m, m] of the mean grey m.
const std::string mean_model = R"(
def forward(self, x):
    m = x.mean([1, 2, 3]).unsqueeze(1) * self.weight
    return torch.cat([-m, m], 1)
)";

// The same, with the image and its negative as maps.
const std::string map_model = R"(
def forward(self, x):
    m = x.mean([1, 2, 3]).unsqueeze(1) * self.weight
    return torch.cat([-m, m], 1), torch.cat([-x, x], 1)
)";

// Not a number for images darker than zero.
const std::string nan_model = R"(
def forward(self, x):
    m = torch.sqrt(x.mean([1, 2, 3])).unsqueeze(1) * self.weight
    return torch.cat([-m, m], 1)
)";

// Throws for images brighter than a hundred.
const std::string throwing_model = R"(
def forward(self, x):
    assert not bool((x > 100.0).any()), "too bright"
    m = x.mean([1, 2, 3]).unsqueeze(1) * self.weight
    return torch.cat([-m, m], 1)
)";

std::string code_of(const InferReply& reply) {
    return reply.error ? reply.error->code : "";
}

const std::string batches_of_4 = "    batch: {max_size: 4, max_delay: 10s}\n";

TEST(Worker, TellsItsModelWhenItIsReady) {
    WorkerProcess worker({.forward = mean_model});
    const auto ready = worker.ready();
    EXPECT_EQ(ready.model.name, "test");
    EXPECT_EQ(ready.model.version, "7");
    EXPECT_EQ(ready.model.sha256, worker.weights_sha256());
    EXPECT_EQ(ready.model.configuration_sha256.size(), 64u);
    EXPECT_EQ(ready.model.notice, "Not cleared for clinical use");
    EXPECT_EQ(ready.device, "cpu");
    EXPECT_THAT(ready.diagnoses, ElementsAre("Dark", "Bright", "indeterminate"));
    EXPECT_THAT(ready.batch_size, testing::AnyOf(1, 4));
}

TEST(Worker, AnswersWithTheModelsOutputs) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    worker.infer(41, 0.5F);
    const auto reply = worker.reply();
    EXPECT_FALSE(reply.error);
    EXPECT_EQ(reply.job, 41);
    EXPECT_EQ(reply.result.diagnosis, "Bright");
    EXPECT_NEAR(reply.result.confidence, 1 / (1 + std::exp(-1.0)), 1e-5);
    EXPECT_EQ(reply.result.model.sha256, worker.weights_sha256());
    EXPECT_EQ(reply.result.device, "cpu");
    EXPECT_GT(reply.result.seconds, 0);
    EXPECT_GT(reply.result.started_at, 0);
    EXPECT_EQ(reply.result.map_rows, 0);
}

TEST(Worker, AppliesTheSitesThresholds) {
    WorkerProcess worker(
        {.forward = mean_model, .activation = "sigmoid", .settings = "    thresholds: {Bright: 0.9}\n"});
    worker.ready();
    worker.infer(1, 0.5F);
    const auto reply = worker.reply();
    EXPECT_EQ(reply.result.diagnosis, "no finding");
    EXPECT_EQ(reply.result.labels.at(1).threshold, 0.9);
}

TEST(Worker, SendsTheMapsInSealedMemory) {
    WorkerProcess worker({.forward = map_model});
    worker.ready();
    std::vector<float> image(input_side * input_side);
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i);
    worker.infer(1, image, {1, 1, input_side, input_side});
    Message message;
    const auto reply = worker.reply(&message);
    EXPECT_EQ(reply.result.map_rows, input_side);
    EXPECT_EQ(reply.result.map_columns, input_side);
    ASSERT_EQ(message.fds.size(), 1u);
    const auto maps = Mapping::of_memfd(message.fds[0].get(), 2 * image.size() * sizeof(float));
    ASSERT_TRUE(maps) << maps.error().message;
    const auto values = maps->as<const float>();
    for (std::size_t i = 0; i < image.size(); ++i) {
        EXPECT_EQ(values[i], -image[i]);
        EXPECT_EQ(values[image.size() + i], image[i]);
    }
}

// One golden case, whose image the worker does not read: it hands it to the coordinator.
void add_golden_case(const std::filesystem::path& package) {
    std::ofstream(package / "golden.png") << "an image";
    std::ofstream(package / "golden.yaml") << "- {input: golden.png, outputs: [-0.5, 0.5]}\n";
}

TEST(Worker, HandsOverItsPackagesTextAndGoldenInputs) {
    WorkerProcess worker({.forward = mean_model, .damage = add_golden_case});
    const auto message = worker.receive();
    const auto ready = from_packet<WorkerReady>(message).value();
    EXPECT_THAT(ready.golden, ElementsAre("golden.png"));
    ASSERT_EQ(message.fds.size(), 2u);
    EXPECT_THAT(read_fd(message.fds[0].get(), 1 << 20).value(), HasSubstr("name: test\nversion: 7\n"));
    EXPECT_EQ(read_fd(message.fds[1].get(), 1 << 20).value(), "an image");
}

TEST(Worker, ComparesTheOutputsOfAGoldenCase) {
    WorkerProcess worker({.forward = mean_model, .damage = add_golden_case});
    worker.ready();
    worker.infer(1, 0.5F, 0);
    const auto right = worker.reply();
    EXPECT_FALSE(right.error) << right.error->message;
    worker.infer(2, 0.6F, 0);
    const auto wrong = worker.reply();
    EXPECT_EQ(wrong.error->code, "golden_mismatch");
    EXPECT_THAT(wrong.error->message,
                HasSubstr("golden case golden.png: output Dark is -0.6, expected -0.5"));
    worker.infer(3, 0.6F);
    EXPECT_FALSE(worker.reply().error) << "it is no golden case";
}

TEST(Worker, RefusesAGoldenCaseThatItDoesNotHave) {
    WorkerProcess worker({.forward = mean_model, .damage = add_golden_case});
    worker.ready();
    worker.infer(1, 0.5F, 1);
    EXPECT_TRUE(worker.reply().error);
}

TEST(Worker, RunsWaitingImagesAsOneBatchAndAnswersEachForItself) {
    WorkerProcess worker({.forward = mean_model, .activation = "sigmoid", .settings = batches_of_4});
    EXPECT_EQ(worker.ready().batch_size, 4);
    std::map<std::int64_t, double> expected;
    for (int job = 1; job <= 4; ++job) {
        worker.infer(job, static_cast<float>(job) / 4);
        expected[job] = 1 / (1 + std::exp(-job / 4.0));
    }
    std::set<std::int64_t> starts;
    for (int i = 0; i < 4; ++i) {
        const auto reply = worker.reply();
        EXPECT_NEAR(reply.result.labels.at(1).score, expected.at(reply.job), 1e-5);
        expected.erase(reply.job);
        starts.insert(reply.result.started_at);
    }
    EXPECT_EQ(starts.size(), 1u) << "one batch has one start";
}

TEST(Worker, DoesNotWaitLongerThanTheDelayForABatchToFill) {
    WorkerProcess worker({.forward = mean_model, .settings = "    batch: {max_size: 4, max_delay: 20ms}\n"});
    worker.ready();
    for (int job = 1; job <= 3; ++job) worker.infer(job, 0.5F);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(worker.reply().error);
}

TEST(Worker, NeverSendsANotANumberAndAnswersTheRestOfTheBatch) {
    WorkerProcess worker({.forward = nan_model, .settings = batches_of_4});
    worker.ready();
    for (int job = 1; job <= 4; ++job) worker.infer(job, job == 3 ? -1.0F : 0.5F);
    for (int i = 0; i < 4; ++i) {
        const auto reply = worker.reply();
        EXPECT_EQ(code_of(reply), reply.job == 3 ? "not_finite" : "");
        EXPECT_EQ(reply.result.labels.empty(), reply.job == 3);
    }
}

TEST(Worker, FailsOnlyTheImageThatTheModelFailsOn) {
    WorkerProcess worker({.forward = throwing_model, .settings = batches_of_4});
    worker.ready();
    for (int job = 1; job <= 4; ++job) worker.infer(job, job == 2 ? 200.0F : 0.5F);
    for (int i = 0; i < 4; ++i) {
        const auto reply = worker.reply();
        EXPECT_EQ(code_of(reply), reply.job == 2 ? "model_failed" : "");
        if (reply.error) {
            EXPECT_THAT(reply.error->message, HasSubstr("too bright"));
        }
    }
}

TEST(Worker, RefusesATensorOfTheWrongSizeAndLives) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    worker.infer(1, std::vector<float>(3), {1, 1, input_side, input_side});
    EXPECT_EQ(worker.reply().error->code, "wrong_input");
    worker.infer(2, std::vector<float>(32), {1, 2, input_side, input_side});
    EXPECT_EQ(worker.reply().error->code, "wrong_input");
    worker.send(to_packet(InferRequest{3, {1, 1, input_side, input_side}}));
    EXPECT_EQ(worker.reply().error->code, "wrong_input") << "no tensor";
    worker.infer(4, 0.5F);
    const auto reply = worker.reply();
    EXPECT_EQ(reply.job, 4);
    EXPECT_FALSE(reply.error);
}

TEST(Worker, EndsWhenTheChannelCloses) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    worker.close();
    EXPECT_EQ(worker.exit_code(), 0);
}

TEST(Worker, EndsWhenTheChannelClosesBeforeItIsReady) {
    WorkerProcess worker({.forward = mean_model});
    worker.close();
    EXPECT_EQ(worker.exit_code(), 0);
}

TEST(Worker, LeavesItsEndToTheCoordinator) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    ::kill(worker.pid(), SIGTERM);
    ::kill(worker.pid(), SIGINT);
    worker.infer(1, 0.5F);
    EXPECT_FALSE(worker.reply().error);
}

TEST(Worker, EndsWithAnErrorWhenItIsSentAnotherMessage) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    worker.send(to_packet(WorkerFailed{}));
    EXPECT_EQ(worker.exit_code(), 1);
}

// The kernel drops the tensor's descriptor: what was asked of the worker is not to blame.
TEST(Worker, EndsByTheNodesTroubleWhereNoDescriptorIsLeft) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    const rlimit no_more{3, 3};
    ASSERT_EQ(::prlimit(worker.pid(), RLIMIT_NOFILE, &no_more, nullptr), 0);
    worker.infer(1, 0.5F);
    EXPECT_EQ(worker.exit_code(), ended_by_the_nodes_trouble);
}

TEST(Worker, HasNoNetworkInAnyOfItsThreads) {
    WorkerProcess worker({.forward = mean_model});
    worker.ready();
    const auto tasks = std::filesystem::path("/proc") / std::to_string(worker.pid()) / "task";
    int threads = 0;
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
        std::ifstream status(task.path() / "status");
        const std::string text(std::istreambuf_iterator<char>(status), {});
        EXPECT_THAT(text, HasSubstr("Seccomp:\t2")) << task.path();
        ++threads;
    }
    EXPECT_GE(threads, 1);
}

struct Unusable {
    const char* name;
    WorkerOptions options;
    const char* code;
    const char* words;
};

void PrintTo(const Unusable& model, std::ostream* out) {
    *out << model.name;
}

class UnusableModel : public testing::TestWithParam<Unusable> {};

TEST_P(UnusableModel, IsToldInClearWords) {
    WorkerProcess worker(GetParam().options);
    const auto failed = worker.failed();
    EXPECT_EQ(failed.error.code, GetParam().code);
    EXPECT_THAT(failed.error.message, HasSubstr(GetParam().words));
    EXPECT_EQ(worker.exit_code(), 1);
}

std::string returning(const std::string& expression) {
    return "\ndef forward(self, x):\n    m = x.mean([1, 2, 3]).unsqueeze(1) * self.weight\n    return " +
           expression + "\n";
}

void append_to(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::app) << text;
}

// Garbage with the digest that model.yaml names.
void corrupt_with_matching_digest(const std::filesystem::path& package) {
    std::ofstream(package / "model.pt") << "garbage";
    std::ofstream(package / "model.yaml")
        << "name: test\nversion: 7\nfile: model.pt\n"
           "sha256: 795b6904e54f82411df4b0e27a373a55eea3f9d66dac5a9bce1dd92f7b401da5\n"
           "input: {rows: 4, columns: 4}\noutput: {activation: softmax, labels: [{name: A}, {name: B}]}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Each, UnusableModel,
    testing::Values(
        Unusable{
            "MissingFile",
            {.forward = mean_model, .damage = [](const auto& p) { std::filesystem::remove(p / "model.pt"); }},
            "unreadable",
            "No such file"},
        Unusable{"ChangedFile",
                 {.forward = mean_model, .damage = [](const auto& p) { append_to(p / "model.pt", "x"); }},
                 "weights_digest",
                 "was changed or damaged"},
        Unusable{"CorruptFile",
                 {.forward = mean_model, .damage = corrupt_with_matching_digest},
                 "weights_corrupt",
                 "not a TorchScript file"},
        Unusable{"MissingYaml",
                 {.forward = mean_model,
                  .damage = [](const auto& p) { std::filesystem::remove(p / "model.yaml"); }},
                 "package",
                 "model.yaml"},
        Unusable{"WrongYaml",
                 {.forward = mean_model,
                  .damage = [](const auto& p) { append_to(p / "model.yaml", "colour: red\n"); }},
                 "package",
                 "model.yaml:7: colour: is not a key"},
        Unusable{"UnknownThreshold",
                 {.forward = mean_model, .settings = "    thresholds: {Fracture: 0.5}\n"},
                 "configuration",
                 "Fracture"},
        Unusable{"TooManyOutputs",
                 {.forward = returning("torch.cat([m, m, m], 1)")},
                 "wrong_shape",
                 "outputs of shape [1, 3] for a batch of 1; 2 labels need [1, 2]"},
        Unusable{"FlatOutputs",
                 {.forward = returning("torch.cat([m, m], 1).flatten()")},
                 "wrong_shape",
                 "outputs of shape [2]"},
        Unusable{"MapsOfFewerLabels",
                 {.forward = returning("torch.cat([m, m], 1), x")},
                 "wrong_shape",
                 "maps of shape [1, 1, 4, 4]"},
        Unusable{"NoTensor", {.forward = returning("3")}, "wrong_shape", "forward() returned a Int"},
        Unusable{
            "ThreeTensors", {.forward = returning("m, m, m")}, "wrong_shape", "forward() returned a Tuple"},
        Unusable{"AlwaysThrowing",
                 {.forward = returning("torch.cat([m, x], 1)")},
                 "model_failed",
                 "the model failed"},
        Unusable{"ForSingleImagesWhereBatchesAreConfigured",
                 {.forward = returning("torch.cat([m, m], 1)[0:1]"), .settings = batches_of_4},
                 "wrong_shape",
                 "for a batch of 2"}),
    [](const auto& model) { return std::string(model.param.name); });

TEST(Worker, TakesAModelForSingleImagesWhereTheBatchSizeIsItsOwnChoice) {
    WorkerProcess worker({.forward = returning("torch.cat([m, m], 1)[0:1]")});
    EXPECT_EQ(worker.ready().batch_size, 1);
}

TEST(Worker, SaysWhichDeviceIsMissing) {
    WorkerProcess worker({.forward = mean_model, .device = "cuda:999"});
    const auto failed = worker.failed();
    EXPECT_EQ(failed.error.code, "device");
    EXPECT_THAT(failed.error.message, HasSubstr("cuda:999"));
    EXPECT_EQ(worker.exit_code(), 1);
}

}  // namespace
}  // namespace hilum::test
