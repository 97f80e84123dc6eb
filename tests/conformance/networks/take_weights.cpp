// take_weights ARCHITECTURE CHANNELS OUTPUTS FROM TO: a network of ours with the weights of the file FROM,
// saved as TO. Prints what was left, a line each.
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "training/network/network.h"

int main(int count, char** values) {
    using namespace hilum::training;
    const std::vector<std::string> arguments(values + 1, values + count);
    if (arguments.size() != 5) return 2;
    const auto fail = [](const hilum::Error& error) {
        std::cerr << error.code << ": " << error.message << "\n";
        return 1;
    };
    auto network = make_network({arguments[0], std::stoi(arguments[1]), std::stoi(arguments[2])});
    if (!network) return fail(network.error());
    const auto taken = take_weights(*network, arguments[3]);
    if (!taken) return fail(taken.error());
    for (const auto& words : taken->left) std::cout << words << "\n";
    const auto bytes = saved(*network);
    if (!bytes) return fail(bytes.error());
    std::ofstream file(arguments[4], std::ios::binary);
    file.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
    return file ? 0 : 1;
}
