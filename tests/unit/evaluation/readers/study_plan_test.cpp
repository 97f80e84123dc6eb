#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "unit/evaluation/readers/made_study.h"

namespace hilum::readers {
namespace {

std::map<std::string, std::size_t> labels_of(const std::vector<StudyCase>& cases) {
    std::map<std::string, std::size_t> counts;
    for (const auto& one : cases) ++counts[one.labels.front()];
    return counts;
}

TEST(ChooseCases, KeepsTheSharesOfLabelsAndTakesOneImageOfAPatient) {
    std::vector<Candidate> candidates;
    for (int i = 0; i < 60; ++i)
        candidates.push_back({fmt::format("n{}", i), fmt::format("N{}", i / 2), {"Normal"}});
    for (int i = 0; i < 10; ++i)
        candidates.push_back({fmt::format("p{}", i), fmt::format("Q{}", i), {"Pneumonia"}});
    Random random(1);
    const auto selection = choose_cases(candidates, {.cases = 20}, random).value();
    EXPECT_EQ(labels_of(selection.cases),
              (std::map<std::string, std::size_t>{{"Normal", 15}, {"Pneumonia", 5}}));
    EXPECT_EQ(selection.further_images, 30U);
    std::set<std::string> patients, ids;
    for (const auto& one : selection.cases) {
        patients.insert(one.patient);
        ids.insert(one.id);
        EXPECT_EQ(one.id.size(), 5U);
    }
    EXPECT_EQ(patients.size(), 20U);
    EXPECT_EQ(ids.size(), 20U);
    const auto balanced = choose_cases(candidates, {.cases = 20, .balanced = true}, random).value();
    EXPECT_EQ(labels_of(balanced.cases),
              (std::map<std::string, std::size_t>{{"Normal", 10}, {"Pneumonia", 10}}));
}

TEST(ChooseCases, LeavesNoRareLabelOut) {
    auto candidates = test::candidates(100);
    candidates.push_back({"rare", "R", {"Pneumothorax"}});
    Random random(1);
    EXPECT_EQ(labels_of(choose_cases(candidates, {.cases = 9}, random).value().cases).at("Pneumothorax"), 1U);
    EXPECT_EQ(choose_cases(candidates, {}, random).value().cases.size(), 101U);
}

TEST(ChooseCases, RefusesMoreThanThereIs) {
    Random random(1);
    EXPECT_EQ(choose_cases(test::candidates(10), {.cases = 11}, random).error().code, "too_few_cases");
    EXPECT_EQ(choose_cases(test::candidates(11), {.cases = 12, .balanced = true}, random).error().code,
              "too_few_cases");
    EXPECT_EQ(choose_cases({}, {}, random).error().code, "too_few_cases");
}

TEST(PlanSessions, GivesEachCaseOnceWithAndOnceWithoutTheResult) {
    const auto study = test::made_study(Design::crossover, 21, {"ann", "ben", "cy", "di"});
    ASSERT_EQ(study.sessions.size(), 8U);
    for (const auto& reader : study.readers) {
        std::map<std::string, std::set<std::pair<int, Modality>>> read;
        for (const int number : {1, 2}) {
            const auto* session = study.find_session(reader, number);
            ASSERT_EQ(session->readings.size(), 21U);
            const auto aided = std::ranges::count(session->readings, Modality::aided, &Reading::modality);
            EXPECT_NEAR(static_cast<double>(aided), 10.5, 0.6);
            for (const auto& reading : session->readings)
                EXPECT_TRUE(read[reading.case_id].insert({number, reading.modality}).second);
        }
        EXPECT_EQ(read.size(), 21U);
        for (const auto& [id, times] : read) {
            EXPECT_EQ(times.size(), 2U) << id;
            EXPECT_NE(times.begin()->second, times.rbegin()->second) << id;
        }
    }
}

TEST(PlanSessions, CounterbalancesHalvesAndOrders) {
    const auto study = test::made_study(Design::crossover, 40, {"ann", "ben", "cy", "di"});
    std::map<std::string, int> aided_first_time;  // of each case: by how many readers
    int begins_aided = 0;
    for (const auto& session : study.sessions) {
        if (session.number != 1) continue;
        begins_aided += session.readings.front().modality == Modality::aided;
        for (const auto& reading : session.readings)
            aided_first_time[reading.case_id] += reading.modality == Modality::aided;
    }
    EXPECT_EQ(begins_aided, 2);
    for (const auto& [id, readers] : aided_first_time) EXPECT_EQ(readers, 2) << id;
    // The halves have the same labels, and no two readers the same order.
    std::size_t ill = 0;
    for (const auto& reading : study.sessions.front().readings)
        ill += reading.modality == Modality::aided && study.find_case(reading.case_id)->has("Pneumonia");
    EXPECT_EQ(ill, 10U);
    EXPECT_NE(study.sessions[0].readings, study.sessions[2].readings);
}

TEST(PlanSessions, ShowsTheResultAfterTheFirstAnswerWhereTheDesignIsSequential) {
    const auto study = test::made_study(Design::sequential, 10, {"ann"});
    const auto& readings = study.sessions.front().readings;
    ASSERT_EQ(readings.size(), 20U);
    for (std::size_t i = 0; i < readings.size(); i += 2) {
        EXPECT_EQ(readings[i].case_id, readings[i + 1].case_id);
        EXPECT_EQ(readings[i].modality, Modality::unaided);
        EXPECT_EQ(readings[i + 1].modality, Modality::aided);
    }
}

TEST(PlanSessions, DrawsTheSameOfTheSameSeed) {
    const auto one = test::made_study(Design::crossover, 30, {"ann", "ben"}, 7);
    EXPECT_EQ(study_json(one), study_json(test::made_study(Design::crossover, 30, {"ann", "ben"}, 7)));
    EXPECT_NE(study_json(one), study_json(test::made_study(Design::crossover, 30, {"ann", "ben"}, 8)));
}

}  // namespace
}  // namespace hilum::readers
