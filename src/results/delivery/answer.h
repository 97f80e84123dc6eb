// What became of one C-STORE or C-ECHO, in words that an operator can act on.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/units.h"
#include "contract/messages/sending.h"

namespace hilum::delivery {

using Outcome = DeliveryOutcome;

class Rendezvous;
class TlsClient;

struct Answer {
    Outcome outcome = Outcome::retry;
    int dimse_status = -1;        // -1: no answer came
    std::string message;          // which AE, what happened, what to do; no patient data
    bool no_association = false;  // the destination gave none, so it said nothing of the instance
    Retry retry = Retry::later;   // once_mended: the node's trouble, before anything went out
};

// The application entity that is called, and the AE title that calls it.
struct RemoteNode {
    std::string calling_ae_title;
    std::string called_ae_title;
    std::string host;  // name or address, IPv4 or IPv6
    int port = 104;
    Duration timeout = std::chrono::seconds(30);  // to connect, and without progress in each exchange
    std::shared_ptr<TlsClient> tls = {};          // nullptr: plain
    std::shared_ptr<Rendezvous> rendezvous = {};  // nullptr: one for each association

    std::string text() const;     // "PACS at 10.1.0.5:104"
    int timeout_seconds() const;  // for DCMTK, which counts in whole ones: at least 1
};

// The meaning of a C-STORE response's status (PS3.4 table B.2-1, PS3.7 annex C). 0111 (duplicate SOP
// instance) counts as delivered, since a resend is always the same data set. `offending` names attributes
// that the destination complained of (Offending Element), may be empty.
Answer answer_for_store_status(int dimse_status, const RemoteNode& node, const std::string& offending);

// The result's file cannot be read: tried again where that is the node's trouble.
Answer unreadable_result(const DeliverRequest& request, const Error& error);
// The file is not what was composed.
Answer damaged_result(const DeliverRequest& request);

// The meaning of an A-ASSOCIATE-RJ (PS3.8 table 9-21). Always retry: rejections end when someone configures
// one of the two sides, and then what waited must go out. `permanent` and the pair say what the destination
// gave.
Answer answer_for_rejection(bool permanent, int source, int reason, const RemoteNode& node);

}  // namespace hilum::delivery
