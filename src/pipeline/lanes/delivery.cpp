#include "pipeline/lanes/delivery.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/logging.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds between_delivery_renewals(5);

}  // namespace

Delivery::Delivery(World& world, CommitQueue& commits, DataDirectory directory, Destination& destination)
    : world_(world), commits_(commits), directory_(std::move(directory)), destination_(destination) {}

Task<std::optional<DeliverReply>> Delivery::deliver(DeliveryClaim claimed) {
    const auto claim = std::make_shared<const DeliveryClaim>(std::move(claimed));
    const auto reply = co_await send(claim);
    if (!reply) co_return std::nullopt;
    if (!is_nodes_trouble(*reply)) destination_.note_association(!reply->no_association, reply->message);
    co_await keep(claim, *reply);
    co_return reply;
}

Task<std::optional<DeliverReply>> Delivery::send(std::shared_ptr<const DeliveryClaim> claimed) {
    const auto delivery = claimed->request.delivery;
    auto file = world_.files().open(directory_.results() / claimed->file);
    if (!file && file.error().code == "not_found")
        co_return DeliverReply{delivery, DeliveryOutcome::damaged, -1, file.error().message, false};
    // Whatever hinders is here, and nobody's but the node's.
    if (!file)
        co_return DeliverReply{delivery, DeliveryOutcome::retry, -1, file.error().message,
                               false,    Retry::once_mended};
    sending_ = claimed;
    renewed_ = world_.monotonic();
    const auto is_answer = [delivery](const DeliverReply& reply) { return reply.delivery == delivery; };
    const auto reply = co_await destination_.ask<DeliverReply>(claimed->request, std::move(*file), is_answer);
    sending_ = nullptr;
    if (!reply && destination_.sender().stopped()) co_return std::nullopt;
    if (!reply) co_return DeliverReply{delivery, DeliveryOutcome::retry, -1, reply.error().message, false};
    co_return *reply;
}

void Delivery::progressed() {
    if (!sending_ || world_.monotonic() - renewed_ < between_delivery_renewals) return;
    renewed_ = world_.monotonic();
    commits_.submit([sending = sending_, lease = delivery_lease(destination_.settings())](
                        Transaction& transaction) { renew(transaction, sending->claim, lease); });
}

// Where it is not kept, it is taken up again when its lease has passed.
Task<void> Delivery::keep(std::shared_ptr<const DeliveryClaim> claimed, DeliverReply reply) {
    const auto& settings = destination_.settings();
    const auto write = [claimed, reply, &settings](Transaction& transaction) {
        return keep_delivery(transaction, *claimed, reply, settings);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (!kept)
        spdlog::error("cannot keep a delivery: {}", kept.error().message);
    else if (reply.outcome != DeliveryOutcome::delivered)
        spdlog::warn("destination {}: delivery {} {}: {}", settings.name, reply.delivery,
                     *kept ? to_text(**kept) : "taken up by another", loggable(reply.message));
}

}  // namespace hilum
