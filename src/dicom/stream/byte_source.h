// Bytes in sequence, from a part of a file or inflated from another source, for parsers that must not hold a
// whole data set in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.h"

namespace hilum {

class ByteSource {
  public:
    virtual ~ByteSource() = default;

    // Fills the front of `buffer`; returns how much, 0 at the end.
    virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;

    // Code "truncated" when there are not as many.
    virtual Status skip(std::uint64_t count) = 0;
};

// The bytes of `fd` from `begin` to `end`; the descriptor stays the caller's, and its position where it was.
std::unique_ptr<ByteSource> make_file_source(int fd, std::uint64_t begin, std::uint64_t end);

// What `deflated` (RFC 1951) inflates to. Codes: "malformed", "truncated", "too_large" beyond `limit` bytes.
std::unique_ptr<ByteSource> make_inflating_source(std::unique_ptr<ByteSource> deflated, std::uint64_t limit);

}  // namespace hilum
