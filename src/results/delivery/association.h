// An association that we requested: opened with presentation contexts, released or aborted, never left
// behind.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "results/delivery/answer.h"
#include "results/delivery/timed_connection.h"
#include "results/delivery/tls_client.h"

namespace hilum::delivery {

struct ProposedContext {
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;
};

class Association {
  public:
    static constexpr long max_pdu = 131072;  // bytes, that we receive

    // At most 128 contexts. The error is the Answer for what was to be sent, always Outcome::retry.
    // `on_progress`: see ConnectionWatch; for as long as the association lives.
    static tl::expected<std::unique_ptr<Association>, Answer> request(
        const RemoteNode& node, const std::vector<ProposedContext>& contexts,
        std::function<void()> on_progress = {});

    Association(const Association&) = delete;
    Association& operator=(const Association&) = delete;
    ~Association();  // aborts unless it was released

    T_ASC_Association* get() { return association_; }
    int socket() const { return watch_.socket(); }
    bool has_data();  // whether the peer sent something; on an idle association it wants to end it

    // The accepted presentation context for the pair, 0 if there is none.
    T_ASC_PresentationContextID accepted(const std::string& abstract_syntax,
                                         const std::string& transfer_syntax);

    void allow(Duration duration) { watch_.allow(duration); }  // for the next exchange
    void release();
    void abort();
    // After an exchange that failed with the condition: answers an A-RELEASE-RQ, says nothing where the peer
    // aborted or closed the connection, else aborts.
    void end(const OFCondition& condition);
    // What the peer said on an idle association; of an SCP that has nothing to report it can only be the end.
    void hear_end();

    // Whether a failed exchange ended since the peer did nothing for too long.
    bool was_silent(const OFCondition& condition) const;
    // What went wrong in a failed exchange, in words: "did not answer the C-STORE within 30s". `step` is what
    // was asked for: "the C-STORE".
    std::string failure(const OFCondition& condition, const RemoteNode& node, const std::string& step) const;

  private:
    explicit Association(std::function<void()> on_progress)
        : watch_(std::move(on_progress)), wire_(watch_), layer_(watch_) {}
    // TCP, and TLS where it is wanted; the address for DCMTK.
    tl::expected<std::string, Answer> connect(const RemoteNode& node);
    OFCondition open(const RemoteNode& node, const std::string& address,
                     const std::vector<ProposedContext>& contexts);
    Answer request_failure(const OFCondition& condition, const RemoteNode& node) const;
    void acknowledge_release();
    void destroy();

    ConnectionWatch watch_;
    WatchedTlsWire wire_;
    TimedTransportLayer layer_;
    T_ASC_Network* network_ = nullptr;
    T_ASC_Parameters* parameters_ = nullptr;  // ours until the association owns it
    T_ASC_Association* association_ = nullptr;
};

}  // namespace hilum::delivery
