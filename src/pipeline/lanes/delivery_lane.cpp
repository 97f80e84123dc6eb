#include "pipeline/lanes/delivery_lane.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "base/logging.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"
#include "pipeline/lanes/wake_up.h"
#include "store/destinations.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds between_renewals(5);  // of a delivery that makes progress

}  // namespace

DeliveryLane::DeliveryLane(World& world, CommitQueue& commits, const DestinationSettings& settings,
                           DataDirectory directory, std::function<void()> on_changed,
                           OnCommitmentReport on_report)
    : commits_(commits),
      settings_(settings),
      directory_(std::move(directory)),
      on_changed_(std::move(on_changed)),
      on_report_(std::move(on_report)),
      world_(world),
      wake_timer_(world.make_timer()),
      deadline_timer_(world.make_timer()),
      probe_timer_(world.make_timer()) {}

void DeliveryLane::start(ChildSpecification sender) {
    sender_ = std::make_unique<SupervisedChild>(
        world_, std::move(sender),
        SupervisedChild::Callbacks{[this](Message message) { on_message(std::move(message)); },
                                   [this](const std::string& how) { on_sender_ended(how); },
                                   [this] {
                                       on_changed_();
                                       pump();
                                   }});
    sender_->start();
}

void DeliveryLane::stop() {
    wake_timer_->cancel();
    deadline_timer_->cancel();
    probe_timer_->cancel();
    sender_->stop();
}

DestinationStatus DeliveryLane::status() const {
    if (!down_) return {settings_.name, DestinationState::up, "", ""};
    return {settings_.name, DestinationState::down, to_iso8601(from_microseconds(down_since_)), down_why_};
}

void DeliveryLane::pump() {
    if (phase_ != Phase::idle) {
        pump_again_ = true;
        return;
    }
    if (draining_ || down_ || !sender_ || !sender_->running()) return;
    phase_ = Phase::claiming;
    pump_again_ = false;
    commits_.submit(
        [&settings = settings_](Transaction& transaction) { return claim_sending(transaction, settings); },
        [this](Result<SendingClaim> claimed) {
            phase_ = Phase::idle;
            if (claimed) return on_claimed(std::move(*claimed));
            spdlog::error("cannot claim a delivery: {}", claimed.error().message);
            wake_after(CommitQueue::retry_after);
        });
}

void DeliveryLane::on_claimed(SendingClaim claimed) {
    if (claimed.delivery) {
        current_ = std::make_shared<const DeliveryClaim>(std::move(*claimed.delivery));
        renewed_ = world_.monotonic();
        return send();
    }
    if (claimed.commitment) return request_commitment(*claimed.commitment);
    if (claimed.next_at) wake_after(from_microseconds(*claimed.next_at) - world_.now());
    if (pump_again_) pump();
}

void DeliveryLane::wake_after(Duration wait) {
    wake_up_after(*wake_timer_, wait, [this] { pump(); });
}

bool DeliveryLane::awaits_sender() const {
    return phase_ == Phase::sending || phase_ == Phase::probing || phase_ == Phase::requesting_commitment;
}

// Of every step the sender knows its own time limit, and tells when one is made.
void DeliveryLane::limit_time() {
    wake_up_after(*deadline_timer_, 4 * settings_.timeout + std::chrono::seconds(5), [this] {
        if (!awaits_sender()) return;
        spdlog::error("sender {} made no progress for too long and is killed", settings_.name);
        sender_->kill();
    });
}

void DeliveryLane::made_progress() {
    if (!awaits_sender()) return;
    limit_time();
    if (phase_ != Phase::sending || world_.monotonic() - renewed_ < between_renewals) return;
    renewed_ = world_.monotonic();
    commits_.submit([current = current_, lease = delivery_lease(settings_)](Transaction& transaction) {
        renew(transaction, current->claim, lease);
    });
}

void DeliveryLane::send() {
    phase_ = Phase::sending;
    const auto path = directory_.results() / current_->file;
    const auto file = world_.files().open(path);
    if (!file) {
        const bool gone = file.error().code == "not_found";
        return keep({current_->request.delivery, gone ? DeliveryOutcome::unsendable : DeliveryOutcome::retry,
                     -1, file.error().message, false});
    }
    const int fds[] = {file->get()};
    if (auto sent = sender_->send(to_packet(current_->request), fds); !sent)
        return keep({current_->request.delivery, DeliveryOutcome::retry, -1, sent.error().message, false});
    limit_time();
}

void DeliveryLane::on_message(Message message) {
    if (packet_type(message) == SendingProgress::type) {
        return made_progress();
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
    if (!reply || phase_ != Phase::sending || reply->delivery != current_->request.delivery) {
        spdlog::error("sender {}: {}", settings_.name,
                      reply ? "answered another request" : reply.error().message);
        return sender_->kill();
    }
    sender_->prosper();
    keep(std::move(*reply));
}

void DeliveryLane::on_sender_ended(const std::string& how) {
    if (phase_ == Phase::sending)
        keep({current_->request.delivery, DeliveryOutcome::retry, -1, "the sender process " + how, false});
    if (phase_ == Phase::probing) on_probed({false, "the sender process " + how});
    if (phase_ == Phase::requesting_commitment)
        on_commitment_reply({transaction_uid_, false, "the sender process " + how});
}

void DeliveryLane::keep(DeliverReply reply) {
    phase_ = Phase::keeping;
    deadline_timer_->cancel();
    note_association(!reply.no_association, reply.message);
    commits_.submit_until_kept(
        [current = current_, reply, &settings = settings_](Transaction& transaction) {
            return keep_delivery(transaction, *current, reply, settings);
        },
        [this, reply](const Result<std::optional<JobState>>& kept) {
            // Where it was not kept, it is taken up again when its lease has passed.
            if (!kept)
                spdlog::error("cannot keep a delivery: {}", kept.error().message);
            else if (reply.outcome != DeliveryOutcome::delivered)
                spdlog::warn("destination {}: delivery {} {}: {}", settings_.name, reply.delivery,
                             *kept ? to_text(**kept) : "taken up by another", loggable(reply.message));
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
    deadline_timer_->cancel();
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
        [reply, name = settings_.name,
         delay = policy.delay_after(refused_commitments_, world_.random())](Transaction& transaction) {
            keep_refused_commitment(transaction, name, reply.transaction_uid, delay, reply.message);
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
        down_since_ = to_microseconds(world_.now());
        spdlog::warn("destination {} is down: {}", settings_.name, loggable(why));
        on_changed_();
    }
    probe_later();
}

// The delay goes on growing where C-ECHO is answered and C-STORE gets no association.
void DeliveryLane::probe_later() {
    const RetryPolicy policy{settings_.first_delay, settings_.longest_delay};
    wake_up_after(*probe_timer_, policy.delay_after(refused_associations_, world_.random()),
                  [this] { probe(); });
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
    deadline_timer_->cancel();
    phase_ = Phase::idle;
    if (reply.answers) {
        down_ = false;
        spdlog::info("destination {} is up", settings_.name);
        on_changed_();
        return pump();
    }
    note_association(false, reply.message);
    commits_.submit([&settings = settings_, why = reply.message](
                        Transaction& transaction) { return expire_deliveries(transaction, settings, why); },
                    [this](const Result<int>& expired) {
                        if (!expired)
                            spdlog::error("cannot give up old deliveries: {}", expired.error().message);
                        else if (*expired > 0)
                            spdlog::warn("destination {}: {} deliveries given up", settings_.name, *expired);
                    });
}

}  // namespace hilum
