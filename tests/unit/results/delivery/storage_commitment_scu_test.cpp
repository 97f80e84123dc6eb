#include "results/delivery/storage_commitment_scu.h"

#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>
#include <poll.h>

#include "support/loopback.h"
#include "unit/results/delivery/raw_scp.h"
#include "unit/results/delivery/scripted_scp.h"

namespace hilum::delivery {
namespace {

using test::ScpScript;
using test::ScriptedScp;
using testing::ElementsAre;
using testing::HasSubstr;

class StorageCommitmentScuTest : public testing::Test {
  protected:
    RemoteNode node(int port) { return {"HILUM", "PACS", "127.0.0.1", port, std::chrono::seconds(5)}; }
    KeepCommitmentReport keep() {
        return [this](const CommitmentReport& result) {
            kept_.push_back(result);
            return answer_;
        };
    }
    // Serves what the destination says until `count` results came.
    void await(StorageCommitmentScu& scu, std::size_t count) {
        while (kept_.size() < count) {
            pollfd readable{scu.socket(), POLLIN, 0};
            ASSERT_EQ(::poll(&readable, 1, 20'000), 1);
            scu.serve();
        }
    }
    const std::vector<ReferencedInstance> instances_{{UID_SecondaryCaptureImageStorage, "1.1"},
                                                     {UID_Comprehensive3DSRStorage, "1.2"}};
    std::vector<CommitmentReport> kept_;
    Result<bool> answer_ = true;
};

TEST_F(StorageCommitmentScuTest, AsksForTheInstancesAndHearsTheAnswerOnTheSameAssociation) {
    for (const auto when : {ScpScript::Report::before_response, ScpScript::Report::after_response}) {
        kept_.clear();
        ScpScript script;
        script.report = when;
        script.uncommitted = "1.2";
        ScriptedScp scp(script);
        StorageCommitmentScu scu(node(scp.port()), keep());
        const auto answer = scu.request("1.2.3", instances_);
        EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
        await(scu, 1);
        scu.release();
        ASSERT_EQ(scp.actions().size(), 1u);
        EXPECT_EQ(scp.actions()[0].transaction_uid, "1.2.3");
        EXPECT_THAT(scp.actions()[0].sop_instance_uids, ElementsAre("1.1", "1.2"));
        ASSERT_EQ(kept_.size(), 1u);
        EXPECT_EQ(kept_[0].transaction_uid, "1.2.3");
        EXPECT_THAT(kept_[0].committed, ElementsAre("1.1"));
        ASSERT_EQ(kept_[0].failed.size(), 1u);
        EXPECT_EQ(kept_[0].failed[0].reason, 0x0112);
        EXPECT_THAT(scp.report_answers(), ElementsAre(0));
        EXPECT_EQ(scp.releases(), 1);
    }
}

TEST_F(StorageCommitmentScuTest, AnswersWithSuccessOnlyOnceTheReportIsKept) {
    ScpScript script;
    script.report = ScpScript::Report::after_response;
    ScriptedScp scp(script);
    StorageCommitmentScu scu(node(scp.port()), keep());
    answer_ = fail_for_now("not_committed", "the disk is full");
    EXPECT_EQ(scu.request("1.2.3", instances_).outcome, Outcome::delivered);
    await(scu, 1);
    answer_ = false;  // no transaction of ours
    EXPECT_EQ(scu.request("1.2.4", instances_).outcome, Outcome::delivered);
    await(scu, 2);
    scu.release();
    EXPECT_THAT(scp.report_answers(), ElementsAre(0x0110, 0x0115));
    EXPECT_EQ(scp.associations(), 1);
}

TEST_F(StorageCommitmentScuTest, TellsWhatTheDestinationDoesNotOffer) {
    ScpScript script;
    script.sop_classes = {UID_SecondaryCaptureImageStorage};
    ScriptedScp scp(script);
    StorageCommitmentScu scu(node(scp.port()), keep());
    const auto answer = scu.request("1.2.3", instances_);
    EXPECT_EQ(answer.outcome, Outcome::refused);
    EXPECT_THAT(answer.message, HasSubstr("storage_commitment.request"));
    EXPECT_FALSE(answer.no_association);
}

TEST_F(StorageCommitmentScuTest, TellsARefusalsStatus) {
    ScpScript script;
    script.action_status = 0x0213;
    ScriptedScp scp(script);
    StorageCommitmentScu scu(node(scp.port()), keep());
    const auto answer = scu.request("1.2.3", instances_);
    EXPECT_EQ(answer.outcome, Outcome::refused);
    EXPECT_EQ(answer.dimse_status, 0x0213);
}

TEST_F(StorageCommitmentScuTest, OpensAnewWhereTheDestinationReleasesInsteadOfAnswering) {
    int answered = 0;
    test::RawScp scp([&](const test::RawScp::Accept& accept) {
        {
            auto first = accept();
            first.accept_association();
            first.receive_request();
            first.answer(0x8130);
            first.receive_request();
            first.send_pdu(test::release_rq);
            answered = first.receive_type();
        }
        auto second = accept();
        second.accept_association();
        second.receive_request();
        second.answer(0x8130);
        second.receive_type();
    });
    {
        StorageCommitmentScu scu(node(scp.port()), keep());
        EXPECT_EQ(scu.request("1.2.3", instances_).outcome, Outcome::delivered);
        const auto answer = scu.request("1.2.4", instances_);
        EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    }
    scp.join();
    EXPECT_EQ(answered, test::release_rp);
}

TEST_F(StorageCommitmentScuTest, NamesTheStepAtWhichADestinationHangs) {
    test::RawScp scp([&](const test::RawScp::Accept& accept) {
        auto connection = accept();
        connection.accept_association();
        while (connection.receive_type() == 4) {
        }
    });
    auto impatient = node(scp.port());
    impatient.timeout = std::chrono::milliseconds(300);
    StorageCommitmentScu scu(impatient, keep());
    EXPECT_THAT(scu.request("1.2.3", instances_).message,
                HasSubstr("did not answer the request for storage commitment within 300ms"));
}

TEST_F(StorageCommitmentScuTest, TellsThatThereIsNoAssociation) {
    StorageCommitmentScu scu(node(test::closed_port()), keep());
    const auto answer = scu.request("1.2.3", instances_);
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_TRUE(answer.no_association);
}

}  // namespace
}  // namespace hilum::delivery
