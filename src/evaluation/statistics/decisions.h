// What a model decides at its threshold, against the truth: counts, and the figures that they allow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluation/statistics/interval.h"

namespace hilum::statistics {

struct Counts {
    std::int64_t true_positive = 0, false_positive = 0, true_negative = 0, false_negative = 0;

    std::int64_t positive() const { return true_positive + false_negative; }  // cases with the finding
    std::int64_t negative() const { return true_negative + false_positive; }
};

// Wilson's intervals. Empty where no case allows the figure (a sensitivity without positive cases).
std::optional<Estimate> sensitivity(const Counts& counts, double level = usual_level);
std::optional<Estimate> specificity(const Counts& counts, double level = usual_level);

// Predictive values where the finding is as frequent as `prevalence` (0 to 1), which is hardly that of the
// test set, by Bayes' rule. The interval takes those of sensitivity and specificity by the delta method on
// the logit scale (Mercaldo, Lau and Zhou, Statistics in Medicine 2007), after adding a half to each count
// where one is 0.
struct PredictiveValues {
    Estimate positive, negative;
};
std::optional<PredictiveValues> predictive_values(const Counts& counts, double prevalence,
                                                  double level = usual_level);

// Two models' decisions on the same cases: right by the first alone, and by the second alone.
struct Discordance {
    std::int64_t first_alone = 0, second_alone = 0;
};

struct McNemar {
    double statistic = 0;    // chi squared with one degree of freedom, continuity corrected (Edwards 1948)
    double p = 1;            // of the statistic
    double uncorrected = 0;  // the same without the correction (McNemar 1947)
    double exact_p = 1;      // binomial, two-sided: the one to report below 25 discordant cases
    double mid_p = 1;  // less conservative (Fagerland, Lydersen and Laake, BMC Med Res Methodol 2013, 13:91)
};
McNemar mcnemar(const Discordance& discordance);

// Agreement of two readers beyond chance (Cohen 1960). `table[i][j]`: cases that the first called i and the
// second j, square. Interval by the asymptotic standard error of Fleiss, Cohen and Everitt (1969). Empty
// without cases, or where both gave every case one and the same class.
std::optional<Estimate> kappa(const std::vector<std::vector<std::int64_t>>& table,
                              double level = usual_level);

// Net benefit of calling positive from probability `threshold` on, per case (Vickers and Elkin, Medical
// Decision Making 2006): true positives less false positives weighed by the odds of the threshold, where the
// finding is as frequent as among the cases.
double net_benefit(const Counts& counts, double threshold);
double net_benefit_of_calling_all(const Counts& counts, double threshold);

}  // namespace hilum::statistics
