#include "pipeline/lanes/syslog_lane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/logging.h"
#include "contract/messages/sending.h"
#include "store/audit/audit_forwarding.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

constexpr int most_records = 200;               // of a batch
constexpr std::size_t most_bytes = 512 * 1024;  // of their texts, or one
constexpr int most_deaths = 3;                  // over one event
// A flood of datagrams loses some.
constexpr std::chrono::milliseconds between_datagrams{200};

}  // namespace

SyslogLane::SyslogLane(World& world, CommitQueue& commits, const SyslogSettings& server,
                       Happenings& happenings)
    : world_(world),
      commits_(commits),
      server_(server),
      happenings_(happenings),
      wake_up_(world),
      sender_(world, *this),
      retry_at_(world.monotonic()) {}

void SyslogLane::start(ChildSpecification sender) {
    sender_.start(std::move(sender));
    tasks_.start(run());
}

void SyslogLane::signed_head(AuditRecord head) {
    head_ = std::move(head);
    head_sent_ = false;
    wake_up_.set();
}

void SyslogLane::reload_certificates() {
    if (server_.protocol != SyslogProtocol::tls) return;
    sender_.tell(to_packet(ReloadCertificates{}));
    retry_at_ = world_.monotonic();  // it may have been down for want of a certificate
    wake_up_.set();
}

DestinationStatus SyslogLane::status() const {
    if (!down_) return {server_.name, DestinationState::up, "", ""};
    return {server_.name, DestinationState::down, to_iso8601(from_microseconds(down_since_)), down_why_};
}

void SyslogLane::child_changed() {
    if (!sender_.running()) lose_connection();
    happenings_.happened(Happening::status_changed);
    wake_up_.set();
}

bool SyslogLane::child_says(Message& message) {
    if (packet_type(message) == SendingProgress::type) {
        sender_.extend_time();
        return true;
    }
    const auto loaded = from_packet<CertificatesLoaded>(message);
    if (loaded) happenings_.certificates_loaded(*loaded);
    return loaded.has_value();
}

Task<void> SyslogLane::run() {
    co_await find_beginning();
    for (;;) {
        while (draining_ || !sender_.can_be_asked()) co_await wake_up_.wait();
        auto pause = std::chrono::ceil<Duration>(retry_at_ - world_.monotonic());
        if (pause <= Duration::zero()) pause = co_await forward_some();
        if (pause > Duration::zero()) co_await wake_up_.wait_for(pause);
    }
}

Task<void> SyslogLane::find_beginning() {
    const auto read = [&name = server_.name](Transaction& transaction) {
        return forwarded_through(transaction, name);
    };
    for (;;) {
        const auto through = co_await committed(commits_, read);
        if (through) {
            confirmed_ = sent_ = *through;
            co_return;
        }
        spdlog::error("cannot read how far {} has the audit trail: {}", server_.name,
                      through.error().message);
        co_await wake_up_.wait_for(CommitQueue::retry_after);
    }
}

// ---- one batch ----

Task<Result<ForwardRequest>> SyslogLane::next_batch() {
    const int most = sent_ < suspect_through_ ? 1 : most_records;
    const auto read = [after = sent_, most](Transaction& transaction) {
        return audit_records_after(transaction, after, most, most_bytes);
    };
    auto records = co_await committed(commits_, read);
    if (!records) co_return tl::unexpected(records.error());
    ForwardRequest request{++batch_, connection_, std::move(*records)};
    for (auto& record : request.records) leave_unspoken(record);
    const auto through = request.records.empty() ? sent_ : request.records.back().number;
    if (head_ && !head_sent_ && head_->number <= through) request.records.push_back(*head_);
    co_return request;
}

// Of an event that its process died of again and again.
void SyslogLane::leave_unspoken(AuditRecord& record) const {
    const auto found = deaths_.find(record.number);
    if (found == deaths_.end() || found->second < most_deaths) return;
    spdlog::error("event {} of the audit trail cannot be told to {}: its number is", record.number,
                  server_.name);
    record.kind = AuditRecordKind::unspoken;
    record.text.clear();
}

std::optional<Duration> SyslogLane::nothing_to_do(const ForwardRequest& request) const {
    if (!request.records.empty()) return std::nullopt;
    if (unconfirmed_.empty()) return between_looks;
    const auto settled = unconfirmed_.front().sent_at + settling - world_.monotonic();
    if (settled <= Duration::zero()) return std::nullopt;  // the connection is looked at
    return std::min<Duration>(between_looks, std::chrono::ceil<Duration>(settled));
}

Task<Duration> SyslogLane::forward_some() {
    const auto after = sent_;
    auto request = co_await next_batch();
    if (!request) {
        spdlog::error("cannot read the audit trail for {}: {}", server_.name, request.error().message);
        co_return CommitQueue::retry_after;
    }
    // While the trail was read, the process may have ended, and the connection with it.
    if (!sender_.can_be_asked() || sent_ != after) co_return Duration::zero();
    request->connection = connection_;
    if (const auto pause = nothing_to_do(*request)) co_return *pause;
    const auto asked_at = world_.monotonic();
    const auto answers = [batch = request->batch](const ForwardReply& reply) { return reply.batch == batch; };
    const Duration time_limit = 4 * server_.timeout + std::chrono::seconds(5);
    const auto reply = co_await ask<ForwardReply>(sender_, *request, UniqueFd(), time_limit, answers);
    if (!reply) {
        sender_died(*request, reply.error());
        co_return Duration::zero();
    }
    co_return co_await take(std::move(*request), *reply, asked_at);
}

Task<Duration> SyslogLane::take(ForwardRequest request, ForwardReply reply, MonotonicTime asked_at) {
    if (reply.outcome != ForwardOutcome::sent) {
        const bool served = proven_ && reply.outcome == ForwardOutcome::lost;
        lose_connection();
        // Servers close connections that were idle for long, and are restarted.
        if (!served) failed(reply.message);
        co_return Duration::zero();
    }
    if (request.connection == 0) proven_ = false;
    connection_ = reply.connection;
    for (const auto& record : request.records) {
        if (record.kind == AuditRecordKind::head)
            head_sent_ = head_sent_ || (head_ && head_->number == record.number);
        else
            sent_ = record.number;
        if (record.kind == AuditRecordKind::event) deaths_.erase(record.number);  // it was not this one
    }
    if (!request.records.empty()) unconfirmed_.push_back({sent_, world_.monotonic()});
    co_await confirm(asked_at);
    co_return server_.protocol == SyslogProtocol::udp && !request.records.empty()
        ? Duration(between_datagrams)
        : Duration::zero();
}

// What was sent long enough before the connection was seen to be there.
Task<void> SyslogLane::confirm(MonotonicTime looked_at) {
    std::optional<std::int64_t> through;
    while (!unconfirmed_.empty() && unconfirmed_.front().sent_at + settling <= looked_at) {
        through = unconfirmed_.front().through;
        unconfirmed_.pop_front();
    }
    if (!through) co_return;
    proven_ = true;
    failures_ = 0;
    if (std::exchange(down_, false)) {
        spdlog::info("the audit trail reaches {} again", server_.name);
        happenings_.happened(Happening::status_changed);
    }
    if (*through <= confirmed_) co_return;
    confirmed_ = *through;
    deaths_.erase(deaths_.begin(), deaths_.upper_bound(confirmed_));
    const auto write = [&name = server_.name, through = *through](Transaction& transaction) {
        keep_forwarded(transaction, name, through);
    };
    const auto kept = co_await until_kept(commits_, write);
    // Then it is sent again after the next start.
    if (!kept)
        spdlog::error("cannot keep how far {} has the audit trail: {}", server_.name, kept.error().message);
}

// ---- trouble ----

void SyslogLane::sender_died(const ForwardRequest& request, const Error& error) {
    if (error.retry != Retry::once_mended) suspect(request);
    lose_connection();
    if (!draining_) failed(error.message);  // it was told to end
}

// Which of them it was shows when they go one by one.
void SyslogLane::suspect(const ForwardRequest& request) {
    for (const auto& record : request.records) {
        if (record.kind == AuditRecordKind::head) continue;
        ++deaths_[record.number];
        suspect_through_ = std::max(suspect_through_, record.number);
    }
}

// What it carried and is not known to have arrived goes over the next one.
void SyslogLane::lose_connection() {
    connection_ = 0;
    proven_ = false;
    if (!unconfirmed_.empty()) head_sent_ = false;
    unconfirmed_.clear();
    sent_ = confirmed_;
}

void SyslogLane::failed(const std::string& why) {
    const RetryPolicy policy{server_.first_delay, server_.longest_delay};
    retry_at_ = world_.monotonic() + policy.delay_after(++failures_, world_.random());
    down_why_ = why;
    if (std::exchange(down_, true)) return;
    down_since_ = to_microseconds(world_.now());
    spdlog::warn("the audit trail does not reach the syslog server {}: {}; it waits here", server_.name,
                 loggable(why));
    happenings_.happened(Happening::status_changed);
}

}  // namespace hilum
