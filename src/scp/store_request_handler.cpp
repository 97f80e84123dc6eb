#include "scp/store_request_handler.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/file_system.h"
#include "base/logging.h"
#include "base/uid.h"
#include "scp/part10_header.h"
#include "scp/received_header.h"

namespace hilum::scp {
namespace {

constexpr std::size_t largest_head = 64 * 1024;  // bytes; study and accession number come early
constexpr std::size_t largest_identifier = 128;  // bytes, of what a refused object tells

}  // namespace

ReceiverEvent event_of(const Caller& caller, ReceiverEventKind event) {
    ReceiverEvent made;
    made.event = event;
    made.calling_ae = caller.calling_ae;
    made.peer = caller.peer;
    return made;
}

void StoreRequestHandler::begin(StoreRequest request, Status checked) {
    reset();
    request_ = std::move(request);
    state_ = std::move(checked);
    if (state_) state_ = check_request();
    if (state_) state_ = spool_.check_free_space(settings_.min_free_space);
    if (state_) state_ = open_file();
}

Status StoreRequestHandler::check_request() {
    if (request_.transfer_syntax == nullptr)
        return fail("context_refused", "the presentation context was not accepted");
    sop_class_ = find_storage_sop_class(request_.sop_class_uid);
    if (sop_class_ == nullptr || request_.sop_class_uid != request_.abstract_syntax)
        return fail("sop_class", "the command's SOP class is not the presentation context's");
    if (!Uid::parse(request_.sop_instance_uid))
        return fail("command_uid", "the command's SOP Instance UID is missing or no UID");
    return {};
}

Status StoreRequestHandler::open_file() {
    auto file = spool_.create();
    if (!file) return tl::unexpected(file.error());
    file_.emplace(std::move(*file));
    const auto meta = part10_header(request_.sop_class_uid, request_.sop_instance_uid,
                                    request_.transfer_syntax->uid, caller_.calling_ae);
    meta_length_ = meta.size();
    return file_->write(std::as_bytes(std::span(meta)));
}

void StoreRequestHandler::receive(std::span<const std::byte> bytes) {
    const auto more = bytes.first(std::min(bytes.size(), largest_head - head_.size()));
    head_.insert(head_.end(), more.begin(), more.end());
    if (!state_) return;
    if (file_->size() + bytes.size() > meta_length_ + settings_.max_object_size)
        state_ = fail("too_large", "the object is larger than scp.max_object_size");
    else
        state_ = file_->write(bytes);
    if (state_)
        digest_.update(bytes);
    else
        file_.reset();  // gives the space back now; the rest may take long to come
}

void StoreRequestHandler::spoil(Error error) {
    if (!state_) return;
    state_ = tl::unexpected(std::move(error));
    file_.reset();
}

Result<HeaderScan> StoreRequestHandler::scan() {
    if (auto flushed = file_->flush(); !flushed) return tl::unexpected(flushed.error());
    HeaderScanLimits limits;
    limits.digest_descriptions = settings_.descriptions_matter;
    auto scanned = scan_header(file_->fd(), meta_length_, file_->size(), *request_.transfer_syntax, limits);
    if (!scanned) return scanned;
    if (auto uids = check_uids(*scanned, request_.sop_class_uid, request_.sop_instance_uid); !uids)
        return tl::unexpected(uids.error());
    return scanned;
}

Result<Durable> StoreRequestHandler::finish() {
    if (!state_) return tl::unexpected(state_.error());
    auto scanned = scan();
    if (!scanned) return tl::unexpected(scanned.error());
    const std::string analysis_sha256 = scanned->analysis_sha256;
    const auto header = to_header(std::move(*scanned), request_.transfer_syntax->uid);
    return sop_class_->kind == StorageKind::image ? store(header, analysis_sha256) : discard(header);
}

Result<Durable> StoreRequestHandler::discard(const ReceivedHeader& header) {
    file_.reset();
    return coordinator_.discard(
        {header, std::string(discard_reason(sop_class_->kind)), caller_.calling_ae, caller_.peer});
}

Result<Durable> StoreRequestHandler::store(const ReceivedHeader& header, const std::string& analysis_sha256) {
    if (auto durable = file_->make_durable(); !durable) return tl::unexpected(durable.error());
    // From here on the database may have it. What ends this before the answer is read, as a want of memory
    // does, leaves the file to the next start.
    file_->keep();
    auto committed = coordinator_.commit({header, file_->name(), file_->size(), digest_.hex(),
                                          analysis_sha256, caller_.calling_ae, caller_.peer});
    const bool owned = committed ? committed->keep_file() : committed.error().code == "commit_unknown";
    if (!owned) file_->give_up();
    return committed;
}

StoreResponse StoreRequestHandler::end() {
    const auto durable = finish();
    const auto response =
        durable ? StoreResponse::success(*durable) : StoreResponse::failure(durable.error());
    if (!durable) report_failure(durable.error(), response);
    reset();
    return response;
}

// What the head of the data set says of an object that was refused, as far as it can be read.
HeaderScan StoreRequestHandler::scan_head() const {
    HeaderScan found;
    if (request_.transfer_syntax == nullptr || head_.empty()) return found;
    const auto memory = make_memfd("hilum-head", head_);
    if (!memory) return found;
    HeaderScanLimits limits;
    limits.digest = false;
    limits.inflated_size = 16 * largest_head;
    return scan_header(memory->get(), 0, head_.size(), *request_.transfer_syntax, limits, &found)
        .value_or(found);
}

void StoreRequestHandler::report_failure(const Error& error, const StoreResponse& response) {
    const int status = static_cast<int>(response.status());
    spdlog::warn("C-STORE from {} ({}) answered {:04X}: {}: {}", loggable(caller_.calling_ae), caller_.peer,
                 status, error.code, error.message);
    const auto header = scan_head();
    const auto bounded = [](const std::string& text) { return text.substr(0, largest_identifier); };
    auto event = event_of(caller_, ReceiverEventKind::store_failed);
    event.code = error.code;
    event.dimse_status = status;
    event.sop_class_uid = bounded(request_.sop_class_uid);
    event.sop_instance_uid =
        bounded(request_.sop_instance_uid.empty() ? header.sop_instance_uid : request_.sop_instance_uid);
    event.dataset_sop_instance_uid = bounded(header.sop_instance_uid);
    event.study_instance_uid = bounded(header.study_instance_uid);
    event.accession_number = bounded(header.accession_number);
    event.patient_id = bounded(header.patient_id);
    event.detail = error.message;
    coordinator_.report(event);
}

void StoreRequestHandler::abandon() {
    reset();
}

void StoreRequestHandler::reset() {
    request_ = {};
    sop_class_ = nullptr;
    state_ = {};
    file_.reset();
    meta_length_ = 0;
    digest_ = Sha256();
    head_.clear();
}

}  // namespace hilum::scp
