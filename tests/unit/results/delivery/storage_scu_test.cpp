#include "results/delivery/storage_scu.h"

#include <gmock/gmock.h>

#include <chrono>

#include "support/loopback.h"
#include "support/storescp.h"
#include "support/temporary_folder.h"
#include "unit/results/delivery/scripted_scp.h"
#include "unit/results/delivery/test_instance.h"

namespace hilum::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ScpScript;
using test::ScriptedScp;
using testing::HasSubstr;
using testing::Not;

class StorageScuTest : public testing::Test {
  protected:
    RemoteNode node(int port, Duration timeout = seconds(10)) {
        return {"HILUM", "PACS", "127.0.0.1", port, timeout};
    }
    SopInstance instance(const std::string& uid, const char* sop_class = UID_SecondaryCaptureImageStorage,
                         E_TransferSyntax syntax = EXS_LittleEndianExplicit, std::size_t pixel_bytes = 4096) {
        const auto file = test::write_instance(folder_ / (uid + ".dcm"), uid, sop_class, syntax, pixel_bytes);
        auto loaded = SopInstance::load(file);
        EXPECT_TRUE(loaded) << loaded.error().message;
        return std::move(*loaded);
    }
    test::TemporaryFolder folder_;
};

TEST_F(StorageScuTest, DeliversTheDataSetUnderItsIdentityAndAeTitles) {
    ScriptedScp scp;
    StorageScu scu(node(scp.port()));
    const auto answer = scu.store(instance("1.2.3"));
    EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    ASSERT_EQ(scp.stores().size(), 1u);
    const auto store = scp.stores().front();
    EXPECT_EQ(store.sop_instance_uid, "1.2.3");
    EXPECT_EQ(store.sop_class_uid, UID_SecondaryCaptureImageStorage);
    EXPECT_EQ(store.transfer_syntax_uid, UID_LittleEndianExplicitTransferSyntax);
    EXPECT_EQ(store.calling_ae_title, "HILUM");
    EXPECT_EQ(store.called_ae_title, "PACS");
}

TEST_F(StorageScuTest, SendsTheSameDataSetInImplicitVrToADestinationThatKnowsNothingElse) {
    ScpScript implicit_only;
    implicit_only.transfer_syntaxes = {UID_LittleEndianImplicitTransferSyntax};
    ScriptedScp explicit_scp, implicit_scp(implicit_only);
    StorageScu to_explicit(node(explicit_scp.port())), to_implicit(node(implicit_scp.port()));
    EXPECT_EQ(to_explicit.store(instance("1.2.3")).outcome, Outcome::delivered);
    EXPECT_EQ(to_implicit.store(instance("1.2.3")).outcome, Outcome::delivered);
    ASSERT_EQ(implicit_scp.stores().size(), 1u);
    EXPECT_EQ(implicit_scp.stores()[0].transfer_syntax_uid, UID_LittleEndianImplicitTransferSyntax);
    EXPECT_FALSE(explicit_scp.stores()[0].dataset.empty());
    EXPECT_TRUE(implicit_scp.stores()[0].dataset == explicit_scp.stores()[0].dataset);
}

TEST_F(StorageScuTest, ReusesTheAssociation) {
    ScriptedScp scp;
    StorageScu scu(node(scp.port()));
    scu.propose(UID_Comprehensive3DSRStorage, UID_LittleEndianExplicitTransferSyntax);
    for (const auto* uid : {"1.2.1", "1.2.2", "1.2.3"})
        EXPECT_EQ(scu.store(instance(uid)).outcome, Outcome::delivered);
    EXPECT_EQ(scu.store(instance("1.2.4", UID_Comprehensive3DSRStorage)).outcome, Outcome::delivered);
    EXPECT_EQ(scp.associations(), 1);
    EXPECT_EQ(scp.stores().size(), 4u);
}

TEST_F(StorageScuTest, NegotiatesAnewForASopClassThatWasNotProposed) {
    ScriptedScp scp;
    StorageScu scu(node(scp.port()));
    EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
    EXPECT_EQ(scu.store(instance("1.2.2", UID_EnhancedSRStorage)).outcome, Outcome::delivered);
    EXPECT_EQ(scu.store(instance("1.2.3")).outcome, Outcome::delivered);
    EXPECT_EQ(scp.associations(), 2);
}

TEST_F(StorageScuTest, ReleasesTheAssociationProperly) {
    ScriptedScp scp;
    {
        StorageScu scu(node(scp.port()));
        EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
        EXPECT_GE(scu.socket(), 0);
        scu.release();
        EXPECT_EQ(scu.socket(), -1);
    }
    EXPECT_EQ(scp.releases(), 1);
}

TEST_F(StorageScuTest, RetriesWhenTheSopClassIsNotAccepted) {
    ScpScript captures_only;
    captures_only.sop_classes = {UID_SecondaryCaptureImageStorage};
    ScriptedScp scp(captures_only);
    StorageScu scu(node(scp.port()));
    const auto report = instance("1.2.1", UID_Comprehensive3DSRStorage);
    const auto answer = scu.store(report);
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_FALSE(answer.no_association) << "it takes other classes";
    EXPECT_THAT(answer.message, HasSubstr("does not accept Comprehensive3DSRStorage"));
    EXPECT_TRUE(scp.stores().empty());
    scp.set_script({});
    EXPECT_EQ(scu.store(report).outcome, Outcome::delivered);
}

TEST_F(StorageScuTest, RetriesWhenNobodyListens) {
    StorageScu scu(node(test::closed_port()));
    const auto answer = scu.store(instance("1.2.3"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_TRUE(answer.no_association);
    EXPECT_EQ(answer.dimse_status, -1);
    EXPECT_THAT(answer.message, HasSubstr("cannot connect to PACS at 127.0.0.1:"));
    EXPECT_THAT(answer.message, HasSubstr("Connection refused"));
}

TEST_F(StorageScuTest, RetriesWhenTheHostIsUnknown) {
    StorageScu scu({"HILUM", "PACS", "no-such-host.invalid", 104, seconds(5)});
    const auto answer = scu.store(instance("1.2.3"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("cannot find the host")) << answer.message;
}

TEST_F(StorageScuTest, RetriesRejectedAssociationsAndSaysWhy) {
    ScpScript script;
    script.association = ScpScript::Association::reject_permanent;
    ScriptedScp scp(script);
    StorageScu scu(node(scp.port()));
    auto answer = scu.store(instance("1.2.3"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("does not know the calling AE title HILUM"));
    script.association = ScpScript::Association::reject_transient;
    scp.set_script(script);
    answer = scu.store(instance("1.2.3"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("limit of associations"));
    scp.set_script({});
    EXPECT_EQ(scu.store(instance("1.2.3")).outcome, Outcome::delivered);
}

class ScuAgainstAHangingPeer : public StorageScuTest,
                               public testing::WithParamInterface<ScpScript::Association> {};

TEST_P(ScuAgainstAHangingPeer, GivesUpAfterTheTimeout) {
    ScpScript script;
    script.association = GetParam();
    ScriptedScp scp(script);
    StorageScu scu(node(scp.port(), milliseconds(1000)));
    const auto before = std::chrono::steady_clock::now();
    const auto answer = scu.store(instance("1.2.3"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(6));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("did not answer the request for an association within 1s"));
    scp.set_script({});
    EXPECT_EQ(scu.store(instance("1.2.3")).outcome, Outcome::delivered);
}

INSTANTIATE_TEST_SUITE_P(Association, ScuAgainstAHangingPeer,
                         testing::Values(ScpScript::Association::ignore, ScpScript::Association::drip),
                         [](const auto& each) {
                             return each.param == ScpScript::Association::drip ? "Dripping" : "Silent";
                         });

struct BrokenExchange {
    ScpScript::On store;
    const char* words;
};

void PrintTo(const BrokenExchange& exchange, std::ostream* out) {
    *out << exchange.words;
}
class ScuAfterABrokenExchange : public StorageScuTest, public testing::WithParamInterface<BrokenExchange> {};

TEST_P(ScuAfterABrokenExchange, RetriesAndTheNextSendSucceeds) {
    ScpScript script;
    script.store = GetParam().store;
    ScriptedScp scp(script);
    StorageScu scu(node(scp.port(), milliseconds(1000)));
    const auto answer = scu.store(instance("1.2.3"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_EQ(answer.dimse_status, -1);
    EXPECT_THAT(answer.message, HasSubstr(GetParam().words));
    scp.set_script({});
    EXPECT_EQ(scu.store(instance("1.2.3")).outcome, Outcome::delivered);
}

INSTANTIATE_TEST_SUITE_P(Store, ScuAfterABrokenExchange,
                         testing::Values(BrokenExchange{ScpScript::On::abort, "aborted the association"},
                                         BrokenExchange{ScpScript::On::close, "closed the connection"},
                                         BrokenExchange{ScpScript::On::silence,
                                                        "did not answer the C-STORE within 1s"}));

TEST_F(StorageScuTest, OpensAnewWhenTheIdleAssociationDied) {
    ScpScript script;
    script.stores_per_association = 1;
    ScriptedScp scp(script);
    StorageScu scu(node(scp.port()));
    EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
    EXPECT_EQ(scu.store(instance("1.2.2")).outcome, Outcome::delivered);
    EXPECT_EQ(scp.associations(), 2);
    EXPECT_EQ(scp.stores().size(), 2u);
}

TEST_F(StorageScuTest, PassesOnTheStatusOfAFailure) {
    ScpScript script;
    script.dimse_status = 0xA700;
    ScriptedScp scp(script);
    StorageScu scu(node(scp.port()));
    const auto answer = scu.store(instance("1.2.1"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_EQ(answer.dimse_status, 0xA700);
    EXPECT_THAT(answer.message, Not(HasSubstr("Delivery")));  // the patient's name
}

TEST_F(StorageScuTest, SendsFiftyInstancesWithoutTheDelayOfNaglesAlgorithm) {
    if (!test::Storescp::available()) GTEST_SKIP() << "storescp is not installed (package dcmtk)";
    test::Storescp scp;
    StorageScu scu(node(scp.port()));
    const auto before = std::chrono::steady_clock::now();
    for (int i = 1; i <= 50; ++i) {
        const auto answer = scu.store(instance("1.2." + std::to_string(i), UID_SecondaryCaptureImageStorage,
                                               EXS_LittleEndianExplicit, 128 * 1024));
        ASSERT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    }
    EXPECT_EQ(scp.files(), 50u);
    EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(50 * 40));  // 40 ms each with Nagle
}

TEST_F(StorageScuTest, EchoesADestination) {
    if (!test::Storescp::available()) GTEST_SKIP() << "storescp is not installed (package dcmtk)";
    test::Storescp scp;
    const auto answer = StorageScu(node(scp.port())).echo();
    EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    EXPECT_THAT(answer.message, HasSubstr("answers"));
    EXPECT_EQ(StorageScu(node(test::closed_port())).echo().outcome, Outcome::retry);
}

TEST_F(StorageScuTest, ReportsAnEchoThatFails) {
    ScpScript script;
    script.dimse_status = 0x0122;
    ScriptedScp scp(script);
    const auto answer = StorageScu(node(scp.port())).echo();
    EXPECT_EQ(answer.outcome, Outcome::refused);
    EXPECT_EQ(answer.dimse_status, 0x0122);
}

TEST_F(StorageScuTest, LoadsNothingThatIsNoDicomFile) {
    const auto file = folder_ / "text.dcm";
    FILE* out = std::fopen(file.c_str(), "w");
    std::fputs("this is not a DICOM file, however long one reads in it", out);
    std::fclose(out);
    EXPECT_FALSE(SopInstance::load(file));
    EXPECT_FALSE(SopInstance::load(folder_ / "absent.dcm"));
}

}  // namespace
}  // namespace hilum::delivery
