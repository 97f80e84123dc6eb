// The DenseNets' structure, and their modules. Internal to the folder.
#pragma once

#include <torch/script.h>

#include <string>
#include <vector>

#include "training/network/network.h"

namespace hilum::training {

struct DenseBlock {
    int layers = 0, growth = 0;  // each layer adds `growth` channels to what it reads
    bool halve_after = true;     // whether the transition after it halves rows and columns
};

struct DenseNetPlan {
    std::string name = {};
    // torchvision's: a convolution of 7 × 7 and a pooling, each halving, and a bottleneck of 4 × growth
    // channels before each layer's convolution. Else two strided convolutions of 3 × 3, and no bottleneck.
    bool torchvision = true;
    int first_channels = 0;  // of the first convolution
    int stem_channels = 0;   // of what the first block reads
    int kept_of_6 = 3;       // sixths of the channels that a transition keeps
    std::vector<DenseBlock> blocks = {};
};

// Null where there is none of that name.
const DenseNetPlan* plan_of(const std::string& architecture);
const std::vector<DenseNetPlan>& dense_net_plans();

// `settings` must be valid.
torch::jit::Module build_dense_net(const DenseNetPlan& plan, const NetworkSettings& settings);

// What the names of a part's modules begin with.
std::vector<std::string> prefixes_of_part(const DenseNetPlan& plan, const std::string& part);

}  // namespace hilum::training
