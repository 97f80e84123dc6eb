// A model.yaml through the reader of model packages, and a whole package through what is computed from it.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <vector>

#include "model/package/model_package.h"
#include "support/temporary_folder.h"

namespace {

using namespace hilum::model;

void use(const ModelPackage& package) {
    (void)identity_of(package);
    const std::vector<float> outputs(package.labels.size(), 0.25F);
    (void)interpret_outputs(package, outputs);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const hilum::test::TemporaryFolder folder;
    std::ofstream(folder / "model.yaml", std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    const auto loaded = read_model_package(folder.path());
    for (const auto& problem : loaded.problems) (void)problem.text();
    if (loaded.problems.empty()) use(loaded.package);
    return 0;
}
