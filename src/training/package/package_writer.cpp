#include "training/package/package_writer.h"

#include <fmt/format.h>

#include <string_view>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/output/output_folder.h"
#include "evaluation/dataset/summary.h"
#include "training/package/curves.h"
#include "training/package/model_card.h"
#include "training/package/package_yaml.h"

namespace hilum::training {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_image = std::size_t{1} << 30, largest_summary = std::size_t{16} << 20;

// Numbered: a file's own name may be a patient's.
Status write_golden(const std::vector<GoldenImage>& images, OutputFolder& output) {
    if (images.empty()) return {};
    std::error_code error;
    fs::create_directory(output.folder() / "golden", error);
    if (error)
        return fail("unwritable", "cannot make {}: {}", (output.folder() / "golden").string(),
                    error.message());
    std::vector<model::GoldenCase> cases;
    for (const auto& image : images) {
        const auto bytes = read_file(image.file, largest_image);
        if (!bytes) return fail("unreadable", "a golden image: {}", bytes.error().message);
        const bool png = bytes->starts_with("\x89PNG");
        const auto name = fmt::format("golden/{}.{}", cases.size() + 1, png ? "png" : "dcm");
        if (auto status = output.write(name, *bytes); !status) return status;
        cases.push_back({name, image.outputs, {}});
    }
    return output.write("golden.yaml", golden_yaml(cases));
}

Result<std::string> dataset_summary(const fs::path& folder) {
    const auto file = folder / dataset::summary_name;
    std::error_code error;
    if (folder.empty() || !fs::exists(file, error)) return "";
    return read_file(file, largest_summary);
}

Status write_facts(const TrainedModel& model, const std::string& sha256, OutputFolder& output) {
    const auto summary = dataset_summary(model.data.folder);
    if (!summary) return tl::unexpected(summary.error());
    if (auto status = output.write("metrics.json", metrics_json(model, *summary, sha256)); !status)
        return status;
    if (!model.epochs.empty())
        if (auto status = output.write("curves.svg", curves_svg(model.epochs)); !status) return status;
    return output.write("MODEL_CARD.md", model_card(model, *summary));
}

Status check(const fs::path& folder, std::size_t golden) {
    const auto loaded = model::read_model_package(folder);
    if (!loaded.problems.empty()) {
        const auto& problem = loaded.problems.front();
        return fail("configuration", "a node would refuse the package: {} {}: {}",
                    fs::path(problem.file).filename().string(), problem.key, problem.message);
    }
    if (loaded.package.golden.size() != golden)
        return fail("configuration", "{} of {} golden cases were read again", loaded.package.golden.size(),
                    golden);
    return {};
}

}  // namespace

Status write_package(const TrainedModel& given, const fs::path& folder) {
    TrainedModel model = given;
    if (model.package.notice.empty()) model.package.notice = default_notice;
    auto output = OutputFolder::begin(folder);
    if (!output) return tl::unexpected(output.error());
    const auto sha256 = sha256_hex(model.weights);
    const auto yaml = model_yaml(model.package, sha256);
    if (!yaml) return tl::unexpected(yaml.error());
    if (auto status = output->write("model.pt", model.weights); !status) return status;
    if (auto status = output->write("model.yaml", *yaml); !status) return status;
    if (auto status = write_golden(model.golden, *output); !status) return status;
    if (auto status = write_facts(model, sha256, *output); !status) return status;
    if (auto status = check(output->folder(), model.golden.size()); !status) return status;
    return output->finish();
}

}  // namespace hilum::training
