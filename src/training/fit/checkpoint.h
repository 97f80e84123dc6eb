// The state of a training on the disk: whole or not at all, so that a training which was killed goes on as if
// nothing had been.
//
// The file: "HILUMCKP", the length of the JSON head (8 bytes, the low one first), the head, the tensors'
// bytes one after another, and 64 digits of SHA-256 over all before.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "training/fit/weight_average.h"

namespace hilum::training {

struct Checkpoint {
    nlohmann::json head;                         // position, settings, history: who writes it knows
    std::map<std::string, NamedTensors> groups;  // "weights", "average", ...; on the CPU after reading
    std::string optimizer;                       // its bytes, as LibTorch writes them
};

// After success the file is on the disk; a failure leaves the one before it. Codes: "disk_full", "system".
Status write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file);

// Codes: "unreadable"; "checkpoint" where the file is cut off or changed, or of another format.
Result<Checkpoint> read_checkpoint(const std::filesystem::path& file);

// Whether the tensors have the names, shapes and types of `wanted`. Code "checkpoint" names the first that
// has not.
Status fit_together(const NamedTensors& tensors, const NamedTensors& wanted);

// What differs between the settings of a checkpoint and those that are wanted, key by key, in words: "seed is
// 2 and was 1". Empty: nothing.
std::string differences(const nlohmann::json& wanted, const nlohmann::json& was);

}  // namespace hilum::training
