#include "training/fit/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace hilum::training {
namespace {

void set_autocast(bool on) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCUDA, on);
#else
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(on);
#endif
}

}  // namespace

Autocast::Autocast(bool on) : on_(on) {
    if (on_) set_autocast(true);
}

Autocast::~Autocast() {
    if (!on_) return;
    set_autocast(false);
    at::autocast::clear_cache();
}

}  // namespace hilum::training
