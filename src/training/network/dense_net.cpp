#include "training/network/dense_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace hilum::training {
namespace {

using torch::jit::Module;

DenseNetPlan torchvision_plan(int depth, const std::vector<int>& layers) {
    DenseNetPlan plan{.name = fmt::format("densenet{}", depth), .first_channels = 64, .stem_channels = 64};
    for (const int count : layers) plan.blocks.push_back({.layers = count, .growth = 32});
    return plan;
}

// The last block keeps its rows and columns, so that maps are fine and a place in them sees a part of the
// image only.
std::vector<DenseNetPlan> all_plans() {
    return {torchvision_plan(121, {6, 12, 24, 16}), torchvision_plan(169, {6, 12, 32, 32}),
            torchvision_plan(201, {6, 12, 48, 32}),
            DenseNetPlan{.name = "densenet-small",
                         .torchvision = false,
                         .first_channels = 16,
                         .stem_channels = 24,
                         .kept_of_6 = 4,
                         .blocks = {{3, 8, true}, {4, 12, false}, {4, 16, false}}},
            DenseNetPlan{.name = "densenet-medium",
                         .torchvision = false,
                         .first_channels = 24,
                         .stem_channels = 32,
                         .kept_of_6 = 4,
                         .blocks = {{4, 12, true}, {6, 16, false}, {6, 20, false}}}};
}

// Makes modules whose code is generated below; all of one network share a compilation unit.
class DenseNetBuilder {
  public:
    DenseNetBuilder(const DenseNetPlan& plan, const NetworkSettings& settings)
        : plan_(plan), settings_(settings) {}
    Module network();

  private:
    Module make(const std::string& name) {
        Module module(c10::QualifiedName("__torch__.hilum." + name), unit_, /*shouldMangle=*/true);
        module.register_attribute("training", c10::BoolType::get(), true);
        return module;
    }
    void add_convolution(Module& parent, const std::string& name, int from, int to, int kernel);
    void add_normalization(Module& parent, const std::string& name, int channels);
    void add_linear(Module& parent, const std::string& name, int from, int to);
    std::string add_stem(Module& features);
    Module dense_layer(int from, int growth);
    Module dense_block(int from, const DenseBlock& block);
    Module transition(int from, int to, bool halve);
    Module features(int& channels);

    const DenseNetPlan& plan_;
    const NetworkSettings& settings_;
    std::shared_ptr<torch::jit::CompilationUnit> unit_ = std::make_shared<torch::jit::CompilationUnit>();
};

// A line of TorchScript: `x` normalised by the module `name`. The mode is that module's own.
std::string normalized(const std::string& name) {
    return fmt::format(
        "    x = torch.batch_norm(x, self.{0}.weight, self.{0}.bias, self.{0}.running_mean, "
        "self.{0}.running_var, self.{0}.training, 0.1, 1e-5, True)\n",
        name);
}

std::string convolved(const std::string& name, int stride, int padding) {
    return fmt::format("    x = torch.conv2d(x, self.{0}.weight, None, [{1}, {1}], [{2}, {2}])\n", name,
                       stride, padding);
}

// In place: what it reads is always a normalisation's output, which no gradient needs.
constexpr const char* rectified = "    x = torch.relu_(x)\n";
constexpr const char* of_one_tensor = "def forward(self, x: Tensor) -> Tensor:\n";

void add_weight(Module& module, const std::string& name, const torch::Tensor& value) {
    module.register_parameter(name, value.set_requires_grad(true), /*is_buffer=*/false);
}

void DenseNetBuilder::add_convolution(Module& parent, const std::string& name, int from, int to, int kernel) {
    Module module = make("Convolution");
    const double deviation = std::sqrt(2.0 / (from * kernel * kernel));
    add_weight(module, "weight", torch::randn({to, from, kernel, kernel}) * deviation);
    parent.register_module(name, module);
}

void DenseNetBuilder::add_normalization(Module& parent, const std::string& name, int channels) {
    Module module = make("Normalization");
    add_weight(module, "weight", torch::ones({channels}));
    add_weight(module, "bias", torch::zeros({channels}));
    module.register_buffer("running_mean", torch::zeros({channels}));
    module.register_buffer("running_var", torch::ones({channels}));
    parent.register_module(name, module);
}

void DenseNetBuilder::add_linear(Module& parent, const std::string& name, int from, int to) {
    Module module = make("Linear");
    const double bound = 1 / std::sqrt(static_cast<double>(from));
    add_weight(module, "weight", torch::empty({to, from}).uniform_(-bound, bound));
    add_weight(module, "bias", torch::zeros({to}));
    parent.register_module(name, module);
}

std::string DenseNetBuilder::add_stem(Module& features) {
    const int kernel = plan_.torchvision ? 7 : 3;
    add_convolution(features, "conv0", settings_.channels, plan_.first_channels, kernel);
    add_normalization(features, "norm0", plan_.first_channels);
    const std::string first = convolved("conv0", 2, kernel / 2) + normalized("norm0") + rectified;
    if (plan_.torchvision) return first + "    x = torch.max_pool2d(x, [3, 3], [2, 2], [1, 1])\n";
    add_convolution(features, "conv1", plan_.first_channels, plan_.stem_channels, 3);
    return first + convolved("conv1", 2, 1);
}

Module DenseNetBuilder::dense_layer(int from, int growth) {
    Module module = make("DenseLayer");
    std::string code = std::string(of_one_tensor) + "    read = x\n" + normalized("norm1") + rectified;
    add_normalization(module, "norm1", from);
    if (plan_.torchvision) {
        add_convolution(module, "conv1", from, 4 * growth, 1);
        add_normalization(module, "norm2", 4 * growth);
        add_convolution(module, "conv2", 4 * growth, growth, 3);
        code += convolved("conv1", 1, 0) + normalized("norm2") + rectified + convolved("conv2", 1, 1);
    } else {
        add_convolution(module, "conv1", from, growth, 3);
        code += convolved("conv1", 1, 1);
    }
    module.define(code + "    return torch.cat([read, x], 1)\n");
    return module;
}

Module DenseNetBuilder::dense_block(int from, const DenseBlock& block) {
    Module module = make("DenseBlock");
    std::string code = of_one_tensor;
    for (int i = 0; i < block.layers; ++i) {
        const auto name = fmt::format("denselayer{}", i + 1);
        module.register_module(name, dense_layer(from + i * block.growth, block.growth));
        code += fmt::format("    x = self.{}.forward(x)\n", name);
    }
    module.define(code + "    return x\n");
    return module;
}

Module DenseNetBuilder::transition(int from, int to, bool halve) {
    Module module = make("Transition");
    add_normalization(module, "norm", from);
    add_convolution(module, "conv", from, to, 1);
    std::string code = of_one_tensor + normalized("norm") + rectified + convolved("conv", 1, 0);
    if (halve) code += "    x = torch.avg_pool2d(x, [2, 2], [2, 2])\n";
    module.define(code + "    return x\n");
    return module;
}

Module DenseNetBuilder::features(int& channels) {
    Module module = make("Features");
    std::string code = of_one_tensor + add_stem(module);
    channels = plan_.stem_channels;
    const auto add = [&](const std::string& name, const Module& step) {
        module.register_module(name, step);
        code += fmt::format("    x = self.{}.forward(x)\n", name);
    };
    for (std::size_t i = 0; i < plan_.blocks.size(); ++i) {
        const auto& block = plan_.blocks[i];
        add(fmt::format("denseblock{}", i + 1), dense_block(channels, block));
        channels += block.layers * block.growth;
        if (i + 1 == plan_.blocks.size()) break;
        const int kept = channels * plan_.kept_of_6 / 6;
        add(fmt::format("transition{}", i + 1), transition(channels, kept, block.halve_after));
        channels = kept;
    }
    const auto last = fmt::format("norm{}", plan_.blocks.size() + 1);
    add_normalization(module, last, channels);
    module.define(code + normalized(last) + rectified + "    return x\n");
    return module;
}

// From the features to the logits and the maps. `gate` is what each unit before the last layer lets through:
// 0 where its rectifier or the dropout shuts it. A product with it is the rectifier and the dropout at once,
// and makes the logits linear in the pooled features, with the weights `through` of each image.
std::string head_code(const NetworkSettings& settings) {
    std::string code = R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    x = self.features.forward(x)
    pooled = torch.mean(x, [2, 3])
)";
    if (settings.dense_width > 0)
        code += R"(    hidden = torch.linear(pooled, self.dense.weight, self.dense.bias)
    gate = torch.gt(hidden, 0).type_as(hidden)
)";
    else if (settings.dropout > 0)
        code += "    hidden = pooled\n    gate = torch.ones_like(pooled)\n";
    else
        return code + R"(    logits = torch.linear(pooled, self.classifier.weight, self.classifier.bias)
    maps = torch.conv2d(x, self.classifier.weight.unsqueeze(2).unsqueeze(3))
    return logits, maps
)";
    if (settings.dropout > 0)
        code +=
            fmt::format("    gate = torch.dropout(gate, {}, self.classifier.training)\n", settings.dropout);
    code += R"(    logits = torch.linear(hidden * gate, self.classifier.weight, self.classifier.bias)
    through = self.classifier.weight.unsqueeze(0) * gate.unsqueeze(1)
)";
    if (settings.dense_width > 0) code += "    through = torch.matmul(through, self.dense.weight)\n";
    return code + R"(    maps = torch.bmm(through, x.flatten(2))
    return logits, maps.view([x.size(0), maps.size(1), x.size(2), x.size(3)])
)";
}

Module DenseNetBuilder::network() {
    Module network = make("DenseNet");
    network.register_attribute("architecture", c10::StringType::get(), settings_.architecture);
    network.register_attribute("channels", c10::IntType::get(), settings_.channels);
    network.register_attribute("outputs", c10::IntType::get(), settings_.outputs);
    network.register_attribute("dense_width", c10::IntType::get(), settings_.dense_width);
    network.register_attribute("dropout", c10::FloatType::get(), settings_.dropout);
    int channels = 0;
    network.register_module("features", features(channels));
    if (settings_.dense_width > 0) {
        add_linear(network, "dense", channels, settings_.dense_width);
        channels = settings_.dense_width;
    }
    add_linear(network, "classifier", channels, settings_.outputs);
    network.define(head_code(settings_));
    return network;
}

}  // namespace

const std::vector<DenseNetPlan>& dense_net_plans() {
    static const std::vector<DenseNetPlan> plans = all_plans();
    return plans;
}

const DenseNetPlan* plan_of(const std::string& architecture) {
    const auto& plans = dense_net_plans();
    const auto found = std::ranges::find(plans, architecture, &DenseNetPlan::name);
    return found == plans.end() ? nullptr : &*found;
}

Module build_dense_net(const DenseNetPlan& plan, const NetworkSettings& settings) {
    return DenseNetBuilder(plan, settings).network();
}

std::vector<std::string> prefixes_of_part(const DenseNetPlan& plan, const std::string& part) {
    if (part == "stem") return {"features.conv0", "features.norm0", "features.conv1"};
    if (part == "head") return {"dense", "classifier"};
    for (std::size_t i = 1; i <= plan.blocks.size(); ++i)
        if (part == fmt::format("block{}", i)) {
            const bool last = i == plan.blocks.size();
            return {fmt::format("features.denseblock{}", i),
                    last ? fmt::format("features.norm{}", i + 1) : fmt::format("features.transition{}", i)};
        }
    return {};
}

}  // namespace hilum::training
