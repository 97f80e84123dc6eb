// How a network is fitted. Plain values, no Torch; training/recipe.h reads them from YAML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hilum::training {

enum class LossKind { cross_entropy, focal, binary_cross_entropy };

struct LossSettings {
    LossKind kind = LossKind::cross_entropy;
    bool exclusive = true;  // one label an image (softmax); else any number (sigmoid)
    double label_smoothing =
        0;  // share of the target that is spread over all labels; for each of any number, halves
    double focal_gamma = 2;  // Lin et al. (ICCV 2017)
    // Of each label: of images with it (exclusive), or of having it against not having it. Empty: 1.
    std::vector<double> weights = {};
    double location_weight = 0;  // of the location loss (loss.h)
};

enum class OptimizerKind { adamw, sgd };

struct OptimizerSettings {
    OptimizerKind kind = OptimizerKind::adamw;
    double learning_rate = 1e-3;
    double weight_decay = 0.01;
    double momentum = 0.9;     // sgd
    double gradient_norm = 0;  // longer gradients are shortened to this; 0: not
};

enum class ScheduleKind { constant, cosine, step };

struct ScheduleSettings {
    ScheduleKind kind = ScheduleKind::cosine;
    double warm_up = 0.1;      // share of all steps, during which the rate rises from a twentieth
    int step_epochs = 10;      // step: after so many epochs
    double step_factor = 0.1;  // the rate is multiplied by this
};

enum class Watch { auc, loss };

struct FitSettings {
    LossSettings loss;
    OptimizerSettings optimizer;
    ScheduleSettings schedule;
    int epochs = 20, batch_size = 16;
    std::uint64_t seed = 1;
    double weight_average = 0;     // decay of the exponential moving average of weights; 0: none
    int freeze_epochs = 0;         // at first, in which the head alone learns
    std::string train_from = {};   // the first part that learns (parts_of()); empty: all
    Watch watch = Watch::auc;      // of validation: which epoch is best
    int patience = 0;              // epochs without a better one, then it ends; 0: never
    bool keep_best = true;         // the best epoch's weights are the outcome, else the last's
    bool mixed_precision = false;  // bfloat16 where that is safe; CUDA only
};

// Not of what is learned, but of where: may differ from run to run. The same number of threads gives the same
// weights bit for bit.
struct MachineSettings {
    std::string device = "auto";     // auto | cpu | cuda:N
    int threads = 0;                 // of LibTorch; 0: as many as cores
    int data_workers = 2;            // decoders, and threads that augment
    double checkpoint_minutes = 10;  // besides after each epoch; 0: after each step
};

}  // namespace hilum::training
