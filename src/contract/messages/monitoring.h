// The coordinator with http: what the node tells of itself, and predictions that somebody asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/enum_text.h"
#include "contract/messages/certificates.h"
#include "contract/messages/packet.h"
#include "contract/model_mode.h"

namespace hilum {

enum class ChildState { running, silent, stopped, restarting };
template <>
inline constexpr auto enum_texts<ChildState> = texts_of_enum<ChildState>({
    {ChildState::running, "running"},
    {ChildState::silent, "silent"},  // it gives no sign of life, and is killed where that lasts
    {ChildState::stopped, "stopped"},
    {ChildState::restarting, "restarting"},
});

// A child process of the coordinator.
struct ChildStatus {
    std::string role, name;
    int pid = 0;  // 0: it does not run
    ChildState state = ChildState::restarting;
    int restarts = 0;
    std::string last_end;     // how it ended last; empty: it never did
    int silences = 0;         // how often it was killed since it gave no sign of life
    int forbidden_calls = 0;  // how often the kernel killed it for a system call (docs/security.md); of the
                              // listener: its receivers too
    std::string last_forbidden;  // the call's name, and whose; empty: there was none
};

enum class ModelState { loading, ready, failed };
template <>
inline constexpr auto enum_texts<ModelState> = texts_of_enum<ModelState>({
    {ModelState::loading, "loading"},
    {ModelState::ready, "ready"},
    {ModelState::failed, "failed"},
});

// What a model's workers have loaded.
struct ServingModel {
    std::string name, version, sha256;
    std::string device;  // of each worker that serves, with commas between
    int batch_size = 1;
    int golden_cases = 0;
};
struct ModelStatus {
    std::string package;  // its folder's name
    ModelMode mode = ModelMode::active;
    ModelState state = ModelState::loading;
    bool reloading = false;
    std::string error;                    // of a worker; empty: none
    std::optional<ServingModel> serving;  // its members stand beside the others in JSON
};

enum class DestinationState { up, down };
template <>
inline constexpr auto enum_texts<DestinationState> = texts_of_enum<DestinationState>({
    {DestinationState::up, "up"},
    {DestinationState::down, "down"},
});

struct DestinationStatus {
    std::string name;
    DestinationState state = DestinationState::up;
    std::string since;  // ISO 8601, empty while it is up
    std::string error;
};

// What the node lacks now; gone once the same succeeds. What single jobs wait for, the database tells.
struct NodeTrouble {
    std::string where;    // database | audit | receiving | http | spool | retention
    std::string message;  // with no name or identifier from outside: /readyz shows it to anybody
    std::string since;    // ISO 8601
};

// coordinator -> http, at every change: what /readyz and /metrics tell beside the database.
struct NodeStatus {
    static constexpr const char* type = "node_status";
    bool receiving = false;
    std::string refusing;      // why no C-STORE succeeds: disk | database | processes | files; empty: it may
    bool inferring = false;    // every active model is loaded and warm; not so where there is none
    bool stores_only = false;  // no active model is configured: nothing is reported, and that is no fault
    int scp_port = 0;          // 0: none is open
    int scp_tls_port = 0;
    bool draining = false;
    bool auditing = false;  // the audit trail can be written; else no patient data is shown over HTTP
    std::vector<NodeTrouble> troubles;
    std::vector<ChildStatus> children;
    std::vector<ModelStatus> models;
    std::vector<DestinationStatus> destinations, audit_servers;
    std::vector<CertificateStatus> certificates;
};
// http -> coordinator, once.
struct HttpReady {
    static constexpr const char* type = "http_ready";
    int port = 0;
};
// http -> coordinator. One descriptor: a memfd with one DICOM file. Answered by PredictReply.
struct PredictRequest {
    static constexpr const char* type = "predict";
    std::int64_t request = 0;
    std::string model;  // empty: the first
};
struct PredictReply {
    static constexpr const char* type = "predict_reply";
    std::int64_t request = 0;
    int http_status = 200;
    std::optional<Error> error;  // with it there is no outcome
    AnalysisOutcome outcome;     // of the first frame
    FrameCount frames;
};

HILUM_JSON(ChildStatus)
HILUM_JSON(NodeTrouble)
HILUM_JSON(ModelStatus)
HILUM_JSON(DestinationStatus)
HILUM_MESSAGE(NodeStatus)
HILUM_MESSAGE(HttpReady)
HILUM_MESSAGE(PredictRequest)
HILUM_MESSAGE(PredictReply)

}  // namespace hilum
