#include "results/kept_artifact.h"

namespace hilum::results {

Result<AnalysisArtifact> kept_artifact(const StudyImage& image, HandedFiles& files) {
    if (image.artifact.empty())
        return fail(artifact_damaged, "instance {}: the analysis kept no image", image.instance);
    const auto file = files.open(image.artifact);
    auto artifact = file ? read_artifact(file->get()) : tl::unexpected(file.error());
    if (artifact) return artifact;
    const auto& why = artifact.error();
    const bool lost = is_gone(why) || why.code == artifact_damaged;
    return tl::unexpected(Error{lost ? artifact_damaged : why.code,
                                fmt::format("instance {}: {}", image.instance, why.message), why.retry});
}

}  // namespace hilum::results
