#include "model/inference/probe.h"

#include <cstddef>
#include <random>

namespace hilum::model {

std::vector<float> make_probe(const InputSpecification& input) {
    std::minstd_rand random(20261123);
    std::vector<float> probe;
    probe.reserve(static_cast<std::size_t>(input.channels) * static_cast<std::size_t>(input.rows) *
                  static_cast<std::size_t>(input.columns));
    const double span = input.range_high - input.range_low;
    for (int channel = 0; channel < input.channels; ++channel) {
        const double mean = input.mean[static_cast<std::size_t>(channel)];
        const double std = input.std[static_cast<std::size_t>(channel)];
        for (int row = 0; row < input.rows; ++row)
            for (int column = 0; column < input.columns; ++column) {
                const double gradient = (row + 0.5) / input.rows;
                const double noise = static_cast<double>(random()) / std::minstd_rand::max();
                const double grey = 0.7 * gradient + 0.3 * noise;
                probe.push_back(static_cast<float>((input.range_low + grey * span - mean) / std));
            }
    }
    return probe;
}

}  // namespace hilum::model
