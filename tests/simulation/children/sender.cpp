#include "simulation/children/sender.h"

#include "base/digest.h"
#include "base/file_system.h"
#include "simulation/damaged_files.h"
#include "simulation/hospital.h"
#include "simulation/lost_claims.h"
#include "simulation/promises.h"

namespace hilum::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration typical_of_sender = milliseconds(80);
constexpr std::size_t most_bytes_of_sender = 1 << 20;
constexpr int no_such_object_instance = 0x0112;

}  // namespace

Destination& Sender::destination() const {
    return scene_.hospital.destination(name());
}

void Sender::hear(Message message) {
    if (const auto request = from_packet<DeliverRequest>(message)) {
        const auto bytes = read_fd(message.fds.at(0).get(), most_bytes_of_sender).value_or("");
        return deliver(*request, bytes);
    }
    if (const auto request = from_packet<CommitmentRequest>(message)) return ask_commitment(*request);
    if (packet_type(message) == EchoRequest::type)
        return respond(typical_of_sender / 4, [this] {
            const bool answers = destination().up;
            say(to_packet(EchoReply{answers, answers ? "" : "simulated: it is down"}));
        });
}

void Sender::deliver(const DeliverRequest& request, const std::string& bytes) {
    auto& to = destination();
    // What it has read may be read again by another; the next one finds the damage.
    const bool damaged =
        sha256_hex(bytes) != request.sha256 || file_is_damaged(scene_, request.sop_instance_uid);
    if (damaged)
        return respond(typical_of_sender, [this, request] {
            say(to_packet(DeliverReply{request.delivery, DeliveryOutcome::damaged, -1, "simulated", false}));
        });
    scene_.tell("{} is sent {}", to.name, request.sop_instance_uid);
    check_delivery_claimed(scene_, to.name, request, bytes);
    owner_is_lost(scene_, "deliver/" + to.name);
    if (to.paused)
        scene_.demand(++to.sent_while_paused <= 1, "a paused destination gets nothing",
                      "{} got a second result since an operator paused it", to.name);
    scene_.demand(!to.withdrawn.contains(request.sop_instance_uid), "what was withdrawn is not sent",
                  "{} got {}, which was withdrawn before", to.name, request.sop_instance_uid);
    if (scene_.random.chance(scene_.weather.late)) {
        later(seconds(5), [this] { say(to_packet(SendingProgress{})); });
        later(seconds(15), [this] { say(to_packet(SendingProgress{})); });
    }
    respond(typical_of_sender, [this, request, bytes] { answer(request, bytes); });
}

void Sender::answer(const DeliverRequest& request, const std::string& bytes) {
    auto& to = destination();
    DeliverReply reply;
    reply.delivery = request.delivery;
    reply.outcome = DeliveryOutcome::retry;
    if (!to.up) {
        reply.no_association = true;
        reply.message = "simulated: it gives no association";
    } else if (to.refusing || scene_.random.chance(scene_.weather.refuses)) {
        const bool blames_object = scene_.random.chance(0.5);
        reply.outcome = blames_object ? DeliveryOutcome::refused : DeliveryOutcome::retry;
        reply.dimse_status = blames_object ? 0xA900 : 0xA700;
        reply.message = "simulated: it does not want this";
    } else {
        to.take(scene_, request.sop_instance_uid, bytes);
        reply.outcome = DeliveryOutcome::delivered;
        reply.dimse_status = 0;
        if (scene_.random.chance(scene_.weather.dies / 2)) return end(crashed_status);  // nobody hears of it
    }
    say(to_packet(reply));
}

void Sender::ask_commitment(const CommitmentRequest& request) {
    respond(typical_of_sender, [this, request] {
        const bool accepted = destination().up && !scene_.random.chance(scene_.weather.refuses);
        say(to_packet(CommitmentReply{request.transaction_uid, accepted, accepted ? "" : "simulated: not now",
                                      !destination().up}));
        if (!accepted || scene_.random.chance(scene_.weather.hangs)) return;
        const Duration wait = scene_.random.between(milliseconds(50), seconds(30));
        later(wait, [this, request] { report(request); });
        if (scene_.random.chance(scene_.weather.twice)) later(wait * 2, [this, request] { report(request); });
    });
}

void Sender::report(const CommitmentRequest& request) {
    CommitmentReport report;
    report.transaction_uid = request.transaction_uid;
    for (const auto& instance : request.instances) {
        auto& to = destination();
        const bool careless =
            to.holds(instance.sop_instance_uid) && scene_.random.chance(scene_.weather.loses);
        if (careless && !to.committed.contains(instance.sop_instance_uid)) {
            scene_.tell("{} loses {}", to.name, instance.sop_instance_uid);
            to.lose(instance.sop_instance_uid);
        }
        if (to.holds(instance.sop_instance_uid)) {
            report.committed.push_back(instance.sop_instance_uid);
            to.committed.insert(instance.sop_instance_uid);
        } else {
            report.failed.push_back({instance.sop_instance_uid, no_such_object_instance});
        }
    }
    report.calling_ae = "PACS";
    report.peer = "192.0.2.9";
    say(to_packet(report));
}

}  // namespace hilum::simulation
