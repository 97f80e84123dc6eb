// From a radiograph's intensities to the model's input and to the picture that people see.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "contract/analysis.h"
#include "model/decoder/input/display_shutter.h"
#include "model/decoder/pixels/pixel_layout.h"
#include "model/decoder/pixels/stored_pixels.h"
#include "model/package/model_package.h"

namespace hilum::model {

// Where the image lies in the input:
//   letterbox  scaled to fit, whole, centred (an odd pixel to the right and below), black around it
//   stretch    scaled to fill, its proportions given up
//   crop       scaled until the shorter side fits, the middle kept; sizes and offsets round as torchvision's
//              Resize and CenterCrop do
// Pixels that are not square are made so, but for stretch. All sizes positive. `turn` is left to the caller.
InputGeometry input_geometry(int source_rows, int source_columns, const InputSpecification& input,
                             const PixelShape& shape = {});

// Fills the tensor, channels x rows x columns: intensity 0 and 1 become range_low and range_high, then the
// mean is subtracted and the standard deviation divided by. `table` gives each word's intensity; what
// `shutter` hides is black.
void fill_tensor(const StoredPixels& pixels, std::span<const float> table, const InputGeometry& geometry,
                 const InputSpecification& input, std::span<float> tensor,
                 const DisplayShutter& shutter = {});

// The longer side becomes exactly `long_side` pixels, enlarged too, so that what is drawn over the picture
// has the same size on all. With square pixels, whatever the image's.
DisplayGeometry display_geometry(int source_rows, int source_columns, int long_side,
                                 const PixelShape& shape = {});

// rows x columns bytes, 0 black, as what `shutter` hides is.
std::vector<std::uint8_t> display_image(const StoredPixels& pixels, std::span<const float> table,
                                        const DisplayGeometry& geometry, const DisplayShutter& shutter = {});

}  // namespace hilum::model
