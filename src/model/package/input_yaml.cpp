#include "model/package/input_yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hilum::model {
namespace {

const char* word_of(Intensity value) {
    return value == Intensity::minmax ? "minmax" : value == Intensity::window ? "window" : "stored_range";
}
const char* word_of(Resize value) {
    return value == Resize::letterbox ? "letterbox" : value == Resize::stretch ? "stretch" : "crop";
}
const char* word_of(Precision value) {
    return value == Precision::fp32   ? "fp32"
           : value == Precision::fp16 ? "fp16"
           : value == Precision::bf16 ? "bf16"
                                      : "auto";
}

}  // namespace

std::string input_yaml(const InputSpecification& input) {
    return fmt::format(
        "input:\n  rows: {}\n  columns: {}\n  channels: {}\n  intensity: {}\n  resize: {}\n"
        "  interpolation: bilinear\n  orientation: {}\n  range: [{}, {}]\n  mean: [{}]\n  std: [{}]\n"
        "  frames: {}\n  shutter: {}\n  precision: {}\n",
        input.rows, input.columns, input.channels, word_of(input.intensity), word_of(input.resize),
        input.orientation == Orientation::standard ? "standard" : "as_stored", input.range_low,
        input.range_high, fmt::join(input.mean, ", "), fmt::join(input.std, ", "),
        input.frames == Frames::each ? "each" : "first",
        input.shutter == Shutter::black ? "black" : "as_stored", word_of(input.precision));
}

}  // namespace hilum::model
