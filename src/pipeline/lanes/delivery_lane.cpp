#include "pipeline/lanes/delivery_lane.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"
#include "pipeline/lanes/wake_up.h"
#include "store/destinations.h"
#include "store/retry_policy.h"

namespace hilum {

DeliveryLane::DeliveryLane(boost::asio::io_context& loop, CommitQueue& commits,
                           const DestinationSettings& settings, DataDirectory directory,
                           std::function<void()> on_changed, OnCommitmentReport on_report)
    : commits_(commits),
      settings_(settings),
      directory_(std::move(directory)),
      on_changed_(std::move(on_changed)),
      on_report_(std::move(on_report)),
      loop_(loop),
      wake_timer_(loop),
      deadline_timer_(loop),
      probe_timer_(loop) {}

void DeliveryLane::start(ChildSpecification sender) {
    sender_ = std::make_unique<SupervisedChild>(
        loop_, std::move(sender),
        SupervisedChild::Callbacks{[this](Message message) { on_message(std::move(message)); },
                                   [this](const std::string& how) { on_sender_ended(how); },
                                   [this] {
                                       on_changed_();
                                       pump();
                                   }});
    sender_->start();
}

void DeliveryLane::stop() {
    wake_timer_.cancel();
    deadline_timer_.cancel();
    probe_timer_.cancel();
    sender_->stop();
}

DestinationStatus DeliveryLane::status() const {
    if (!down_) return {settings_.name, DestinationState::up, "", ""};
    return {settings_.name, DestinationState::down, to_iso8601(from_microseconds(down_since_)), down_why_};
}

std::optional<DeliveryLane::Claimed> DeliveryLane::claim_delivery(Database& database,
                                                                  const DestinationSettings& destination) {
    std::optional<Claimed> claimed;
    // Connecting, negotiating and the answer each may take the destination's timeout.
    const Duration lease = 4 * destination.timeout;
    database.each(
        "UPDATE delivery SET state = 'running', tried = 1, attempts = attempts + 1, lease_until = ?1 + ?3, "
        "updated_at = "
        "?1"
        " WHERE id = (SELECT id FROM delivery WHERE state = 'queued' AND destination = ?2 AND "
        "next_attempt_at <= ?1"
        " ORDER BY urgent DESC, next_attempt_at, id LIMIT 1) RETURNING id, attempts, refusals",
        [&](SQLite::Statement& row) {
            auto& delivery = claimed.emplace();
            delivery.request.delivery = row.getColumn(0).getInt64();
            delivery.history.attempts = row.getColumn(1).getInt();
            delivery.history.refusals = row.getColumn(2).getInt();
        },
        to_microseconds(now()), destination.name, lease.count());
    if (!claimed) return claimed;
    database.each(
        "SELECT sop_class_uid, sop_instance_uid, transfer_syntax_uid, file, study_instance_uid FROM delivery"
        " JOIN result ON result.id = delivery.result_id JOIN report ON report.id = result.report_id"
        " JOIN study ON study.id = report.study_id WHERE delivery.id = ?",
        [&](SQLite::Statement& row) {
            claimed->request.sop_class_uid = row.getColumn(0).getString();
            claimed->request.sop_instance_uid = row.getColumn(1).getString();
            claimed->request.transfer_syntax_uid = row.getColumn(2).getString();
            claimed->file = row.getColumn(3).getString();
            claimed->study_instance_uid = row.getColumn(4).getString();
        },
        claimed->request.delivery);
    return claimed;
}

// What is to be sent goes before what is to be asked.
DeliveryLane::Claim DeliveryLane::claim(Database& database, const DestinationSettings& destination) {
    Claim claim;
    if (is_paused(database, destination.name)) return claim;
    claim.delivery = claim_delivery(database, destination);
    if (claim.delivery) return claim;
    claim.next_at = database.number(
        "SELECT min(next_attempt_at) FROM delivery WHERE state = 'queued' AND destination = ?",
        destination.name);
    if (!destination.storage_commitment) return claim;
    auto [request, next_at] = claim_commitment(database, destination);
    claim.commitment = std::move(request);
    if (next_at && (!claim.next_at || *next_at < *claim.next_at)) claim.next_at = next_at;
    return claim;
}

void DeliveryLane::pump() {
    if (phase_ != Phase::idle) {
        pump_again_ = true;
        return;
    }
    if (draining_ || down_ || !sender_ || !sender_->running()) return;
    phase_ = Phase::claiming;
    pump_again_ = false;
    commits_.submit([&settings = settings_](Database& database) { return claim(database, settings); },
                    [this](Result<Claim> claimed) {
                        phase_ = Phase::idle;
                        if (claimed) return on_claimed(std::move(*claimed));
                        spdlog::error("cannot claim a delivery: {}", claimed.error().message);
                        wake_after(CommitQueue::retry_after);
                    });
}

void DeliveryLane::on_claimed(Claim claimed) {
    if (claimed.delivery) {
        current_ = std::move(*claimed.delivery);
        return send();
    }
    if (claimed.commitment) return request_commitment(*claimed.commitment);
    if (claimed.next_at) wake_after(from_microseconds(*claimed.next_at) - now());
    if (pump_again_) pump();
}

void DeliveryLane::wake_after(Duration wait) {
    wake_up_after(wake_timer_, wait, [this] { pump(); });
}

bool DeliveryLane::awaits_sender() const {
    return phase_ == Phase::sending || phase_ == Phase::probing || phase_ == Phase::requesting_commitment;
}

// Of every step the sender knows its own time limit, and tells when one is made.
void DeliveryLane::limit_time() {
    wake_up_after(deadline_timer_, 4 * settings_.timeout + std::chrono::seconds(5), [this] {
        if (!awaits_sender()) return;
        spdlog::error("sender {} made no progress for too long and is killed", settings_.name);
        sender_->kill();
    });
}

void DeliveryLane::send() {
    phase_ = Phase::sending;
    const auto path = directory_.results() / current_.file;
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        const bool gone = errno == ENOENT;
        const auto error = system_error(errno, "cannot open the result's file " + path.string());
        return keep({current_.request.delivery, gone ? DeliveryOutcome::unsendable : DeliveryOutcome::retry,
                     -1, error.message, false});
    }
    const int fds[] = {file.get()};
    if (auto sent = sender_->send(to_packet(current_.request), fds); !sent)
        return keep({current_.request.delivery, DeliveryOutcome::retry, -1, sent.error().message, false});
    limit_time();
}

void DeliveryLane::on_message(Message message) {
    if (packet_type(message) == SendingProgress::type) {
        if (awaits_sender()) limit_time();
        return;
    }
    if (const auto probed = from_packet<EchoReply>(message); probed && phase_ == Phase::probing)
        return on_probed(*probed);
    if (const auto reply = from_packet<CommitmentReply>(message);
        reply && phase_ == Phase::requesting_commitment && reply->transaction_uid == transaction_uid_)
        return on_commitment_reply(*reply);
    if (const auto report = from_packet<CommitmentReport>(message))
        return on_report_(*report, [this](const CommitmentReportAnswer& answer) {
            if (sender_->running()) (void)sender_->send(to_packet(answer));
        });
    auto reply = from_packet<DeliverReply>(message);
    if (!reply || phase_ != Phase::sending || reply->delivery != current_.request.delivery) {
        spdlog::error("sender {}: {}", settings_.name,
                      reply ? "answered another request" : reply.error().message);
        return sender_->kill();
    }
    sender_->prosper();
    keep(std::move(*reply));
}

void DeliveryLane::on_sender_ended(const std::string& how) {
    if (phase_ == Phase::sending)
        keep({current_.request.delivery, DeliveryOutcome::retry, -1, "the sender process " + how, false});
    if (phase_ == Phase::probing) on_probed({false, "the sender process " + how});
    if (phase_ == Phase::requesting_commitment)
        on_commitment_reply({transaction_uid_, false, "the sender process " + how});
}

void DeliveryLane::keep(DeliverReply reply) {
    phase_ = Phase::keeping;
    deadline_timer_.cancel();
    note_association(!reply.no_association, reply.message);
    commits_.submit_until_kept(
        [current = current_, reply, &settings = settings_](Database& database) {
            // Read here, since both times are moved when somebody sets the clock.
            auto history = current.history;
            history.waits_since =
                database.number("SELECT created_at + uncounted FROM delivery WHERE id = ?", reply.delivery)
                    .value();
            const auto verdict = judge_delivery(reply, history, settings, to_microseconds(now()));
            database.execute(
                // What was withdrawn while it was sent is not sent again.
                "UPDATE delivery SET state = iif(?1 = 'queued' AND EXISTS (SELECT 1 FROM result JOIN report"
                " ON report.id = report_id WHERE result.id = result_id AND withdrawn != 0), 'discarded', ?1),"
                " next_attempt_at = ?2, dimse_status = ?3, error = ?4, lease_until = NULL,"
                " refusals = refusals + ?5, updated_at = ?6 WHERE id = ?7 AND state = 'running'",
                verdict.state, verdict.next_attempt_at,
                reply.dimse_status < 0 ? std::optional<int>() : std::optional<int>(reply.dimse_status),
                reply.outcome == DeliveryOutcome::delivered ? std::string() : reply.message,
                reply.outcome == DeliveryOutcome::refused ? 1 : 0, to_microseconds(now()), reply.delivery);
            if (verdict.state == "delivered") note_delivered(database, settings.name, reply.delivery);
            if (verdict.state == "expired")
                database.count("deliveries_expired", {{"destination", settings.name}});
            if (settings.storage_commitment && verdict.state == "delivered")
                want_commitment(database, reply.delivery);
            audit::AuditEvent event;
            event.type = reply.outcome == DeliveryOutcome::delivered ? "result_delivered" : "delivery_failed";
            event.outcome = reply.outcome == DeliveryOutcome::delivered ? "success" : "failure";
            event.actor = "hilum";
            event.study_instance_uid = current.study_instance_uid;
            event.sop_instance_uid = current.request.sop_instance_uid;
            event.detail = {{"destination", settings.name},
                            {"state", verdict.state},
                            {"sop_class_uid", current.request.sop_class_uid},
                            {"message", reply.message},
                            {"dimse_status", reply.dimse_status},
                            {"attempt", history.attempts}};
            database.append_audit(event);
            database.count("deliveries",
                           {{"destination", settings.name}, {"outcome", enum_text(reply.outcome)}});
            return verdict.state;
        },
        [this, reply](const Result<std::string>& kept) {
            // The row stays claimed until the next start takes it up again.
            if (!kept)
                spdlog::error("cannot keep a delivery: {}", kept.error().message);
            else if (reply.outcome != DeliveryOutcome::delivered)
                spdlog::warn("destination {}: delivery {} {}: {}", settings_.name, reply.delivery, *kept,
                             loggable(reply.message));
            phase_ = Phase::idle;
            pump();
        });
}

// ---- storage commitment ----

void DeliveryLane::request_commitment(const CommitmentRequest& request) {
    phase_ = Phase::requesting_commitment;
    transaction_uid_ = request.transaction_uid;
    if (auto sent = sender_->send(to_packet(request)); !sent)
        return on_commitment_reply({transaction_uid_, false, sent.error().message});
    limit_time();
}

void DeliveryLane::on_commitment_reply(const CommitmentReply& reply) {
    deadline_timer_.cancel();
    phase_ = Phase::keeping;
    // Whether the destination is down, results tell: one may refuse this association and take those.
    refused_commitments_ = reply.accepted ? 0 : refused_commitments_ + 1;
    if (reply.accepted) {
        phase_ = Phase::idle;
        return pump();
    }
    spdlog::warn("destination {}: storage commitment: {}", settings_.name, loggable(reply.message));
    const RetryPolicy policy{settings_.first_delay, settings_.longest_delay};
    commits_.submit_until_kept(
        [reply, name = settings_.name, delay = policy.delay_after(refused_commitments_)](Database& database) {
            keep_refused_commitment(database, name, reply.transaction_uid, delay, reply.message);
        },
        [this](const Result<void>& kept) {
            if (!kept) spdlog::error("cannot keep a commitment's failure: {}", kept.error().message);
            phase_ = Phase::idle;
            pump();
        });
}

// ---- a destination that is down ----

void DeliveryLane::note_association(bool given, const std::string& why) {
    if (given) {
        refused_associations_ = 0;
        return;
    }
    ++refused_associations_;
    down_why_ = why;
    if (!down_) {
        down_ = true;
        down_since_ = to_microseconds(now());
        spdlog::warn("destination {} is down: {}", settings_.name, loggable(why));
        on_changed_();
    }
    probe_later();
}

// The delay goes on growing where C-ECHO is answered and C-STORE gets no association.
void DeliveryLane::probe_later() {
    const RetryPolicy policy{settings_.first_delay, settings_.longest_delay};
    wake_up_after(probe_timer_, policy.delay_after(refused_associations_), [this] { probe(); });
}

void DeliveryLane::try_now() {
    if (down_ && phase_ == Phase::idle) probe();
    pump();
}

void DeliveryLane::probe() {
    if (draining_) return;
    if (phase_ != Phase::idle || !sender_->running() || !sender_->send(to_packet(EchoRequest{}))) {
        probe_later();
        return;
    }
    phase_ = Phase::probing;
    limit_time();
}

void DeliveryLane::on_probed(const EchoReply& reply) {
    deadline_timer_.cancel();
    phase_ = Phase::idle;
    if (reply.answers) {
        down_ = false;
        spdlog::info("destination {} is up", settings_.name);
        on_changed_();
        return pump();
    }
    note_association(false, reply.message);
    commits_.submit([&settings = settings_, why = reply.message](
                        Database& database) { return expire_deliveries(database, settings, why); },
                    [this](const Result<int>& expired) {
                        if (!expired)
                            spdlog::error("cannot give up old deliveries: {}", expired.error().message);
                        else if (*expired > 0)
                            spdlog::warn("destination {}: {} deliveries given up", settings_.name, *expired);
                    });
}

}  // namespace hilum
