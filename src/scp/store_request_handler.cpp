#include "scp/store_request_handler.h"

#include <spdlog/spdlog.h>

#include "base/logging.h"
#include "dicom/uid.h"
#include "scp/part10_header.h"
#include "scp/received_header.h"

namespace hilum::scp {

void StoreRequestHandler::begin(StoreRequest request) {
    reset();
    request_ = std::move(request);
    state_ = check_request();
    if (state_) state_ = spool_.check_free_space(settings_.min_free_space);
    if (state_) state_ = open_file();
}

Status StoreRequestHandler::check_request() {
    sop_class_ = find_storage_sop_class(request_.sop_class_uid);
    if (sop_class_ == nullptr || request_.sop_class_uid != request_.abstract_syntax)
        return fail("sop_class", "the command's SOP class is not the presentation context's");
    if (!Uid::parse(request_.sop_instance_uid))
        return fail("invalid_uid", "the command's SOP instance UID is none");
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

Result<HeaderScan> StoreRequestHandler::scan() {
    if (auto flushed = file_->flush(); !flushed) return tl::unexpected(flushed.error());
    HeaderScanLimits limits;
    limits.digest_descriptions = settings_.descriptions_matter;
    auto scanned = scan_header(file_->fd(), meta_length_, file_->size(), *request_.transfer_syntax, limits);
    if (!scanned) return scanned;
    study_instance_uid_ = scanned->study_instance_uid;
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
    auto committed = coordinator_.commit({header, file_->name(), file_->size(), digest_.hex(),
                                          analysis_sha256, caller_.calling_ae, caller_.peer});
    const bool owned = committed ? committed->keep_file() : committed.error().code == "commit_unknown";
    if (owned) file_->keep();
    return committed;
}

StoreResponse StoreRequestHandler::end() {
    const auto durable = finish();
    const auto response =
        durable ? StoreResponse::success(*durable) : StoreResponse::failure(durable.error());
    if (!durable) report_failure(durable.error(), response.status());
    reset();
    return response;
}

void StoreRequestHandler::report_failure(const Error& error, DimseStatus status) {
    const int value = static_cast<int>(status);
    spdlog::warn("C-STORE from {} ({}) answered {:04X}: {}: {}", loggable(caller_.calling_ae), caller_.peer,
                 value, error.code, error.message);
    coordinator_.report({"store_failed", error.code, value, caller_.calling_ae, caller_.peer,
                         request_.sop_instance_uid, study_instance_uid_, error.message});
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
    study_instance_uid_.clear();
}

}  // namespace hilum::scp
