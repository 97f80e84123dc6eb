#include "model/package/model_package.h"

#include <algorithm>
#include <cmath>

#include "base/digest.h"
#include "base/file_system.h"

namespace hilum::model {
namespace {

constexpr std::size_t largest_weights = 16ULL << 30;  // bytes

Status compare_digest(const ModelPackage& package, const std::string& actual) {
    if (actual == package.sha256) return {};
    return fail("weights_digest",
                "{} has the SHA-256 {}, but model.yaml says {}: the file was changed or damaged",
                package.file.string(), actual, package.sha256);
}

}  // namespace

const std::vector<std::string>& default_refused_image_types() {
    static const std::vector<std::string> patterns{
        // made by processing: one of a pair, or without ribs
        "*BONE*", "*SUPPRESS*", "SOFT*TISSUE*", "*SUBTRACT*", "*TOMO*", "LOCALIZER",
        // made by other programs, for people
        "*HEATMAP*", "*HEAT?MAP*", "*SALIENCY*", "*OVERLAY*", "*ANNOTAT*", "*SEGMENT*", "CAD", "CAD_*",
        "*_CAD", "AI", "AI_*", "*_AI", "*SCREEN*SHOT*", "*SCREEN*SAVE*",
        // Conversion Type (PS3.3 C.8.6.1): a drawing, a scanned document, synthetic
        "DRW", "SD", "SYN"};
    return patterns;
}

Status apply_thresholds(ModelPackage& package, const std::map<std::string, double>& thresholds) {
    std::string unknown;
    for (const auto& [name, threshold] : thresholds) {
        const auto label = std::find_if(package.labels.begin(), package.labels.end(),
                                        [&name = name](const Label& l) { return l.name == name; });
        if (label == package.labels.end())
            unknown += (unknown.empty() ? "" : ", ") + name;
        else
            label->threshold = threshold;
    }
    if (unknown.empty()) return {};
    return fail("configuration", "thresholds for labels that model {} does not have: {}", package.name,
                unknown);
}

void apply_site(ModelPackage& package, const SiteSettings& site) {
    package.site.clear();
    for (const auto& rule : site.polarity)
        package.site += fmt::format("\npolarity\n{}\n{}\n{}", rule.manufacturer, rule.model, rule.follow);
}

Status verify_weights(const ModelPackage& package) {
    const auto digest = sha256_of_file(package.file);
    if (!digest) return tl::unexpected(digest.error());
    return compare_digest(package, *digest);
}

Result<std::string> read_verified_weights(const ModelPackage& package) {
    auto bytes = read_file(package.file, largest_weights);
    if (!bytes) return fail("unreadable", "{}", bytes.error().message);
    if (auto same = compare_digest(package, sha256_hex(*bytes)); !same) return tl::unexpected(same.error());
    return bytes;
}

Status compare_golden(const ModelPackage& package, const GoldenCase& expected,
                      const std::vector<float>& outputs, double least_tolerance) {
    if (outputs.size() != expected.outputs.size())
        return fail("golden_mismatch", "golden case {}: the model gives {} outputs, expected are {}",
                    expected.input.string(), outputs.size(), expected.outputs.size());
    double largest = 1, difference = 0;
    std::size_t worst = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        largest = std::max(largest, std::abs(expected.outputs[i]));
        const double differs = std::abs(static_cast<double>(outputs[i]) - expected.outputs[i]);
        if (differs <= difference) continue;  // a NaN is never the worst: the worker has refused it before
        difference = differs;
        worst = i;
    }
    const double tolerance = std::max(expected.tolerance, least_tolerance * largest);
    if (difference <= tolerance) return {};
    return fail("golden_mismatch", "golden case {}: output {} is {:.6g}, expected {:.6g} within {:.2g}",
                expected.input.string(), package.labels.at(worst).name, outputs[worst],
                expected.outputs[worst], tolerance);
}

ModelIdentity identity_of(const ModelPackage& package) {
    Sha256 configuration;
    configuration.update(package.yaml_sha256);
    for (const auto& label : package.labels) configuration.update(fmt::format("\n{}", label.threshold));
    configuration.update(package.site);
    return {
        package.name,  package.version, package.sha256, configuration.hex(), package.cleared_for_clinical_use,
        package.notice};
}

}  // namespace hilum::model
