// The coordinator with a decoder: a DICOM file becomes the input of a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/messages/packet.h"
#include "contract/stored_object.h"

namespace hilum {

// coordinator -> decoder. Two descriptors, open for reading: the DICOM file, and the text of the model.yaml
// that the worker runs, whatever lies in the package's folder meanwhile. Answered by DecodeReply.
struct DecodeRequest {
    static constexpr const char* type = "decode";
    std::int64_t job = 0;
    std::string package;           // folder of the model package, for messages
    std::string package_sha256;    // of that model.yaml
    int display_long_side = 1280;  // of the display image
    bool golden = false;           // the package's own case, DICOM or PNG: whatever its intended use
    int frame = 1;                 // of the image, from 1
    StoredObject stored = {};      // what the file must be, where that is known
    bool any_use = false;          // DICOM or PNG, whatever its intended use; the site's rules hold
};
// decoder -> coordinator. Exactly one of: prepared (two descriptors: tensor memfd of floats N=1,C,H,W;
// display memfd of bytes; of a golden case and of any use the tensor alone), not_analysed, error.
struct DecodeReply {
    static constexpr const char* type = "decode_reply";
    std::int64_t job = 0;
    bool prepared = false;
    std::vector<std::int64_t> shape;  // 1, channels, rows, columns
    InputGeometry geometry;
    DisplayGeometry display;
    RadiographAttributes attributes;  // as far as they were read
    FrameCount frames;                // 1 of 1 where the image as a whole is not analysed
    NotAnalysed not_analysed;         // code empty: not so
    ImageNotes notes;                 // as far as it was read
    // Could not tell, for a reason that is ours (out of memory), or the file is not what was stored
    // (object_damaged).
    std::optional<Error> error;
};

HILUM_MESSAGE(DecodeRequest)
HILUM_MESSAGE(DecodeReply)

}  // namespace hilum
