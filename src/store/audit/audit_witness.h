// Signs how far the audit trail has come, and says so in the log, where who can rewrite the database cannot
// reach once the log has left the machine, and to whom it is told to (store/audit/signed_head.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/signing/ed25519.h"
#include "base/world.h"
#include "store/audit/signed_head.h"

namespace hilum {

class AuditWitness {
  public:
    // `every`: how far apart two heads are at least, but for the last one. `told`: gets each of them, too.
    AuditWitness(World& world, SigningKey key, Duration every,
                 std::function<void(const audit::SignedHead&)> told)
        : world_(world), key_(std::move(key)), every_(every), told_(std::move(told)) {}

    // The newest event and its digest, as they are on the disk. Called as often as you like.
    void saw(std::int64_t event, const std::string& hash);
    // The same when nothing follows in this life.
    void saw_last(std::int64_t event, const std::string& hash);

  private:
    void sign(std::int64_t event, const std::string& hash);

    World& world_;
    SigningKey key_;
    Duration every_;
    std::function<void(const audit::SignedHead&)> told_;
    std::int64_t signed_event_ = 0;
    std::optional<MonotonicTime> signed_at_;  // nothing: not in this life
};

}  // namespace hilum
