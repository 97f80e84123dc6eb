// Networks that hilum-train fits: DenseNets (Huang et al. 2017) built as TorchScript in C++, so that what was
// trained is what hilum-worker loads. The only header of this folder that includes LibTorch; runs on 1.13
// and 2.x.
#pragma once

#include <torch/script.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace hilum::training {

// All that is needed to make a network again, but for its weights.
struct NetworkSettings {
    std::string architecture = "densenet121";  // one of architectures()
    int channels = 1;                          // of the input: 1 or 3
    int outputs = 0;                           // one a label
    int dense_width = 0;                       // of the head's hidden layer (with a rectifier); 0: none
    double dropout = 0;                        // of what the last layer reads, in training; 0 to less than 1

    bool operator==(const NetworkSettings&) const = default;
};

// "densenet121", "densenet169", "densenet201": torchvision's, with its names and shapes of parameters below
// `features.`. "densenet-small" (84,000 weights, of the demonstration model) and "densenet-medium" (290,000):
// two strided convolutions, no bottleneck, maps at an eighth of the input's rows and columns; the others at
// a 32nd.
std::vector<std::string> architectures();

// A network's parts from front to back: "stem", "block1", ..., "head". A block has the transition that
// follows it, the last one the last normalisation. Empty where there is no such architecture.
std::vector<std::string> parts_of(const std::string& architecture);

// Fresh weights from torch's generator (torch::manual_seed), as torchvision initialises them (He et al.
// 2015), in training mode. forward(x: float[N, channels, rows, columns]) returns the logits, float[N,
// outputs], and maps, float[N, outputs, r, c]: the share that each place has in each logit. A logit is the
// mean of its map and a term of the biases, exactly, in training too. With a hidden layer that holds because
// a rectifier is linear where it is open: logit = W2 diag(open) W1 pooled + bias term. So the maps are
// Grad-CAM's (Selvaraju et al. 2017, before its rectifier and up to a factor) and HiResCAM's (Draelos and
// Carin 2020), without a backward pass. The smallest side of an input that works: 32 pixels. Code
// "configuration".
Result<torch::jit::Module> make_network(const NetworkSettings& settings);

// Of a network of ours, made or loaded. Code "not_ours" where it is none.
Result<NetworkSettings> settings_of(const torch::jit::Module& network);

// Whether a checkpoint's network is the one that is wanted. Code "other_network" names what differs.
Status fits(const NetworkSettings& checkpoint, const NetworkSettings& wanted);

// The weights of a part that are learned, in the order in which they were made; no running statistics. Empty
// where the network has no such part.
std::vector<torch::Tensor> parameters_of_part(torch::jit::Module& network, const std::string& part);

// Whether a part learns: its weights' gradients, and the mode of its normalisations and of its dropout. One
// that does not keeps its running statistics too. network.eval() ends the mode of all parts: call this again
// after an evaluation.
void set_training(torch::jit::Module& network, const std::string& part, bool on);

// The network asked twice, of an image and of its mirror image: the mean of the logits, and of the maps, the
// second turned back. It shares the weights of `network`, is meant to be saved and served, and takes twice
// the time.
torch::jit::Module with_mirror_average(const torch::jit::Module& network);

// What became of weights that were taken.
struct Taken {
    std::size_t weights = 0;             // numbers taken, running statistics included
    std::vector<std::string> left = {};  // what was not, or not as it was: a sentence for each
};

// Takes the weights of the same place and shape from another network: a TorchScript file, be it a package's
// model.pt of Hilum's own making, or one that tools/import_model or torch.jit.trace made of torchvision's or
// torchxrayvision's DenseNet. Of a first convolution over other channels (3 and 1) the kernels are summed, or
// repeated and divided, which is exact for three equal channels. A head is taken only if all of it fits;
// whether its labels are the same is the caller's to know. A TorchScript file is a program: take it from whom
// you trust. Codes: "unreadable"; "weights_corrupt" for what is no TorchScript (a state dict becomes one by
// hilum-import-model); "not_finite"; "other_network" where the body, all but the head, does not fit whole.
// The network is as it was after an error.
Result<Taken> take_weights(torch::jit::Module& network, const std::filesystem::path& file);

// The bytes of the TorchScript file of a network, ready to be served: in evaluation mode, without gradients,
// on the CPU. The network itself stays as it is. Code "unwritable".
Result<std::string> saved(const torch::jit::Module& network);

}  // namespace hilum::training
