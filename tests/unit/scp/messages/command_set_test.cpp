#include "scp/messages/command_set.h"

#include <gmock/gmock.h>

#include "support/raw_messages.h"

namespace hilum::scp {
namespace {

using test::RawCommand;
using testing::HasSubstr;

CommandSet parse(const std::string& bytes) {
    return parse_command_set(std::as_bytes(std::span(bytes)));
}

TEST(CommandSet, IsReadWhole) {
    const auto set = parse(RawCommand::c_store("1.2.840.10008.5.1.4.1.1.1", "2.25.1").bytes());
    EXPECT_EQ(set.problem, "");
    EXPECT_EQ(set.command_field, c_store_rq);
    EXPECT_EQ(set.message_id, 7);
    EXPECT_TRUE(set.announces_data_set());
    EXPECT_EQ(set.affected_sop_class_uid, "1.2.840.10008.5.1.4.1.1.1");
    EXPECT_EQ(set.affected_sop_instance_uid, "2.25.1");
}

TEST(CommandSet, TellsWhatItLacks) {
    const auto whole = RawCommand::c_store("1.2", "2.25.1");
    const auto problem_without = [&](int element) {
        return parse(RawCommand(whole).without(element).bytes()).problem;
    };
    EXPECT_THAT(problem_without(0x0100), HasSubstr("Command Field"));
    EXPECT_THAT(problem_without(0x0110), HasSubstr("Message ID"));
    EXPECT_THAT(problem_without(0x0700), HasSubstr("Priority"));
    EXPECT_THAT(problem_without(0x0800), HasSubstr("Data Set Type"));
    EXPECT_EQ(parse(RawCommand::of(0x0030, "1.2.840.10008.1.1").bytes()).problem, "") << "needs no Priority";
    EXPECT_EQ(parse(RawCommand().number(0x0100, 0x0FFF).bytes()).problem, "")
        << "C-CANCEL needs no Message ID";
}

TEST(CommandSet, KeepsUidsOfAnyLengthWithoutTheirPadding) {
    const std::string too_long(71, '1');
    auto command = RawCommand::c_store("1.2.3", too_long);
    EXPECT_EQ(parse(command.bytes()).affected_sop_instance_uid, too_long);
    command.uid(0x1000, "2.25.1 ");
    EXPECT_EQ(parse(command.bytes()).affected_sop_instance_uid, "2.25.1");
}

TEST(CommandSet, NeverReadsBeyondItsEnd) {
    const std::string bytes = RawCommand::c_store("1.2.840.10008.5.1.4.1.1.1", "2.25.1").bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        if (size == bytes.size() - 14) continue;          // without its last element, which C-ECHO has not
        const std::string piece = bytes.substr(0, size);  // of its own, so that a sanitizer sees its end
        EXPECT_NE(parse(piece).problem, "") << size;
    }
    std::string liar = bytes;
    liar[4] = '\xFF', liar[5] = '\xFF', liar[6] = '\xFF', liar[7] = '\xFF';
    EXPECT_THAT(parse(liar).problem, HasSubstr("ends within an element"));
    EXPECT_THAT(parse(std::string("\x08\0\x16\0\0\0\0\0", 8)).problem, HasSubstr("another group"));
    test::DatasetBytes wide({.explicit_vr = false});
    wide.element(0x00000100, "US", std::string(4, '\1'));
    EXPECT_THAT(parse(wide.bytes()).problem, HasSubstr("wrong length"));
}

TEST(CommandSet, AResponseRepeatsTheRequestAsFarAsItIsValid) {
    auto request = parse(RawCommand::c_store("1.2.840.10008.5.1.4.1.1.1", "2.25.1").bytes());
    const test::Pdu whole{4, std::string(6, '\0') + response_to(request, 0xC001, "Data set ends early")};
    EXPECT_EQ(test::element_of(whole, 0x0000),
              test::little_16(whole.body.size() - 6 - 12) + test::little_16(0));
    EXPECT_EQ(test::element_of(whole, 0x0002), std::string("1.2.840.10008.5.1.4.1.1.1") + '\0');
    EXPECT_EQ(test::element_of(whole, 0x0100), test::little_16(0x8001));
    EXPECT_EQ(test::element_of(whole, 0x0120), test::little_16(7));
    EXPECT_EQ(test::element_of(whole, 0x0800), test::little_16(0x0101));
    EXPECT_EQ(test::element_of(whole, 0x0900), test::little_16(0xC001));
    EXPECT_EQ(test::element_of(whole, 0x0902), "Data set ends early ");
    EXPECT_EQ(test::element_of(whole, 0x1000), "2.25.1");
    request.affected_sop_instance_uid = std::string(70, '1');
    request.affected_sop_class_uid = "none";
    request.message_id.reset();
    const test::Pdu partial{4, std::string(6, '\0') + response_to(request, 0x0117)};
    EXPECT_EQ(test::element_of(partial, 0x0002), std::nullopt);
    EXPECT_EQ(test::element_of(partial, 0x0120), test::little_16(0));
    EXPECT_EQ(test::element_of(partial, 0x0902), std::nullopt);
    EXPECT_EQ(test::element_of(partial, 0x1000), std::nullopt);
}

}  // namespace
}  // namespace hilum::scp
