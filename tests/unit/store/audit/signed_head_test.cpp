#include "store/audit/signed_head.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/known_signing_key.h"

namespace hilum::audit {
namespace {

TEST(SignedHead, IsTheSignersAsLongAsNothingInItIsChanged) {
    const auto key = test::known_signing_key();
    const auto head = sign_head(17, "abc", "2026-03-01T06:00:00Z", key);
    EXPECT_TRUE(is_signed_by(head, key.verification_key()));
    for (auto change :
         {+[](SignedHead& one) { ++one.event; }, +[](SignedHead& one) { one.hash = "abd"; },
          +[](SignedHead& one) { one.at = "2026-03-01T06:00:01Z"; }, +[](SignedHead& one) { one.key = ""; },
          +[](SignedHead& one) { one.signature = ""; }, +[](SignedHead& one) { one.signature[0] = 'x'; }}) {
        auto other = head;
        change(other);
        EXPECT_FALSE(is_signed_by(other, key.verification_key())) << line_of(other);
    }
}

TEST(SignedHead, IsFoundInALineOfALogWhateverStandsAroundIt) {
    const auto head = sign_head(17, "abc", "2026-03-01T06:00:00Z", test::known_signing_key());
    const auto line = line_of(head);
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_EQ(head_in(line), head);
    EXPECT_EQ(head_in("Mar 01 06:00:00 node hilumd[7]: audit head " + line + " and more}"), head);
    EXPECT_EQ(head_in(nlohmann::json{{"MESSAGE", "audit head " + line}}.dump()), head)
        << "journalctl -o json";
    for (const char* none : {"", "a line {\"event\": 1}", "{\"audit_head\": {\"event\": \"one\"}}",
                             "{\"audit_head\": {\"event\": 1", "{\"audit_head\": 7}", "{\"audit_head\":"})
        EXPECT_FALSE(head_in(none)) << none;
}

}  // namespace
}  // namespace hilum::audit
