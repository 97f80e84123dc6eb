// Asks a destination whether it keeps what it took (Storage Commitment Push Model, PS3.4 annex J), and hears
// its answer where it comes over the same association. That association is one of its own: an answer may come
// at any time, also in the middle of a C-STORE. Used by the sender process. Single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contract/messages/sending.h"
#include "dicom/storage_commitment.h"
#include "results/delivery/answer.h"

namespace hilum::delivery {

class Association;

class StorageCommitmentScu {
  public:
    // `keep` is called for each answer, before the destination hears that it came. `on_progress`: see
    // ConnectionWatch.
    StorageCommitmentScu(RemoteNode node, KeepCommitmentReport keep, std::function<void()> on_progress = {});
    ~StorageCommitmentScu();  // releases the association
    StorageCommitmentScu(const StorageCommitmentScu&) = delete;
    StorageCommitmentScu& operator=(const StorageCommitmentScu&) = delete;

    // N-ACTION. Delivered: the destination took the request; its answer comes later, here or to the listener.
    // An association that died while it was idle costs no attempt: it is opened anew once.
    Answer request(const std::string& transaction_uid, const std::vector<ReferencedInstance>& instances);

    // The connection of the open association, -1 if there is none. When it becomes readable: call serve().
    int socket() const;
    void serve();
    void release();

  private:
    void hear();
    Answer attempt(const std::string& transaction_uid, const std::vector<ReferencedInstance>& instances);
    Answer exchange(const std::string& transaction_uid, const std::vector<ReferencedInstance>& instances);
    Answer await_response();
    OFCondition receive(T_DIMSE_Message& message, T_ASC_PresentationContextID& context);
    bool serve_event(const T_DIMSE_N_EventReportRQ& request, T_ASC_PresentationContextID context);
    Answer broken(const OFCondition& condition);

    RemoteNode node_;
    KeepCommitmentReport keep_;
    std::function<void()> on_progress_;
    std::unique_ptr<Association> association_;
};

}  // namespace hilum::delivery
