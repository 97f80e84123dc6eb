// One C-STORE after another of one association: to the spool bit for bit, looked over, committed, answered.
// Knows nothing of the network, so that the order of these steps can be tested without it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/digest.h"
#include "dicom/header_scan.h"
#include "dicom/sop_classes.h"
#include "dicom/transfer_syntaxes.h"
#include "pipeline/types/configuration.h"
#include "scp/commit_client.h"
#include "scp/dimse_status.h"
#include "scp/spool_file.h"

namespace hilum::scp {

struct Caller {
    std::string calling_ae;  // without padding
    std::string peer;        // numeric address
};

struct StoreRequest {
    std::string sop_class_uid, sop_instance_uid;  // as the command says
    std::string abstract_syntax;                  // of the presentation context
    const TransferSyntax* transfer_syntax = nullptr;
};

// What the C-STORE-RSP says. Success can only be made of a Durable (promise 1: stored, then acknowledged).
class StoreResponse {
  public:
    static StoreResponse success(const Durable&) { return StoreResponse(DimseStatus::success); }
    static StoreResponse failure(const Error& error) { return StoreResponse(status_for(error)); }
    DimseStatus status() const { return status_; }

  private:
    explicit StoreResponse(DimseStatus status) : status_(status) {}
    DimseStatus status_;
};

class StoreRequestHandler {
  public:
    // All must outlive the handler.
    StoreRequestHandler(Spool& spool, CommitClient& coordinator, const ScpSettings& settings, Caller caller)
        : spool_(spool), coordinator_(coordinator), settings_(settings), caller_(std::move(caller)) {}

    // For each object: begin, receive() for each piece of the data set, then end() or abandon().
    void begin(StoreRequest request);

    // Never fails, since the data set has to be read to its end whatever becomes of it; end() tells.
    void receive(std::span<const std::byte> bytes);

    // Commits the object, or reports to the coordinator why not. Leaves no file unless the coordinator owns
    // it or may own it.
    StoreResponse end();

    // The data set will not be complete: leaves no file.
    void abandon();

  private:
    Status check_request();
    Status open_file();
    Result<HeaderScan> scan();
    Result<Durable> finish();
    Result<Durable> discard(const ReceivedHeader& header);
    Result<Durable> store(const ReceivedHeader& header, const std::string& analysis_sha256);
    void report_failure(const Error& error, DimseStatus status);
    void reset();

    Spool& spool_;
    CommitClient& coordinator_;
    const ScpSettings& settings_;
    const Caller caller_;

    // Of the object at hand.
    StoreRequest request_;
    const StorageSopClass* sop_class_ = nullptr;
    Status state_;  // the first thing that went wrong
    std::optional<SpoolFile> file_;
    std::uint64_t meta_length_ = 0;  // where the data set begins in the file
    Sha256 digest_;
    std::string study_instance_uid_;  // once it is known
};

}  // namespace hilum::scp
