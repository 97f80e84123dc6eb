#include "store/audit/audit_witness.h"

#include <spdlog/spdlog.h>

#include "base/clock.h"

namespace hilum {

void AuditWitness::saw(std::int64_t event, const std::string& hash) {
    if (!signed_at_ || world_.monotonic() - *signed_at_ >= every_) sign(event, hash);
}

void AuditWitness::saw_last(std::int64_t event, const std::string& hash) {
    sign(event, hash);
}

void AuditWitness::sign(std::int64_t event, const std::string& hash) {
    if (event == signed_event_ || event == 0) return;
    const auto head = audit::sign_head(event, hash, to_iso8601(world_.now()), key_);
    spdlog::info("audit head {}", audit::line_of(head));
    told_(head);
    signed_event_ = event;
    signed_at_ = world_.monotonic();
}

}  // namespace hilum
