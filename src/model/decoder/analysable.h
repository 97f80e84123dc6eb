// The outcome of a step that an image may fail: what it made, or why there will be no score. Failures that
// are not the image's fault (no memory) are exceptions, caught where a request is answered.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "contract/analysis.h"

namespace hilum::model {

template <typename T>
using Analysable = tl::expected<T, NotAnalysed>;

// `message` is read by a radiologist in the report: plain words, no patient data.
inline tl::unexpected<NotAnalysed> refuse(std::string code, std::string message) {
    return tl::unexpected(NotAnalysed{std::move(code), std::move(message)});
}

// `reason` ends the sentence: "its pixel data is cut off".
inline tl::unexpected<NotAnalysed> undecodable(const std::string& reason) {
    return refuse("undecodable", "The image cannot be decoded: " + reason + ".");
}

// Whole, as far as that was looked at, but of a kind that is not read: "progressive JPEG".
inline tl::unexpected<NotAnalysed> unsupported_compression(const std::string& kind) {
    return refuse("unsupported_compression",
                  "The image is compressed in a way that is not read: " + kind + ".");
}

}  // namespace hilum::model
