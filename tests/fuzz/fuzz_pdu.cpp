// What a peer sends on the DICOM port, through a whole receiver over a loopback connection: the glance before
// it gets one, the association, messages, objects into a spool, and a coordinator that agrees to everything.
// DCMTK leaks where an association request is odd, which is why receivers are processes: the target is run
// without the search for leaks.
#include <dcmtk/dcmdata/dcuid.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <span>

#include "base/logging.h"
#include "contract/messages/receiving.h"
#include "dicom/dataset_reading.h"
#include "scp/admission/request_glance.h"
#include "scp/receiver.h"
#include "support/loopback.h"
#include "support/raw_association.h"
#include "support/temporary_folder.h"

extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}

namespace {

using namespace hilum;

// Answers what a receiver asks until it is gone. Whether it asked for an association.
bool agree(Channel channel) {
    for (bool asked = false;;) {
        const auto message = channel.receive();
        if (!message) return asked;
        if (from_packet<AssociationRequested>(*message))
            asked = channel.send(to_packet(AssociationAnswer{AssociationOutcome::accepted})).has_value();
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

// Whether what a peer sends asks for an association. Nothing it sends makes a receiver fail.
bool serve(std::span<const std::uint8_t> sent) {
    static Node node;
    static const auto policy = scp::AssociationPolicy::make(node.configuration).value();
    static const auto [listening, port] = test::bind_loopback(16);
    auto peer = test::connect_loopback(port);
    UniqueFd accepted(::accept(listening.get(), nullptr, nullptr));
    (void)!::send(peer.get(), sent.data(), sent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(peer.get(), SHUT_WR);
    (void)scp::glance_at(accepted.get(), scp::Opening::associate_request, false);
    scp::stop_glancing(accepted.get());

    auto [ours, theirs] = std::move(*Channel::make_pair());
    auto asked = std::async(std::launch::async, agree, std::move(ours));
    const int exit_code =
        scp::serve_connection(std::move(accepted), std::chrono::seconds(5), std::move(theirs),
                              node.configuration, policy, node.spool, nullptr);
    if (exit_code != 0) std::abort();
    return asked.get();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    start_logging("fuzz", "critical");
    prepare_dcmtk();
    const auto request = test::associate_rq(
        "FUZZ", "HILUM", {{UID_VerificationSOPClass, {UID_LittleEndianImplicitTransferSyntax}}});
    if (!serve({reinterpret_cast<const std::uint8_t*>(request.data()), request.size()}))
        std::abort();  // what lies behind would never be reached
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)serve({data, size});
    return 0;
}
