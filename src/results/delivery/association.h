// An association that we requested: opened with presentation contexts, released or aborted, never left
// behind.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>

#include <memory>
#include <string>
#include <vector>

#include "results/delivery/answer.h"
#include "results/delivery/timed_connection.h"

namespace hilum::delivery {

struct ProposedContext {
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;
};

class Association {
  public:
    static constexpr long max_pdu = 131072;  // bytes, that we receive

    // At most 128 contexts. The error is the Answer for what was to be sent, always Outcome::retry.
    static tl::expected<std::unique_ptr<Association>, Answer> request(
        const RemoteNode& node, const std::vector<ProposedContext>& contexts);

    Association(const Association&) = delete;
    Association& operator=(const Association&) = delete;
    ~Association();  // aborts unless it was released

    T_ASC_Association* get() { return association_; }
    int socket() const { return watch_.socket; }
    bool has_data();  // whether the peer sent something; on an idle association it wants to end it

    // The accepted presentation context for the pair, 0 if there is none.
    T_ASC_PresentationContextID accepted(const std::string& abstract_syntax,
                                         const std::string& transfer_syntax);

    void allow(Duration duration) { watch_.allow(duration); }  // for the next exchange
    void release();
    void acknowledge_release();  // the peer asked for it
    void abort();

    // What went wrong after a failed exchange, in words: "did not answer within 30s".
    std::string failure(const OFCondition& condition, const RemoteNode& node) const;

  private:
    Association() : layer_(watch_) {}
    OFCondition open(const RemoteNode& node, const std::vector<ProposedContext>& contexts);
    Answer request_failure(const OFCondition& condition, const RemoteNode& node) const;
    void destroy();

    ConnectionWatch watch_;
    TimedTransportLayer layer_;
    T_ASC_Network* network_ = nullptr;
    T_ASC_Parameters* parameters_ = nullptr;  // ours until the association owns it
    T_ASC_Association* association_ = nullptr;
};

}  // namespace hilum::delivery
