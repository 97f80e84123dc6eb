#include "training/network/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "training/network/dense_net.h"

namespace hilum::training {
namespace {

using torch::jit::Module;

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

Status check(const NetworkSettings& settings) {
    if (plan_of(settings.architecture) == nullptr)
        return fail("configuration", "there is no architecture \"{}\"; known are {}", settings.architecture,
                    joined(architectures()));
    if (settings.channels != 1 && settings.channels != 3)
        return fail("configuration", "a network of {} input channels: 1 or 3 are possible",
                    settings.channels);
    if (settings.outputs < 1)
        return fail("configuration", "a network needs an output for each label, at least 1");
    if (settings.dense_width < 0 || settings.dense_width > 65'536)
        return fail("configuration", "a hidden layer of {} units: 0 (none) to 65536 are possible",
                    settings.dense_width);
    if (!(settings.dropout >= 0 && settings.dropout < 1))
        return fail("configuration", "a dropout of {}: 0 to less than 1 is possible", settings.dropout);
    return {};
}

bool is_below(const std::string& name, const std::vector<std::string>& prefixes) {
    return std::ranges::any_of(prefixes, [&](const std::string& prefix) {
        return name == prefix || name.starts_with(prefix + ".");
    });
}

std::vector<std::string> prefixes_in(const Module& network, const std::string& part) {
    const auto settings = settings_of(network);
    if (!settings) return {};
    return prefixes_of_part(*plan_of(settings->architecture), part);
}

}  // namespace

std::vector<std::string> architectures() {
    std::vector<std::string> names;
    for (const auto& plan : dense_net_plans()) names.push_back(plan.name);
    return names;
}

std::vector<std::string> parts_of(const std::string& architecture) {
    const auto* plan = plan_of(architecture);
    if (plan == nullptr) return {};
    std::vector<std::string> parts{"stem"};
    for (std::size_t i = 1; i <= plan->blocks.size(); ++i) parts.push_back(fmt::format("block{}", i));
    parts.emplace_back("head");
    return parts;
}

Result<Module> make_network(const NetworkSettings& settings) {
    if (auto status = check(settings); !status) return tl::unexpected(status.error());
    const torch::NoGradGuard no_gradients;
    return build_dense_net(*plan_of(settings.architecture), settings);
}

Result<NetworkSettings> settings_of(const Module& network) try {
    if (!network.hasattr("architecture") || !network.hasattr("dense_width"))
        return fail("not_ours", "the network was not made by hilum-train: it does not say what it is");
    NetworkSettings settings;
    settings.architecture = network.attr("architecture").toStringRef();
    settings.channels = static_cast<int>(network.attr("channels").toInt());
    settings.outputs = static_cast<int>(network.attr("outputs").toInt());
    settings.dense_width = static_cast<int>(network.attr("dense_width").toInt());
    settings.dropout = network.attr("dropout").toDouble();
    if (auto status = check(settings); !status) return tl::unexpected(status.error());
    return settings;
} catch (const c10::Error& error) {
    return fail("not_ours", "the network was not made by hilum-train: {}", error.what_without_backtrace());
}

Status fits(const NetworkSettings& checkpoint, const NetworkSettings& wanted) {
    std::vector<std::string> differences;
    const auto compare = [&](const char* what, const auto& has, const auto& wants) {
        if (has != wants) differences.push_back(fmt::format("{} {}, not {}", what, has, wants));
    };
    compare("its architecture is", checkpoint.architecture, wanted.architecture);
    compare("its input channels are", checkpoint.channels, wanted.channels);
    compare("its outputs are", checkpoint.outputs, wanted.outputs);
    compare("its head's hidden layer has a width of", checkpoint.dense_width, wanted.dense_width);
    compare("its dropout is", checkpoint.dropout, wanted.dropout);
    if (differences.empty()) return {};
    return fail("other_network", "the checkpoint is of another network: {}", joined(differences));
}

std::vector<torch::Tensor> parameters_of_part(Module& network, const std::string& part) {
    const auto prefixes = prefixes_in(network, part);
    std::vector<torch::Tensor> parameters;
    for (const auto& parameter : network.named_parameters())
        if (is_below(parameter.name, prefixes)) parameters.push_back(parameter.value);
    return parameters;
}

void set_training(Module& network, const std::string& part, bool on) {
    const auto prefixes = prefixes_in(network, part);
    for (const auto& module : network.named_modules())
        if (is_below(module.name, prefixes)) Module(module.value).setattr("training", on);
    for (auto& parameter : parameters_of_part(network, part)) parameter.set_requires_grad(on);
}

Module with_mirror_average(const Module& network) {
    Module average("__torch__.hilum.MirrorAverage");
    average.register_attribute("training", c10::BoolType::get(), false);
    average.register_module("network", network);
    average.define(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    logits, maps = self.network.forward(x)
    mirrored, mirrored_maps = self.network.forward(torch.flip(x, [3]))
    return (logits + mirrored) / 2, (maps + torch.flip(mirrored_maps, [3])) / 2
)");
    return average;
}

Result<std::string> saved(const Module& network) try {
    const torch::NoGradGuard no_gradients;
    Module copy = network.deepcopy();
    copy.eval();
    copy.to(torch::kCPU);
    for (auto parameter : copy.parameters()) parameter.set_requires_grad(false);
    std::ostringstream bytes;
    copy.save(bytes);
    return std::move(bytes).str();
} catch (const std::exception& error) {
    return fail("unwritable", "the network cannot be made a TorchScript file: {}", error.what());
}

}  // namespace hilum::training
