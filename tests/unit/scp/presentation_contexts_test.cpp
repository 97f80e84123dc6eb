#include "scp/presentation_contexts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hilum::scp {
namespace {

constexpr std::string_view dx = "1.2.840.10008.5.1.4.1.1.1.1", verification = "1.2.840.10008.1.1";
constexpr std::string_view implicit_little = "1.2.840.10008.1.2", explicit_little = "1.2.840.10008.1.2.1";
constexpr std::string_view jpeg_lossless = "1.2.840.10008.1.2.4.70", jpeg_baseline = "1.2.840.10008.1.2.4.50";
constexpr std::string_view mpeg2 = "1.2.840.10008.1.2.4.100";

std::string_view chosen(std::string_view abstract_syntax, std::vector<std::string_view> offered) {
    const auto* syntax = choose_transfer_syntax(abstract_syntax, offered);
    return syntax == nullptr ? "" : syntax->uid;
}

TEST(PresentationContexts, PreferUncompressedToLosslessToLossyWhateverTheOrder) {
    std::vector<std::string_view> offered{implicit_little, jpeg_baseline, jpeg_lossless};
    std::sort(offered.begin(), offered.end());
    do {
        EXPECT_EQ(chosen(dx, offered), implicit_little);
    } while (std::next_permutation(offered.begin(), offered.end()));
    EXPECT_EQ(chosen(dx, {jpeg_baseline, jpeg_lossless}), jpeg_lossless);
    EXPECT_EQ(chosen(dx, {implicit_little, explicit_little}), explicit_little);
}

TEST(PresentationContexts, RefuseWhatIsNotInTheTable) {
    EXPECT_EQ(chosen(dx, {mpeg2}), "");
    EXPECT_EQ(chosen(dx, {mpeg2, jpeg_baseline}), jpeg_baseline);
    EXPECT_EQ(chosen(dx, {}), "");
    EXPECT_FALSE(is_supported_abstract_syntax("1.2.840.10008.5.1.4.1.2.2.1"));  // study root query
}

TEST(PresentationContexts, TakeVerificationUncompressedOnly) {
    EXPECT_TRUE(is_supported_abstract_syntax(verification));
    EXPECT_EQ(chosen(verification, {jpeg_lossless}), "");
    EXPECT_EQ(chosen(verification, {implicit_little}), implicit_little);
}

TEST(PresentationContexts, TakeReportsToo) {
    EXPECT_TRUE(is_supported_abstract_syntax("1.2.840.10008.5.1.4.1.1.88.34"));
    EXPECT_TRUE(is_supported_abstract_syntax("1.2.840.10008.5.1.4.1.1.11.1"));
}

TEST(PresentationContexts, ThatAreRefusedAreNamedBoundedAndWithoutControlCharacters) {
    const std::vector<RefusedContext> few{{"1.2.840.10008.5.1.4.1.1.2", "user-rejection"},
                                          {"1.2\n3", "abstract-syntax-not-supported"}};
    EXPECT_EQ(description_of(few),
              "CTImageStorage (1.2.840.10008.5.1.4.1.1.2): user-rejection, "
              "unknown SOP class (1.2?3): abstract-syntax-not-supported");
    const std::vector<RefusedContext> many(120, {std::string(64, '1'), "abstract-syntax-not-supported"});
    EXPECT_LT(description_of(many).size(), 1500U);
    EXPECT_TRUE(description_of(many).ends_with(", and 112 more"));
}

}  // namespace
}  // namespace hilum::scp
