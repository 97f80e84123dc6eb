#include "evaluation/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace hilum::statistics {
namespace {

using Cases = std::vector<std::size_t>;

std::vector<Cases> cases_of_patients(std::span<const std::string> patients) {
    std::map<std::string, Cases> by_patient;
    for (std::size_t i = 0; i < patients.size(); ++i) by_patient[patients[i]].push_back(i);
    std::vector<Cases> groups;
    for (auto& [patient, cases] : by_patient) groups.push_back(std::move(cases));
    return groups;
}

// Below `bound`, each alike. The standard's distributions differ from library to library.
std::size_t drawn(std::mt19937_64& random, std::size_t bound) {
    const std::uint64_t fair = std::mt19937_64::max() - std::mt19937_64::max() % bound;
    for (;;)
        if (const auto value = random(); value < fair) return static_cast<std::size_t>(value % bound);
}

// Between the two nearest of those sorted (Hyndman and Fan's type 7, as numpy and R have it).
double quantile(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(place));
    const auto above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// Empty where the rounds do not allow an interval.
std::optional<Bootstrapped> summed_up(double value, std::vector<double> values,
                                      const BootstrapSettings& settings) {
    if (values.empty() || 2 * values.size() < static_cast<std::size_t>(settings.rounds)) return std::nullopt;
    std::ranges::sort(values);
    const double tail = (1 - settings.level) / 2;
    return Bootstrapped{{value, {quantile(values, tail), quantile(values, 1 - tail)}},
                        static_cast<int>(values.size())};
}

}  // namespace

std::vector<std::optional<Bootstrapped>> bootstrap_by_patient(std::span<const std::string> patients,
                                                              std::span<const Figure> figures,
                                                              const BootstrapSettings& settings) {
    Cases all(patients.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<std::optional<double>> of_all;
    for (const auto& figure : figures) of_all.push_back(figure(all));
    std::vector<std::vector<double>> values(figures.size());
    const auto groups = cases_of_patients(patients);
    std::mt19937_64 random(settings.seed);
    const int rounds = groups.size() < 2 ? 0 : settings.rounds;  // of one patient all samples are the same
    for (int round = 0; round < rounds; ++round) {
        Cases sample;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const auto& group = groups[drawn(random, groups.size())];
            sample.insert(sample.end(), group.begin(), group.end());
        }
        for (std::size_t i = 0; i < figures.size(); ++i)
            if (of_all[i])
                if (const auto of_sample = figures[i](sample)) values[i].push_back(*of_sample);
    }
    std::vector<std::optional<Bootstrapped>> results(figures.size());
    for (std::size_t i = 0; i < figures.size(); ++i)
        if (of_all[i]) results[i] = summed_up(*of_all[i], std::move(values[i]), settings);
    return results;
}

std::optional<Bootstrapped> bootstrap_by_patient(std::span<const std::string> patients, const Figure& figure,
                                                 const BootstrapSettings& settings) {
    return bootstrap_by_patient(patients, std::span(&figure, 1), settings).front();
}

}  // namespace hilum::statistics
