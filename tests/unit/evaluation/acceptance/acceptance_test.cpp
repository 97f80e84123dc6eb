#include "evaluation/acceptance/acceptance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evaluation/acceptance/acceptance_json.h"
#include "evaluation/acceptance/acceptance_page.h"
#include "unit/evaluation/acceptance/acceptance_sets.h"

namespace hilum::evaluation {
namespace {

using testing::HasSubstr;
using testing::Not;

AcceptanceSettings settings_with(std::initializer_list<const char*> criteria) {
    AcceptanceSettings settings;
    settings.measure.bootstrap_rounds = 200;
    settings.measure.prevalence = 0.1;
    for (const char* text : criteria) settings.criteria.push_back(parse_criterion(text).value());
    return settings;
}

Verdict verdict_on(ScoredSet set, std::initializer_list<const char*> criteria) {
    return assess(std::move(set), {}, {}, settings_with(criteria))->verdict;
}

TEST(Acceptance, TheVerdictFollowsFromTheCriteria) {
    const auto set = acceptance_set({.cases = 800, .strength = 3});
    EXPECT_EQ(verdict_on(set, {}), Verdict::no_criteria);
    EXPECT_EQ(verdict_on(set, {"auc>=0.8", "specificity>=0.7"}), Verdict::accept);
    EXPECT_EQ(verdict_on(set, {"auc>=0.8", "sensitivity>=0.999"}), Verdict::do_not_accept);
    const auto figures = assess(set, {}, {}, settings_with({}))->set.figures;
    const auto near =
        fmt::format("Effusion:sensitivity>={:.3f}", figures.labels[1].sensitivity->value - 0.015);
    EXPECT_EQ(verdict_on(set, {"auc>=0.8", near.c_str()}), Verdict::undecided);
    EXPECT_EQ(verdict_on(set, {near.c_str(), "specificity>=0.9999"}), Verdict::do_not_accept);
    auto uncleared = set;
    uncleared.cleared_for_clinical_use = false;
    EXPECT_EQ(verdict_on(uncleared, {"auc>=0.8"}), Verdict::accept_with_conditions);
}

TEST(Acceptance, WhatNothingCanBeSaidOfIsRefused) {
    auto set = acceptance_set({.cases = 50});
    auto none = set;
    for (auto& one : none.cases) one.truth = {false, false};
    EXPECT_EQ(assess(none, {}, {}, settings_with({})).error().code, "no_positives");
    auto all = set;
    for (auto& one : all.cases) one.truth = {true, true};
    EXPECT_EQ(assess(all, {}, {}, settings_with({})).error().code, "no_negatives");
    auto constant = set;
    for (auto& one : constant.cases) one.probabilities = {0.2, 0.2};
    EXPECT_EQ(assess(constant, {}, {}, settings_with({})).error().code, "constant");
    auto empty = set;
    empty.cases.clear();
    EXPECT_EQ(assess(empty, {}, {}, settings_with({})).error().code, "too_few_cases");
}

TEST(Acceptance, ImagesAreSortedByWhyTheyHaveNoAnswer) {
    auto set = acceptance_set({.cases = 60});
    set.unscored = {{{}, "view", "lateral"},
                    {{}, "patient_age", "a child"},
                    {{}, "quality_control", "a phantom"},
                    {{}, "undecodable", "cut off"}};
    const auto acceptance = assess(set, {}, {}, settings_with({"analysed>=0.5"})).value();
    EXPECT_EQ(acceptance.outside_of_use, 3u);
    EXPECT_EQ(acceptance.unreadable, 1u);
    EXPECT_NEAR(acceptance.criteria[0].estimate->value, 60.0 / 64, 1e-12);
}

// Those that could not be read before the model count as those that it could not read.
TEST(Acceptance, ImagesLeftOutBeforeTheModelCountOnce) {
    auto set = acceptance_set({.cases = 60});
    set.unscored = {{{}, "view", "lateral"}, {{}, "timeout", "too slow"}};
    ImageSources sources{.found = 85};
    sources.left_out = {{"undecodable", 11}, {"no_patient", 1}, {"no_label", 7}, {"duplicate", 4}};
    sources.unread_patients.assign(12, "one");
    const auto acceptance = assess(set, sources, {}, settings_with({"analysed>=0.75"})).value();
    EXPECT_EQ(acceptance.outside_of_use, 1u);
    EXPECT_EQ(acceptance.unreadable, 13u);
    EXPECT_EQ(acceptance.labelled, 74u);
    EXPECT_NEAR(acceptance.criteria[0].estimate->value, 60.0 / 74, 1e-12);
    EXPECT_EQ(acceptance.criteria[0].cases, 74u);
    const auto analysed = statistics::wilson(60, 74).interval;
    EXPECT_LT(acceptance.criteria[0].estimate->interval.low, analysed.low);  // 12 of one patient
    EXPECT_THAT(acceptance.conditions, testing::Contains(HasSubstr("13 of 74 images could not be read")));
    const auto json = to_json(acceptance);
    EXPECT_EQ(json["images"]["unreadable"], 13);
    EXPECT_EQ(json["images"]["labelled"], 74);
    const auto page = acceptance_page(acceptance, {"2026-11-28", "hilum 0.1.0"});
    EXPECT_THAT(page, HasSubstr("1 no_patient, 1 timeout, 11 undecodable"));
    EXPECT_THAT(page, HasSubstr("4 duplicate, 7 no_label"));
}

TEST(Acceptance, ThePageAndTheJsonSayAsWhichNodeItWasJudged) {
    auto set = acceptance_set({.cases = 200});
    EXPECT_FALSE(to_json(assess(set, {}, {}, settings_with({})).value()).contains("node"));
    set.node_configuration = "/etc/hilum/hilum.yaml";
    set.site_thresholds = {{"Pneumonia", 0.62}};
    set.thresholds[0] = 0.62;
    const auto acceptance = assess(set, {}, {}, settings_with({})).value();
    const auto json = to_json(acceptance);
    EXPECT_EQ(json["node"]["configuration"], "/etc/hilum/hilum.yaml");
    EXPECT_EQ(json["node"]["thresholds"]["Pneumonia"], 0.62);
    const auto page = acceptance_page(acceptance, {"2026-11-28", "hilum 0.1.0"});
    EXPECT_THAT(page, HasSubstr("limits of /etc/hilum/hilum.yaml"));
    EXPECT_THAT(page, HasSubstr("from a probability of 0.62, by the site"));
}

// At a prevalence of 0.1: alarms, misses and right alarms by hand.
TEST(Acceptance, TheWorkloadIsOfTheStatedPrevalence) {
    const auto acceptance = assess(acceptance_set({}), {}, {}, settings_with({})).value();
    const auto& figures = acceptance.set.figures.labels[0];
    const auto& work = acceptance.workload[0];
    EXPECT_NEAR(work.true_alarms->value, 100 * figures.sensitivity->value, 1e-9);
    EXPECT_NEAR(work.misses->value, 100 * (1 - figures.sensitivity->value), 1e-9);
    EXPECT_NEAR(work.alarms->value, 100 * figures.sensitivity->value + 900 * (1 - figures.specificity->value),
                1e-9);
    EXPECT_LT(work.alarms->interval.low, work.alarms->value);
    EXPECT_GT(work.misses->interval.high, work.misses->value);
    EXPECT_EQ(*work.indeterminate, 0);
}

TEST(Acceptance, PowerIsPlannedInWeeks) {
    auto settings = settings_with({});
    settings.power = {0.1, 50.0};
    const auto acceptance = assess(acceptance_set({.cases = 2000}), {}, {}, settings).value();
    ASSERT_FALSE(acceptance.power.empty());
    for (const auto& row : acceptance.power) {
        EXPECT_EQ(row.enough, row.power_here >= row.power);
        EXPECT_EQ(*row.seen, row.expected);  // no maker says otherwise
        if (row.figure != "sensitivity") continue;
        EXPECT_NEAR(*row.weeks, static_cast<double>(row.watched.positive) / 0.1 / 50, 1e-9);
        EXPECT_EQ(row.watched.positive, row.needed.positive);
        EXPECT_EQ(row.needed.negative, 0);
    }
    MakerFigures maker{"paper", {{"Pneumonia", 0.98, {}, 0.95, 0.95, {}, {}}}};
    for (const auto& row : power_plan(acceptance.set, maker, settings.power))
        EXPECT_EQ(row.expected > *row.seen, row.label == "Pneumonia") << row.label << " " << row.figure;
}

TEST(Acceptance, ThePageAndTheJsonSayWhatWasFound) {
    auto settings = settings_with({"sensitivity>=0.5"});
    settings.aim = statistics::Aim{statistics::Aim::Kind::sensitivity, 0.9};
    auto set = acceptance_set({.cases = 800});
    set.set = "<script>alert(1)</script>";
    const auto acceptance = assess(set, {.found = 800, .digest = "abc"}, {}, settings).value();
    const auto page = acceptance_page(acceptance, {"2026-11-28", "hilum 0.1.0"});
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, HasSubstr("Accept"));
    EXPECT_THAT(page, HasSubstr("Signature"));
    EXPECT_THAT(page, HasSubstr(set.sha256));
    const auto json = to_json(acceptance);
    EXPECT_EQ(json["criteria"].size(), 2u);
    EXPECT_EQ(json["criteria"][0]["judgement"], "met");
    EXPECT_EQ(json["thresholds"].size(), 2u);
    EXPECT_EQ(json["images"]["judged"], 800);
}

}  // namespace
}  // namespace hilum::evaluation
