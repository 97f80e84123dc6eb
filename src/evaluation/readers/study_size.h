// How many readers and cases a study needs, by what a pilot study measured (Hillis, Obuchowski and Berbaum,
// Academic Radiology 2011). For two modalities, random readers and random cases.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "evaluation/readers/mrmc.h"

namespace hilum::readers {

// What to expect of a study of other readers and cases, with the pilot's share of cases that have the
// finding. The chance that it finds a true difference of `difference`, two-sided at 1 - level. Two readers
// and two cases at least, a difference other than 0.
double power_of_study(const ReaderComparison& pilot, double difference, std::size_t readers,
                      std::size_t cases, double level = statistics::usual_level);

// The fewest cases that reach the power; none where `most` do not.
std::optional<std::size_t> cases_needed(const ReaderComparison& pilot, double difference, std::size_t readers,
                                        double power = 0.8, std::size_t most = 5000);

}  // namespace hilum::readers
