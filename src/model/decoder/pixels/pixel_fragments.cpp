#include "model/decoder/pixels/pixel_fragments.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include <algorithm>
#include <new>
#include <optional>

namespace hilum::model {
namespace {

constexpr std::size_t item_header_bytes = 8;
// DCMTK finds a fragment by walking there from the first one: 200,000 of them take a minute.
constexpr unsigned long most_fragments = 20'000;

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

// Fewer than the table has where an entry is no fragment's offset, or not behind the one before.
std::vector<std::size_t> by_offset_table(std::span<const std::size_t> lengths,
                                         std::span<const std::uint32_t> offset_table) {
    std::vector<std::size_t> beginnings;
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < lengths.size() && beginnings.size() < offset_table.size(); ++i) {
        if (offset == offset_table[beginnings.size()]) beginnings.push_back(i);
        offset += item_header_bytes + lengths[i];
    }
    return beginnings;
}

std::vector<std::size_t> by_content(std::size_t fragments,
                                    const std::function<bool(std::size_t)>& begins_frame) {
    std::vector<std::size_t> beginnings;
    for (std::size_t i = 0; i < fragments; ++i)
        if (begins_frame(i)) beginnings.push_back(i);
    return beginnings;
}

// One for each frame, and no fragment before the first.
bool are_complete(const std::vector<std::size_t>& beginnings, std::size_t frames) {
    return beginnings.size() == frames && beginnings.front() == 0;
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

Analysable<void> check_fragment_count(DcmPixelSequence& sequence) {
    if (sequence.card() <= most_fragments) return {};
    return refuse("too_large", "The image has more fragments than may be decoded here.");
}

std::vector<std::uint32_t> offset_table_of(DcmPixelSequence& sequence) {
    std::vector<std::uint32_t> table;
    const auto bytes = bytes_of(sequence.nextInContainer(nullptr)).value_or(Fragment{});
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)  // little endian
        table.push_back(bytes[i] | std::uint32_t{bytes[i + 1]} << 8 | std::uint32_t{bytes[i + 2]} << 16 |
                        std::uint32_t{bytes[i + 3]} << 24);
    return table;
}

std::size_t count_beginnings(std::span<const std::size_t> lengths,
                             std::span<const std::uint32_t> offset_table,
                             const std::function<bool(std::size_t)>& begins_frame) {
    return std::max(by_offset_table(lengths, offset_table).size(),
                    by_content(lengths.size(), begins_frame).size());
}

Result<std::vector<std::size_t>> frame_beginnings(std::span<const std::size_t> lengths, std::size_t frames,
                                                  std::span<const std::uint32_t> offset_table,
                                                  const std::function<bool(std::size_t)>& begins_frame) {
    if (frames == 0 || lengths.size() < frames)
        return fail("malformed", "has fewer frames than its header says");
    std::vector<std::size_t> beginnings;
    if (frames == 1)
        beginnings = {0};
    else if (lengths.size() == frames)
        beginnings = one_each(frames);
    else if (offset_table.size() == frames)
        beginnings = by_offset_table(lengths, offset_table);
    if (!are_complete(beginnings, frames)) beginnings = by_content(lengths.size(), begins_frame);
    if (!are_complete(beginnings, frames) && !offset_table.empty())
        return fail("malformed", "has an offset table that does not fit its fragments");
    if (!are_complete(beginnings, frames)) return fail("malformed", "does not tell where its frames begin");
    beginnings.push_back(lengths.size());
    return beginnings;
}

}  // namespace hilum::model
