#include "training/data/sampling.h"

#include <algorithm>

#include "training/data/draws.h"

namespace hilum::training {
namespace {

constexpr std::uint64_t order_stream = ~std::uint64_t{0};  // no image has this number

std::vector<std::size_t> images_of_labels(const std::vector<std::vector<float>>& targets) {
    std::vector<std::size_t> counts(targets.empty() ? 0 : targets.front().size());
    for (const auto& target : targets)
        for (std::size_t label = 0; label < counts.size(); ++label) counts[label] += target[label] > 0.5F;
    return counts;
}

}  // namespace

std::vector<std::size_t> epoch_order(const std::vector<std::size_t>& classes, Balance balance,
                                     std::uint64_t seed, std::uint64_t epoch) {
    Draws draws(seed, epoch, order_stream);
    std::vector<std::vector<std::size_t>> of_class;
    for (std::size_t image = 0; image < classes.size(); ++image) {
        const auto own = balance == Balance::none ? 0 : classes[image];
        if (own >= of_class.size()) of_class.resize(own + 1);
        of_class[own].push_back(image);
    }
    std::erase_if(of_class, [](const auto& images) { return images.empty(); });
    if (of_class.empty()) return {};
    const auto [smallest, largest] =
        std::ranges::minmax(of_class, {}, [](const auto& images) { return images.size(); });
    const auto wanted = balance == Balance::undersample ? smallest.size() : largest.size();
    std::vector<std::size_t> order;
    for (auto& images : of_class)
        for (std::size_t left = wanted; left > 0;) {  // whole rounds, then a part of one
            draws.shuffle(images);
            const auto some = std::min(left, images.size());
            order.insert(order.end(), images.begin(), images.begin() + static_cast<std::ptrdiff_t>(some));
            left -= some;
        }
    draws.shuffle(order);
    return order;
}

std::vector<std::size_t> sampling_classes(const std::vector<std::vector<float>>& targets) {
    const auto counts = images_of_labels(targets);
    std::vector<std::size_t> classes;
    classes.reserve(targets.size());
    for (const auto& target : targets) {
        std::size_t rarest = counts.size();
        for (std::size_t label = 0; label < counts.size(); ++label)
            if (target[label] > 0.5F && (rarest == counts.size() || counts[label] < counts[rarest]))
                rarest = label;
        classes.push_back(rarest);
    }
    return classes;
}

std::vector<double> inverse_frequencies(const std::vector<std::vector<float>>& targets) {
    const auto counts = images_of_labels(targets);
    std::vector<double> weights;
    weights.reserve(counts.size());
    for (const auto count : counts)
        weights.push_back(count == 0 ? 0
                                     : static_cast<double>(targets.size()) /
                                           static_cast<double>(counts.size() * count));
    return weights;
}

}  // namespace hilum::training
