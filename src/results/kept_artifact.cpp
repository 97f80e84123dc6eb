#include "results/kept_artifact.h"

#include <filesystem>

namespace hilum::results {

Result<AnalysisArtifact> kept_artifact(const StudyImage& image) {
    if (image.artifact.empty())
        return fail(artifact_damaged, "instance {}: the analysis kept no image", image.instance);
    auto artifact = read_artifact(image.artifact);
    if (artifact) return artifact;
    std::error_code untold;
    const bool gone =
        std::filesystem::status(image.artifact, untold).type() == std::filesystem::file_type::not_found;
    const auto& why = artifact.error();
    const bool lost = gone || why.code == artifact_damaged;
    return tl::unexpected(Error{lost ? artifact_damaged : why.code,
                                fmt::format("instance {}: {}", image.instance, why.message), why.retry});
}

}  // namespace hilum::results
