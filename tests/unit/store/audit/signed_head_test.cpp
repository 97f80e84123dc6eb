#include "store/audit/signed_head.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

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

std::vector<SignedHead> heads_of(const std::string& text) {
    std::istringstream bytes(text);
    return heads_in(bytes);
}

TEST(SignedHead, IsFoundInALogWhateverStandsAroundIt) {
    const auto head = sign_head(17, "abc", "2026-03-01T06:00:00Z", test::known_signing_key());
    const auto line = line_of(head);
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    const std::vector found{head};
    EXPECT_EQ(heads_of(line), found);
    EXPECT_EQ(heads_of("Mar 01 06:00:00 node hilumd[7]: audit head " + line + " and more}"), found);
    EXPECT_EQ(heads_of(nlohmann::json{{"MESSAGE", "audit head " + line}}.dump()), found)
        << "journalctl -o json";
    for (const char* none : {"", "a line {\"event\": 1}", "{\"audit_head\": {\"event\": \"one\"}}",
                             "{\"audit_head\": {\"event\": 1", "{\"audit_head\": 7}", "{\"audit_head\":"})
        EXPECT_TRUE(heads_of(none).empty()) << none;
}

TEST(SignedHead, IsFoundAtAnyPlaceOfALargeFileWithoutLinesAndOnceEach) {
    const auto head = sign_head(17, "abc", "2026-03-01T06:00:00Z", test::known_signing_key());
    const auto line = line_of(head);
    constexpr std::size_t chunk = 1 << 20;
    for (const std::size_t before : {std::size_t{0}, chunk - 4097, chunk - 4096, chunk - line.size(),
                                     chunk - 7, chunk, chunk + 1, 3 * chunk - 100}) {
        const std::string pixels(before, '\0');
        EXPECT_EQ(heads_of(pixels + line), std::vector{head}) << before;
        EXPECT_EQ(heads_of(pixels + line + std::string(2 * chunk, '\0') + line), (std::vector{head, head}))
            << before;
    }
}

}  // namespace
}  // namespace hilum::audit
