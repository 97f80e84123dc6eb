#include "dicom/object_identity.h"

#include <fcntl.h>

#include <cerrno>

#include "base/file_system.h"
#include "base/unique_fd.h"
#include "dicom/file_meta_information.h"
#include "dicom/stream/header_scan.h"

namespace hilum {

Result<ObjectIdentity> identify_object(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return tl::unexpected(unreadable(errno, "cannot open the file"));
    const auto meta = read_file_meta_information(fd.get());
    if (!meta) return tl::unexpected(meta.error());
    const auto* syntax = find_transfer_syntax(meta->transfer_syntax_uid);
    if (syntax == nullptr) return fail("transfer_syntax", "its transfer syntax is none that is read");
    const HeaderScanLimits limits{
        .elements = 500'000, .inflated_size = 256ULL << 20, .digest = false, .pass_over_group_2 = true};
    auto scan = scan_header(fd.get(), meta->dataset_begin, meta->file_size, *syntax, limits);
    if (!scan) return tl::unexpected(scan.error());
    return ObjectIdentity{std::move(scan->sop_class_uid), std::move(scan->sop_instance_uid),
                          std::move(scan->study_instance_uid)};
}

}  // namespace hilum
