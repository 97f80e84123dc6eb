// The receiver's side of its channel to the coordinator: asks, waits for the answer, and hears on the way
// that the node drains or that the coordinator is gone.
#pragma once

#include <chrono>
#include <string>

#include "base/channel.h"
#include "contract/messages/receiving.h"

namespace hilum::scp {

// Proof that the coordinator committed the row of an object, or of its deliberate discarding. Only
// CommitClient makes them, and only with one can a C-STORE be answered with success.
class Durable {
  public:
    bool keep_file() const { return keep_file_; }
    StoreOutcome outcome() const { return outcome_; }

  private:
    friend class CommitClient;
    Durable(bool keep_file, StoreOutcome outcome) : keep_file_(keep_file), outcome_(outcome) {}
    bool keep_file_;
    StoreOutcome outcome_;
};

// After a "closed" or "commit_unknown" error gone() is true and every further request fails at once.
class CommitClient {
  public:
    explicit CommitClient(Channel channel, std::chrono::milliseconds patience = std::chrono::seconds(60))
        : channel_(std::move(channel)), patience_(patience) {}

    // Whether the coordinator lets the association in, and if not why.
    Result<AssociationAnswer> request_association(const AssociationRequested& request);

    // Codes: "closed", the coordinator did not get the request; "commit_unknown", it got it but did not
    // answer, so that the row may be committed and the file must stay; else the coordinator's own, and
    // nothing was committed.
    Result<Durable> commit(const StoreCommit& request);
    Result<Durable> discard(const DiscardCommit& request);

    // Whether a transaction of ours has the report's UID, once the report is committed. Codes as of commit().
    Result<bool> keep(const CommitmentReport& report);

    // Never waits: lost when the coordinator is gone, or has not read hundreds of events before this one.
    void report(const ReceiverEvent& event);

    // Reads what came unasked, without waiting.
    void read_notices();

    bool draining() const { return draining_; }
    bool gone() const { return gone_; }
    int fd() const { return channel_.fd(); }

  private:
    Status send(const Packet& packet);
    Result<Message> receive_answer();
    Result<Durable> exchange(const Packet& packet);
    bool is_notice(const Message& message);

    Channel channel_;
    std::chrono::milliseconds patience_;  // with the coordinator's answers
    bool draining_ = false;
    bool gone_ = false;
};

}  // namespace hilum::scp
