// Reads numbers and runs of bytes from a ByteSource through one small buffer. Errors stick: after the first,
// reads give zeros and ok() is false, so that a parser need not ask after every number.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "dicom/stream/byte_source.h"

namespace hilum {

class ByteReader {
  public:
    explicit ByteReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

    bool ok() const { return !error_; }
    const Error& error() const { return *error_; }  // when not ok()
    void fail_with(tl::unexpected<Error> error) {   // the first one stays
        if (!error_) error_ = std::move(error.value());
    }

    bool at_end();                                        // true also when not ok()
    std::uint64_t position() const { return position_; }  // bytes read or skipped

    // What comes next, without going on: fills the front of `ahead`, which is small, and returns how much; 0
    // at the end or when not ok().
    std::size_t peek(std::span<std::byte> ahead);

    std::uint8_t read_byte();
    std::uint16_t read_16(bool big_endian);
    std::uint32_t read_32(bool big_endian);

    void skip(std::uint64_t count);

    // Passes the next `count` bytes on, in pieces of at most 64 KiB.
    void read(std::uint64_t count, const std::function<void(std::span<const std::byte>)>& sink);

  private:
    bool fill();  // false: end or error
    std::span<const std::byte> take(std::size_t limit);

    std::unique_ptr<ByteSource> source_;
    std::optional<Error> error_;
    std::array<std::byte, 64 * 1024> buffer_;
    std::size_t begin_ = 0, end_ = 0;  // what of the buffer is unread
    std::uint64_t position_ = 0;
};

}  // namespace hilum
