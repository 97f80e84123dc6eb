// Sends the audit trail to one syslog server, in order, by a process of its own. The trail's rows are what
// waits; a cursor says how far the server has them. Syslog acknowledges nothing: events count as arrived when
// the connection that carried them has lived on for a while after the server's system took them (of UDP:
// when nobody said that nothing listens). What a connection carried that broke sooner is sent again over the
// next one. So each event arrives once or more often, and none is left out.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/auditing.h"
#include "contract/messages/monitoring.h"
#include "pipeline/lanes/asked_child.h"
#include "pipeline/lanes/happening.h"
#include "pipeline/lanes/lane.h"

namespace hilum {

class SyslogLane : private AskedChild::Owner {
  public:
    // How long a connection has to live on, and how often it is looked whether there is more to send.
    static constexpr std::chrono::seconds settling{5}, between_looks{5};

    SyslogLane(World& world, CommitQueue& commits, const SyslogSettings& server, Happenings& happenings);

    void start(ChildSpecification sender);
    void signed_head(AuditRecord head);  // goes after the event that it covers
    void reload_certificates();
    void drain() { draining_ = true; }
    void stop() { sender_.stop(); }
    const AskedChild& sender() const { return sender_; }
    DestinationStatus status() const;

  private:
    struct Unconfirmed {
        std::int64_t through;
        MonotonicTime sent_at;
    };

    Task<void> run();
    Task<void> find_beginning();
    Task<Duration> forward_some();  // how long there is nothing to do now
    Task<Result<ForwardRequest>> next_batch();
    std::optional<Duration> nothing_to_do(const ForwardRequest& request) const;
    Task<Duration> take(ForwardRequest request, ForwardReply reply, MonotonicTime asked_at);
    Task<void> confirm(MonotonicTime looked_at);
    void sender_died(const ForwardRequest& request, const Error& error);
    void leave_unspoken(AuditRecord& record) const;
    void suspect(const ForwardRequest& request);
    void lose_connection();
    void failed(const std::string& why);
    void child_changed() override;
    bool child_says(Message& message) override;

    World& world_;
    CommitQueue& commits_;
    const SyslogSettings& server_;
    Happenings& happenings_;
    WakeUp wake_up_;
    AskedChild sender_;
    std::int64_t batch_ = 0, connection_ = 0;
    std::int64_t confirmed_ = 0, sent_ = 0;  // the last events that have arrived, that were sent
    std::deque<Unconfirmed> unconfirmed_;    // over this connection, oldest first
    bool proven_ = false;                    // the connection has carried something that arrived
    std::optional<AuditRecord> head_;        // the newest one
    bool head_sent_ = false;
    std::int64_t suspect_through_ = 0;    // the last event of a batch over which the process died
    std::map<std::int64_t, int> deaths_;  // of the process, by the event over which it died; not confirmed
    int failures_ = 0;
    bool down_ = false, draining_ = false;
    std::int64_t down_since_ = 0;
    std::string down_why_;
    MonotonicTime retry_at_;
    Tasks tasks_;  // they use all of the above
};

}  // namespace hilum
