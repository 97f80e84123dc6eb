// The coordinator with a worker: the input of a model becomes what the model says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/messages/packet.h"

namespace hilum {

// worker -> coordinator, once: the model is loaded, its digest right, warmed up. Descriptors: a memfd of
// model.yaml's text, then the input of each golden case, open for reading.
struct WorkerReady {
    static constexpr const char* type = "worker_ready";
    ModelIdentity model;
    std::string device;
    int batch_size = 1;                  // how many requests it wants waiting
    std::vector<std::string> diagnoses;  // that its results can have
    std::string package_sha256;          // of model.yaml
    std::vector<std::string> golden;     // names of the golden cases' inputs
};
// worker -> coordinator, instead, before it exits: the package cannot be used; trying again cannot help until
// it is changed.
struct WorkerFailed {
    static constexpr const char* type = "worker_failed";
    Error error;
};
// coordinator -> worker. One descriptor: the tensor memfd. Answered by InferReply, in any order.
struct InferRequest {
    static constexpr const char* type = "infer";
    std::int64_t job = 0;
    std::vector<std::int64_t> shape;
    int golden = -1;  // which golden case's outputs are to be compared; -1: it is none
};
// worker -> coordinator. With maps: one descriptor, floats labels x map_rows x map_columns.
struct InferReply {
    static constexpr const char* type = "infer_reply";
    std::int64_t job = 0;
    InferenceResult result;
    std::optional<Error> error;  // none: `result` holds. Codes: docs/model-package.md; "golden_mismatch": the
                                 // golden case's outputs are not what the package expects
};

HILUM_MESSAGE(WorkerReady)
HILUM_MESSAGE(WorkerFailed)
HILUM_MESSAGE(InferRequest)
HILUM_MESSAGE(InferReply)

}  // namespace hilum
