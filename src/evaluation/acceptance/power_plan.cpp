#include "evaluation/acceptance/power_plan.h"

#include <algorithm>
#include <cmath>

namespace hilum::evaluation {
namespace {

using statistics::CasesNeeded;

constexpr double highest_expected = 0.99;  // above, a single miss would count as a drop
constexpr double powers[] = {0.8, 0.9};

struct Expected {
    std::optional<double> area, sensitivity, specificity;
};

std::optional<double> value_of(const std::optional<statistics::Estimate>& estimate) {
    if (!estimate) return std::nullopt;
    return estimate->value;
}

Expected expected_of(const LabelFigures& label, const std::optional<MakerFigures>& maker) {
    Expected expected{value_of(label.area), value_of(label.sensitivity), value_of(label.specificity)};
    const auto* const said = maker ? maker->of(label.label) : nullptr;
    if (said == nullptr) return expected;
    if (said->area) expected.area = said->area;
    if (said->sensitivity) expected.sensitivity = said->sensitivity;
    if (said->specificity) expected.specificity = said->specificity;
    return expected;
}

std::optional<double> weeks_for(const CasesNeeded& needed, double prevalence,
                                const std::optional<double>& per_week) {
    if (!per_week || prevalence <= 0 || prevalence >= 1) return std::nullopt;
    return std::max(static_cast<double>(needed.positive) / prevalence,
                    static_cast<double>(needed.negative) / (1 - prevalence)) /
           *per_week;
}

class Plan {
  public:
    Plan(const LabelFigures& label, const PowerSettings& settings, std::vector<PowerRow>& rows)
        : label_(label), settings_(settings), rows_(rows) {}

    void area(double expected) {
        const CasesNeeded there{label_.counts.positive(), label_.counts.negative()};
        expected = std::min(expected, highest_expected);
        if (there.positive == 0 || there.negative == 0 || expected - settings_.drop < 0.5) return;
        const double mix = static_cast<double>(there.negative) / static_cast<double>(there.positive);
        const double actual = expected - settings_.drop, rate = label_.prevalence;
        for (const double power : powers) {
            auto row = begun("AUC", expected, power, there);
            row.needed = statistics::cases_for_area(expected, actual, mix, {power});
            row.power_here = statistics::power_of_area(expected, actual, there);
            const bool mixed = rate > 0 && rate < 1;
            if (const auto seen = watched_from(label_.area, 0.5); seen && mixed)
                watch(row, *seen,
                      statistics::cases_for_area(*seen, *seen - settings_.drop, (1 - rate) / rate, {power}));
            add(std::move(row));
        }
    }

    void proportion(const char* figure, double expected, bool of_positive) {
        expected = std::min(expected, highest_expected);
        const double actual = expected - settings_.drop;
        if (actual <= 0) return;
        const auto there = of_positive ? label_.counts.positive() : label_.counts.negative();
        const auto cases = [&](std::int64_t count) {
            return of_positive ? CasesNeeded{count, 0} : CasesNeeded{0, count};
        };
        for (const double power : powers) {
            auto row = begun(figure, expected, power, cases(there));
            row.needed = cases(statistics::cases_for_proportion(expected, actual, {power}));
            row.power_here = statistics::power_of_proportion(expected, actual, there);
            if (const auto seen = watched_from(of_positive ? label_.sensitivity : label_.specificity, 0))
                watch(row, *seen,
                      cases(statistics::cases_for_proportion(*seen, *seen - settings_.drop, {power})));
            add(std::move(row));
        }
    }

  private:
    // What was seen here, where it can drop so far and stay above `least`.
    std::optional<double> watched_from(const std::optional<statistics::Estimate>& figure,
                                       double least) const {
        if (!figure) return std::nullopt;
        const double seen = std::min(figure->value, highest_expected);
        if (seen - settings_.drop <= least) return std::nullopt;
        return seen;
    }
    void watch(PowerRow& row, double seen, const CasesNeeded& cases) const {
        row.seen = seen;
        row.watched = cases;
        row.weeks = weeks_for(cases, label_.prevalence, settings_.per_week);
    }
    PowerRow begun(const char* figure, double expected, double power, const CasesNeeded& there) const {
        PowerRow row;
        row.label = label_.label;
        row.figure = figure;
        row.expected = expected;
        row.drop = settings_.drop;
        row.power = power;
        row.there = there;
        return row;
    }
    void add(PowerRow row) {
        row.enough = row.power_here >= row.power;
        rows_.push_back(std::move(row));
    }

    const LabelFigures& label_;
    const PowerSettings& settings_;
    std::vector<PowerRow>& rows_;
};

}  // namespace

std::vector<PowerRow> power_plan(const EvaluatedSet& set, const std::optional<MakerFigures>& maker,
                                 const PowerSettings& settings) {
    std::vector<PowerRow> rows;
    for (std::size_t i = 0; i < set.figures.labels.size(); ++i) {
        if (!set.scored.is_finding(i)) continue;
        const auto& label = set.figures.labels[i];
        const auto expected = expected_of(label, maker);
        Plan plan(label, settings, rows);
        if (expected.area) plan.area(*expected.area);
        if (expected.sensitivity) plan.proportion("sensitivity", *expected.sensitivity, true);
        if (expected.specificity) plan.proportion("specificity", *expected.specificity, false);
    }
    return rows;
}

}  // namespace hilum::evaluation
