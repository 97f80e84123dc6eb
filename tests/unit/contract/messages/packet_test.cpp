#include "contract/analysis.h"
#include "contract/messages/composing.h"
#include "contract/messages/inference.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hilum {
namespace {

template <typename T>
Result<T> through_a_packet(const T& message) {
    return from_packet<T>(Message{to_packet(message), {}});
}

TEST(Packet, CarriesAStoreCommitWhole) {
    StoreCommit commit;
    commit.header.sop_instance_uid = "1.2.3";
    commit.header.patient_name = "Yamada^Tarou";
    commit.file = "abc.dcm";
    commit.size = 1ull << 40;
    const auto got = through_a_packet(commit);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->header.sop_instance_uid, "1.2.3");
    EXPECT_EQ(got->header.patient_name, "Yamada^Tarou");
    EXPECT_EQ(got->size, 1ull << 40);
}

TEST(Packet, RefusesANumberThatIsNoneOfItsMember) {
    ASSERT_TRUE(through_a_packet(ListenerReady{11112, 0}));
    const nlohmann::json no_ports[] = {1e38,    1.5,       true,         nullptr,
                                       "11112", 1LL << 40, -(1LL << 40), UINT64_MAX};
    for (const auto& port : no_ports) {
        auto body = to_packet(ListenerReady{11112, 0}).body();
        body["port"] = port;
        const auto got = from_packet<ListenerReady>(Message{Packet(std::move(body)), {}});
        ASSERT_FALSE(got) << port;
        EXPECT_EQ(got.error().code, "protocol");
    }
}

TEST(Packet, KeepsAScoreAndARefusalApart) {
    ComposeRequest request;
    request.images.resize(2);
    request.images[0].outcome.not_analysed = NotAnalysed{"view", "the view is LATERAL"};
    request.images[1].outcome.result = InferenceResult{};
    request.images[1].outcome.result->confidence = 0.75;
    const auto got = through_a_packet(request);
    ASSERT_TRUE(got) << got.error().message;
    ASSERT_EQ(got->images.size(), 2u);
    EXPECT_EQ(got->images[0].outcome.not_analysed->code, "view");
    EXPECT_FALSE(got->images[0].outcome.result);
    EXPECT_FALSE(got->images[1].outcome.not_analysed);
    EXPECT_EQ(got->images[1].outcome.result->confidence, 0.75);
    auto kept = nlohmann::json(*got->images[1].outcome.result);
    kept.erase("indeterminate_margin");
    kept.erase("set_size");
    EXPECT_EQ(kept.get<InferenceResult>().indeterminate_margin, 0) << "as an earlier version kept it";
    EXPECT_EQ(kept.get<InferenceResult>().set_size, -1);
}

TEST(Packet, CarriesWhatIsToldOfAnImage) {
    ComposeRequest request;
    request.images.resize(1);
    request.images[0].outcome.notes = {{"window", "The window was not used."}};
    const auto got = through_a_packet(request);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->images[0].outcome.notes, request.images[0].outcome.notes);
}

// Rows of the database that an older version wrote have no notes.
TEST(Packet, ReadsAnOutcomeWithoutNotes) {
    const auto outcome = nlohmann::json::parse(R"({"not_analysed": {"code": "view", "message": "x"}})");
    EXPECT_TRUE(outcome.get<AnalysisOutcome>().notes.empty());
}

TEST(Packet, CarriesAnErrorWithItsRetry) {
    InferReply reply;
    EXPECT_FALSE(through_a_packet(reply)->error);
    reply.error = Error{"device_lost", "the GPU is lost", Retry::once_mended};
    const auto got = through_a_packet(reply);
    ASSERT_TRUE(got && got->error);
    EXPECT_EQ(got->error->code, "device_lost");
    EXPECT_EQ(got->error->message, "the GPU is lost");
    EXPECT_EQ(got->error->retry, Retry::once_mended);
}

TEST(Packet, CarriesWordsForEnumsAndRefusesOthers) {
    DeliverReply reply;
    reply.outcome = DeliveryOutcome::unsendable;
    reply.retry = Retry::once_mended;
    auto body = to_packet(reply).body();
    EXPECT_EQ(body.at("outcome"), "unsendable");
    EXPECT_EQ(through_a_packet(reply)->outcome, DeliveryOutcome::unsendable);
    EXPECT_EQ(through_a_packet(reply)->retry, Retry::once_mended);
    body["outcome"] = "lost";
    EXPECT_EQ(from_packet<DeliverReply>(Message{Packet(body), {}}).error().code, "protocol");
}

TEST(Packet, CarriesAModelThatServesAndOneThatDoesNot) {
    NodeStatus status;
    status.models.resize(2);
    status.models[1].serving = ServingModel{"demo", "1.0", "ab", "cpu", 4, 2};
    const auto got = through_a_packet(status);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_FALSE(got->models.at(0).serving);
    ASSERT_TRUE(got->models.at(1).serving);
    EXPECT_EQ(got->models[1].serving->golden_cases, 2);
}

TEST(Packet, IsRefusedWhereAnotherTypeBelongs) {
    const auto got = from_packet<InferReply>(Message{to_packet(InferRequest{}), {}});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, "protocol");
    EXPECT_NE(got.error().message.find("infer_reply"), std::string::npos);
}

TEST(Packet, IsRefusedWithAMemberMissingOrOfAnotherKind) {
    auto missing = to_packet(DeliverReply{}).body();
    missing.erase("outcome");
    EXPECT_EQ(from_packet<DeliverReply>(Message{Packet(missing), {}}).error().code, "protocol");

    auto wrong = to_packet(DeliverReply{}).body();
    wrong["dimse_status"] = "many";
    EXPECT_EQ(from_packet<DeliverReply>(Message{Packet(wrong), {}}).error().code, "protocol");
}

TEST(Packet, WithoutATypeIsNothing) {
    EXPECT_EQ(packet_type(Message{Packet(nlohmann::json::object()), {}}), "");
    EXPECT_FALSE(from_packet<StoreAnswer>(Message{Packet(nlohmann::json::object()), {}}));
}

}  // namespace
}  // namespace hilum
