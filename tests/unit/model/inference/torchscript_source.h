// Models for tests, made from TorchScript source.
#pragma once

#include <filesystem>
#include <string>

namespace hilum::test {

// Saves a module whose method is `forward`, "def forward(self, x): ...". It has one parameter, `weight`, of
// value 1.
void write_torchscript(const std::filesystem::path& file, const std::string& forward);

}  // namespace hilum::test
