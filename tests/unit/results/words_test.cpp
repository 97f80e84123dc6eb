// Each language says everything, in its own words.
#include "results/words.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>

#include "results/report/report_terms.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

constexpr std::size_t number_of_texts = sizeof(Texts) / sizeof(const char*);
constexpr std::size_t long_string = 64;  // characters of an LO

auto texts_of(const std::string& language) {
    return std::bit_cast<std::array<const char*, number_of_texts>>(
        static_cast<const Texts&>(words_in(language)));
}

std::size_t placeholders(const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("{}", at)) != std::string::npos; ++at) ++count;
    return count;
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// ASCII, and U+00A0 to U+00FF in UTF-8.
bool is_latin1(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) continue;
        if (byte != 0xC2 && byte != 0xC3) return false;
        ++i;
    }
    return true;
}

// Everything that a language other than English says.
std::vector<std::string> all_of(const std::string& language) {
    std::vector<std::string> all;
    for (const char* const text : texts_of(language)) all.emplace_back(text == nullptr ? "" : text);
    for (const auto& [value, meaning] : words_in(language).concepts) all.emplace_back(meaning);
    for (const auto& [code, reason] : words_in(language).reasons)
        all.insert(all.end(), {reason.meaning, reason.sentence});
    return all;
}

// Punctuation may be the same.
bool is_a_word(const std::string& text) {
    return std::ranges::any_of(text, [](unsigned char c) { return std::isalpha(c) != 0; });
}

TEST(Words, AreThereInEveryLanguage) {
    EXPECT_THAT(languages(), testing::ElementsAre("de", "en", "fr"));
    for (const auto& language : languages())
        for (const auto& text : all_of(language)) {
            EXPECT_FALSE(text.empty()) << language;
            EXPECT_TRUE(is_latin1(text)) << language << ": " << text;
        }
}

TEST(Words, DifferInEachPairOfLanguages) {
    for (const auto& one : languages())
        for (const auto& other : languages()) {
            if (one >= other) continue;
            const auto here = texts_of(one), there = texts_of(other);
            for (std::size_t i = 0; i < number_of_texts; ++i)
                EXPECT_TRUE(!is_a_word(here[i]) || std::string(here[i]) != there[i])
                    << one << " and " << other << ": " << here[i];
        }
    const auto &german = words_in("de"), &french = words_in("fr");
    ASSERT_EQ(german.concepts.size(), french.concepts.size());
    for (const auto& [value, meaning] : german.concepts)
        EXPECT_STRNE(meaning, french.concepts.at(value)) << value;
    ASSERT_EQ(german.reasons.size(), french.reasons.size());
    for (const auto& [code, reason] : german.reasons) {
        EXPECT_STRNE(reason.meaning, french.reasons.at(code).meaning) << code;
        EXPECT_STRNE(reason.sentence, french.reasons.at(code).sentence) << code;
        EXPECT_EQ(reason.with_detail, french.reasons.at(code).with_detail) << code;
    }
}

TEST(Words, KeepTheCodesOfReasonsAndNotTheirMeanings) {
    for (const char* const language : {"de", "fr"}) {
        const auto& words = words_in(language);
        for (const auto& [code, reason] : words.reasons) {
            const auto in_english = code_of(NotAnalysed{code, ""}, english());
            const auto here = code_of(NotAnalysed{code, ""}, words);
            EXPECT_EQ(here.value, in_english.value);
            EXPECT_NE(here.meaning, in_english.meaning);
        }
    }
}

TEST(Words, HaveTheSamePlaceholdersInAllLanguages) {
    const auto expected = texts_of("en");
    for (const auto& language : languages()) {
        const auto texts = texts_of(language);
        for (std::size_t i = 0; i < number_of_texts; ++i)
            EXPECT_EQ(placeholders(texts[i]), placeholders(expected[i])) << texts[i];
    }
}

TEST(Words, FitTheAttributesThatHoldThem) {
    for (const auto& language : languages()) {
        const auto& words = words_in(language);
        for (const char* const text : {words.result_layer, words.activation_layer, words.withdrawn_series})
            EXPECT_LE(characters(text), long_string) << text;
        for (const auto& [value, meaning] : words.concepts) EXPECT_LE(characters(meaning), long_string);
        for (const auto& [code, reason] : words.reasons) EXPECT_LE(characters(reason.meaning), long_string);
    }
}

TEST(Words, OfAnUnknownLanguageAreEnglish) {
    EXPECT_EQ(&words_in("tlh"), &english());
}

StudyImage image_of(int frame, int frames) {
    StudyImage image;
    image.frame = frame;
    image.frames = frames;
    return image;
}

TEST(Words, TellWhyAnImageWasNotAnalysed) {
    const NotAnalysed view{"view", "The view is LATERAL; this model reads PA and AP."};
    EXPECT_EQ(sentence_of(view, image_of(1, 1), english()),
              "Not analysed: The view is LATERAL; this model reads PA and AP.");
    EXPECT_EQ(
        sentence_of(view, image_of(1, 1), words_in("de")),
        "Nicht analysiert: Die Projektion ist nicht angegeben oder für dieses Modell nicht vorgesehen (The "
        "view is LATERAL; this model reads PA and AP).");
    const NotAnalysed blank{"blank", "The image is blank: all of its pixels have the same value."};
    EXPECT_EQ(sentence_of(blank, image_of(2, 3), words_in("fr")),
              "Non analysé : image 2 sur 3 : L'image est vide : rien n'y est visible.");
    const NotAnalysed unknown{"of_a_later_version", "The image is odd."};
    EXPECT_EQ(sentence_of(unknown, image_of(1, 1), words_in("de")), "Nicht analysiert: The image is odd.");
}

TEST(Words, WriteNumbersAsTheLanguageDoes) {
    EXPECT_EQ(format_score(0.934, english()), "0.93");
    EXPECT_EQ(format_score(0.934, words_in("de")), "0,93");
    EXPECT_EQ(format_score(0.9951, words_in("fr")), ">0,99");
    EXPECT_EQ(format_limit(0.075, words_in("de")), "0,075");
    EXPECT_EQ(calibration_note(multi_label_result(true), words_in("fr")), "calibration sur site-2026");
    EXPECT_EQ(score_name(multi_label_result(true), words_in("de")), "Wahrscheinlichkeit");
    EXPECT_EQ(score_name(multi_label_result(false), words_in("de")), "Modellwert");
}

}  // namespace
}  // namespace hilum::results::test
