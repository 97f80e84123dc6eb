// What a peer sends on the DICOM port, through a whole receiver over a loopback connection: the glance before
// it gets one, the association, messages, objects into a spool, and a coordinator that agrees to everything.
// DCMTK leaks where an association request is odd, which is why receivers are processes: the target is run
// without the search for leaks.
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <thread>

#include "base/logging.h"
#include "contract/messages/receiving.h"
#include "dicom/dataset_reading.h"
#include "scp/admission/request_glance.h"
#include "scp/receiver.h"
#include "support/loopback.h"
#include "support/temporary_folder.h"

extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}

namespace {

using namespace hilum;

// Answers what a receiver asks until it is gone.
void agree(Channel channel) {
    for (;;) {
        const auto message = channel.receive();
        if (!message) return;
        if (from_packet<AssociationRequested>(*message))
            (void)channel.send(to_packet(AssociationAnswer{AssociationOutcome::accepted}));
        else if (from_packet<StoreCommit>(*message) || from_packet<DiscardCommit>(*message))
            (void)channel.send(to_packet(StoreAnswer{.committed = true}));
        else if (from_packet<CommitmentReport>(*message))
            (void)channel.send(to_packet(CommitmentReportAnswer{true, true}));
    }
}

struct Node {
    Node() {
        configuration.node.ae_title = "HILUM";
        configuration.node.data_dir = folder.path();
        configuration.scp.any_caller = true;
        configuration.scp.min_free_space = 0;
        configuration.scp.max_object_size = 1 << 20;
    }
    test::TemporaryFolder folder;
    Configuration configuration;
    scp::Spool spool = std::move(*scp::Spool::open(folder.path()));
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    start_logging("fuzz", "critical");
    prepare_dcmtk();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Node node;
    static const auto policy = scp::AssociationPolicy::make(node.configuration).value();
    static const auto [listening, port] = test::bind_loopback(16);
    auto peer = test::connect_loopback(port);
    UniqueFd accepted(::accept(listening.get(), nullptr, nullptr));
    (void)!::send(peer.get(), data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(peer.get(), SHUT_WR);
    (void)scp::glance_at(accepted.get(), scp::Opening::associate_request, false);
    scp::stop_glancing(accepted.get());

    auto [ours, theirs] = std::move(*Channel::make_pair());
    std::thread coordinator(agree, std::move(ours));
    (void)scp::run_receiver(std::move(accepted), std::chrono::seconds(5), std::move(theirs), Heartbeat(),
                            node.configuration, policy, node.spool, nullptr);
    coordinator.join();
    return 0;
}
