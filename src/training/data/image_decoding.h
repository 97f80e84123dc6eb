// The model's input of many images, made by the node's own decoder: several child processes at once, so that
// a file that crashes or hangs one costs that file and no more.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"
#include "model/package/model_package.h"

namespace hilum::training {

// A model.yaml that has this input, for a decoder: the same text for the same input. What else stands in it
// means nothing.
std::string yaml_for_decoder(const model::InputSpecification& input);

struct DecodedInput {
    std::span<const float> tensor;  // channels x rows x columns; valid during the call only
    InputGeometry geometry;
};
// NotAnalysed: why the image has no tensor: the decoder's codes, "unreadable", "process_died", "timeout".
using DecodingOutcome = std::variant<NotAnalysed, DecodedInput>;

// Calls `take` with the place in `files` and what became of that file: for each once, in the order in which
// they are done. As of a golden case: a DICOM or grey PNG file whatever its intended use, of several frames
// the first. Call from the thread that lives longest: the decoders die with it. Ends at the first error: of
// `take`; those that no file would escape (a decoder that is not installed).
Status decode_images(const std::vector<std::filesystem::path>& files, const model::InputSpecification& input,
                     std::size_t decoders,
                     const std::function<Status(std::size_t, const DecodingOutcome&)>& take);

}  // namespace hilum::training
