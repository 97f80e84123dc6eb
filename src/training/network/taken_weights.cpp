#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "training/network/network.h"

namespace hilum::training {
namespace {

using torch::jit::Module;
using Tensors = std::map<std::string, torch::Tensor>;

constexpr const char* first_convolution = "features.conv0.weight";

// Parameters and running statistics by name. torchvision's counters of batches have no use here.
Tensors tensors_of(const Module& network) {
    Tensors tensors;
    for (const auto& parameter : network.named_parameters()) tensors[parameter.name] = parameter.value;
    for (const auto& buffer : network.named_buffers()) tensors[buffer.name] = buffer.value;
    std::erase_if(tensors, [](const auto& entry) { return entry.first.ends_with("num_batches_tracked"); });
    return tensors;
}

Result<Module> loaded(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
        return fail("unreadable", "there is no file {} to take weights from", file.string());
    try {
        return torch::jit::load(file.string(), torch::kCPU);
    } catch (const std::exception& failure) {
        const std::string words = failure.what();
        return fail("weights_corrupt",
                    "{} is no TorchScript file that LibTorch can load ({}); of a PyTorch checkpoint, "
                    "hilum-import-model makes a package, whose model.pt is one",
                    file.string(), words.substr(0, words.find('\n')));
    }
}

// ---- other networks' names in ours ----

std::vector<std::string> words_of(const std::string& name) {
    std::vector<std::string> words{""};
    for (const char c : name)
        if (c == '.')
            words.emplace_back();
        else
            words.back() += c;
    return words;
}

// What stands before the name of a DenseNet's first layer: "features.", "features.0.", "module.features.".
Result<std::optional<std::string>> prefix_in(const Tensors& tensors) {
    const std::string anchor = "denseblock1.denselayer1.norm1.weight";
    std::optional<std::string> prefix;
    for (const auto& [name, tensor] : tensors) {
        if (!name.ends_with(anchor)) continue;
        if (prefix)
            return fail("other_network", "the file holds several networks, beginning with \"{}\" and \"{}\"",
                        *prefix, name.substr(0, name.size() - anchor.size()));
        prefix = name.substr(0, name.size() - anchor.size());
    }
    return prefix;
}

// The same tensors by our names.
Result<Tensors> renamed(const Tensors& tensors) {
    const auto prefix = prefix_in(tensors);
    if (!prefix) return tl::unexpected(prefix.error());
    if (!*prefix) return tensors;
    Tensors ours;
    for (const auto& [name, tensor] : tensors) {
        if (name.starts_with(**prefix))
            ours["features." + name.substr((*prefix)->size())] = tensor;
        else if (const auto words = words_of(name); words.size() > 1) {
            const auto layer = words[words.size() - 2] == "dense" ? "dense." : "classifier.";
            ours[layer + words.back()] = tensor;
        }
    }
    return ours;
}

// ---- what fits ----

std::string shape_of(const torch::Tensor& tensor) {
    return fmt::format("[{}]", fmt::join(tensor.sizes().vec(), ", "));
}

// The kernels for as many channels as are wanted; nothing where that is not how they differ.
std::optional<torch::Tensor> over_channels(const torch::Tensor& kernels, const torch::Tensor& wanted) {
    if (kernels.dim() != 4 || kernels.size(0) != wanted.size(0) || kernels.size(2) != wanted.size(2) ||
        kernels.size(3) != wanted.size(3))
        return {};
    if (kernels.size(1) == 3 && wanted.size(1) == 1) return kernels.sum(1, /*keepdim=*/true);
    if (kernels.size(1) == 1 && wanted.size(1) == 3) return kernels.expand_as(wanted) / 3;
    return {};
}

bool is_of_head(const std::string& name) {
    return !name.starts_with("features.");
}

struct Fitting {
    Tensors tensors;                    // by our names, in our shapes
    std::vector<std::string> left;      // what Taken tells
    std::vector<std::string> problems;  // of the body, which fits whole or not at all
    bool head = true;                   // whether all of it fits
};

void fit_one(Fitting& fitting, const std::string& name, const torch::Tensor& own, const Tensors& given) {
    const auto found = given.find(name);
    const bool there = found != given.end();
    if (there && found->second.sizes() == own.sizes()) {
        fitting.tensors[name] = found->second;
        return;
    }
    if (is_of_head(name)) {
        fitting.head = false;
        return;
    }
    if (there && name == first_convolution)
        if (auto kernels = over_channels(found->second, own)) {
            fitting.tensors[name] = *kernels;
            fitting.left.emplace_back(
                own.size(1) == 1 ? "the first convolution's kernels for 3 channels were summed into 1"
                                 : "the first convolution's kernels for 1 channel were divided among 3");
            return;
        }
    fitting.problems.push_back(
        there ? fmt::format("{} is {}, not {}", name, shape_of(found->second), shape_of(own))
              : name + " is missing");
}

Fitting fit(const Tensors& wanted, const Tensors& given) {
    Fitting fitting;
    for (const auto& [name, own] : wanted) fit_one(fitting, name, own, given);
    for (const auto& [name, tensor] : given)
        if (!is_of_head(name) && !wanted.contains(name)) fitting.problems.push_back(name + " has no place");
    if (!fitting.head) {
        std::erase_if(fitting.tensors, [](const auto& entry) { return is_of_head(entry.first); });
        fitting.left.emplace_back("the head is another one and was left");
    }
    return fitting;
}

Status usable(const Fitting& fitting, const std::filesystem::path& file) {
    constexpr std::size_t told = 4;
    const auto& problems = fitting.problems;
    if (!problems.empty())
        return fail("other_network", "the weights in {} are of another network: {}{}", file.string(),
                    fmt::join(problems.begin(), problems.begin() + std::min(told, problems.size()), "; "),
                    problems.size() > told ? fmt::format("; and {} more", problems.size() - told) : "");
    for (const auto& [name, tensor] : fitting.tensors)
        if (!torch::isfinite(tensor).all().item<bool>())
            return fail("not_finite", "{}: {} holds NaN or infinity", file.string(), name);
    return {};
}

}  // namespace

Result<Taken> take_weights(Module& network, const std::filesystem::path& file) {
    const auto other = loaded(file);
    if (!other) return tl::unexpected(other.error());
    const auto given = renamed(tensors_of(*other));
    if (!given) return tl::unexpected(given.error());
    const auto wanted = tensors_of(network);
    auto fitting = fit(wanted, *given);
    if (auto status = usable(fitting, file); !status) return tl::unexpected(status.error());
    Taken taken{.left = std::move(fitting.left)};
    const torch::NoGradGuard no_gradients;
    for (const auto& [name, tensor] : fitting.tensors) {
        torch::Tensor own = wanted.at(name);
        own.copy_(tensor);
        taken.weights += static_cast<std::size_t>(own.numel());
    }
    return taken;
}

}  // namespace hilum::training
