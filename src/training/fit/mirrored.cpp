#include "training/fit/mirrored.h"

namespace hilum::training {

torch::jit::Module mirrored(const torch::jit::Module& network) {
    torch::jit::Module module(c10::QualifiedName("__torch__.hilum.Mirrored"),
                              network._ivalue()->compilation_unit(), /*shouldMangle=*/true);
    module.register_attribute("training", c10::BoolType::get(), false);
    module.register_module("network", network);
    module.define(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    logits, maps = self.network.forward(x)
    mirrored_logits, mirrored_maps = self.network.forward(torch.flip(x, [3]))
    return (logits + mirrored_logits) / 2, (maps + torch.flip(mirrored_maps, [3])) / 2
)");
    return module;
}

}  // namespace hilum::training
