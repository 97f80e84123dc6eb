#include "model/inference/warm_up.h"

#include <algorithm>

namespace hilum::model {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr int first_runs = 3;     // profiling, code generation, and once as it will be
constexpr int measured_runs = 3;  // the best counts: the others were disturbed
constexpr double worthwhile = 1.1;

std::vector<std::size_t> powers_of_two_up_to(std::size_t largest) {
    std::vector<std::size_t> sizes;
    for (std::size_t size = 1; size < largest; size *= 2) sizes.push_back(size);
    sizes.push_back(largest);
    return sizes;
}

Status run(const Forward& forward, InputTensor probe, std::size_t size, int times) {
    const std::vector<InputTensor> batch(size, probe);
    for (int i = 0; i < times; ++i)
        if (auto outcome = forward(batch); !outcome) return tl::unexpected(outcome.error());
    return {};
}

bool out_of_memory(const Status& status) {
    return !status && status.error().code == "out_of_memory";
}

// Images a second, after the first runs.
Result<double> measure(const Forward& forward, InputTensor probe, std::size_t size, const WarmUpPlan& plan) {
    if (auto warm = run(forward, probe, size, first_runs); !warm) return tl::unexpected(warm.error());
    double best = 0;
    for (int i = 0; i < measured_runs; ++i) {
        const auto start = plan.now();
        if (auto timed = run(forward, probe, size, 1); !timed) return tl::unexpected(timed.error());
        const double seconds = Seconds(plan.now() - start).count();
        best = std::max(best, static_cast<double>(size) / std::max(seconds, 1e-9));
    }
    return best;
}

Result<std::vector<std::size_t>> warm_up_all(const Forward& forward, InputTensor probe,
                                             const std::vector<std::size_t>& sizes) {
    std::vector<std::size_t> warm;
    for (const std::size_t size : sizes) {
        const auto status = run(forward, probe, size, first_runs);
        if (size > 1 && out_of_memory(status)) break;
        if (!status) return tl::unexpected(status.error());
        warm.push_back(size);
    }
    return warm;
}

Result<std::vector<std::size_t>> warm_up_fastest(const Forward& forward, InputTensor probe,
                                                 const WarmUpPlan& plan) {
    const auto single = measure(forward, probe, 1, plan);
    if (!single) return tl::unexpected(single.error());
    std::size_t best_size = 1;
    double best = *single;
    for (const std::size_t size : plan.candidates) {
        if (size == 1) continue;
        const double images = static_cast<double>(size) * (first_runs + measured_runs);
        if (Seconds(images / *single) > plan.budget) break;
        const auto measured = measure(forward, probe, size, plan);
        if (!measured) break;  // too little memory, or a model made for single images
        if (*measured < best * worthwhile) continue;
        best = *measured;
        best_size = size;
    }
    return best_size == 1 ? std::vector<std::size_t>{1} : std::vector<std::size_t>{1, best_size};
}

}  // namespace

Result<std::vector<std::size_t>> warm_up(const Forward& forward, InputTensor probe, const WarmUpPlan& plan) {
    if (plan.max_batch > 0) return warm_up_all(forward, probe, powers_of_two_up_to(plan.max_batch));
    return warm_up_fastest(forward, probe, plan);
}

}  // namespace hilum::model
