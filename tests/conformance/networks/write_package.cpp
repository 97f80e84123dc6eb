// write_package DEMONSTRATION FOLDER: the demonstration model's weights in a network of ours, as hilum-train
// writes a package.
#include <iostream>

#include "training/network/network.h"
#include "training/package/package_writer.h"

namespace {

using namespace hilum;

Status write(const std::filesystem::path& demonstration, const std::filesystem::path& folder) {
    const auto loaded = model::read_model_package(demonstration);
    if (!loaded.problems.empty()) return fail("configuration", "{}", loaded.problems.front().text());
    auto network =
        training::make_network({"densenet-small", 1, static_cast<int>(loaded.package.labels.size())});
    if (!network) return tl::unexpected(network.error());
    const auto taken = training::take_weights(*network, loaded.package.file);
    if (!taken) return tl::unexpected(taken.error());
    auto weights = training::saved(*network);
    if (!weights) return tl::unexpected(weights.error());
    training::TrainedModel model;
    model.package = loaded.package;
    model.package.notice.clear();
    model.weights = std::move(*weights);
    for (const auto& golden : loaded.package.golden)
        model.golden.push_back({demonstration / golden.input, golden.outputs});
    model.recipe = {{"architecture", "densenet-small"}};
    return training::write_package(model, folder);
}

}  // namespace

int main(int count, char** values) {
    if (count != 3) return 2;
    const auto status = write(values[1], values[2]);
    if (status) return 0;
    std::cerr << status.error().code << ": " << status.error().message << "\n";
    return 1;
}
