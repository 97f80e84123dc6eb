#include "syslog/syslog_frame.h"

#include <gtest/gtest.h>

namespace hilum::syslog {
namespace {

TEST(SyslogFrame, HasTheHeaderOfRfc5424) {
    const SyslogHeader header{10, Severity::notice, "2026-11-29T01:02:03.000004Z", "node1", "HILUM+HEAD"};
    EXPECT_EQ(syslog_message(header, "text", false),
              "<85>1 2026-11-29T01:02:03.000004Z node1 hilum - HILUM+HEAD - text");
}

TEST(SyslogFrame, HasAByteOrderMarkBeforeTextThatMayBeMoreThanAscii) {
    const SyslogHeader header{16, Severity::warning, "T", "h", "M"};
    EXPECT_EQ(syslog_message(header, "Müller", true), "<132>1 T h hilum - M - \xEF\xBB\xBFMüller");
}

TEST(SyslogFrame, TakesNothingIntoItsHeaderThatWouldEndAField) {
    const SyslogHeader header{10, Severity::notice, "T", "two words\n<1>", ""};
    EXPECT_EQ(syslog_message(header, "", false), "<85>1 T two-words-<1> hilum - - - ");
    const SyslogHeader longest{10, Severity::notice, "T", std::string(300, 'h'), std::string(40, 'm')};
    EXPECT_EQ(syslog_message(longest, "", false),
              "<85>1 T " + std::string(255, 'h') + " hilum - " + std::string(32, 'm') + " - ");
}

TEST(SyslogFrame, CountsBytesAndNotCharacters) {
    EXPECT_EQ(counted_frame("Müller"), "7 Müller");
    EXPECT_EQ(counted_frame(""), "0 ");
}

}  // namespace
}  // namespace hilum::syslog
