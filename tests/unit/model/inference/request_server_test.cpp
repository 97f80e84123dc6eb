// The worker's loop beside a coordinator in the same process: what it ends with, and whom that blames.
#include "model/inference/request_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace hilum::model {
namespace {

class RequestServerTest : public testing::Test {
  protected:
    RequestServerTest() {
        auto ends = Channel::make_pair();
        coordinator_ = std::move(ends->first);
        worker_ = std::move(ends->second);
        package_.input.rows = package_.input.columns = 1;
        package_.labels.resize(2);
    }

    void ask(std::int64_t job) {
        const std::array<float, 1> image{0.5F};
        const auto tensor = make_memfd("tensor", std::as_bytes(std::span(image)));
        const std::array fds{tensor->get()};
        ASSERT_TRUE(coordinator_.send(to_packet(InferRequest{job, {1, 1, 1, 1}, -1}), fds));
    }

    int serve() {
        const auto device_works = [this] { return device_works_; };
        const ServedModel model{package_, "cuda:0", device_works, std::chrono::milliseconds(0), 0};
        return RequestServer(worker_, model, BatchRunner(forward_, {1})).serve();
    }

    // Until the worker's socket takes no more.
    void fill_the_channel() {
        ::fcntl(worker_.fd(), F_SETFL, O_NONBLOCK);
        while (worker_.send(to_packet(WorkerFailed{}))) {
        }
    }

    Channel coordinator_{UniqueFd()}, worker_{UniqueFd()};
    ModelPackage package_;
    bool device_works_ = true;
    Forward forward_ = [](std::span<const InputTensor> inputs) -> Result<std::vector<Inference>> {
        return std::vector<Inference>(inputs.size(), Inference{{0.0F, 1.0F}, {}, 0, 0, 0});
    };
};

TEST_F(RequestServerTest, ALostDeviceIsNoImagesFault) {
    device_works_ = false;
    forward_ = [](std::span<const InputTensor>) -> Result<std::vector<Inference>> {
        return fail("model_failed", "an illegal memory access was encountered");
    };
    ask(1);
    EXPECT_EQ(serve(), ended_by_the_nodes_trouble);
    const auto reply = from_packet<InferReply>(*coordinator_.receive());
    ASSERT_TRUE(reply && reply->error);
    EXPECT_EQ(reply->error->code, "device_lost");
    EXPECT_EQ(reply->error->retry, Retry::once_mended);
}

TEST_F(RequestServerTest, AnAnswerForWhichTheNodeHasNoRoomIsNoImagesFault) {
    ask(1);
    fill_the_channel();
    EXPECT_EQ(serve(), ended_by_the_nodes_trouble);
}

}  // namespace
}  // namespace hilum::model
