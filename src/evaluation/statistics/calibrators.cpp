#include "evaluation/statistics/calibrators.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evaluation/statistics/logistic_fit.h"

namespace hilum::statistics {
namespace {

constexpr double lowest_temperature = 0.05, highest_temperature = 20;

double negative_log_likelihood(std::span<const LabelledLogits> cases, double temperature) {
    double sum = 0;
    for (const auto& one : cases) {
        const double highest = *std::ranges::max_element(one.logits) / temperature;
        double all = 0;
        for (const double logit : one.logits) all += std::exp(logit / temperature - highest);
        sum += std::log(all) + highest - one.logits[one.truth] / temperature;
    }
    return sum;
}

template <typename Cases, typename Truth>
Status check(const Cases& cases, Truth truth) {
    if (cases.empty()) return fail("too_few_cases", "there are no cases to calibrate on");
    const auto same = [&](const auto& one) { return truth(one) == truth(cases.front()); };
    if (std::ranges::all_of(cases, same))
        return fail("one_class", "all {} cases have the same label: nothing can be calibrated on them",
                    cases.size());
    return {};
}

Status check_scores(std::span<const LabelledScore> cases) {
    return check(cases, [](const auto& one) { return one.positive; });
}

struct Block {
    double low = 0, high = 0;  // scores
    double sum = 0, weight = 0;
    double mean() const { return sum / weight; }
};

// One block for each distinct score, rising.
std::vector<Block> blocks_of(std::span<const LabelledScore> cases) {
    std::vector<LabelledScore> sorted(cases.begin(), cases.end());
    std::ranges::sort(sorted, {}, &LabelledScore::score);
    std::vector<Block> blocks;
    for (const auto& one : sorted) {
        if (blocks.empty() || blocks.back().high != one.score) blocks.push_back({one.score, one.score, 0, 0});
        blocks.back().sum += one.positive ? 1 : 0;
        blocks.back().weight += 1;
    }
    return blocks;
}

}  // namespace

Result<double> fit_temperature(std::span<const LabelledLogits> cases) {
    if (auto status = check(cases, [](const auto& one) { return one.truth; }); !status)
        return tl::unexpected(status.error());
    const double golden = (std::sqrt(5.0) - 1) / 2;
    double low = std::log(lowest_temperature), high = std::log(highest_temperature);
    const auto loss = [&](double logarithm) { return negative_log_likelihood(cases, std::exp(logarithm)); };
    while (high - low > 1e-7) {
        const double left = high - golden * (high - low), right = low + golden * (high - low);
        if (loss(left) < loss(right))
            high = right;
        else
            low = left;
    }
    return std::exp(0.5 * (low + high));
}

Result<model::Platt> fit_platt(std::span<const LabelledScore> cases) {
    if (auto status = check_scores(cases); !status) return tl::unexpected(status.error());
    const auto positive = static_cast<double>(std::ranges::count(cases, true, &LabelledScore::positive));
    const double negative = static_cast<double>(cases.size()) - positive;
    std::vector<LogisticCase> smoothed;
    for (const auto& one : cases)
        smoothed.push_back({one.score, one.positive ? (positive + 1) / (positive + 2) : 1 / (negative + 2)});
    const auto line = fit_logistic(smoothed);
    return model::Platt{line.slope, line.intercept};
}

Result<model::Isotonic> fit_isotonic(std::span<const LabelledScore> cases) {
    if (auto status = check_scores(cases); !status) return tl::unexpected(status.error());
    std::vector<Block> pooled;
    for (auto block : blocks_of(cases)) {
        while (!pooled.empty() && pooled.back().mean() >= block.mean()) {
            block.low = pooled.back().low;
            block.sum += pooled.back().sum;
            block.weight += pooled.back().weight;
            pooled.pop_back();
        }
        pooled.push_back(block);
    }
    model::Isotonic function;
    for (const auto& block : pooled) {
        function.knots.push_back({block.low, block.mean()});
        if (block.high > block.low) function.knots.push_back({block.high, block.mean()});
    }
    return function;
}

}  // namespace hilum::statistics
