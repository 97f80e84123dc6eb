// A destination's answer to a request for storage commitment (PS3.4 annex J), on an association of its own.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/raw_association.h"
#include "support/receiving_node.h"

namespace hilum {
namespace {

using test::CoordinatorScript;
using test::DatasetBytes;
using test::p_data;
using test::RawAssociation;
using test::ReceivingNode;
using testing::ElementsAre;

const std::string storage_commitment = "1.2.840.10008.1.20.1", implicit_little = "1.2.840.10008.1.2";

std::string n_event_report_rq() {
    DatasetBytes command({.explicit_vr = false});
    command.element(0x00000002, "UI", storage_commitment)
        .element(0x00000100, "US", test::little_16(0x0100))
        .element(0x00000110, "US", test::little_16(7))
        .element(0x00000800, "US", test::little_16(0x0001))
        .element(0x00001000, "UI", storage_commitment + ".1")
        .element(0x00001002, "US", test::little_16(1));
    return test::command_set(command);
}

std::string event_information() {
    DatasetBytes item({.explicit_vr = false}), information({.explicit_vr = false});
    item.element(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.7").element(0x00081155, "UI", "1.2.3.4");
    information.element(0x00081195, "UI", "1.9.1")
        .header(0x00081199, "SQ", DatasetBytes::undefined_length)
        .item()
        .raw(item.bytes())
        .end_item()
        .end_sequence();
    return information.bytes();
}

int report(RawAssociation& peer) {
    peer.send(p_data(1, true, true, n_event_report_rq()));
    peer.send(p_data(1, false, true, event_information()));
    return peer.receive_status();
}

// An A-ASSOCIATE-RQ for storage commitment with a role selection sub-item (PS3.7 D.3.3.4.1).
std::string associate_rq_with_roles(bool scu, bool scp) {
    auto request = test::associate_rq("PACS", "HILUM", {{storage_commitment, {implicit_little}}});
    const auto user_information = request.rfind(test::pdu_item(0x51, test::big_32(16384)));
    const auto roles = test::pdu_item(0x54, test::big_16(storage_commitment.size()) + storage_commitment +
                                                std::string{static_cast<char>(scu), static_cast<char>(scp)});
    auto body = request.substr(6, user_information - 4 - 6);
    body += test::pdu_item(0x50, request.substr(user_information) + roles);
    return test::pdu(1, body);
}

TEST(CommitmentReport, IsTakenOnAnAssociationWithoutRoleSelection) {
    ReceivingNode node;
    node.start();
    RawAssociation pacs(node.port());
    const auto answer = pacs.associate({{storage_commitment, {implicit_little}}});
    ASSERT_TRUE(answer);
    EXPECT_THAT(test::accepted_transfer_syntaxes(*answer), ElementsAre(implicit_little));
    EXPECT_EQ(report(pacs), 0x0000);
    const auto reports = node.coordinator().messages(CommitmentReport::type);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].at("transaction_uid"), "1.9.1");
    EXPECT_EQ(reports[0].at("committed"), nlohmann::json::array({"1.2.3.4"}));
    EXPECT_EQ(reports[0].at("calling_ae"), "PACS");
}

TEST(CommitmentReport, IsTakenFromWhoProposesTheRoleScpAndOthersAreRefused) {
    ReceivingNode node;
    node.start();
    const auto contexts = [&](bool scu, bool scp) {
        RawAssociation pacs(node.port());
        pacs.send(associate_rq_with_roles(scu, scp));
        const auto answer = pacs.receive();
        return answer ? test::accepted_transfer_syntaxes(*answer) : std::vector<std::string>();
    };
    EXPECT_THAT(contexts(false, true), ElementsAre(implicit_little));
    EXPECT_THAT(contexts(true, true), ElementsAre(implicit_little));
    EXPECT_THAT(contexts(true, false), ElementsAre("refused 1"));
}

TEST(CommitmentReport, OfAnUnknownTransactionIsAnsweredSo) {
    ReceivingNode node;
    CoordinatorScript script;
    script.keeps = {true, false};
    node.start(script);
    RawAssociation pacs(node.port());
    ASSERT_TRUE(pacs.associate({{storage_commitment, {implicit_little}}}));
    EXPECT_EQ(report(pacs), 0x0115);
}

}  // namespace
}  // namespace hilum
