// A packet as it comes over a channel between two processes, through the channel's reading and that of every
// message that there is: a process that met foreign bytes may send anything. So may whoever asks at the
// control socket.
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/channel.h"
#include "contract/messages/accessing.h"
#include "contract/messages/auditing.h"
#include "contract/messages/certificates.h"
#include "contract/messages/composing.h"
#include "contract/messages/control.h"
#include "contract/messages/decoding.h"
#include "contract/messages/forbidden_call.h"
#include "contract/messages/inference.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/receiving.h"
#include "contract/messages/scanning.h"
#include "contract/messages/sending.h"
#include "contract/messages/surveying.h"

namespace {

using namespace hilum;

template <typename... T>
void read_as(const Message& message) {
    (
        [&] {
            // What was understood is written and understood again.
            if (const auto read = from_packet<T>(message))
                if (!from_packet<T>(Message{to_packet(*read), {}})) std::abort();
        }(),
        ...);
}

void read_as_request(const Packet& packet) {
    (void)claim_in(packet);
    if (const auto read = control_request_in(packet))
        if (!control_request_in(to_packet(*read))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > max_packet_bytes) return 0;
    auto [ours, theirs] = std::move(*Channel::make_pair());
    if (::send(theirs.fd(), data, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) return 0;
    const auto message = ours.receive();
    if (!message) return 0;
    read_as<ListenerReady, ConnectionAccepted, ConnectionsClosed, AssociationRequested, AssociationAnswer,
            StoreCommit, DiscardCommit, StoreAnswer, ReceiverEvent, CommitmentReport, CommitmentReportAnswer,
            Drain>(*message);
    read_as<NodeStatus, HttpReady, PredictRequest, PredictReply, HttpAccess, HttpTlsFailed, TokensLoaded>(
        *message);
    read_as<ComposeRequest, ComposeReply, FileRequest, MadeFile, FileReply, DecodeRequest, DecodeReply,
            WorkerReady, WorkerFailed, InferRequest, InferReply, ScanRequest, ScanReply>(*message);
    read_as<DeliverRequest, DeliverReply, CommitmentRequest, CommitmentReply, EchoRequest, EchoReply,
            SendingProgress, SurveyRequest, SurveyReply, ForwardRequest, ForwardReply>(*message);
    read_as<CertificatesLoaded, ReloadCertificates, ForbiddenCall>(*message);
    read_as_request(message->packet);
    return 0;
}
