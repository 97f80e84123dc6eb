#include "results/delivery/hl7_acknowledgement.h"

#include <gmock/gmock.h>

namespace hilum::delivery {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string acknowledgement(const std::string& code, const std::string& control_id = "C0FFEE0123456789ABCD",
                            const std::string& more = "") {
    return "MSH|^~\\&|RIS||HILUM||20261125||ACK^R01|A1|P|2.5.1\rMSA|" + code + "|" + control_id +
           "|Müller is unknown\r" + more;
}

Answer answer_for(const std::string& received) {
    return answer_for_acknowledgement(received, "C0FFEE0123456789ABCD", "ris at 10.1.0.6:2575");
}

std::string with(std::string text, const std::string& end_of_segment) {
    for (std::size_t at = 0; (at = text.find('\r', at)) != std::string::npos; at += end_of_segment.size())
        text.replace(at, 1, end_of_segment);
    return text;
}

TEST(Hl7Acknowledgement, SaysWhatBecomesOfTheMessage) {
    const auto outcome = [](const std::string& code) { return answer_for(acknowledgement(code)).outcome; };
    EXPECT_EQ(outcome("AA"), Outcome::delivered);
    EXPECT_EQ(outcome("CA"), Outcome::delivered);
    EXPECT_EQ(outcome("AE"), Outcome::refused);
    EXPECT_EQ(outcome("CE"), Outcome::refused);
    EXPECT_EQ(outcome("AR"), Outcome::retry);
    EXPECT_EQ(outcome("CR"), Outcome::retry);
    EXPECT_EQ(outcome("XX"), Outcome::retry);
    EXPECT_EQ(outcome(""), Outcome::retry);
}

TEST(Hl7Acknowledgement, MayEndItsSegmentsAsItLikes) {
    for (const auto* code : {"AA", "AE", "AR"})
        for (const auto* end : {"\n", "\r\n", "\n\r", "\r\r"})
            EXPECT_EQ(answer_for(with(acknowledgement(code), end)).outcome,
                      answer_for(acknowledgement(code)).outcome)
                << code;
}

TEST(Hl7Acknowledgement, MayHaveSomethingBeforeItsFirstSegment) {
    for (const auto* before :
         {"\r", "\n", "\r\n", " ", "\xEF\xBB\xBF", "\xEF\xBB\xBF\r\n", "\r\xEF\xBB\xBF", "\x0B"})
        EXPECT_EQ(answer_for(before + acknowledgement("AA")).outcome, Outcome::delivered);
    EXPECT_EQ(answer_for("MSA|AA|C0FFEE0123456789ABCD\r").outcome, Outcome::delivered) << "without a header";
    EXPECT_EQ(answer_for("MSH|^~\\&|RIS\rMSA|AA|C0FFEE0123456789ABCD").outcome, Outcome::delivered);
}

TEST(Hl7Acknowledgement, MayPadCutOrOmitTheControlId) {
    for (const auto* id : {"C0FFEE0123456789ABCD    ", " C0FFEE0123456789ABCD", "C0FFEE0123", "", "   ",
                           "C0FFEE0123456789ABCD^HILUM"})
        EXPECT_EQ(answer_for(acknowledgement("AA", id)).outcome, Outcome::delivered) << id;
    EXPECT_EQ(answer_for("MSH|^~\\&|RIS\rMSA|AA\r").outcome, Outcome::delivered);
    EXPECT_EQ(answer_for("MSH|^~\\&|RIS\rMSA|AE\r").outcome, Outcome::refused);
    EXPECT_EQ(answer_for(acknowledgement("AA ")).outcome, Outcome::delivered);
}

TEST(Hl7Acknowledgement, CountsForItsOwnMessageOnly) {
    for (const auto* id : {"OTHER", "0123456789ABCD", "C0FFEE0123456789ABCDE"}) {
        const auto answer = answer_for(acknowledgement("AA", id));
        EXPECT_EQ(answer.outcome, Outcome::retry) << id;
        EXPECT_THAT(answer.message,
                    HasSubstr("acknowledged another message (MSA-2 '" + std::string(id).substr(0, 20)));
    }
}

TEST(Hl7Acknowledgement, MayUseOtherDelimiters) {
    EXPECT_EQ(answer_for("MSH#^~\\&#RIS\rMSA#AA#C0FFEE0123456789ABCD\r").outcome, Outcome::delivered);
}

TEST(Hl7Acknowledgement, TellsErrorCodesAndNoTextThatMayQuoteThePatient) {
    const auto answer =
        answer_for(acknowledgement("AE", "C0FFEE", "ERR||PID^1^3|204^Unknown key|E\rERR|||Müller, Ann|E\r"));
    EXPECT_THAT(answer.message, AllOf(HasSubstr("ERR-3: 204"), Not(HasSubstr("ller"))));
}

TEST(Hl7Acknowledgement, TellsWhatCameWhereItIsNoneWithoutTheContent) {
    const auto told = [](const std::string& received) { return answer_for(received).message; };
    EXPECT_THAT(told("HTTP/1.1 400 Bad Request\r\n\r\n"), HasSubstr("a web server's answer"));
    EXPECT_THAT(told("MSH|^~\\&|RIS\rPID|1||4711||Müller^Ann\rZ\r"),
                AllOf(HasSubstr("40 bytes with the segments MSH, PID, ?"), Not(HasSubstr("4711")),
                      Not(HasSubstr("Ann"))));
    EXPECT_THAT(told("hello"), HasSubstr("5 bytes that begin with 68 65 6C 6C 6F"));
    EXPECT_THAT(told(" \r\n"), HasSubstr("nothing but white space"));
    EXPECT_THAT(told(""), HasSubstr("nothing but white space"));
    EXPECT_THAT(told(acknowledgement("Müller, Ann")), Not(HasSubstr("ller")));
}

TEST(Hl7Acknowledgement, IsThereOnceItHasACode) {
    EXPECT_TRUE(has_acknowledgement(acknowledgement("AA")));
    EXPECT_TRUE(has_acknowledgement("MSH|^~\\&|RIS\nMSA|AA"));
    EXPECT_FALSE(has_acknowledgement("MSH|^~\\&|RIS\rMSA|A"));
    EXPECT_FALSE(has_acknowledgement("MSH|^~\\&|RIS\rMS"));
    EXPECT_FALSE(has_acknowledgement("MSH"));
    EXPECT_FALSE(has_acknowledgement(""));
}

TEST(Hl7Message, HasAControlId) {
    EXPECT_EQ(message_control_id("MSH|^~\\&|HILUM||RIS||20261125||ORU^R01|C0FFEE|P|2.5.1\rPID|1\r"),
              "C0FFEE");
    EXPECT_FALSE(message_control_id("PID|1\r"));
    EXPECT_FALSE(message_control_id("MSH|^~\\&|HILUM\r"));
    EXPECT_FALSE(message_control_id(""));
}

}  // namespace
}  // namespace hilum::delivery
