#include "scp/spool_scanner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "base/digest.h"
#include "base/file_system.h"
#include "contract/messages/request_table.h"
#include "dicom/dataset_reading.h"
#include "dicom/file_meta_information.h"
#include "dicom/sop_classes.h"
#include "scp/received_header.h"

namespace hilum::scp {
namespace {

constexpr std::size_t longest_ae_title = 16;

// Where it is none that a caller could have had, nobody is named.
std::string ae_title_of(const FileMetaInformation& meta) {
    const std::string& title = meta.source_application_entity_title;
    const bool printable =
        std::ranges::all_of(title, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
    return printable && title.size() <= longest_ae_title ? title : std::string();
}

Result<StoreCommit> scan(int fd, const FileMetaInformation& meta, const ScpSettings& settings) {
    const auto* transfer_syntax = find_transfer_syntax(meta.transfer_syntax_uid);
    if (transfer_syntax == nullptr)
        return fail("transfer_syntax", "the file has a transfer syntax that Hilum does not take");
    const auto* sop_class = find_storage_sop_class(meta.media_storage_sop_class_uid);
    if (sop_class == nullptr || sop_class->kind != StorageKind::image)
        return fail("not_an_image", "the file is no image that Hilum stores");
    HeaderScanLimits limits;
    limits.digest_descriptions = settings.descriptions_matter;
    auto scanned = scan_header(fd, meta.dataset_begin, meta.file_size, *transfer_syntax, limits);
    if (!scanned) return tl::unexpected(scanned.error());
    if (auto uids =
            check_uids(*scanned, meta.media_storage_sop_class_uid, meta.media_storage_sop_instance_uid);
        !uids)
        return tl::unexpected(uids.error());
    auto digest = sha256_of_fd(fd, meta.dataset_begin, meta.file_size);
    if (!digest) return tl::unexpected(digest.error());
    StoreCommit object;
    object.size = meta.file_size;
    object.analysis_sha256 = scanned->analysis_sha256;
    object.header = to_header(std::move(*scanned), transfer_syntax->uid);
    object.dataset_sha256 = std::move(*digest);
    object.calling_ae = ae_title_of(meta);
    return object;
}

bool may_pass(const Error& error) {
    static constexpr std::array ours{"system", "unreadable", "out_of_memory", "disk_full"};
    return error.retry != Retry::never || std::ranges::find(ours, error.code) != ours.end();
}

class SpoolScanner {
  public:
    SpoolScanner(Channel& coordinator, const ScpSettings& settings)
        : coordinator_(coordinator), settings_(settings) {}

    Error run() {
        static constexpr std::array requests{request<&SpoolScanner::scan_file>(1)};
        return serve_requests(coordinator_, *this, requests).error();
    }

  private:
    Status scan_file(const ScanRequest& request, std::vector<UniqueFd> files) {
        return coordinator_.send(to_packet(scan_spool_file(files.front().get(), request.file, settings_)));
    }

    Channel& coordinator_;
    const ScpSettings& settings_;
};

}  // namespace

ScanReply scan_spool_file(int fd, const std::string& file, const ScpSettings& settings) {
    ScanReply reply;
    const auto meta = read_file_meta_information(fd);
    auto object = meta ? scan(fd, *meta, settings) : Result<StoreCommit>(tl::unexpected(meta.error()));
    if (object) {
        reply.object = std::move(*object);
        reply.data_set = meta->file_size - meta->dataset_begin;
    } else {
        const auto& error = object.error();
        reply.error = may_pass(error) ? Error{"not_now", error.message, Retry::later}
                                      : Error{error.code, error.message, Retry::never};
    }
    reply.object.file = file;
    return reply;
}

int run_spool_scanner(Channel coordinator, const Configuration& configuration) {
    if (auto ready = prepare_dcmtk(); !ready) return exit_code_of("scanner", ready.error());
    return exit_code_of("scanner", SpoolScanner(coordinator, configuration.scp).run());
}

}  // namespace hilum::scp
