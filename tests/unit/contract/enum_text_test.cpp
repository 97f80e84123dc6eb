#include "contract/enum_text.h"

#include <gtest/gtest.h>

#include "contract/messages/control.h"
#include "contract/messages/sending.h"
#include "contract/report_form.h"

namespace hilum {
namespace {

template <typename E>
void expect_a_word_for_each(std::size_t values) {
    EXPECT_EQ(enum_texts<E>.size(), values);
    for (std::size_t i = 0; i < values; ++i) {
        const auto value = static_cast<E>(i);
        EXPECT_FALSE(enum_text(value).empty()) << i;
        EXPECT_EQ(enum_from<E>(enum_text(value)), value) << i;
    }
}

TEST(EnumText, HasAWordForEachValueAndAValueForEachWord) {
    expect_a_word_for_each<DeliveryOutcome>(5);
    expect_a_word_for_each<ControlVerb>(18);
    expect_a_word_for_each<ResultKind>(5);
}

TEST(EnumText, KnowsNoOtherWordsOrNumbers) {
    EXPECT_EQ(enum_from<DeliveryOutcome>("Delivered"), std::nullopt);
    EXPECT_EQ(enum_from<DeliveryOutcome>(""), std::nullopt);
    EXPECT_EQ(enum_text(static_cast<DeliveryOutcome>(9)), "");
}

static_assert(!HasTexts<int> && !HasTexts<std::byte> && HasTexts<ReportClass>);

}  // namespace
}  // namespace hilum
