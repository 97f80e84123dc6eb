#include "dicom/stored_object_check.h"

#include "base/digest.h"
#include "dicom/file_meta_information.h"

namespace hilum {
namespace {

// The file system failed, which says nothing of the object.
bool is_of_the_disk(const Error& error) {
    return error.code == "unreadable" || error.code == "system" || error.code == "out_of_memory";
}

}  // namespace

Status check_stored_object(int fd, const StoredObject& object) {
    const auto meta = read_file_meta_information(fd);
    if (!meta && is_of_the_disk(meta.error())) return tl::unexpected(meta.error());
    if (!meta) return object_is_damaged("its file meta information is not as it was written");
    if (meta->transfer_syntax_uid != object.transfer_syntax_uid)
        return object_is_damaged("its file names another transfer syntax than it came with");
    const auto digest = sha256_of_fd(fd, meta->dataset_begin, meta->file_size);
    if (!digest && is_of_the_disk(digest.error())) return tl::unexpected(digest.error());
    if (!digest || *digest != object.dataset_sha256)
        return object_is_damaged("its data set is not the one that was received (another SHA-256)");
    return {};
}

}  // namespace hilum
