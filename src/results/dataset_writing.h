// Few words for writing elements. DCMTK refuses none of these but for want of memory, which throws.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <string>

namespace hilum::results {

inline void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
    item.putAndInsertOFStringArray(tag, OFString(value.data(), value.size()));
}

inline void put_number(DcmItem& item, const DcmTagKey& tag, int value) {
    item.putAndInsertUint16(tag, static_cast<Uint16>(value));
}

// A new item at the sequence's end. Throws std::bad_alloc.
inline DcmItem& add_item(DcmItem& parent, const DcmTagKey& sequence) {
    DcmItem* item = nullptr;
    if (parent.findOrCreateSequenceItem(sequence, item, -2).bad()) throw std::bad_alloc();
    return *item;
}

}  // namespace hilum::results
