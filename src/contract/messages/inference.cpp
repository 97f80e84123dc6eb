#include "contract/messages/inference.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_MESSAGE_MEMBERS(WorkerReady, model, device, batch_size, diagnoses, package_sha256, golden)
HILUM_MESSAGE_MEMBERS(WorkerFailed, error)
HILUM_MESSAGE_MEMBERS(InferRequest, job, shape, golden)
HILUM_MESSAGE_MEMBERS(InferReply, job, result, error)

}  // namespace hilum
