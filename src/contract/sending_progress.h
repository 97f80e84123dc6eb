// What a sender tells beside its replies (messages.h).
#pragma once

#include <nlohmann/json.hpp>

namespace hilum {

// sender -> coordinator, no answer: while it serves a request, the destination takes its time but goes on, so
// that the sender is no reason to worry. Once a second at most.
struct SendingProgress {
    static constexpr const char* type = "sending_progress";
};
inline void to_json(nlohmann::json& json, const SendingProgress&) {
    json = nlohmann::json::object();  // it says nothing but its type
}

}  // namespace hilum
