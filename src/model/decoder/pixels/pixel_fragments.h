// The fragments of encapsulated pixel data (PS3.5 A.4), and which of them make up which frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/decoder/analysable.h"

class DcmPixelSequence;

namespace hilum::model {

using Fragment = std::span<const std::uint8_t>;

// All of them without the offset table, in time proportional to their number; or, from the first one on, no
// more than it takes to have `wanted` bytes. They belong to `sequence`, which reads them from the file. Code
// "unreadable". Throws std::bad_alloc.
Result<std::vector<Fragment>> fragments_of(DcmPixelSequence& sequence,
                                           std::size_t wanted = std::numeric_limits<std::size_t>::max());

// Code "too_large": more fragments than may be looked through.
Analysable<void> check_fragment_count(DcmPixelSequence& sequence);

// The offset table's entries: where each frame's first item begins, in bytes from the first fragment's item.
// Often empty.
std::vector<std::uint32_t> offset_table_of(DcmPixelSequence& sequence);

// How many frames begin, as the offset table or `begins_frame` of a fragment's number tells; more than there
// are fragments never.
std::size_t count_beginnings(std::span<const std::size_t> lengths,
                             std::span<const std::uint32_t> offset_table,
                             const std::function<bool(std::size_t)>& begins_frame);

// For each of `frames` frames, its first fragment, and behind them the number of fragments: all of them for
// one frame, else one each, else as the offset table says, else wherever `begins_frame` is true of a
// fragment's number. `lengths`: of the fragments, in bytes. Code "malformed".
Result<std::vector<std::size_t>> frame_beginnings(std::span<const std::size_t> lengths, std::size_t frames,
                                                  std::span<const std::uint32_t> offset_table,
                                                  const std::function<bool(std::size_t)>& begins_frame);

}  // namespace hilum::model
