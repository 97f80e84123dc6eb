// What becomes of objects: stored, discarded, refused; and nothing is acknowledged that is not stored.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>

#include "base/file_system.h"
#include "scp/part10_header.h"
#include "support/raw_association.h"
#include "support/receiving_node.h"

namespace hilum {
namespace {

using test::CoordinatorScript;
using test::Radiograph;
using test::RawAssociation;
using test::ReceivingNode;

const std::string explicit_little = "1.2.840.10008.1.2.1";
const std::string comprehensive_3d_sr = "1.2.840.10008.5.1.4.1.1.88.34";

Radiograph large_radiograph() {
    Radiograph radiograph;
    radiograph.pixels = std::string(4 << 20, '\x22');
    return radiograph;
}

// An association that has proposed the radiograph's SOP class.
RawAssociation associated(const ReceivingNode& node,
                          const std::string& sop_class_uid = Radiograph().sop_class_uid) {
    RawAssociation peer(node.port());
    const auto answer = peer.associate({{sop_class_uid, {explicit_little}}});
    EXPECT_TRUE(answer && answer->type == 0x02);
    return peer;
}

int store(RawAssociation& peer, const Radiograph& radiograph = {}) {
    return peer.store(radiograph.sop_class_uid, radiograph.sop_instance_uid, radiograph.bytes());
}

TEST(Receiving, StoresWhatStorescuSendsBitForBit) {
    ReceivingNode node;
    node.start();
    const auto sent = node.folder() / "radiograph.dcm";
    const auto radiograph = large_radiograph();
    std::ofstream(sent, std::ios::binary)
        << scp::part10_header(radiograph.sop_class_uid, radiograph.sop_instance_uid, explicit_little, "TEST")
        << radiograph.bytes();
    const std::string command = "storescu -aec HILUM -xe 127.0.0.1 " + std::to_string(node.port()) + " " +
                                sent.string() + " >/dev/null 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    const auto commits = node.coordinator().wait_for(StoreCommit::type);
    ASSERT_EQ(commits.size(), 1U);
    const auto content = read_file(node.spool() / commits[0].at("file").get<std::string>(), 64 << 20).value();
    EXPECT_EQ(content.size(), commits[0].at("size").get<std::size_t>());
    EXPECT_THAT(commits[0].at("header").at("sop_instance_uid"), radiograph.sop_instance_uid);
    // storescu writes the data set anew, but these values have only one form
    EXPECT_TRUE(content.ends_with(radiograph.pixels));
}

TEST(Receiving, StoresRawBytesBitForBit) {
    ReceivingNode node;
    node.start();
    auto peer = associated(node);
    EXPECT_EQ(store(peer), 0x0000);
    const auto commits = node.coordinator().messages(StoreCommit::type);
    ASSERT_EQ(commits.size(), 1U);
    const auto content = read_file(node.spool() / commits[0].at("file").get<std::string>(), 1 << 20).value();
    EXPECT_TRUE(content.ends_with(Radiograph().bytes()));
}

TEST(Receiving, AnswersSuccessForADuplicateAndKeepsOneFile) {
    ReceivingNode node;
    CoordinatorScript script;
    script.answers = [first = true](const auto&) mutable {
        return std::exchange(first, false) ? StoreAnswer{true, true, StoreOutcome::stored, {}}
                                           : StoreAnswer{true, false, StoreOutcome::duplicate, {}};
    };
    node.start(script);
    auto peer = associated(node);
    EXPECT_EQ(store(peer), 0x0000);
    EXPECT_EQ(store(peer), 0x0000);
    const auto commits = node.coordinator().messages(StoreCommit::type);
    ASSERT_EQ(commits.size(), 2U);
    EXPECT_EQ(commits[0].at("dataset_sha256"), commits[1].at("dataset_sha256"));
    EXPECT_EQ(node.files(), 1U);
}

TEST(Receiving, DiscardsAReportWithSuccess) {
    ReceivingNode node;
    node.start();
    Radiograph report;
    report.sop_class_uid = comprehensive_3d_sr;
    auto peer = associated(node, comprehensive_3d_sr);
    EXPECT_EQ(store(peer, report), 0x0000);
    EXPECT_EQ(node.coordinator().messages(DiscardCommit::type).at(0).at("reason"), "report");
    EXPECT_EQ(node.files(), 0U);
}

TEST(Receiving, AnswersA900WhenUidsDiffer) {
    ReceivingNode node;
    node.start();
    auto peer = associated(node);
    EXPECT_EQ(peer.store(Radiograph().sop_class_uid, "2.25.555", Radiograph().bytes()), 0xA900);
    EXPECT_EQ(store(peer), 0x0000) << "the association goes on";
    const auto event = node.coordinator().wait_for_event("store_failed").at(0);
    EXPECT_EQ(event.at("code"), "uid_mismatch");
    EXPECT_EQ(event.at("dimse_status"), 0xA900);
    EXPECT_EQ(event.at("study_instance_uid"), "2.25.2");
    EXPECT_EQ(event.at("accession_number"), "A42");
    EXPECT_EQ(node.files(), 1U);
}

TEST(Receiving, AnswersCxxxForATruncatedDataSetAndForADepthBomb) {
    ReceivingNode node;
    node.start();
    auto peer = associated(node);
    const std::string bytes = Radiograph().bytes();
    EXPECT_EQ(peer.store(Radiograph().sop_class_uid, "2.25.1", bytes.substr(0, bytes.size() - 500)), 0xC001);
    EXPECT_EQ(node.coordinator().wait_for_event("store_failed").at(0).at("accession_number"), "A42");
    test::DatasetBytes bomb;
    for (int i = 0; i < 20'000; ++i)
        bomb.header(0x00081140, "SQ", test::DatasetBytes::undefined_length).item();
    EXPECT_EQ(peer.store(Radiograph().sop_class_uid, "2.25.1", bomb.bytes()), 0xC002);
    EXPECT_EQ(node.files(), 0U);
}

TEST(Receiving, LeavesNoFileWhenThePeerGoesAwayWithinAnObject) {
    ReceivingNode node;
    node.start();
    auto peer = associated(node);
    peer.send(test::p_data(1, true, true, test::c_store_rq(Radiograph().sop_class_uid, "2.25.1")));
    peer.send(test::p_data(1, false, false, std::string(10'000, 'x')));
    peer.close();
    EXPECT_EQ(node.coordinator().wait_for_event("association_aborted").at(0).at("code"), "connection_lost");
    EXPECT_EQ(node.files(), 0U);
    EXPECT_TRUE(node.coordinator().messages(StoreCommit::type).empty());
}

TEST(Receiving, CutsOffAPeerThatNeverStopsSending) {
    ReceivingNode node;
    node.configuration().scp.max_object_size =
        100'000;  // with the 16 MiB over twice that, which are read away
    node.start();
    auto peer = associated(node);
    peer.send(test::p_data(1, true, true, test::c_store_rq(Radiograph().sop_class_uid, "2.25.1")));
    const std::string piece = test::p_data(1, false, false, std::string(100'000, 'x'));
    int pieces = 0;
    while (pieces < 2000 && peer.send(piece)) ++pieces;
    EXPECT_LT(pieces, 2000);
    EXPECT_EQ(node.coordinator().wait_for_event("association_aborted").at(0).at("code"), "our_limit");
    EXPECT_EQ(node.files(), 0U);
}

TEST(Receiving, AnswersC003ForWhatIsALittleTooLarge) {
    ReceivingNode node;
    node.configuration().scp.max_object_size = 100'000;
    node.start();
    auto peer = associated(node);
    EXPECT_EQ(store(peer, large_radiograph()), 0xC003);
    EXPECT_EQ(store(peer), 0x0000);
}

TEST(ReceivingFault, AnswersA700WhenTheCoordinatorDiesWithTheCommit) {
    ReceivingNode node;
    CoordinatorScript script;
    script.answers = [](const auto&) { return std::nullopt; };
    node.start(script);
    auto peer = associated(node);
    EXPECT_EQ(store(peer), 0xA700);
    const auto answer = peer.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, 0x07) << "A-ABORT";
}

TEST(ReceivingFault, AnswersA700WhenTheCoordinatorDiesWithinAnObject) {
    ReceivingNode node;
    node.start();
    auto peer = associated(node);
    const std::string bytes = Radiograph().bytes();
    peer.send(test::p_data(1, true, true, test::c_store_rq(Radiograph().sop_class_uid, "2.25.1")));
    peer.send(test::p_data(1, false, false, bytes.substr(0, 4000)));
    EXPECT_EQ(node.stop(), 0);
    peer.send(test::p_data(1, false, true, bytes.substr(4000)));
    EXPECT_EQ(peer.receive_status(), 0xA700);
    EXPECT_EQ(peer.receive()->type, 0x07) << "A-ABORT";
    EXPECT_EQ(node.files(), 0U);
}

TEST(ReceivingFault, AnswersA700WhenTheDiskIsFullAndStoresAgainWhenItIsNot) {
    ReceivingNode node;
    const auto disk = node.folder() / "disk";
    std::filesystem::create_directory(disk);
    const pid_t probe = ::fork();
    const auto mount_small_disk = [&] {
        return ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") == 0;
    };
    if (probe == 0) ::_exit(mount_small_disk() ? 0 : 1);
    int status = 0;
    ::waitpid(probe, &status, 0);
    if (status != 0) GTEST_SKIP() << "no file system can be mounted here, as it takes root";

    node.configuration().node.data_dir = disk;
    node.start({}, [&] { mount_small_disk(); });
    auto peer = associated(node);
    EXPECT_EQ(store(peer, large_radiograph()), 0xA700);
    EXPECT_EQ(node.coordinator().wait_for_event("store_failed").at(0).at("code"), "disk_full");
    EXPECT_EQ(store(peer), 0x0000);
}

TEST(ReceivingFault, AnswersA700WhenTheSpoolCannotBeWritten) {
    ReceivingNode node;
    node.start({}, [] {
        const rlimit small{100'000, 100'000};
        ::setrlimit(RLIMIT_FSIZE, &small);
    });
    auto peer = associated(node);
    EXPECT_EQ(store(peer, large_radiograph()), 0xA700);
    EXPECT_EQ(node.files(), 0U);
    EXPECT_EQ(store(peer), 0x0000);
}

}  // namespace
}  // namespace hilum
