// One C-STORE after another of one association: to the spool bit for bit, looked over, committed, answered.
// Knows nothing of the network, so that the order of these steps can be tested without it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "contract/configuration.h"
#include "dicom/sop_classes.h"
#include "dicom/stream/header_scan.h"
#include "dicom/transfer_syntaxes.h"
#include "scp/commit_client.h"
#include "scp/dimse_status.h"
#include "scp/spool_file.h"

namespace hilum::scp {

struct Caller {
    std::string calling_ae;  // without padding
    std::string peer;        // numeric address
};

// An event of this caller's connection, otherwise empty.
ReceiverEvent event_of(const Caller& caller, ReceiverEventKind event);

struct StoreRequest {
    std::string sop_class_uid, sop_instance_uid;      // as the command says
    std::string abstract_syntax;                      // of the presentation context
    const TransferSyntax* transfer_syntax = nullptr;  // nullptr: the context was not accepted
};

// What the C-STORE-RSP says. Success can only be made of a Durable (promise 1: stored, then acknowledged).
class StoreResponse {
  public:
    static StoreResponse success(const Durable&) { return StoreResponse(nullptr); }
    static StoreResponse failure(const Error& error) { return StoreResponse(&answer_for(error)); }
    DimseStatus status() const { return failure_ != nullptr ? failure_->status : DimseStatus::success; }
    std::string_view error_comment() const { return failure_ != nullptr ? failure_->error_comment : ""; }
    bool lacks_room() const { return failure_ != nullptr && failure_->code == "disk_full"; }

  private:
    explicit StoreResponse(const FailedStore* failure) : failure_(failure) {}
    const FailedStore* failure_;  // of failed_stores()
};

class StoreRequestHandler {
  public:
    // All must outlive the handler.
    StoreRequestHandler(Spool& spool, CommitClient& coordinator, const ScpSettings& settings, Caller caller)
        : spool_(spool), coordinator_(coordinator), settings_(settings), caller_(std::move(caller)) {}

    // For each object: begin, receive() for each piece of the data set, then end() or abandon(). `checked`:
    // what is wrong with the command, if anything.
    void begin(StoreRequest request, Status checked = {});

    // Never fails, since the data set has to be read to its end whatever becomes of it; end() tells.
    void receive(std::span<const std::byte> bytes);

    // Something was wrong with how the data set came: the object is not taken.
    void spoil(Error error);

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
    void report_failure(const Error& error, const StoreResponse& response);
    HeaderScan scan_head() const;
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
    std::vector<std::byte> head_;  // of the data set, for the trace of an object that is refused
};

}  // namespace hilum::scp
