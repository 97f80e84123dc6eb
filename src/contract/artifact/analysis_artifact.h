// The file in which the coordinator keeps what a radiograph's analysis produced until its study is reported:
// the display image and the activation maps. Read by the composer. It can be made again by analysing again,
// so a damaged one costs an attempt, never a wrong picture: a digest at its end covers all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"

namespace hilum {

struct AnalysisArtifact {
    RadiographAttributes attributes;
    InputGeometry geometry;
    DisplayGeometry display;
    std::vector<std::uint8_t> display_pixels;  // display.rows * display.columns; empty where not decoded
    int map_labels = 0, map_rows = 0, map_columns = 0;
    std::vector<float> maps;  // labels * rows * columns; empty where the model has none
};

// The file's bytes, the pixels packed without loss. Code "packing" when they are no image of that size.
Result<std::vector<std::byte>> serialize(const AnalysisArtifact& artifact);

// Code "artifact_damaged" when the bytes are not what serialize() wrote.
Result<AnalysisArtifact> parse_artifact(std::span<const std::byte> bytes);
Result<AnalysisArtifact> read_artifact(int fd);

}  // namespace hilum
