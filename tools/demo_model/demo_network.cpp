#include "demo_model/demo_network.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace hilum::demo_model {
namespace {

using torch::jit::Module;

struct DenseBlock {
    int layers, growth;  // each layer adds `growth` channels to what it reads
    bool halve_before;   // whether the transition before it halves rows and columns
};
constexpr int stem_channels = 24;
// The last block keeps its rows and columns, so that maps are fine and a place in them sees a part of the
// image only.
constexpr DenseBlock blocks[] = {{3, 8, false}, {4, 12, true}, {4, 16, false}};

class Builder {
  public:
    Module network();

  private:
    Module make(const std::string& name) {
        Module module(c10::QualifiedName("__torch__.hilum." + name), unit_, /*shouldMangle=*/true);
        module.register_attribute("training", c10::BoolType::get(), true);
        return module;
    }
    Module normalized_convolution(int from, int to, int kernel);
    Module stem();
    Module dense_layer(int from, int growth);
    Module dense_block(int from, const DenseBlock& block);
    Module transition(int from, int to, bool halve);

    std::shared_ptr<torch::jit::CompilationUnit> unit_ = std::make_shared<torch::jit::CompilationUnit>();
};

torch::Tensor convolution_weight(int from, int to, int kernel) {  // He's initialisation
    const double deviation = std::sqrt(2.0 / (from * kernel * kernel));
    return torch::randn({to, from, kernel, kernel}) * deviation;
}

void register_normalization(Module& module, int channels) {
    module.register_parameter("scale", torch::ones({channels}), false);
    module.register_parameter("shift", torch::zeros({channels}), false);
    module.register_buffer("mean", torch::zeros({channels}));
    module.register_buffer("variance", torch::ones({channels}));
}

constexpr const char* normalize =
    "torch.batch_norm(x, self.scale, self.shift, self.mean, self.variance, self.training, 0.1, 1e-5, True)";

// Batch normalization, rectifier, convolution: DenseNet's order.
Module Builder::normalized_convolution(int from, int to, int kernel) {
    Module module = make("NormalizedConvolution");
    register_normalization(module, from);
    module.register_parameter("weight", convolution_weight(from, to, kernel), false);
    module.define(fmt::format(R"(
def forward(self, x: Tensor) -> Tensor:
    x = torch.relu({})
    return torch.conv2d(x, self.weight, None, [1, 1], [{}, {}])
)",
                              normalize, kernel / 2, kernel / 2));
    return module;
}

// Two strided convolutions: a quarter of the rows and columns.
Module Builder::stem() {
    Module module = make("Stem");
    module.register_parameter("first", convolution_weight(1, 16, 3), false);
    module.register_parameter("second", convolution_weight(16, stem_channels, 3), false);
    register_normalization(module, 16);
    module.define(fmt::format(R"(
def forward(self, x: Tensor) -> Tensor:
    x = torch.conv2d(x, self.first, None, [2, 2], [1, 1])
    x = torch.relu({})
    return torch.conv2d(x, self.second, None, [2, 2], [1, 1])
)",
                              normalize));
    return module;
}

Module Builder::dense_layer(int from, int growth) {
    Module module = make("DenseLayer");
    module.register_module("convolution", normalized_convolution(from, growth, 3));
    module.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.cat([x, self.convolution.forward(x)], 1)
)");
    return module;
}

// A module that calls `steps` one after the other.
void chain(Module& module, const std::vector<Module>& steps) {
    std::string body = "def forward(self, x: Tensor) -> Tensor:\n";
    for (std::size_t i = 0; i < steps.size(); ++i) {
        module.register_module(fmt::format("step{}", i), steps[i]);
        body += fmt::format("    x = self.step{}.forward(x)\n", i);
    }
    module.define(body + "    return x\n");
}

Module Builder::dense_block(int from, const DenseBlock& block) {
    std::vector<Module> layers;
    for (int i = 0; i < block.layers; ++i)
        layers.push_back(dense_layer(from + i * block.growth, block.growth));
    Module module = make("DenseBlock");
    chain(module, layers);
    return module;
}

Module Builder::transition(int from, int to, bool halve) {
    Module convolution = normalized_convolution(from, to, 1);
    if (!halve) return convolution;
    Module module = make("Transition");
    module.register_module("convolution", convolution);
    module.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.avg_pool2d(self.convolution.forward(x), [2, 2], [2, 2])
)");
    return module;
}

Module Builder::network() {
    std::vector<Module> steps{stem()};
    int channels = stem_channels;
    for (const DenseBlock& block : blocks) {
        if (&block != blocks) {
            steps.push_back(transition(channels, channels * 2 / 3, block.halve_before));
            channels = channels * 2 / 3;
        }
        steps.push_back(dense_block(channels, block));
        channels += block.layers * block.growth;
    }
    Module features = make("Features");
    chain(features, steps);

    Module network = make("DemoDenseNet");
    network.register_module("features", features);
    register_normalization(network, channels);
    const double bound = 1 / std::sqrt(static_cast<double>(channels));
    network.register_parameter("weight", torch::empty({network_outputs, channels}).uniform_(-bound, bound),
                               false);
    network.register_parameter("bias", torch::zeros({network_outputs}), false);
    network.define(fmt::format(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    x = self.features.forward(x)
    x = torch.relu({})
    logits = torch.linear(torch.mean(x, [2, 3]), self.weight, self.bias)
    maps = torch.conv2d(x, self.weight.unsqueeze(2).unsqueeze(3))
    return logits, maps
)",
                               normalize));
    return network;
}

}  // namespace

torch::jit::Module make_demo_network() {
    return Builder().network();
}

}  // namespace hilum::demo_model
