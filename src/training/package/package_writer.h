// A model package (docs/model-package.md) from a trained network, with the card that tells what it is worth.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "training/package/trained_model.h"

namespace hilum::training {

// Writes the new folder `folder`, whole or not at all:
//   model.pt, model.yaml           never cleared for clinical use, without calibration (`hilum calibrate`)
//   golden.yaml, golden/           where golden images were named
//   metrics.json                   data, recipe, epochs and figures, for programs
//   MODEL_CARD.md, curves.svg      the same for people
// What is written is read again as the node reads it. Codes: "exists"; "configuration" with the first problem
// that a node would have with the package; "unreadable" for a golden image; "unwritable" and "disk_full".
Status write_package(const TrainedModel& model, const std::filesystem::path& folder);

}  // namespace hilum::training
