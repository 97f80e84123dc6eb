#include "evaluation/acceptance/criteria.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/evaluation/acceptance/acceptance_sets.h"
#include "unit/evaluation/figures/made_set.h"

namespace hilum::evaluation {
namespace {

using testing::HasSubstr;

TEST(Criteria, AreReadAsTheyAreWritten) {
    const auto one = parse_criterion("sensitivity>=0.9").value();
    EXPECT_EQ(one.finding, "");
    EXPECT_EQ(one.quantity, Quantity::sensitivity);
    EXPECT_TRUE(one.at_least);
    EXPECT_EQ(one.limit, 0.9);
    const auto two = parse_criterion(" Pleural: effusion : auc <= 0.99 ").value();
    EXPECT_EQ(two.finding, "Pleural: effusion");
    EXPECT_EQ(two.quantity, Quantity::area);
    EXPECT_FALSE(two.at_least);
    EXPECT_EQ(parse_criterion("slope>=1.2")->limit, 1.2);
}

TEST(Criteria, WhatIsNoCriterionIsRefusedInWords) {
    for (const char* text : {"", "sensitivity", "sensitivity>0.9", "sensitivity=0.9",
                             "sensitivity>=", "brilliance>=0.5", "sensitivity>=90", "sensitivity>=0.9x",
                             "sensitivity>=nan", "Pneumonia:accuracy>=0.9", ">=0.9", "sensitivity>=1"}) {
        const auto criterion = parse_criterion(text);
        ASSERT_FALSE(criterion) << text;
        EXPECT_EQ(criterion.error().code, "criterion");
        EXPECT_THAT(criterion.error().message, HasSubstr("write it as")) << text;
    }
}

struct Judged {
    EvaluatedSet set;
    std::vector<JudgedCriterion> criteria;
};

Judged judged(const ScoredSet& scored, std::initializer_list<const char*> texts, std::size_t images = 0) {
    MeasureSettings settings;
    settings.bootstrap_rounds = 200;
    Judged result{evaluated(scored, settings).value(), {}};
    std::vector<Criterion> criteria;
    for (const char* text : texts) criteria.push_back(parse_criterion(text).value());
    const std::vector<std::optional<statistics::CalibrationTest>> none(scored.labels.size());
    result.criteria = judge(criteria, {result.set, none, images == 0 ? scored.cases.size() : images}).value();
    return result;
}

TEST(Criteria, AreJudgedByTheIntervalNotByTheFigure) {
    const auto set = acceptance_set({.cases = 600});
    const auto figures = judged(set, {}).set.figures.labels[0];
    const double low = figures.sensitivity->interval.low, value = figures.sensitivity->value;
    const auto at = [&](double limit) {
        const auto text = fmt::format("Pneumonia:sensitivity>={:.3f}", limit);
        return judged(set, {text.c_str()}).criteria.at(0);
    };
    EXPECT_EQ(at(low - 0.03).judgement, Judgement::met);
    EXPECT_EQ(at(value - 0.015).judgement, Judgement::cannot_be_told);
    EXPECT_THAT(at(value - 0.015).words, HasSubstr("images with it would tell"));
    EXPECT_EQ(at(figures.sensitivity->interval.high + 0.02).judgement, Judgement::not_met);
    EXPECT_EQ(at(0.5).cases, static_cast<std::size_t>(figures.counts.positive()));
}

TEST(Criteria, WithoutAFindingEachIsJudged) {
    const auto all = judged(acceptance_set({}), {"auc>=0.6", "analysed>=0.5"}, 500).criteria;
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].finding, "Pneumonia");
    EXPECT_EQ(all[1].finding, "Effusion");
    EXPECT_EQ(all[2].finding, "");
    EXPECT_EQ(all[2].estimate->value, 0.8);
    EXPECT_EQ(all[2].judgement, Judgement::met);
}

// Two hundred images of one patient are no two hundred patients.
TEST(Criteria, OnePatientTellsNothingOfOthers) {
    auto set = acceptance_set({.cases = 400});
    for (auto& one : set.cases) one.positive[0] = one.truth[0];
    ASSERT_EQ(judged(set, {"Pneumonia:sensitivity>=0.8"}).criteria.at(0).judgement, Judgement::met);
    for (auto& one : set.cases)
        if (one.truth[0]) one.facts.patient = "the only one who is ill";
    const auto all = judged(set, {"Pneumonia:sensitivity>=0.8", "Pneumonia:specificity>=0.8",
                                  "Pneumonia:auc>=0.6", "analysed>=0.5"})
                         .criteria;
    EXPECT_EQ(all.at(0).judgement, Judgement::cannot_be_told);
    EXPECT_THAT(all.at(0).words, HasSubstr("all of one patient"));
    EXPECT_EQ(all.at(1).judgement, Judgement::met);
    EXPECT_EQ(all.at(2).judgement, Judgement::cannot_be_told);
    EXPECT_EQ(all.at(3).judgement, Judgement::met);
    for (auto& one : set.cases) one.facts.patient = "the only one";
    EXPECT_EQ(judged(set, {"analysed>=0.5"}).criteria.at(0).judgement, Judgement::cannot_be_told);
}

// Three of three found: neither Wilson's interval nor a bootstrap without a width shows 0.9.
TEST(Criteria, AHandfulWithoutAMistakeShowsNothing) {
    auto set = acceptance_set({.cases = 60});
    int positive = 0;
    for (auto& one : set.cases) {
        one.truth[0] = positive++ < 3;
        one.positive[0] = one.truth[0];
    }
    const auto criterion = judged(set, {"Pneumonia:sensitivity>=0.9"}).criteria.at(0);
    EXPECT_EQ(criterion.judgement, Judgement::cannot_be_told);
    EXPECT_EQ(criterion.cases, 3u);
}

// A limit that the images alone would show, and their patients do not.
TEST(Criteria, OfEachFigureTheWiderIntervalHolds) {
    const statistics::Estimate narrow{0.9, {0.85, 0.95}}, wide{0.9, {0.7, 0.98}};
    Judged one = judged(made_set(90, 1), {});
    auto& figures = one.set.figures;
    auto& label = figures.labels[1];
    label.sensitivity = label.specificity = label.area = figures.accuracy = figures.determinate = narrow;
    label.predictive = {narrow, narrow};
    label.sensitivity_by_patient = label.specificity_by_patient = label.area_by_patient = wide;
    label.ppv_by_patient = label.npv_by_patient = wide;
    figures.accuracy_by_patient = figures.determinate_by_patient = wide;
    const std::vector<std::optional<statistics::CalibrationTest>> none(2);
    for (const char* text :
         {"Pneumonia:sensitivity>=0.8", "Pneumonia:specificity>=0.8", "Pneumonia:auc>=0.8",
          "Pneumonia:ppv>=0.8", "Pneumonia:npv>=0.8", "accuracy>=0.8", "determinate>=0.8", "analysed>=0.8"}) {
        const auto criteria =
            judge({parse_criterion(text).value()}, {one.set, none, figures.cases + 2, wide}).value();
        EXPECT_EQ(criteria.at(0).judgement, Judgement::cannot_be_told) << text;
        EXPECT_EQ(criteria.at(0).estimate->interval.low, 0.7) << text;
    }
}

TEST(Criteria, WhatHasNoCasesCannotBeTold) {
    auto set = acceptance_set({.cases = 60});
    for (auto& one : set.cases) one.truth[1] = false;
    const auto criterion = judged(set, {"Effusion:sensitivity>=0.9"}).criteria.at(0);
    EXPECT_EQ(criterion.judgement, Judgement::cannot_be_told);
    EXPECT_THAT(criterion.words, HasSubstr("0 images with it do not allow this figure"));
}

TEST(Criteria, ForeignFindingsAndFiguresAreRefused) {
    const auto set = evaluated(acceptance_set({}), {.bootstrap_rounds = 0}).value();
    const std::vector<std::optional<statistics::CalibrationTest>> none(2);
    const auto strange = judge({parse_criterion("Pneumona:auc>=0.5").value()}, {set, none, 400});
    EXPECT_EQ(strange.error().code, "criterion");
    EXPECT_THAT(strange.error().message, HasSubstr("did you mean 'Pneumonia'?"));
    EXPECT_EQ(judge({parse_criterion("accuracy>=0.5").value()}, {set, none, 400}).error().code, "criterion");
}

}  // namespace
}  // namespace hilum::evaluation
