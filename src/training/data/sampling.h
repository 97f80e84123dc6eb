// Which images an epoch shows, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hilum::training {

enum class Balance {
    none,         // every image once
    oversample,   // every class as often as the largest: rarer ones' images several times
    undersample,  // every class as often as the smallest: others' images not all of them, each epoch others
};

// Places in `classes` (the class of each image, from 0), in the order in which epoch `epoch` shows them: a
// function of the arguments alone. Classes without an image are passed over.
std::vector<std::size_t> epoch_order(const std::vector<std::size_t>& classes, Balance balance,
                                     std::uint64_t seed, std::uint64_t epoch);

// The class by which an image with these labels (1 or 0 for each label) is counted: its rarest label among
// all `targets`; one more than the last label for an image with none.
std::vector<std::size_t> sampling_classes(const std::vector<std::vector<float>>& targets);

// A weight for each label, inverse to how many images have it, so that a balanced set has weights of 1: of n
// images and k labels n / (k * images with it). A label without images weighs 0.
std::vector<double> inverse_frequencies(const std::vector<std::vector<float>>& targets);

}  // namespace hilum::training
