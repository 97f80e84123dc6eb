#include "model/package/golden_yaml.h"

#include <algorithm>
#include <cmath>

#include "base/digest.h"
#include "base/file_system.h"

namespace hilum::model {
namespace {

constexpr double largest_tolerance = 1e6;  // outputs may be logits of any size

GoldenCase read_case(YamlMapping& at, const LoadedPackage& loaded) {
    GoldenCase one;
    one.input = at.string("input");
    if (at.has("input") && !names_file_within(one.input))
        at.problem("input", "must name a file within the package's folder");
    else if (at.has("input") && !std::filesystem::is_regular_file(loaded.package.folder / one.input))
        at.problem("input", fmt::format("{} is not there", one.input.string()));
    one.outputs = at.numbers("outputs");
    if (!std::all_of(one.outputs.begin(), one.outputs.end(), [](double v) { return std::isfinite(v); }))
        at.problem("outputs", "must hold finite numbers");
    if (!loaded.package.labels.empty() && one.outputs.size() != loaded.package.labels.size())
        at.problem("outputs", fmt::format("has {} values, must have one for each of the {} labels",
                                          one.outputs.size(), loaded.package.labels.size()));
    one.tolerance = at.number("tolerance", one.tolerance, 0, largest_tolerance);
    at.finish();
    return one;
}

}  // namespace

void read_golden_yaml(LoadedPackage& loaded) {
    const auto file = loaded.package.folder / "golden.yaml";
    if (!std::filesystem::exists(file)) return;
    const auto text = read_file(file, largest_model_yaml);
    if (!text) {
        loaded.problems.push_back({file.string(), 0, "", text.error().message});
        return;
    }
    loaded.package.golden_sha256 = sha256_hex(*text);
    auto cases = YamlMapping::parse_list(*text, file.string(), loaded.problems);
    if (cases.size() > most_golden_cases)
        loaded.problems.push_back(
            {file.string(), 0, "",
             fmt::format("has {} cases; at most {} are run", cases.size(), most_golden_cases)});
    for (auto& at : cases) loaded.package.golden.push_back(read_case(at, loaded));
}

bool names_file_within(const std::filesystem::path& name) {
    return name.is_relative() && name.has_filename() &&
           std::none_of(name.begin(), name.end(), [](const auto& part) { return part == ".."; });
}

}  // namespace hilum::model
