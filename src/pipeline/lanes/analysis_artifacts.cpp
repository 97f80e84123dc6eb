#include "pipeline/lanes/analysis_artifacts.h"

#include "base/file_system.h"

namespace hilum {

Result<AnalysisArtifact> to_artifact(const Analysed& analysed) {
    AnalysisArtifact artifact;
    artifact.attributes = analysed.attributes;
    artifact.geometry = analysed.geometry;
    artifact.display = analysed.display;
    const auto pixels =
        static_cast<std::size_t>(analysed.display.rows) * static_cast<std::size_t>(analysed.display.columns);
    auto display = Mapping::of_memfd(analysed.display_pixels.get(), pixels);
    if (!display) return tl::unexpected(display.error());
    const auto shown = display->as<std::uint8_t>();
    artifact.display_pixels.assign(shown.begin(), shown.end());
    if (!analysed.maps) return artifact;
    artifact.map_labels = static_cast<int>(analysed.result.labels.size());
    artifact.map_rows = analysed.result.map_rows;
    artifact.map_columns = analysed.result.map_columns;
    const auto floats = analysed.result.labels.size() * static_cast<std::size_t>(artifact.map_rows) *
                        static_cast<std::size_t>(artifact.map_columns);
    auto maps = Mapping::of_memfd(analysed.maps.get(), floats * sizeof(float));
    if (!maps) return tl::unexpected(maps.error());
    const auto values = maps->as<float>();
    artifact.maps.assign(values.begin(), values.end());
    return artifact;
}

}  // namespace hilum
