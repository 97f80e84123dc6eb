// How many cases it takes to see that a model is worse than it was expected to be.
#pragma once

#include <cstdint>

#include "evaluation/statistics/interval.h"

namespace hilum::statistics {

// What a test is to do: find what is so with the chance `power`, and what is not with the chance `alpha`,
// two-sided.
struct Detection {
    double power = 0.8;
    double alpha = 0.05;
};

// Variance of an area under the ROC curve, times the number of positive cases, with `ratio` negative cases
// for each of them: of two normal distributions (Obuchowski, Statistics in Medicine 1994; Obuchowski, Lieber
// and Wians, Clinical Chemistry 2004), a little large for scores without steps, so that plans are on the safe
// side. `area` in [0.5, 1).
double area_variance(double area, double ratio);

// The same of a given number of cases by Hanley and McNeil (Radiology 1982), of two exponential
// distributions: for an area that was published without its interval.
double hanley_mcneil_variance(double area, std::int64_t positive, std::int64_t negative);

struct CasesNeeded {
    std::int64_t positive = 0, negative = 0;
};

// To find, with `ratio` negative cases for each positive one, that the area is `actual` where `expected` is
// taken for granted (Obuchowski, Lieber and Wians 2004; Hajian-Tilaki, Journal of Biomedical Informatics
// 2014). Both in [0.5, 1), and they differ.
CasesNeeded cases_for_area(double expected, double actual, double ratio, const Detection& detection = {});

// The chance to find it with so many.
double power_of_area(double expected, double actual, const CasesNeeded& cases, double alpha = 0.05);

// Cases with (of a specificity: without) the finding, so that the exact binomial test, with alpha / 2 on the
// side of too few, finds that a proportion is `actual` and not `expected`, which is higher. Both in (0, 1).
// The power does not rise evenly with the cases: from this number on it never falls below what is wanted
// (Chu and Cole, Journal of Clinical Epidemiology 2007).
std::int64_t cases_for_proportion(double expected, double actual, const Detection& detection = {});

// The chance to find it with so many.
double power_of_proportion(double expected, double actual, std::int64_t cases, double alpha = 0.05);

}  // namespace hilum::statistics
