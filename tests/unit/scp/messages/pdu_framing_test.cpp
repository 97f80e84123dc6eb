#include "scp/messages/pdu_framing.h"

#include <gtest/gtest.h>

#include "support/raw_association.h"

namespace hilum::scp {
namespace {

void follow(PduFraming& framing, const std::string& bytes) {
    framing.follow(std::as_bytes(std::span(bytes)));
}

TEST(PduFraming, KnowsTypeAndLengthWhateverThePiecesAre) {
    const std::string stream =
        test::pdu(0x01, std::string(300, 'x')) + test::pdu(0x04, "") + test::pdu(0x07, std::string(4, '\0'));
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{7}, stream.size()}) {
        PduFraming framing;
        EXPECT_TRUE(framing.at_boundary());
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            if (at > 0 && at < 300) {
                EXPECT_FALSE(framing.at_boundary()) << at;
            }
            follow(framing, stream.substr(at, piece));
        }
        EXPECT_EQ(framing.type(), PduFraming::abort);
        EXPECT_EQ(framing.length(), 4U);
        EXPECT_TRUE(framing.at_boundary());
    }
}

TEST(PduFraming, IsNotAtABoundaryWithinAHeadOrABody) {
    PduFraming framing;
    follow(framing, std::string("\x04\0\0\0", 4));
    EXPECT_EQ(framing.type(), 0) << "not known yet";
    EXPECT_FALSE(framing.at_boundary());
    follow(framing, std::string("\0\2x", 3));
    EXPECT_EQ(framing.type(), PduFraming::p_data_tf);
    EXPECT_FALSE(framing.at_boundary());
    follow(framing, "y");
    EXPECT_TRUE(framing.at_boundary());
}

TEST(PduFraming, TakesTheLargestLengthThatCanBeSaid) {
    PduFraming framing;
    follow(framing, std::string("\x04\0\xFF\xFF\xFF\xFF", 6));
    EXPECT_EQ(framing.length(), 0xFFFFFFFFU);
    follow(framing, std::string(1000, 'x'));
    EXPECT_FALSE(framing.at_boundary());
}

}  // namespace
}  // namespace hilum::scp
