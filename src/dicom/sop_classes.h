// The storage SOP classes of PS3.4 B.5 and what Hilum makes of each. A routing rule of a PACS often sends
// more than radiographs, and one refused presentation context makes some PACS fail the whole job; so all are
// taken.
#pragma once

#include <span>
#include <string_view>

namespace hilum {

// Images are stored. All else is answered with success after a discard record: Hilum has no use for it.
enum class StorageKind { image, report, presentation_state, key_object, other };

struct StorageSopClass {
    std::string_view uid;
    std::string_view name;  // PS3.6 table A-1, without "SOP Class"
    StorageKind kind;
};

inline constexpr std::string_view verification_sop_class_uid = "1.2.840.10008.1.1";

std::span<const StorageSopClass> storage_sop_classes();

// nullptr when `uid` is none of them.
const StorageSopClass* find_storage_sop_class(std::string_view uid);

// "report", "presentation_state", "key_object", "not_an_image": the reason of a discard record. For an image:
// "".
std::string_view discard_reason(StorageKind kind);

}  // namespace hilum
