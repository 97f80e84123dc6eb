#include "dicom/stream/byte_reader.h"

#include <algorithm>

namespace hilum {

bool ByteReader::fill() {
    if (error_) return false;
    const auto n = source_->read(buffer_);
    if (!n) {
        error_ = n.error();
        return false;
    }
    begin_ = 0;
    end_ = *n;
    return end_ > 0;
}

bool ByteReader::at_end() {
    return begin_ == end_ && !fill();
}

std::size_t ByteReader::peek(std::span<std::byte> ahead) {
    while (end_ - begin_ < ahead.size() && !error_) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
        const auto n = source_->read(std::span(buffer_).subspan(end_));
        if (!n) error_ = n.error();
        if (!n || *n == 0) break;
        end_ += *n;
    }
    if (error_) return 0;
    const std::size_t count = std::min(ahead.size(), end_ - begin_);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), count, ahead.begin());
    return count;
}

std::span<const std::byte> ByteReader::take(std::size_t limit) {
    if (at_end()) {
        fail_with(fail("truncated", "the data set ends within an element"));
        return {};
    }
    const std::size_t count = std::min(limit, end_ - begin_);
    const auto bytes = std::span(buffer_).subspan(begin_, count);
    begin_ += count;
    position_ += count;
    return bytes;
}

std::uint8_t ByteReader::read_byte() {
    const auto byte = take(1);
    return byte.empty() ? 0 : std::to_integer<std::uint8_t>(byte[0]);
}

std::uint16_t ByteReader::read_16(bool big_endian) {
    const unsigned first = read_byte(), second = read_byte();
    return static_cast<std::uint16_t>(big_endian ? first << 8 | second : second << 8 | first);
}

std::uint32_t ByteReader::read_32(bool big_endian) {
    const std::uint32_t first = read_16(big_endian), second = read_16(big_endian);
    return big_endian ? first << 16 | second : second << 16 | first;
}

void ByteReader::skip(std::uint64_t count) {
    const std::uint64_t buffered = std::min<std::uint64_t>(count, end_ - begin_);
    begin_ += buffered;
    position_ += count;
    if (count == buffered || error_) return;
    if (auto skipped = source_->skip(count - buffered); !skipped) error_ = skipped.error();
}

void ByteReader::read(std::uint64_t count, const std::function<void(std::span<const std::byte>)>& sink) {
    while (count > 0 && ok()) {
        const auto bytes = take(std::min<std::uint64_t>(count, buffer_.size()));
        if (!bytes.empty()) sink(bytes);
        count -= bytes.size();
    }
}

}  // namespace hilum
