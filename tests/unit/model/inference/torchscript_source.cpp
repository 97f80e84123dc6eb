#include "torchscript_source.h"

#include <torch/script.h>

namespace hilum::test {

void write_torchscript(const std::filesystem::path& file, const std::string& forward) {
    torch::jit::Module module("TestModel");
    module.register_attribute("training", c10::BoolType::get(), true);
    module.register_parameter("weight", torch::ones({1}), /*is_buffer=*/false);
    module.define(forward);
    module.save(file.string());
}

}  // namespace hilum::test
