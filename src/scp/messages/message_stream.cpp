#include "scp/messages/message_stream.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/cond.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "scp/receive_watch.h"

namespace hilum::scp {
namespace {

constexpr std::size_t pdv_head = 6;  // bytes before its fragment

}  // namespace

// DCMTK reads the PDU and proves that its PDVs add up. It is asked for the first alone: DUL_NextPDV of 3.6.7
// looks for the third one in a wrong place, where the second has another length than the first.
bool MessageStream::read_pdu() {
    if (!ASC_dataWaiting(&association_, unlimited_seconds)) {
        stop_ = StreamStop::interrupted;
        return false;
    }
    const OFCondition read =
        DUL_ReadPDVs(&association_.DULassociation, nullptr, DUL_NOBLOCK, unlimited_seconds);
    DUL_PDV first;
    if (read == DUL_PDATAPDUARRIVED && DUL_NextPDV(&association_.DULassociation, &first).good()) {
        pdvs_ = {static_cast<const std::byte*>(first.data) - pdv_head, framing_.length()};
        return true;
    }
    stop_ = read == DUL_PEERREQUESTEDRELEASE                                  ? StreamStop::release
            : read == DUL_PEERABORTEDASSOCIATION || read == DUL_NETWORKCLOSED ? StreamStop::closed
                                                                              : StreamStop::unreadable;
    return false;
}

const MessageStream::Pdv* MessageStream::peek() {
    if (pdv_) return &*pdv_;
    stop_ = StreamStop::none;
    if (pdvs_.empty() && !read_pdu()) return nullptr;
    // Length, Presentation Context ID, Message Control Header (PS3.8 table 9-23 and E.2)
    std::size_t length = 0;
    for (const auto byte : pdvs_.first(4)) length = length << 8 | std::to_integer<std::size_t>(byte);
    const auto control = std::to_integer<unsigned>(pdvs_[5]);
    pdv_ = {std::to_integer<PresentationContextId>(pdvs_[4]), (control & 1) != 0, (control & 2) != 0,
            pdvs_.subspan(pdv_head, length - 2)};
    pdvs_ = pdvs_.subspan(4 + length);
    return &*pdv_;
}

std::optional<ReceivedCommand> MessageStream::next_command() {
    ReceivedCommand command;
    std::string bytes, problem;
    within_message_ = false;
    for (bool first = true, last = false; !last;) {
        const Pdv* pdv = peek();
        if (pdv == nullptr) return std::nullopt;
        within_message_ = true;
        if (!pdv->is_command) {
            if (!first) {
                problem = "the command set breaks off";
                break;
            }
            spdlog::debug("a PDV of a data set that no command announced is read away");
            within_message_ = !pdv->is_last;
            take();
            continue;
        }
        if (!first && pdv->context != command.context)
            problem = "the command set's PDVs have several presentation contexts";
        if (pdv->bytes.size() % 2 != 0) problem = "a PDV of the command set has an odd length";
        if (first) command.context = pdv->context;
        const auto room = largest_command_set - std::min(bytes.size(), largest_command_set);
        if (pdv->bytes.size() > room) problem = "the command set is too long";
        bytes.append(reinterpret_cast<const char*>(pdv->bytes.data()), std::min(pdv->bytes.size(), room));
        last = pdv->is_last;
        first = false;
        take();
    }
    command.set = parse_command_set(std::as_bytes(std::span(bytes)));
    if (!problem.empty()) command.set.problem = problem;
    return command;
}

DataSetEnd MessageStream::read_data_set(PresentationContextId context, const Sink& sink) {
    bool odd = false;
    for (bool last = false; !last;) {
        const Pdv* pdv = peek();
        if (pdv == nullptr) return DataSetEnd::broken;
        if (pdv->is_command) return DataSetEnd::missing;
        odd = odd || pdv->context != context || pdv->bytes.size() % 2 != 0;
        sink(pdv->bytes);
        last = pdv->is_last;
        take();
    }
    return odd ? DataSetEnd::odd : DataSetEnd::whole;
}

bool MessageStream::send_command(PresentationContextId context, std::string command_set) {
    DUL_PDV pdv{};
    pdv.fragmentLength = command_set.size();
    pdv.presentationContextID = context;
    pdv.pdvType = DUL_COMMANDPDV;
    pdv.lastPDV = OFTrue;
    pdv.data = command_set.data();
    DUL_PDVLIST list{};
    list.count = 1;
    list.pdv = &pdv;
    return DUL_WritePDVs(&association_.DULassociation, &list).good();
}

}  // namespace hilum::scp
