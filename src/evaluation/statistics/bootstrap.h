// Intervals by resampling (Efron). Whole patients are drawn, never images: images of one patient resemble
// each other, and drawing them one by one makes intervals too narrow.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluation/statistics/interval.h"

namespace hilum::statistics {

struct BootstrapSettings {
    int rounds = 2000;
    std::uint64_t seed = 1;  // the same seed draws the same samples on every machine
    double level = usual_level;
};

// Of the cases whose indices it is given (one may come several times); empty where the sample does not allow
// it (no positive case in it).
using Figure = std::function<std::optional<double>(std::span<const std::size_t> cases)>;

struct Bootstrapped {
    Estimate estimate;  // of all cases, with the percentile interval of the rounds
    int rounds = 0;     // that allowed the figure
};

// `patients[i]` is the patient of case i. Empty where all cases together do not allow the figure, where fewer
// than half of the rounds do (an interval of the rest would mislead), and where all cases are one patient's.
std::optional<Bootstrapped> bootstrap_by_patient(std::span<const std::string> patients, const Figure& figure,
                                                 const BootstrapSettings& settings = {});

// The same of several figures, each with the same samples.
std::vector<std::optional<Bootstrapped>> bootstrap_by_patient(std::span<const std::string> patients,
                                                              std::span<const Figure> figures,
                                                              const BootstrapSettings& settings = {});

}  // namespace hilum::statistics
