#include "dicom/stream/spliced_file.h"

#include <dcmtk/dcmdata/dcerror.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

// A stretch of what is seen: of the file, or of the bytes in its place.
struct Piece {
    std::uint64_t begin = 0;  // where it is seen
    std::uint64_t length = 0;
    std::uint64_t offset = 0;  // in the file
    std::string bytes;         // if not of the file
};

// What is seen, and where it is read from.
struct View {
    UniqueFd fd;
    std::vector<Piece> pieces;
    std::uint64_t size = 0;
    FileReads reads;

    void append(Piece piece) {
        if (piece.length == 0) return;
        piece.begin = size;
        size += piece.length;
        pieces.push_back(std::move(piece));
    }

    // Bytes from `position` on, as many as one read gives; 0 when the file system fails.
    std::size_t read(std::uint64_t position, std::span<char> out) const {
        const auto after = std::ranges::upper_bound(pieces, position, {}, &Piece::begin);
        if (after == pieces.begin() || position >= size) return 0;
        const Piece& piece = *std::prev(after);
        const std::uint64_t within = position - piece.begin;
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), piece.length - within));
        if (!piece.bytes.empty()) {
            std::memcpy(out.data(), piece.bytes.data() + within, count);
            return count;
        }
        ssize_t n;
        do {
            n = ::pread(fd.get(), out.data(), count, static_cast<off_t>(piece.offset + within));
        } while (n < 0 && errno == EINTR);
        if (n <= 0) reads.failed(n < 0 ? errno : EIO);  // 0: it has shrunk since
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }
};

class Producer final : public DcmProducer {
  public:
    Producer(std::shared_ptr<const View> view, std::uint64_t position)
        : view_{std::move(view)}, position_{position} {}

    OFBool good() const override { return status_.good(); }
    OFCondition status() const override { return status_; }
    OFBool eos() override { return position_ >= view_->size; }
    offile_off_t avail() override { return static_cast<offile_off_t>(left()); }

    offile_off_t read(void* buffer, offile_off_t count) override {
        std::span out(static_cast<char*>(buffer), static_cast<std::size_t>(count));
        std::size_t done = 0;
        while (good() && done < out.size() && left() > 0) {
            const std::size_t n = read_some(out.subspan(done));
            if (n == 0) status_ = EC_InvalidStream;
            done += n;
            position_ += n;
        }
        return static_cast<offile_off_t>(done);
    }
    offile_off_t skip(offile_off_t count) override {
        const auto skipped = std::min<std::uint64_t>(static_cast<std::uint64_t>(count), left());
        position_ += skipped;
        return static_cast<offile_off_t>(skipped);
    }
    void putback(offile_off_t count) override {
        if (static_cast<std::uint64_t>(count) > position_)
            status_ = EC_PutbackFailed;
        else
            position_ -= static_cast<std::uint64_t>(count);
    }

  private:
    std::uint64_t left() const { return view_->size - std::min(position_, view_->size); }

    // Headers are read in small pieces, values in large ones.
    std::size_t read_some(std::span<char> out) {
        if (out.size() >= buffer_.size()) return view_->read(position_, out);
        if (position_ < buffered_from_ || position_ >= buffered_from_ + buffered_) {
            buffered_from_ = position_;
            buffered_ = view_->read(position_, buffer_);
            if (buffered_ == 0) return 0;
        }
        const auto at = static_cast<std::size_t>(position_ - buffered_from_);
        const std::size_t count = std::min(out.size(), buffered_ - at);
        std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
        return count;
    }

    std::shared_ptr<const View> view_;
    std::uint64_t position_;
    OFCondition status_ = EC_Normal;
    std::array<char, 16 * 1024> buffer_;
    std::uint64_t buffered_from_ = 0;
    std::size_t buffered_ = 0;
};

class Stream final : public DcmInputStream {
  public:
    Stream(std::shared_ptr<const View> view, std::uint64_t position)
        : DcmInputStream(&producer_),  // which only keeps the pointer
          view_{view},
          position_{position},
          producer_{std::move(view), position} {}

    DcmInputStreamFactory* newFactory() const override;

  private:
    std::shared_ptr<const View> view_;
    std::uint64_t position_;  // where the stream began
    Producer producer_;
};

class Factory final : public DcmInputStreamFactory {
  public:
    Factory(std::shared_ptr<const View> view, std::uint64_t position)
        : view_{std::move(view)}, position_{position} {}
    DcmInputStream* create() const override { return new Stream(view_, position_); }
    DcmInputStreamFactory* clone() const override { return new Factory(*this); }
    DcmInputStreamFactoryType ident() const override { return DFT_DcmInputFileStreamFactory; }

  private:
    std::shared_ptr<const View> view_;
    std::uint64_t position_;
};

DcmInputStreamFactory* Stream::newFactory() const {
    // With a filter installed, positions are not the file's.
    if (currentProducer() != &producer_) return nullptr;
    return new Factory(view_, position_ + static_cast<std::uint64_t>(tell()));
}

}  // namespace

Status FileReads::status() const {
    const int error_number = error_->load();
    if (error_number != 0) return tl::unexpected(unreadable(error_number, "cannot read the DICOM file"));
    return {};
}

void FileReads::failed(int error_number) const {
    error_->store(error_number);
}

Result<std::unique_ptr<DcmInputStream>> open_spliced_file(int fd, const std::vector<Splice>& splices,
                                                          const FileReads& reads) {
    auto view = std::make_shared<View>();
    view->reads = reads;
    view->fd = UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    struct stat info {};
    if (!view->fd || ::fstat(view->fd.get(), &info) != 0)
        return tl::unexpected(unreadable(errno, "cannot open the DICOM file"));
    std::uint64_t at = 0;
    for (const Splice& splice : splices) {
        view->append({0, splice.begin - at, at, {}});
        view->append({0, splice.bytes.size(), 0, splice.bytes});
        at = splice.end;
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    view->append({0, size - std::min(at, size), at, {}});
    return std::make_unique<Stream>(std::move(view), 0);
}

}  // namespace hilum
