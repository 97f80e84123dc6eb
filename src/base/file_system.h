// Files as Hilum needs them: durable writes, bounded reads, shared memory that cannot change its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

// The error for errno after a failed system call on `what`; ENOSPC and EDQUOT get the code "disk_full". What
// the node lacks (room, a disk that answers and may be written, descriptors, memory) is to be retried once it
// is mended.
Error system_error(int error_number, std::string_view what);
// The same of a file that cannot be read, with the code "unreadable".
Error unreadable(int error_number, std::string_view what);

// For errors that are passed on under another name: what is the node's stays the node's.
inline Retry counted_unless_nodes(const Error& error) {
    return error.retry == Retry::once_mended ? Retry::once_mended : Retry::later;
}

// Writes the whole of `bytes` at the file's position.
Status write_all(int fd, std::span<const std::byte> bytes);

// After success the file is on the disk under its name, whole, whatever happens to the machine: written to a
// temporary file beside it, synced, renamed, its folder synced. An existing file is replaced.
Status write_file_durably(const std::filesystem::path& file, std::span<const std::byte> bytes);

// Makes a finished rename or unlink in `folder` survive a power cut.
Status sync_directory(const std::filesystem::path& folder);

// The whole file; an error if it is longer than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& file, std::size_t limit);
Result<std::string> read_fd(int fd, std::size_t limit);  // from position 0; a file or memfd

// Anonymous shared memory holding `bytes`, or `size` zero bytes, sealed against resizing, so that who maps it
// cannot be made to fault by who made it.
Result<UniqueFd> make_memfd(const char* name, std::span<const std::byte> bytes);
Result<UniqueFd> make_memfd(const char* name, std::size_t size);

// A mapping of a sealed memfd or a file for as long as the object lives.
class Mapping {
  public:
    // Fails unless the object behind `fd` has exactly `size` bytes and, for a memfd from another process, is
    // sealed against shrinking.
    static Result<Mapping> of_memfd(int fd, std::size_t size, bool writable = false);

    Mapping(Mapping&& other) noexcept : data_(other.data_), size_(other.size_) { other.data_ = nullptr; }
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping();

    std::span<std::byte> bytes() const { return {static_cast<std::byte*>(data_), size_}; }
    template <typename T>
    std::span<T> as() const {
        return {static_cast<T*>(data_), size_ / sizeof(T)};
    }

  private:
    Mapping(void* data, std::size_t size) : data_(data), size_(size) {}
    void* data_;
    std::size_t size_;
};

}  // namespace hilum
