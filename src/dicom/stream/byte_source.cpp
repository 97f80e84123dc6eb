#include "dicom/stream/byte_source.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file_system.h"

namespace hilum {
namespace {

class FileSource : public ByteSource {
  public:
    FileSource(int fd, std::uint64_t begin, std::uint64_t end) : fd_(fd), position_(begin), end_(end) {}

    Result<std::size_t> read(std::span<std::byte> buffer) override {
        const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), end_ - position_);
        if (wanted == 0) return 0;
        ssize_t n;
        do {
            n = ::pread(fd_, buffer.data(), wanted, static_cast<off_t>(position_));
        } while (n < 0 && errno == EINTR);
        if (n < 0) return tl::unexpected(system_error(errno, "cannot read a received object"));
        position_ += static_cast<std::uint64_t>(n);
        return static_cast<std::size_t>(n);
    }

    Status skip(std::uint64_t count) override {
        if (count > end_ - position_) return fail("truncated", "the data set ends within an element");
        position_ += count;
        return {};
    }

  private:
    int fd_;
    std::uint64_t position_, end_;
};

class InflatingSource : public ByteSource {
  public:
    InflatingSource(std::unique_ptr<ByteSource> deflated, std::uint64_t limit)
        : deflated_(std::move(deflated)), left_(limit) {
        usable_ = ::inflateInit2(&stream_, -MAX_WBITS) == Z_OK;  // negative: without zlib's header
    }
    InflatingSource(const InflatingSource&) = delete;
    InflatingSource& operator=(const InflatingSource&) = delete;
    ~InflatingSource() override {
        if (usable_) ::inflateEnd(&stream_);
    }

    Result<std::size_t> read(std::span<std::byte> buffer) override {
        if (!usable_) return fail_for_now("out_of_memory", "no memory to inflate a data set");
        stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream_.avail_out = static_cast<uInt>(buffer.size());
        while (stream_.avail_out > 0 && !ended_) {
            if (stream_.avail_in == 0) {
                if (auto refilled = refill(); !refilled) return tl::unexpected(refilled.error());
            }
            const int result = ::inflate(&stream_, Z_NO_FLUSH);
            // What was taken in last may still become more than a buffer's length.
            if (result == Z_BUF_ERROR && stream_.avail_in == 0)
                return fail("truncated", "the deflated data set ends early");
            ended_ = result == Z_STREAM_END;
            if (!ended_ && result != Z_OK) return fail("malformed", "the deflated data set is damaged");
        }
        const std::size_t count = buffer.size() - stream_.avail_out;
        if (count > left_) return fail("too_large", "the data set inflates to more than is allowed");
        left_ -= count;
        return count;
    }

    Status skip(std::uint64_t count) override {
        while (count > 0) {
            const auto n = read(std::span(scratch_).first(std::min<std::uint64_t>(count, scratch_.size())));
            if (!n) return tl::unexpected(n.error());
            if (*n == 0) return fail("truncated", "the inflated data set ends within an element");
            count -= *n;
        }
        return {};
    }

  private:
    Status refill() {
        const auto n = deflated_->read(input_);
        if (!n) return tl::unexpected(n.error());
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(*n);
        return {};
    }

    std::unique_ptr<ByteSource> deflated_;
    std::uint64_t left_;
    z_stream stream_{};
    bool usable_ = false, ended_ = false;
    std::array<std::byte, 32 * 1024> input_, scratch_;
};

}  // namespace

std::unique_ptr<ByteSource> make_file_source(int fd, std::uint64_t begin, std::uint64_t end) {
    return std::make_unique<FileSource>(fd, begin, std::max(begin, end));
}

std::unique_ptr<ByteSource> make_inflating_source(std::unique_ptr<ByteSource> deflated, std::uint64_t limit) {
    return std::make_unique<InflatingSource>(std::move(deflated), limit);
}

}  // namespace hilum
