// The model's input of many images, made by the node's own decoder: several child processes at once, so that
// a file that crashes or hangs one costs that file and no more.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
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

// As what the decoders take images.
struct ImageReading {
    // Of the node as which they are read: the site's rules for polarity, and the decoder's limits. None:
    // default settings.
    std::optional<std::filesystem::path> configuration = {};
    std::size_t decoders = 1;
    bool golden = false;  // as the package's own cases, of which no site's rules hold
};

// What of a configuration shapes tensors, as text: the same for the same rules, empty for those of no
// configuration. Code "configuration".
Result<std::string> site_rules(const std::optional<std::filesystem::path>& configuration);

// Calls `take` with the place in `files` and what became of that file: for each once, in the order in which
// they are done. A DICOM or grey PNG file whatever its intended use, of several frames the first. Call from
// the thread that lives longest: the decoders die with it. Ends at the first error: of `take`; those that no
// file would escape (a decoder that is not installed, a configuration that cannot be read).
Status decode_images(const std::vector<std::filesystem::path>& files, const model::InputSpecification& input,
                     const ImageReading& reading,
                     const std::function<Status(std::size_t, const DecodingOutcome&)>& take);

}  // namespace hilum::training
