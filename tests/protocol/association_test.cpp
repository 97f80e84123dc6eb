// How associations are let in, refused and ended.
#include <gmock/gmock.h>

#include <chrono>
#include <fstream>

#include "support/dataset_bytes.h"
#include "support/raw_association.h"
#include "support/receiving_node.h"

namespace hilum {
namespace {

using test::CoordinatorScript;
using test::p_data;
using test::RawAssociation;
using test::ReceivingNode;
using testing::ElementsAre;
using Clock = std::chrono::steady_clock;

const std::string verification = "1.2.840.10008.1.1", dx = "1.2.840.10008.5.1.4.1.1.1.1";
const std::string implicit_little = "1.2.840.10008.1.2", explicit_little = "1.2.840.10008.1.2.1";
const std::string jpeg_baseline = "1.2.840.10008.1.2.4.50", jpeg_lossless = "1.2.840.10008.1.2.4.70";

std::string echoscu(const ReceivingNode& node) {
    return "echoscu -to 10 -aec HILUM 127.0.0.1 " + std::to_string(node.port()) + " >/dev/null 2>&1";
}

// Result, source and reason of an A-ASSOCIATE-RJ.
std::vector<int> rejection(const std::optional<test::Pdu>& answer) {
    if (!answer || answer->type != 0x03 || answer->body.size() != 4) return {};
    return {answer->body[1], answer->body[2], answer->body[3]};
}

TEST(Association, AnswersEchoscu) {
    ReceivingNode node;
    node.start();
    EXPECT_EQ(std::system(echoscu(node).c_str()), 0);
    EXPECT_EQ(node.coordinator().wait_for_event("echo").size(), 1U);
    EXPECT_EQ(node.coordinator().wait_for_event("association_released").size(), 1U);
    const auto accepted = node.coordinator().messages(ConnectionAccepted::type);
    ASSERT_EQ(accepted.size(), 1U);
    EXPECT_EQ(accepted[0].at("peer"), "127.0.0.1");
    EXPECT_EQ(accepted[0].at("host"), "127.0.0.1");
    EXPECT_EQ(node.stop(), 0);
}

TEST(Association, AHundredSilentConnectionsDoNotDelayAnEcho) {
    ReceivingNode node;
    node.start();
    std::vector<RawAssociation> silent;
    for (int i = 0; i < 100; ++i) silent.emplace_back(node.port());
    const auto begin = Clock::now();
    EXPECT_EQ(std::system(echoscu(node).c_str()), 0);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(1));
    EXPECT_EQ(node.coordinator().messages(ConnectionAccepted::type).size(), 1U)
        << "the others have no process";
}

TEST(Association, SilentConnectionsGiveWayToOneThatAsks) {
    ReceivingNode node;
    node.configuration().scp.max_connections = 20;
    node.start();
    std::vector<RawAssociation> silent;
    for (int i = 0; i < 200; ++i) silent.emplace_back(node.port());
    EXPECT_EQ(std::system(echoscu(node).c_str()), 0);
    EXPECT_EQ(node.coordinator().wait_for(ConnectionsClosed::type).at(0).at("peer"), "127.0.0.1");
}

TEST(Association, AnUnlistedHostIsRejectedInDicomsWordsAndTakesNoPlaceOfOthers) {
    ReceivingNode node;
    node.configuration().scp.accept = {{"PACS", {"192.0.2.1"}}};
    node.configuration().scp.max_unlisted_connections = 2;
    node.start();
    std::vector<RawAssociation> silent;
    for (int i = 0; i < 50; ++i) silent.emplace_back(node.port());
    RawAssociation asks(node.port());
    EXPECT_EQ(rejection(asks.associate({{dx, {explicit_little}}})), (std::vector{1, 1, 3}));
    EXPECT_EQ(node.coordinator().wait_for(ConnectionsClosed::type).at(0).at("reason"), "address_limit");
}

TEST(Association, DropsASilentAndADrippingPeerAfterTheTimeout) {
    ReceivingNode node;
    node.configuration().scp.association_timeout = std::chrono::milliseconds(500);
    node.start();
    RawAssociation silent(node.port()), dripping(node.port());
    const std::string request = test::associate_rq("PACS", "HILUM", {{dx, {explicit_little}}});
    const auto begin = Clock::now();
    std::size_t sent = 0;
    while (sent < request.size() && dripping.send(request.substr(sent, 1))) {
        ++sent;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // what a dripping peer does
    }
    EXPECT_LT(sent, request.size());
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
    EXPECT_FALSE(silent.receive());
    EXPECT_FALSE(silent.timed_out());
    EXPECT_EQ(node.coordinator().wait_for(ConnectionsClosed::type).at(0).at("reason"), "timeout");
}

TEST(Association, DropsAnIdleAssociation) {
    ReceivingNode node;
    node.configuration().scp.idle_timeout = std::chrono::milliseconds(300);
    node.start();
    RawAssociation peer(node.port());
    ASSERT_EQ(peer.associate({{verification, {implicit_little}}})->type, 0x02);
    const auto answer = peer.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, 0x07) << "A-ABORT";
    EXPECT_EQ(node.coordinator().wait_for_event("association_aborted").at(0).at("code"), "idle_timeout");
}

TEST(Association, DropsAPeerThatDripsWithinAMessage) {
    ReceivingNode node;
    node.configuration().scp.idle_timeout = std::chrono::milliseconds(500);
    node.start();
    RawAssociation peer(node.port());
    ASSERT_EQ(peer.associate({{verification, {implicit_little}}})->type, 0x02);
    const std::string message = p_data(1, true, true, test::c_echo_rq());
    const auto begin = Clock::now();
    std::size_t sent = 0;
    while (sent < message.size() && peer.send(message.substr(sent, 1))) {
        ++sent;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));  // what a dripping peer does
    }
    EXPECT_LT(sent, message.size());
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(4));
    EXPECT_EQ(node.coordinator().wait_for_event("association_aborted").at(0).at("code"), "too_slow");
}

TEST(Association, ReportsGarbageOnThePort) {
    ReceivingNode node;
    node.start();
    RawAssociation browser(node.port());
    browser.send("GET / HTTP/1.1\r\nHost: hilum\r\n\r\n");
    EXPECT_FALSE(browser.receive());
    EXPECT_FALSE(browser.timed_out());
    EXPECT_EQ(node.coordinator().wait_for_event("not_dicom").size(), 1U);
    EXPECT_EQ(std::system(echoscu(node).c_str()), 0);
}

TEST(Association, RefusesToAllocateAHugeAssociateRequest) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    peer.send(std::string("\x01\0\xFF\xFF\xFF\xFF", 6) + std::string(100, 'x'));
    EXPECT_FALSE(peer.receive());
    EXPECT_FALSE(peer.timed_out());
    EXPECT_EQ(std::system(echoscu(node).c_str()), 0);
}

TEST(Association, RejectsAnUnknownCallerForGood) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    EXPECT_THAT(rejection(peer.associate({{dx, {explicit_little}}}, "STRANGER")), ElementsAre(1, 1, 3));
    const auto requested = node.coordinator().wait_for(AssociationRequested::type);
    ASSERT_EQ(requested.size(), 1U);
    EXPECT_EQ(requested[0].at("outcome"), "unknown_caller");
    EXPECT_EQ(requested[0].at("calling_ae"), "STRANGER");
}

TEST(Association, RejectsAnotherCalledTitleForGood) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    EXPECT_THAT(rejection(peer.associate({{dx, {explicit_little}}}, "PACS", "ELSEWHERE")),
                ElementsAre(1, 1, 7));
}

TEST(Association, RejectsTransientlyWhenTheCoordinatorSaysSo) {
    ReceivingNode node;
    CoordinatorScript script;
    script.admits = [](const auto&) { return false; };
    node.start(script);
    RawAssociation peer(node.port());
    EXPECT_THAT(rejection(peer.associate({{dx, {explicit_little}}})), ElementsAre(2, 3, 2));
}

// Of a raw A-ASSOCIATE-RQ.
std::vector<int> rejection_of(const ReceivingNode& node, const std::string& request) {
    RawAssociation peer(node.port());
    peer.send(request);
    return rejection(peer.receive());
}

TEST(Association, RejectsWhatProposesNoPresentationContext) {
    ReceivingNode node;
    node.start();
    EXPECT_THAT(rejection_of(node, test::associate_rq("PACS", "HILUM", {})), ElementsAre(1, 1, 1));
    const auto requested = node.coordinator().wait_for(AssociationRequested::type);
    EXPECT_EQ(requested.at(0).at("outcome"), "no_presentation_context");
}

TEST(Association, RejectsAeTitlesOfSpacesEvenWhereAnyoneMayCall) {
    ReceivingNode node;
    node.configuration().scp.any_caller = true;
    node.configuration().scp.check_called_ae_title = false;
    node.start();
    const std::vector<test::ProposedContext> contexts{{dx, {explicit_little}}};
    EXPECT_THAT(rejection_of(node, test::associate_rq("", "HILUM", contexts)), ElementsAre(1, 1, 3));
    EXPECT_THAT(rejection_of(node, test::associate_rq("PACS", "", contexts)), ElementsAre(1, 1, 7));
}

TEST(Association, RejectsARequestWithoutOrWithAnotherApplicationContext) {
    ReceivingNode node;
    node.start();
    std::string request = test::associate_rq("PACS", "HILUM", {{dx, {explicit_little}}});
    const auto item = test::pdu_item(0x10, "1.2.840.10008.3.1.1.1");
    auto other = request;
    other.replace(other.find(item), item.size(), test::pdu_item(0x10, "1.2.840.10008.3.1.1.9"));
    EXPECT_THAT(rejection_of(node, other), ElementsAre(1, 1, 2));
    const auto body = request.substr(6);
    EXPECT_THAT(rejection_of(node, test::pdu(0x01, body.substr(0, 68) + body.substr(68 + item.size()))),
                ElementsAre(1, 1, 2));
}

TEST(Association, RejectsARequestThatCannotBeReadOrHasAnotherProtocolVersion) {
    ReceivingNode node;
    node.start();
    EXPECT_THAT(rejection_of(node, test::associate_rq("PACS", "HILUM", {{"1.2" + std::string(67, '3'), {}}})),
                ElementsAre(1, 2, 1));
    EXPECT_THAT(rejection_of(node, test::pdu(0x01, std::string(20, '\1'))), ElementsAre(1, 2, 1));
    std::string request = test::associate_rq("PACS", "HILUM", {{dx, {explicit_little}}});
    request[7] = 2;
    EXPECT_THAT(rejection_of(node, request), ElementsAre(1, 2, 2));
    const auto requested = node.coordinator().wait_for(AssociationRequested::type, 3);
    EXPECT_EQ(requested.at(0).at("outcome"), "unreadable");
    EXPECT_EQ(requested.at(2).at("outcome"), "protocol_version");
}

TEST(Association, AcceptsWhenNoContextIsAcceptedAndTellsWhich) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    const auto answer = peer.associate(
        {{"1.2.840.10008.5.1.4.1.2.2.1", {implicit_little}}, {dx, {"1.2.840.10008.1.2.4.100"}}});
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->type, 0x02);
    EXPECT_THAT(test::accepted_transfer_syntaxes(*answer), ElementsAre("refused 3", "refused 4"));
    EXPECT_EQ(node.coordinator().wait_for_event("contexts_refused").at(0).at("detail"),
              "FINDStudyRootQueryRetrieveInformationModel (1.2.840.10008.5.1.4.1.2.2.1): "
              "abstract-syntax-not-supported, DigitalXRayImageStorageForPresentation "
              "(1.2.840.10008.5.1.4.1.1.1.1): transfer-syntaxes-not-supported");
    EXPECT_EQ(node.coordinator().wait_for_event("contexts_refused").at(0).at("contexts_accepted"), 0);
    peer.close();
    EXPECT_EQ(node.coordinator().wait_for_event("association_aborted").at(0).at("code"), "contexts_refused");
}

TEST(Association, TellsHowManyContextsWereAcceptedBesideThoseThatAreRefused) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    ASSERT_TRUE(
        peer.associate({{"1.2.840.10008.5.1.4.1.2.2.1", {implicit_little}}, {dx, {implicit_little}}}));
    EXPECT_EQ(node.coordinator().wait_for_event("contexts_refused").at(0).at("contexts_accepted"), 1);
}

TEST(Association, TakesMoreThan50TransferSyntaxesInAContext) {
    ReceivingNode node;
    node.start();
    std::vector<std::string> many;
    for (int i = 0; i < 120; ++i) many.push_back("1.2.840.99999." + std::to_string(i));
    many.push_back(explicit_little);
    const test::Radiograph radiograph;
    RawAssociation peer(node.port());
    const auto answer = peer.associate({{radiograph.sop_class_uid, many}, {verification, {implicit_little}}});
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->type, 0x02);
    EXPECT_THAT(test::accepted_transfer_syntaxes(*answer), ElementsAre(explicit_little, implicit_little));
    EXPECT_EQ(peer.store(radiograph.sop_class_uid, radiograph.sop_instance_uid, radiograph.bytes()), 0x0000);
}

TEST(Association, ClosesConnectionsBeyondTheLimit) {
    ReceivingNode node;
    node.configuration().scp.max_connections = 2;
    node.start();
    RawAssociation one(node.port()), two(node.port());
    ASSERT_EQ(one.associate({{dx, {explicit_little}}})->type, 0x02);
    ASSERT_EQ(two.associate({{dx, {explicit_little}}})->type, 0x02);
    RawAssociation three(node.port());
    EXPECT_FALSE(three.receive());
    EXPECT_FALSE(three.timed_out());
    EXPECT_EQ(node.coordinator().wait_for(ConnectionsClosed::type).at(0).at("reason"), "address_limit");
}

TEST(Association, PrefersUncompressedToLosslessToLossy) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    const auto answer = peer.associate({{dx, {jpeg_baseline, jpeg_lossless, implicit_little}},
                                        {dx, {jpeg_baseline, jpeg_lossless}},
                                        {dx, {"1.2.840.10008.1.2.4.100"}},
                                        {"1.2.840.10008.5.1.4.1.2.2.1", {implicit_little}}});
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->type, 0x02);
    EXPECT_THAT(test::accepted_transfer_syntaxes(*answer),
                ElementsAre(implicit_little, jpeg_lossless, "refused 4", "refused 3"));
}

TEST(Association, EndsWhenTheCoordinatorIsGone) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port()), silent(node.port());
    ASSERT_EQ(peer.associate({{dx, {explicit_little}}})->type, 0x02);
    node.coordinator().wait_for(ConnectionAccepted::type);
    EXPECT_EQ(node.stop(), 0);
    const auto answer = peer.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, 0x07) << "A-ABORT";
    EXPECT_FALSE(silent.receive());
    EXPECT_FALSE(silent.timed_out());
}

TEST(Association, EndsWhenItDrainsAndNewOnesAreNotTaken) {
    ReceivingNode node;
    node.start();
    RawAssociation peer(node.port());
    ASSERT_EQ(peer.associate({{verification, {implicit_little}}})->type, 0x02);
    node.coordinator().send_to_all(to_packet(Drain{}));
    peer.send(p_data(1, true, true, test::c_echo_rq()));
    EXPECT_EQ(peer.receive_status(), 0);
    const auto answer = peer.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, 0x07) << "A-ABORT";
    EXPECT_EQ(node.coordinator().wait_for_event("association_aborted").at(0).at("code"), "draining");
    EXPECT_FALSE(RawAssociation(node.port()).connected());
    EXPECT_EQ(::kill(node.pid(), 0), 0) << "the listener stays until its channel closes";
    EXPECT_EQ(node.stop(), 0);
}

TEST(Association, TheListenerHasOneThread) {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer has one of its own";
#endif
    ReceivingNode node;
    node.start();
    std::ifstream status("/proc/" + std::to_string(node.pid()) + "/status");
    std::string line, threads;
    while (std::getline(status, line))
        if (line.starts_with("Threads:")) threads = line;
    EXPECT_EQ(threads, "Threads:\t1");
}

TEST(Association, AListenerThatCannotHaveItsPortSaysSoAndExits) {
    const auto [taken, port] = test::bind_loopback(1);
    ReceivingNode node;
    node.configuration().scp.port = port;
    testing::internal::CaptureStderr();
    const pid_t child = ::fork();
    if (child == 0) {
        auto pair = Channel::make_pair().value();
        start_logging("listener", "error");
        ::_exit(scp::run_listener(std::move(pair.second), Heartbeat(), node.configuration()));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(WEXITSTATUS(status), listener_cannot_listen);
    EXPECT_NE(log.find("port " + std::to_string(port) + " is in use"), std::string::npos) << log;
}

}  // namespace
}  // namespace hilum
