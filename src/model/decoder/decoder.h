// The decoder process: turns DICOM files into the model's input tensor and the display image.
#pragma once

#include "base/channel.h"
#include "contract/configuration.h"

namespace hilum::model {

// Serves DecodeRequests one at a time until the coordinator closes its channel; returns the exit code.
int run_decoder(Channel coordinator, const Configuration& configuration);

}  // namespace hilum::model
