#include "model/pixel_fragments.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include <new>
#include <optional>

namespace hilum::model {
namespace {

constexpr std::size_t item_header_bytes = 8;

std::optional<Fragment> bytes_of(DcmObject* object) {
    auto* const item = dynamic_cast<DcmPixelItem*>(object);
    if (item == nullptr) return {};
    if (item->getLength() == 0) return Fragment{};
    Uint8* bytes = nullptr;
    const OFCondition condition = item->getUint8Array(bytes);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    if (condition.bad() || bytes == nullptr) return {};
    return Fragment{bytes, item->getLength()};
}

std::vector<std::size_t> by_offset_table(std::span<const Fragment> fragments,
                                         std::span<const std::uint32_t> offset_table) {
    std::vector<std::size_t> beginnings;
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < fragments.size() && beginnings.size() < offset_table.size(); ++i) {
        if (offset == offset_table[beginnings.size()]) beginnings.push_back(i);
        offset += item_header_bytes + fragments[i].size();
    }
    return beginnings;
}

std::vector<std::size_t> by_content(std::span<const Fragment> fragments, bool (*begins_frame)(Fragment)) {
    std::vector<std::size_t> beginnings;
    for (std::size_t i = 0; i < fragments.size(); ++i)
        if (begins_frame(fragments[i])) beginnings.push_back(i);
    return beginnings;
}

std::vector<std::size_t> one_each(std::size_t frames) {
    std::vector<std::size_t> beginnings(frames);
    for (std::size_t i = 0; i < frames; ++i) beginnings[i] = i;
    return beginnings;
}

}  // namespace

Result<std::vector<Fragment>> fragments_of(DcmPixelSequence& sequence, std::size_t wanted) {
    std::vector<Fragment> fragments;
    DcmObject* object = sequence.nextInContainer(nullptr);  // the offset table
    std::size_t found = 0;
    // getItem(i) would walk from the first one each time.
    while (object != nullptr && (object = sequence.nextInContainer(object)) != nullptr) {
        const auto bytes = bytes_of(object);
        if (!bytes) return fail("unreadable", "cannot be read");
        fragments.push_back(*bytes);
        found += bytes->size();
        if (found >= wanted) break;
    }
    return fragments;
}

std::vector<std::uint32_t> offset_table_of(DcmPixelSequence& sequence) {
    std::vector<std::uint32_t> table;
    const auto bytes = bytes_of(sequence.nextInContainer(nullptr)).value_or(Fragment{});
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)  // little endian
        table.push_back(bytes[i] | std::uint32_t{bytes[i + 1]} << 8 | std::uint32_t{bytes[i + 2]} << 16 |
                        std::uint32_t{bytes[i + 3]} << 24);
    return table;
}

Result<std::vector<std::size_t>> frame_beginnings(std::span<const Fragment> fragments, std::size_t frames,
                                                  std::span<const std::uint32_t> offset_table,
                                                  bool (*begins_frame)(Fragment)) {
    if (frames == 0 || fragments.size() < frames)
        return fail("malformed", "has fewer frames than its header says");
    std::vector<std::size_t> beginnings;
    if (frames == 1)
        beginnings = {0};
    else if (fragments.size() == frames)
        beginnings = one_each(frames);
    else if (offset_table.size() == frames)
        beginnings = by_offset_table(fragments, offset_table);
    if (beginnings.size() != frames) beginnings = by_content(fragments, begins_frame);
    if (beginnings.size() != frames) return fail("malformed", "does not tell where its frames begin");
    beginnings.push_back(fragments.size());
    return beginnings;
}

}  // namespace hilum::model
