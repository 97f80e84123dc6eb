// Odd commands and PDVs: each is answered, and costs no association whose stream can be followed.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/raw_messages.h"
#include "support/receiving_node.h"

namespace hilum {
namespace {

using test::p_data;
using test::pdv;
using test::Radiograph;
using test::RawAssociation;
using test::RawCommand;
using test::ReceivingNode;

const std::string explicit_little = "1.2.840.10008.1.2.1", implicit_little = "1.2.840.10008.1.2";
const std::string verification = "1.2.840.10008.1.1", study_root_find = "1.2.840.10008.5.1.4.1.2.2.1";

class OddMessage : public testing::Test {
  protected:
    OddMessage() {
        node_.start();
        peer_.emplace(node_.port());
        const auto answer = peer_->associate({{Radiograph().sop_class_uid, {explicit_little}},
                                              {verification, {implicit_little}},
                                              {study_root_find, {implicit_little}}});
        EXPECT_TRUE(answer && answer->type == 0x02);
    }

    RawCommand command() const {
        return RawCommand::c_store(Radiograph().sop_class_uid, Radiograph().sop_instance_uid);
    }
    int store(const RawCommand& command, const std::string& data_set = Radiograph().bytes(),
              char context = 1) {
        peer_->send(p_data(context, true, true, command.bytes()));
        peer_->send(p_data(context, false, true, data_set));
        return peer_->receive_status();
    }
    // After whatever happened before, on the same association.
    void expect_the_association_goes_on() {
        EXPECT_EQ(store(command()), 0x0000) << "the association goes on";
        peer_->send(test::pdu(0x05, std::string(4, '\0')));
        const auto answer = peer_->receive();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->type, 0x06) << "A-RELEASE-RP";
    }
    std::string reason() const { return node_end().at("code"); }
    nlohmann::json node_end() const {
        const auto released = node_.coordinator().wait_for_event("association_released");
        return released.empty() ? nlohmann::json{{"code", "none"}} : released.at(0);
    }
    std::string abort_reason() {
        const auto aborted = node_.coordinator().wait_for_event("association_aborted");
        return aborted.empty() ? "none" : aborted.at(0).at("code").get<std::string>();
    }
    bool receives_abort() {
        const auto answer = peer_->receive();
        return answer && answer->type == 0x07;
    }

    mutable ReceivingNode node_;
    std::optional<RawAssociation> peer_;
};

TEST_F(OddMessage, AStoreRequestWithoutPriorityIsAnsweredC004) {
    EXPECT_EQ(store(command().without(0x0700)), 0xC004);
    expect_the_association_goes_on();
    EXPECT_EQ(node_.coordinator().wait_for_event("store_failed").at(0).at("code"), "malformed_command");
    EXPECT_EQ(reason(), "bad_command");
}

TEST_F(OddMessage, AStoreRequestWithoutMessageIdIsAnsweredC004) {
    EXPECT_EQ(store(command().without(0x0110)), 0xC004);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, AStoreRequestWithoutDataSetTypeIsAnsweredC004AfterItsDataSet) {
    EXPECT_EQ(store(command().without(0x0800)), 0xC004);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ASopInstanceUidOf70CharactersIsAnswered0117WithoutIt) {
    peer_->send(p_data(1, true, true, command().uid(0x1000, "1.2" + std::string(67, '3')).bytes()));
    peer_->send(p_data(1, false, true, Radiograph().bytes()));
    const auto answer = peer_->receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(test::element_of(*answer, 0x0900), test::little_16(0x0117));
    EXPECT_EQ(test::element_of(*answer, 0x0120), test::little_16(7));
    EXPECT_EQ(test::element_of(*answer, 0x1000), std::nullopt);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, AMissingSopInstanceUidIsAnswered0117) {
    EXPECT_EQ(store(command().without(0x1000)), 0x0117);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ASopClassUidOf70CharactersIsAnswered0122) {
    EXPECT_EQ(store(command().uid(0x0002, "1.2" + std::string(67, '3'))), 0x0122);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, AStoreInAContextThatWasRefusedOrNeverProposedIsAnswered0122) {
    EXPECT_EQ(store(command(), Radiograph().bytes(), 5), 0x0122);
    EXPECT_EQ(store(command(), Radiograph().bytes(), 77), 0x0122);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, AnOddPdvIsAnsweredC005WhenTheDataSetIsRead) {
    const std::string bytes = Radiograph().bytes();
    peer_->send(p_data(1, true, true, command().bytes()));
    peer_->send(p_data(1, false, false, bytes.substr(0, 1001)));
    peer_->send(p_data(1, false, true, bytes.substr(1001)));
    EXPECT_EQ(peer_->receive_status(), 0xC005);
    expect_the_association_goes_on();
    EXPECT_EQ(node_.files(), 1U);
}

TEST_F(OddMessage, APdvOfAnotherContextWithinADataSetIsAnsweredC005) {
    const std::string bytes = Radiograph().bytes();
    peer_->send(p_data(1, true, true, command().bytes()));
    peer_->send(p_data(1, false, false, bytes.substr(0, 1000)));
    peer_->send(p_data(3, false, true, bytes.substr(1000)));
    EXPECT_EQ(peer_->receive_status(), 0xC005);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, AnOddPdvOfACommandIsAnsweredC004) {
    const std::string bytes = command().bytes();
    peer_->send(p_data(1, true, false, bytes.substr(0, 21)));
    peer_->send(p_data(1, true, true, bytes.substr(21)));
    peer_->send(p_data(1, false, true, Radiograph().bytes()));
    EXPECT_EQ(peer_->receive_status(), 0xC004);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ReservedBitsOfAMessageControlHeaderMeanNothing) {
    auto odd = p_data(1, true, true, command().bytes());
    odd[11] = static_cast<char>(odd[11] | 0xF0);
    peer_->send(odd);
    peer_->send(p_data(1, false, true, Radiograph().bytes()));
    EXPECT_EQ(peer_->receive_status(), 0x0000);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, EmptyPdvsAndSeveralInAPduAreFollowed) {
    const std::string bytes = Radiograph().bytes();
    peer_->send(test::pdu(0x04, pdv(1, true, false, "") + pdv(1, true, true, command().bytes()) +
                                    pdv(1, false, false, bytes.substr(0, 2000)) + pdv(1, false, false, "")));
    peer_->send(
        test::pdu(0x04, pdv(1, false, true, bytes.substr(2000)) + pdv(3, true, true, test::c_echo_rq())));
    EXPECT_EQ(peer_->receive_status(), 0x0000);
    EXPECT_EQ(peer_->receive_status(), 0x0000);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ACommandInPlaceOfADataSetIsServedAfterC006) {
    peer_->send(p_data(1, true, true, command().bytes()));
    peer_->send(p_data(3, true, true, test::c_echo_rq()));
    EXPECT_EQ(peer_->receive_status(), 0xC006);
    EXPECT_EQ(peer_->receive_status(), 0x0000);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, AStoreRequestThatAnnouncesNoDataSetIsAnsweredC006AndOneThatComesIsReadAway) {
    EXPECT_EQ(store(command().number(0x0800, 0x0101)), 0xC006);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ADataSetThatNoCommandAnnouncedIsReadAway) {
    peer_->send(p_data(1, false, true, Radiograph().bytes()));
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ACFindInAStorageContextIsAnswered0211AfterItsDataSet) {
    EXPECT_EQ(store(RawCommand::of(0x0020, Radiograph().sop_class_uid, 1)), 0x0211);
    expect_the_association_goes_on();
    EXPECT_EQ(reason(), "bad_command");
}

TEST_F(OddMessage, AnUnknownCommandFieldIsAnswered0211) {
    peer_->send(p_data(1, true, true, RawCommand::of(0x4242, Radiograph().sop_class_uid).bytes()));
    const auto answer = peer_->receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(test::element_of(*answer, 0x0100), test::little_16(0xC242));
    EXPECT_EQ(test::element_of(*answer, 0x0900), test::little_16(0x0211));
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ACCancelAndAResponseAreIgnored) {
    RawCommand cancel;
    cancel.number(0x0100, 0x0FFF).number(0x0120, 7).number(0x0800, 0x0101);
    peer_->send(p_data(1, true, true, cancel.bytes()));
    peer_->send(p_data(1, true, true, RawCommand::of(0x8001, Radiograph().sop_class_uid).bytes()));
    expect_the_association_goes_on();
    EXPECT_EQ(reason(), "released");
}

TEST_F(OddMessage, ACommandWithoutMessageIdThatIsNoStoreIsAnswered0110) {
    peer_->send(p_data(3, true, true, RawCommand::of(0x0030, verification).without(0x0110).bytes()));
    EXPECT_EQ(peer_->receive_status(), 0x0110);
    expect_the_association_goes_on();
}

TEST_F(OddMessage, ACommandWithoutCommandFieldEndsTheAssociationSinceNothingCanBeAnswered) {
    peer_->send(p_data(1, true, true, command().without(0x0100).bytes()));
    EXPECT_TRUE(receives_abort());
    EXPECT_EQ(abort_reason(), "no_command");
}

TEST_F(OddMessage, AnEndlessCommandSetIsCutOff) {
    const std::string piece(16'000, '\0');
    for (int i = 0; i < 20; ++i) peer_->send(p_data(1, true, i == 19, piece));
    EXPECT_TRUE(receives_abort()) << "it has no command field";
    EXPECT_EQ(abort_reason(), "no_command");
}

TEST_F(OddMessage, PdvsThatDoNotAddUpEndTheAssociation) {
    peer_->send(test::pdu(0x04, test::big_32(100) + "\x01\x03" + std::string(10, 'x')));
    EXPECT_TRUE(receives_abort());
    EXPECT_EQ(abort_reason(), "odd_pdv");
}

TEST_F(OddMessage, APduLargerThanWasAgreedEndsTheAssociation) {
    peer_->send(p_data(1, true, true, std::string(200'000, 'x')));
    EXPECT_TRUE(receives_abort());
    EXPECT_EQ(abort_reason(), "pdu_too_large");
}

TEST_F(OddMessage, APduThatIsOutOfPlaceOrUnknownEndsTheAssociation) {
    peer_->send(test::associate_rq("PACS", "HILUM", {{verification, {implicit_little}}}));
    EXPECT_TRUE(receives_abort());
    EXPECT_EQ(abort_reason(), "unexpected_pdu");
}

TEST_F(OddMessage, AReleaseWithinAMessageIsAnsweredAndTheObjectNotKept) {
    peer_->send(p_data(1, true, true, command().bytes()));
    peer_->send(p_data(1, false, false, std::string(10'000, 'x')));
    peer_->send(test::pdu(0x05, std::string(4, '\0')));
    const auto answer = peer_->receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, 0x06) << "A-RELEASE-RP";
    EXPECT_EQ(abort_reason(), "released_within_message");
    EXPECT_EQ(node_.files(), 0U);
}

TEST_F(OddMessage, AnAbortWithinADataSetAndALostConnectionAreToldApart) {
    peer_->send(p_data(1, true, true, command().bytes()));
    peer_->send(p_data(1, false, false, std::string(10'000, 'x')));
    peer_->send(test::pdu(0x07, std::string(4, '\0')));
    EXPECT_EQ(abort_reason(), "peer_aborted");
}

TEST_F(OddMessage, AConnectionThatIsLostWithinAPduIsToldSo) {
    peer_->send(p_data(1, true, true, command().bytes()).substr(0, 20));
    peer_->close();
    EXPECT_EQ(abort_reason(), "connection_lost");
}

}  // namespace
}  // namespace hilum
