#include "pipeline/reception.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/logging.h"
#include "contract/association_end.h"
#include "contract/messages/forbidden_call.h"
#include "pipeline/spool_survey.h"
#include "store/receiver_events.h"
#include "store/refused_instances.h"

namespace hilum {
namespace {

// Who was handed a file's name (a decoder, a composer) is through with it, or was killed, before this.
constexpr std::chrono::minutes longest_use(5);

}  // namespace

Reception::Reception(World& world, CommitQueue& commits, EventKeeper& events,
                     const Configuration& configuration, InstanceStore store)
    : world_(world),
      commits_(commits),
      events_(events),
      configuration_(configuration),
      store_(std::move(store)),
      directory_{configuration.node.data_dir},
      files_(world.make_background()),
      probe_(world, commits, *files_, directory_),
      removal_timer_(world.make_timer()),
      look_timer_(world.make_timer()),
      lack_of_receivers_(world, [this] { callbacks_.on_changed(); }),
      strangers_(world, events),
      left_out_timer_(world.make_timer()) {}

void Reception::start(ChildSpecification listener, Callbacks callbacks) {
    callbacks_ = std::move(callbacks);
    probe_.start([this] {
        if (!probe_.failing())
            trouble_.reset();
        else if (!trouble_)
            trouble_ = NodeTrouble{"receiving", loggable(probe_.why()), to_iso8601(world_.now())};
        callbacks_.on_changed();
    });
    listener_ = std::make_unique<SupervisedChild>(
        world_, std::move(listener),
        SupervisedChild::Callbacks{[this](Message message) { on_listener_message(std::move(message)); },
                                   [this](const std::string&) { ports_ = {}; },
                                   [this] { callbacks_.on_changed(); }});
    listener_->start();
}

void Reception::drain() {
    draining_ = true;
    ports_ = {};
    const auto packet = to_packet(Drain{});
    if (listener_->running()) (void)listener_->send(packet);
    strangers_.tell_left_out();
    for (auto& [id, receiver] : receivers_) (void)receiver.channel->send(packet);
}

void Reception::reload_certificates() {
    if (configuration_.scp.tls && child_running()) (void)listener_->send(to_packet(ReloadCertificates{}));
}

void Reception::stop() {
    draining_ = true;
    ports_ = {};
    if (listener_) listener_->stop();
    for (auto& [id, receiver] : receivers_) receiver.channel->close();
    receivers_.clear();
    tell_left_out(true);
}

void Reception::on_listener_message(Message message) {
    if (const auto ready = from_packet<ListenerReady>(message)) {
        listener_->prosper();
        if (draining_) return (void)listener_->send(to_packet(Drain{}));  // it was started anew meanwhile
        ports_ = *ready;
        if (ready->port > 0)
            spdlog::info("receiving as {} on port {}", configuration_.node.ae_title, ready->port);
        if (ready->tls_port > 0)
            spdlog::info("receiving as {} over TLS on port {}", configuration_.node.ae_title,
                         ready->tls_port);
        return callbacks_.on_changed();
    }
    if (const auto loaded = from_packet<CertificatesLoaded>(message))
        return callbacks_.on_certificates(*loaded);
    const auto accepted = from_packet<ConnectionAccepted>(message);
    if (accepted && message.fds.size() == 3) return adopt(*accepted, std::move(message.fds));
    if (const auto closed = from_packet<ConnectionsClosed>(message)) {
        if (closed->reason == ConnectionClosing::no_receiver) lack_of_receivers_.turned_away();
        return strangers_.closed(*closed);
    }
    spdlog::error("listener sent an unknown message");
    listener_->kill();
}

void Reception::adopt(const ConnectionAccepted& accepted, std::vector<UniqueFd> descriptors) {
    if (receivers_.empty()) look_later();
    const auto id = next_receiver_++;
    auto& receiver = receivers_[id];
    receiver.peer = accepted.peer;
    receiver.host = accepted.host;
    receiver.process = world_.oversee(static_cast<pid_t>(accepted.pid), std::move(descriptors[1]),
                                      std::move(descriptors[2]));
    receiver.channel = ChannelWatcher::start(
        world_, Channel(std::move(descriptors[0])),
        [this, id](Message message) { on_receiver_message(id, std::move(message)); },
        [this, id](const Error&) { drop(id); });
    if (draining_) (void)receiver.channel->send(to_packet(Drain{}));
    lack_of_receivers_.let_in();
}

void Reception::look_later() {
    look_timer_->start(SignsOfLife::between_looks, [this] { look_at_receivers(); });
}

// One that is stopped keeps no time itself, and would hold its association and its peer for ever.
void Reception::look_at_receivers() {
    std::vector<std::int64_t> lost;
    for (auto& [id, receiver] : receivers_)
        if (receiver.signs_of_life.look(receiver.process->has_beaten()) == SignsOfLife::Verdict::lost)
            lost.push_back(id);
    for (const auto id : lost) {
        auto& receiver = receivers_.at(id);
        spdlog::error("the receiver of {} gave no sign of life for {} and is killed", loggable(receiver.peer),
                      format_duration(receiver.signs_of_life.silence()));
        receiver.process->kill();
        receiver.channel->close();
        drop(id);
    }
    if (!receivers_.empty()) look_later();
}

void Reception::drop(std::int64_t id) {
    const auto gone = receivers_.extract(id);
    if (gone.empty() || !gone.mapped().associated) return;
    const auto& words = words_of(AssociationEnd::receiver_failed);
    ReceiverEvent event;
    event.event = ReceiverEventKind::association_aborted;
    event.code = words.code;
    event.calling_ae = gone.mapped().calling_ae;
    event.peer = gone.mapped().peer;
    event.detail = words.text;
    record(event);
}

void Reception::on_receiver_message(std::int64_t id, Message message) {
    const auto type = packet_type(message);
    if (auto commit = from_packet<StoreCommit>(message)) return store(id, std::move(*commit));
    if (auto commit = from_packet<DiscardCommit>(message)) return discard(id, std::move(*commit));
    if (const auto request = from_packet<AssociationRequested>(message)) return associate(id, *request);
    if (const auto event = from_packet<ReceiverEvent>(message)) return keep_event(id, *event);
    if (const auto report = from_packet<CommitmentReport>(message))
        return callbacks_.on_report(
            *report, [this, id](const CommitmentReportAnswer& kept) { reply(id, to_packet(kept)); });
    if (const auto forbidden = from_packet<ForbiddenCall>(message)) {
        const auto who = "the receiver of " + loggable(receivers_.at(id).peer);
        listener_->note_forbidden_call(who, forbidden->number);
        return receivers_.at(id).process->kill();
    }
    spdlog::error("a receiver sent an unknown or malformed message '{}'", loggable(type));
    receivers_.at(id).channel->close();
    drop(id);
}

int Reception::associations() const {
    return static_cast<int>(std::count_if(receivers_.begin(), receivers_.end(),
                                          [](const auto& entry) { return entry.second.associated; }));
}

int Reception::associations_of(const std::string& host, const std::string& calling_ae) const {
    return static_cast<int>(std::count_if(receivers_.begin(), receivers_.end(), [&](const auto& entry) {
        const auto& receiver = entry.second;
        return receiver.associated && receiver.calling_ae == calling_ae && receiver.host == host;
    }));
}

int Reception::associations_of_host(const std::string& host) const {
    return static_cast<int>(std::count_if(receivers_.begin(), receivers_.end(), [&](const auto& entry) {
        return entry.second.associated && entry.second.host == host;
    }));
}

AssociationOutcome Reception::outcome_of(const AssociationRequested& request, const std::string& host) const {
    if (request.outcome != AssociationOutcome::accepted) return request.outcome;
    if (draining_) return AssociationOutcome::shutting_down;
    if (associations() >= configuration_.scp.max_associations) return AssociationOutcome::local_limit;
    if (associations_of(host, request.calling_ae) >= configuration_.scp.max_associations_per_caller)
        return AssociationOutcome::caller_limit;
    if (associations_of_host(host) >= configuration_.scp.max_associations_per_address)
        return AssociationOutcome::address_limit;
    return AssociationOutcome::accepted;
}

void Reception::associate(std::int64_t id, const AssociationRequested& request) {
    auto& receiver = receivers_.at(id);
    const auto outcome = outcome_of(request, receiver.host);
    receiver.associated = outcome == AssociationOutcome::accepted;
    receiver.calling_ae = request.calling_ae;
    receiver.peer = request.peer;
    (void)receiver.channel->send(to_packet(AssociationAnswer{outcome}));
    if (outcome != AssociationOutcome::accepted) return strangers_.rejected(request, outcome);
    commits_.submit([](Transaction& transaction) {
        transaction.count("associations", {{"outcome", enum_string(AssociationOutcome::accepted)}});
    });
}

void Reception::store(std::int64_t id, StoreCommit commit) {
    receivers_.at(id).studies.insert(commit.header.study_instance_uid);
    const auto uid = commit.header.sop_instance_uid;
    take(id, uid, [this, commit = std::move(commit)](Transaction& transaction) {
        return store_.store(transaction, commit);
    });
}

void Reception::discard(std::int64_t id, DiscardCommit commit) {
    const auto uid = commit.header.sop_instance_uid;
    take(id, uid, [this, commit = std::move(commit)](Transaction& transaction) {
        return StoredInstance{store_.discard(transaction, commit), "", false};
    });
}

// Whether there may be something to do: for a duplicate, where it takes the place of a damaged one, whose
// work goes on, or its caller is new.
bool Reception::is_work(const StoredInstance& stored) {
    return stored.answer.keep_file || stored.new_caller ||
           (stored.answer.outcome != StoreOutcome::duplicate &&
            stored.answer.outcome != StoreOutcome::discarded);
}

// The one way to take an object, whatever it is kept as: what it left when it was refused goes with the
// commit, and the trouble that let none be taken is over.
void Reception::take(std::int64_t id, const std::string& sop_instance_uid,
                     std::function<StoredInstance(Transaction&)> keep) {
    commits_.submit(
        [sop_instance_uid, keep = std::move(keep)](Transaction& transaction) {
            forget_refused_instance(transaction, sop_instance_uid);
            return keep(transaction);
        },
        [this, id, sop_instance_uid](const Result<StoredInstance>& stored) {
            if (!stored) return answer(id, tl::unexpected(stored.error()));
            answer(id, stored->answer);
            note_taken(sop_instance_uid);
            if (!stored->replaced_file.empty()) remove_later(stored->replaced_file);
            if (is_work(*stored)) callbacks_.on_instances();
        });
}

// The same data set lies under another name, which the database has on the disk. What a crash leaves here the
// next start finds twice (spool_adoption.h).
void Reception::remove_later(const std::string& file) {
    if (replaced_.empty()) removal_timer_->start(longest_use, [this] { remove_replaced(); });
    replaced_.emplace_back(world_.monotonic() + longest_use, file);
}

void Reception::remove_replaced() {
    for (; !replaced_.empty() && replaced_.front().first <= world_.monotonic(); replaced_.pop_front())
        files_->post([&files = world_.files(), directory = directory_, file = replaced_.front().second] {
            if (const auto removed = remove_duplicate(files, directory, file); !removed)
                spdlog::warn("{} in the spool is not needed any more, and cannot be removed: {}",
                             loggable(file), removed.error().message);
        });
    if (!replaced_.empty())
        removal_timer_->start(std::chrono::ceil<Duration>(replaced_.front().first - world_.monotonic()),
                              [this] { remove_replaced(); });
}

void Reception::answer(std::int64_t id, const Result<StoreAnswer>& stored) {
    if (!stored) spdlog::error("cannot commit a received object: {}", stored.error().message);
    reply(id, to_packet(stored ? *stored : StoreAnswer{.error = stored.error()}));
}

void Reception::reply(std::int64_t id, const Packet& packet) {
    const auto receiver = receivers_.find(id);
    if (receiver == receivers_.end())
        return;  // it died meanwhile; the sender sends again and gets "duplicate"
    (void)receiver->second.channel->send(packet);
}

void Reception::keep_event(std::int64_t id, const ReceiverEvent& happened) {
    auto& receiver = receivers_.at(id);
    if (happened.event == ReceiverEventKind::association_released && configuration_.study.close_on_release)
        close_studies(receiver);
    if (ends_association(happened)) receiver.associated = false;
    if (happened.event == ReceiverEventKind::store_failed) note_trouble(happened);
    record(happened);
}

void Reception::note_trouble(const ReceiverEvent& happened) {
    constexpr int out_of_resources = 0xA700;  // PS3.4 table B.2-1: refused for what this node lacks
    if (happened.dimse_status != out_of_resources) return;
    const auto since = trouble_ ? trouble_->since : to_iso8601(world_.now());
    trouble_ = NodeTrouble{"receiving", loggable(happened.detail), since};
    probe_.object_failed();
    callbacks_.on_changed();
}

void Reception::note_taken(const std::string& sop_instance_uid) {
    if (events_.trouble()) {  // its refusal may wait to be written: that comes before this
        events_.keep("refusal_over", [sop_instance_uid](Transaction& transaction) {
            forget_refused_instance(transaction, sop_instance_uid);
        });
        events_.try_now();
    }
    if (!trouble_) return;
    trouble_.reset();
    probe_.object_stored();
    callbacks_.on_changed();
}

void Reception::record(const ReceiverEvent& happened) {
    if (happened.event == ReceiverEventKind::not_dicom || happened.event == ReceiverEventKind::tls_failed ||
        happened.event == ReceiverEventKind::timeout)
        return strangers_.happened(happened);
    const auto verdict = told_events_.judge(happened, world_.monotonic());
    EventKeeper::Work work = [happened, verdict](Transaction& transaction) {
        record_receiver_event(transaction, happened, verdict.audited, verdict.left_out);
    };
    if (verdict.audited)
        return events_.keep(std::string(enum_text(happened.event)), std::move(work), 1 + verdict.left_out);
    if (is_failure(happened) && !std::exchange(left_out_waits_, true))
        left_out_timer_->start(Strangers::until_left_out_is_told, [this] { tell_left_out(false); });
    if (happened.event != ReceiverEventKind::store_failed) return events_.count(std::move(work));
    events_.keep("refused_object", std::move(work));  // not audited, but in the list of receipts
}

// Of a caller that does not fail again, which would tell it.
void Reception::tell_left_out(bool at_end) {
    left_out_waits_ = false;
    left_out_timer_->cancel();
    keep_left_out(events_, told_events_.take_left_out(at_end));
}

void Reception::close_studies(const Receiver& receiver) {
    if (receiver.studies.empty()) return;
    commits_.submit(
        [studies = receiver.studies](Transaction& transaction) {
            for (const auto& study : studies) InstanceStore::close_study(transaction, study);
        },
        [this](Result<void>) { callbacks_.on_instances(); });
}

}  // namespace hilum
