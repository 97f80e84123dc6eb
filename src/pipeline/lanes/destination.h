// One destination: its sender process, which is asked one thing at a time, and whether it gives associations.
// While it gives none, it is down, and C-ECHO alone is tried, after delays that grow.
#pragma once

#include <optional>
#include <string>

#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/sending.h"
#include "pipeline/lanes/asked_child.h"
#include "pipeline/lanes/happening.h"

namespace hilum {

class Destination {
  public:
    Destination(World& world, const DestinationSettings& settings, AskedChild::Owner& owner,
                Happenings& happenings);

    const DestinationSettings& settings() const { return settings_; }
    AskedChild& sender() { return sender_; }
    const AskedChild& sender() const { return sender_; }
    DestinationStatus status() const;

    // Asks the sender. It knows the time limit of every step itself, and tells when one is made.
    template <typename Reply, typename Request, typename Answers>
    Task<Result<Reply>> ask(Request request, UniqueFd file, Answers& answers) {
        return hilum::ask<Reply>(sender_, std::move(request), std::move(file), time_limit(), answers);
    }

    bool down() const { return down_; }
    void note_association(bool given, const std::string& why);
    Duration until_probe() const;  // while it is down
    void probe_now() { probe_at_ = world_.monotonic(); }
    // Tries it: nothing where it is up, else why not; then it is down.
    Task<std::optional<std::string>> probe();

  private:
    Duration time_limit() const;

    World& world_;
    const DestinationSettings& settings_;
    Happenings& happenings_;
    AskedChild sender_;
    int refused_associations_ = 0;  // in a row
    bool down_ = false;
    std::int64_t down_since_ = 0;
    std::string down_why_;
    MonotonicTime probe_at_;
};

}  // namespace hilum
