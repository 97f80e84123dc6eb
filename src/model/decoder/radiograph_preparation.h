// The decoder's work on one file, from the open descriptor to what the worker and the composer need.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "contract/analysis.h"
#include "contract/configuration.h"
#include "contract/messages/surveying.h"
#include "model/package/model_package.h"

namespace hilum::model {

struct PreparedRadiograph {
    std::vector<std::int64_t> shape;  // 1, channels, rows, columns
    UniqueFd tensor;                  // sealed memfd of as many floats
    InputGeometry geometry;
    UniqueFd display;  // sealed memfd of display_geometry.rows * columns bytes; none of
                       // a golden case and of any use
    DisplayGeometry display_geometry;
};

struct Preparation {
    RadiographAttributes attributes;  // as far as they were read
    std::variant<NotAnalysed, PreparedRadiograph> outcome;
    FrameCount frames;  // 1 of 1 where the image as a whole is not analysed
    ImageNotes notes;   // what was not taken as the file says it, as far as it was read
};

// The frame of that number, from 1, of `file`, an open DICOM file, left open. What the image is to blame for
// is NotAnalysed, with the codes of check_intended_use(), "frames" (more than may be analysed one by one),
// decode_pixels(), "blank" (nothing to see), and "undecodable" for a file that cannot be parsed. Errors are
// ours: "unreadable", "out_of_memory", "system". register_decoders() has been called.
Result<Preparation> prepare_radiograph(int file, int frame, const ModelPackage& package,
                                       int display_long_side, const Configuration& configuration);

// The input of one of the package's golden cases, a DICOM file or a grey PNG, which counts as MONOCHROME2
// without a window: prepared whatever the intended use and the site say, and without a display image; of
// several frames the first. The same outcomes.
Result<Preparation> prepare_golden_case(int file, const ModelPackage& package, std::uint64_t max_pixels);

// The same of an image of the site, DICOM or grey PNG, whose polarity the site's rules tell.
Result<Preparation> prepare_whatever_its_use(int file, const ModelPackage& package,
                                             const Configuration& configuration);

struct Survey {
    SurveyedImage image;
    UniqueFd display;  // as of PreparedRadiograph; none where it is not wanted
    DisplayGeometry display_geometry;
};

// What a DICOM file or grey PNG is, whatever a model would make of it: header, digest and thumbnail of the
// first frame, and its display image where `display_long_side` is not 0, read as the configuration's site and
// decoder.max_pixels say. NotAnalysed and errors as of prepare_radiograph().
Result<std::variant<NotAnalysed, Survey>> survey_image(int file, const Configuration& configuration,
                                                       int display_long_side);

}  // namespace hilum::model
