// Why a picture says "Indeterminate": the reason is the one that decided.
#include <gmock/gmock.h>

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "results/capture/capture_text.h"
#include "results/report/report_terms.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// Of a package with prediction sets; `in_set`: which of its three classes are in this image's.
InferenceResult undecided_by_set(const std::vector<bool>& in_set) {
    auto result = undecided_result();  // its best class is the first
    result.indeterminate_margin = 0;
    result.coverage = 0.9;
    result.set_size = static_cast<int>(std::ranges::count(in_set, true));
    for (std::size_t i = 0; i < in_set.size(); ++i) result.labels[i].candidate = !in_set[0] || in_set[i];
    return result;
}

std::string reason(const InferenceResult& result, const char* language = "en") {
    return capture_text(result, words_in(language), "now", "", false).threshold;
}

TEST(IndeterminateReason, IsTheMarginWhereItDecided) {
    EXPECT_EQ(reason(undecided_result()), "the best two differ by less than 0.10");
}

TEST(IndeterminateReason, TellsWhatIsInThePredictionSetWhereThatDecided) {
    EXPECT_EQ(reason(undecided_by_set({true, true, false})),
              "2 classes are in the prediction set of coverage 0.90");
    EXPECT_EQ(reason(undecided_by_set({true, true, true})),
              "3 classes are in the prediction set of coverage 0.90");
    EXPECT_EQ(reason(undecided_by_set({false, false, false})),
              "no class is in the prediction set of coverage 0.90");
    for (const std::vector<bool>& without_best : {std::vector{false, true, false}, {false, true, true}})
        EXPECT_EQ(reason(undecided_by_set(without_best)),
                  "the best class is not in the prediction set of coverage 0.90");
}

TEST(IndeterminateReason, IsToldInEachLanguage) {
    const auto several = undecided_by_set({true, true, false}),
               none = undecided_by_set({false, false, false}),
               strange = undecided_by_set({false, true, false});
    EXPECT_EQ(reason(several, "de"), "2 Klassen sind in der Vorhersagemenge mit Abdeckung 0,90");
    EXPECT_EQ(reason(none, "de"), "keine Klasse ist in der Vorhersagemenge mit Abdeckung 0,90");
    EXPECT_EQ(reason(strange, "de"), "die beste Klasse ist nicht in der Vorhersagemenge mit Abdeckung 0,90");
    EXPECT_EQ(reason(several, "fr"), "2 classes sont dans l'ensemble de prédiction de couverture 0,90");
    EXPECT_EQ(reason(none, "fr"), "aucune classe n'est dans l'ensemble de prédiction de couverture 0,90");
    EXPECT_EQ(reason(strange, "fr"),
              "la première classe n'est pas dans l'ensemble de prédiction de couverture 0,90");
}

// An outcome that an earlier version kept does not say how many classes were in its set.
TEST(IndeterminateReason, IsNotGuessedOfAnEarlierOutcome) {
    auto several = undecided_by_set({true, true, false}), all = undecided_by_set({true, true, true});
    several.set_size = all.set_size = -1;
    EXPECT_EQ(reason(several), "2 classes are in the prediction set of coverage 0.90");
    EXPECT_EQ(reason(all), "");
}

TEST(IndeterminateReason, StandsInTheStateOfAComposedImage) {
    StudyFixture study;
    study.request.profiles = {with_states()};
    study.add_analysed(undecided_by_set({true, true, false}));
    const auto reply = compose(study.request, test_equipment());
    ASSERT_EQ(code_of(reply), "");
    std::string all;
    const auto state = load_result(reply, "pr");
    for (DcmItem* annotation : items_of(*state->getDataset(), DCM_GraphicAnnotationSequence))
        for (DcmItem* text : items_of(*annotation, DCM_TextObjectSequence))
            all += text_of(*text, DCM_UnformattedTextValue);
    EXPECT_THAT(all, testing::HasSubstr("Indeterminate\r\nNormal: Model score 0.38, 2 classes are in the "
                                        "prediction set of coverage 0.90\r\n"));
    EXPECT_THAT(all, testing::Not(testing::HasSubstr("differ")));
}

}  // namespace
}  // namespace hilum::results::test
