// Which images a model learns from, and which judge it. Never by image: all of a patient (or of a site) go to
// one split, so that a model is judged on people whom it has not seen.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "evaluation/dataset/manifest.h"

namespace hilum::dataset {

// In the order of all_splits; at least one is above 0.
using Shares = std::array<double, all_splits.size()>;

// "70:10:10:10": training, validation, calibration, test; only what they are to each other counts. Code
// "usage".
Result<Shares> parse_shares(std::string_view text);

enum class SplitUnit { patient, site };

// Gives every image its split, by iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011): units that
// have the rarest label first, each to the split that lacks most of it; a label that occurs in few units goes
// to every split before it goes to one twice. The same seed and images give the same splits, in whatever
// order they come. Returns the splits that have a share and got no image: there are fewer units than splits.
std::vector<Split> split_images(std::vector<Image>& images, SplitUnit unit, const Shares& shares,
                                std::uint64_t seed);

}  // namespace hilum::dataset
