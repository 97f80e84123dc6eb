// A model.yaml through the reader of model packages, and a whole package through what is computed from it;
// the same text as golden.yaml.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "model/package/model_package.h"
#include "support/temporary_folder.h"

namespace {

using namespace hilum::model;

void use(const ModelPackage& package) {
    (void)identity_of(package);
    const std::vector<float> outputs(package.labels.size(), 0.25F);
    (void)interpret_outputs(package, outputs);
    for (const auto& golden : package.golden) (void)compare_golden(package, golden, outputs);
}

void read(const std::filesystem::path& folder) {
    const auto loaded = read_model_package(folder);
    for (const auto& problem : loaded.problems) (void)problem.text();
    if (loaded.problems.empty()) use(loaded.package);
}

void write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

// Without a golden.yaml.
const std::filesystem::path& package_folder() {
    static const hilum::test::TemporaryFolder folder;
    return folder.path();
}

// With a model.yaml to which a golden.yaml can fit.
const std::filesystem::path& golden_folder() {
    static const hilum::test::TemporaryFolder folder;
    write(folder / "model.yaml",
          "name: test\nversion: 1\nfile: model.pt\nsha256: " + std::string(64, 'a') +
              "\ninput: {rows: 4, columns: 4}\noutput: {activation: none, labels: [{name: A}, {name: B}]}\n");
    write(folder / "a.png", "");
    return folder.path();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    (void)golden_folder();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    write(package_folder() / "model.yaml", text);
    read(package_folder());
    write(golden_folder() / "golden.yaml", text);
    read(golden_folder());
    return 0;
}
