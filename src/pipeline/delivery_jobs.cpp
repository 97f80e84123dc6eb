#include "pipeline/delivery_jobs.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "pipeline/retry_policy.h"
#include "pipeline/wake_up.h"

namespace hilum {
namespace {

// What became of a delivery after an answer or the lack of one.
struct Verdict {
    const char* state;
    std::int64_t next_attempt_at = 0;
};

Verdict judge(const DeliverReply& reply, const DestinationSettings& settings, int attempts,
              std::int64_t created_at) {
    const std::int64_t at = to_microseconds(now());
    if (reply.outcome == "delivered") return {"delivered"};
    if (reply.outcome == "refused") return {"refused"};
    if (at - created_at > settings.give_up_after.count()) return {"expired"};
    const RetryPolicy policy{settings.first_delay, settings.longest_delay};
    return {"queued", at + policy.delay_after(attempts).count()};
}

}  // namespace

DeliveryJobs::DeliveryJobs(boost::asio::io_context& loop, CommitQueue& commits,
                           const Configuration& configuration, DataDirectory directory,
                           std::function<void()> on_changed)
    : loop_(loop),
      commits_(commits),
      configuration_(configuration),
      directory_(std::move(directory)),
      on_changed_(std::move(on_changed)) {}

void DeliveryJobs::start(const std::function<ChildSpecification(const std::string&)>& specify) {
    for (const auto& destination : configuration_.destinations) {
        Lane& lane = lanes_.emplace_back(loop_);
        lane.settings = &destination;
        lane.sender = std::make_unique<SupervisedChild>(
            loop_, specify(destination.name),
            SupervisedChild::Callbacks{
                [this, &lane](Message message) { on_message(lane, std::move(message)); },
                [this, &lane](const std::string& how) {
                    if (lane.phase == Phase::sending)
                        keep(lane, {lane.current.request.delivery, "retry", -1, "the sender process " + how});
                },
                [this, &lane] {
                    on_changed_();
                    pump_lane(lane);
                }});
        lane.sender->start();
    }
}

void DeliveryJobs::pump() {
    for (auto& lane : lanes_) pump_lane(lane);
}

DeliveryJobs::Claim DeliveryJobs::claim(Database& database, const std::string& destination, Duration lease) {
    const std::int64_t at = to_microseconds(now());
    Claim claim;
    database.each(
        "UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = ?1 + ?3, updated_at = "
        "?1"
        " WHERE id = (SELECT id FROM delivery WHERE state = 'queued' AND destination = ?2 AND "
        "next_attempt_at <= ?1"
        " ORDER BY next_attempt_at, id LIMIT 1) RETURNING id, attempts, created_at",
        [&](SQLite::Statement& row) {
            auto& delivery = claim.delivery.emplace();
            delivery.request.delivery = row.getColumn(0).getInt64();
            delivery.attempts = row.getColumn(1).getInt();
            delivery.created_at = row.getColumn(2).getInt64();
        },
        at, destination, lease.count());
    if (!claim.delivery) {
        claim.next_at = database.number(
            "SELECT min(next_attempt_at) FROM delivery WHERE state = 'queued' AND destination = ?",
            destination);
        return claim;
    }
    database.each(
        "SELECT sop_class_uid, sop_instance_uid, transfer_syntax_uid, file, study_instance_uid FROM delivery"
        " JOIN result ON result.id = delivery.result_id JOIN report ON report.id = result.report_id"
        " JOIN study ON study.id = report.study_id WHERE delivery.id = ?",
        [&](SQLite::Statement& row) {
            auto& delivery = *claim.delivery;
            delivery.request.sop_class_uid = row.getColumn(0).getString();
            delivery.request.sop_instance_uid = row.getColumn(1).getString();
            delivery.request.transfer_syntax_uid = row.getColumn(2).getString();
            delivery.file = row.getColumn(3).getString();
            delivery.study_instance_uid = row.getColumn(4).getString();
        },
        claim.delivery->request.delivery);
    return claim;
}

void DeliveryJobs::pump_lane(Lane& lane) {
    if (lane.phase != Phase::idle) {
        lane.pump_again = true;
        return;
    }
    if (draining_ || !lane.sender || !lane.sender->running()) return;
    lane.phase = Phase::claiming;
    lane.pump_again = false;
    // Connecting, negotiating and the answer each may take the destination's timeout.
    const Duration lease = 4 * lane.settings->timeout;
    commits_.submit(
        [name = lane.settings->name, lease](Database& database) { return claim(database, name, lease); },
        [this, &lane](Result<Claim> claimed) {
            lane.phase = Phase::idle;
            if (!claimed) {
                spdlog::error("cannot claim a delivery: {}", claimed.error().message);
                return wake_after(lane, CommitQueue::retry_after);
            }
            if (claimed->delivery) {
                lane.current = std::move(*claimed->delivery);
                return send(lane);
            }
            if (claimed->next_at) wake_after(lane, from_microseconds(*claimed->next_at) - now());
            if (lane.pump_again) pump_lane(lane);
        });
}

void DeliveryJobs::wake_after(Lane& lane, Duration wait) {
    wake_up_after(lane.wake_timer, wait, [this, &lane] { pump_lane(lane); });
}

void DeliveryJobs::send(Lane& lane) {
    lane.phase = Phase::sending;
    const auto path = directory_.results() / lane.current.file;
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        const bool gone = errno == ENOENT;
        const auto error = system_error(errno, "cannot open the result's file " + path.string());
        return keep(lane, {lane.current.request.delivery, gone ? "refused" : "retry", -1, error.message});
    }
    const int fds[] = {file.get()};
    if (auto sent = lane.sender->send(to_packet(lane.current.request), fds); !sent)
        return keep(lane, {lane.current.request.delivery, "retry", -1, sent.error().message});
    lane.deadline_timer.expires_after(4 * lane.settings->timeout + std::chrono::seconds(5));
    lane.deadline_timer.async_wait([&lane](const boost::system::error_code& error) {
        if (error || lane.phase != Phase::sending) return;
        spdlog::error("sender {} took too long over one object and is killed", lane.settings->name);
        lane.sender->kill();
    });
}

void DeliveryJobs::on_message(Lane& lane, Message message) {
    auto reply = from_packet<DeliverReply>(message);
    if (!reply || lane.phase != Phase::sending || reply->delivery != lane.current.request.delivery) {
        spdlog::error("sender {}: {}", lane.settings->name,
                      reply ? "answered another request" : reply.error().message);
        return lane.sender->kill();
    }
    lane.sender->prosper();
    keep(lane, std::move(*reply));
}

void DeliveryJobs::keep(Lane& lane, DeliverReply reply) {
    lane.phase = Phase::keeping;
    lane.deadline_timer.cancel();
    const auto verdict = judge(reply, *lane.settings, lane.current.attempts, lane.current.created_at);
    if (reply.outcome != "delivered")
        spdlog::warn("destination {}: delivery {} {}: {}", lane.settings->name, reply.delivery, verdict.state,
                     loggable(reply.message));
    commits_.submit_until_kept(
        [current = lane.current, reply = std::move(reply), verdict,
         name = lane.settings->name](Database& database) {
            database.execute(
                "UPDATE delivery SET state = ?, next_attempt_at = ?, dimse_status = ?, error = ?, "
                "lease_until = NULL,"
                " updated_at = ? WHERE id = ? AND state = 'running'",
                verdict.state, verdict.next_attempt_at,
                reply.dimse_status < 0 ? std::optional<int>() : std::optional<int>(reply.dimse_status),
                reply.outcome == "delivered" ? std::string() : reply.message, to_microseconds(now()),
                reply.delivery);
            audit::AuditEvent event;
            event.type = reply.outcome == "delivered" ? "result_delivered" : "delivery_failed";
            event.outcome = reply.outcome == "delivered" ? "success" : "failure";
            event.actor = "hilum";
            event.study_instance_uid = current.study_instance_uid;
            event.sop_instance_uid = current.request.sop_instance_uid;
            event.detail = {{"destination", name},
                            {"state", verdict.state},
                            {"message", reply.message},
                            {"dimse_status", reply.dimse_status},
                            {"attempt", current.attempts}};
            database.append_audit(event);
            database.count("deliveries", {{"destination", name}, {"outcome", reply.outcome}});
        },
        [this, &lane](Result<void> kept) {
            // The row stays claimed until the next start takes it up again.
            if (!kept) spdlog::error("cannot keep a delivery: {}", kept.error().message);
            lane.phase = Phase::idle;
            pump_lane(lane);
        });
}

bool DeliveryJobs::idle() const {
    return std::all_of(lanes_.begin(), lanes_.end(),
                       [](const Lane& lane) { return lane.phase == Phase::idle; });
}

void DeliveryJobs::stop() {
    for (auto& lane : lanes_) {
        lane.wake_timer.cancel();
        lane.deadline_timer.cancel();
        lane.sender->stop();
    }
}

bool DeliveryJobs::any_child_running() const {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.sender->running(); });
}

nlohmann::json DeliveryJobs::children_status() const {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& lane : lanes_) all.push_back(lane.sender->status());
    return all;
}

}  // namespace hilum
