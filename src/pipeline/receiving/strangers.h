// What hosts cause that have no association, or speak no TLS with HTTP, or have no token for it: connections
// that ask for nothing, speak something else, are too many or are rejected; and users of the machine at the
// control socket. Anybody can cause these without end, so that the log and the audit trail take a few of each
// address or user and reason, and the number of the others. The counters count all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/messages/accessing.h"
#include "contract/messages/receiving.h"
#include "pipeline/events/event_keeper.h"
#include "pipeline/events/event_limiter.h"
#include "store/audit/audit_event.h"

namespace hilum {

// Writes the numbers of what limits left out, which no event that was told has, into the log and the trail.
void keep_left_out(EventKeeper& events, const std::vector<EventLimiter::LeftOut>& left_out);

class Strangers {
  public:
    // Of an address and reason 20 at once, then one a minute; of all together 300, then one every 10 s.
    static constexpr EventLimiter::Rate of_each{20, std::chrono::minutes(1)},
        of_all{300, std::chrono::seconds(10)};
    static constexpr std::chrono::minutes until_left_out_is_told{10};

    Strangers(World& world, EventKeeper& events);

    void rejected(const AssociationRequested& request, AssociationOutcome outcome);
    void happened(const ReceiverEvent& event);  // timeout, not_dicom
    void closed(const ConnectionsClosed& closed);
    void failed(const HttpTlsFailed& failed);
    // Who was shown nothing over HTTP; `event` is what the trail is to have of it.
    void refused(const HttpAccess& access, audit::AuditEvent event);
    void turned_away(const std::string& user);  // from the control socket
    void tell_left_out();                       // what has not been told yet

  private:
    EventLimiter::Verdict judge(const std::string& peer, std::string_view reason, std::int64_t count = 1);
    void record(const EventLimiter::Verdict& verdict, std::string_view kind, EventKeeper::Work work);

    World& world_;
    EventKeeper& events_;
    EventLimiter limiter_{of_each, of_all};
    std::unique_ptr<Timer> timer_;  // while something was left out
    bool waiting_ = false;
};

}  // namespace hilum
