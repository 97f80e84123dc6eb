// Phantoms as the model's input, made by the same code that prepares radiographs in the node.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/package/model_package.h"
#include "phantom/phantom_image.h"

namespace hilum::demo_model {

// Phantoms of the seeds first_seed to first_seed + count - 1, the three findings in turn.
struct PhantomSetPlan {
    std::string name;
    std::uint64_t first_seed = 1;
    int count = 0;
    int long_side = 1024;  // pixels of the rendered image, before preprocessing
};

inline constexpr int place_size = 4;  // pixels of the input to a cell of PhantomSet::places

struct PhantomSet {
    torch::Tensor inputs;  // half[count, 1, rows, columns]
    torch::Tensor labels;  // long[count]: phantom::Finding
    torch::Tensor places;  // byte[count, 1, rows / place_size, columns / place_size]: 1 where a lesion is
    std::vector<std::vector<phantom::Lesion>> lesions;
    std::vector<InputGeometry> geometries;
};

// `threads` phantoms at a time; what is made does not depend on their number.
PhantomSet render_phantom_set(const PhantomSetPlan& plan, const model::InputSpecification& input,
                              int threads);

}  // namespace hilum::demo_model
