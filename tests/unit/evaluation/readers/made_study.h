// A small study, and answers to it.
#pragma once

#include <fmt/format.h>

#include "evaluation/readers/results_check.h"
#include "evaluation/readers/study_plan.h"

namespace hilum::readers::test {

// `cases` patients of whom every second has Pneumonia.
inline std::vector<Candidate> candidates(std::size_t cases) {
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < cases; ++i)
        all.push_back({fmt::format("image-{:03}.png", i),
                       fmt::format("P{}", i),
                       {i % 2 == 0 ? "Normal" : "Pneumonia"}});
    return all;
}

inline Study made_study(Design design, std::size_t cases, std::vector<std::string> readers,
                        std::uint64_t seed = 1) {
    Study study;
    study.id = "0123456789abcdef";
    study.design = design;
    study.readers = std::move(readers);
    study.findings = {"Pneumonia"};
    Random random(seed);
    study.cases = choose_cases(candidates(cases), {}, random).value().cases;
    plan_sessions(study, random);
    return study;
}

// All that a study asks for, answered: present with 80 where there is Pneumonia, else absent with 10.
inline ResultsFile all_answers(const Study& study) {
    ResultsFile file{"results.csv", study.id, {}};
    for (const auto& session : study.sessions)
        for (const auto& reading : session.readings) {
            const bool ill = study.find_case(reading.case_id)->has("Pneumonia");
            Answer answer{
                session.reader, session.number, reading.case_id, reading.modality, false, {}, {}, {}, {}};
            answer.confidence = {ill ? 80 : 10};
            answer.decisions = {ill};
            answer.seconds = 12;
            answer.answered_at = session.number == 1 ? "2026-01-05T10:00:00Z" : "2026-02-05T10:00:00Z";
            answer.file = file.file;
            answer.line = file.answers.size() + 2;
            file.answers.push_back(answer);
        }
    return file;
}

}  // namespace hilum::readers::test
