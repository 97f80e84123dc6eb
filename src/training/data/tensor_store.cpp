#include "training/data/tensor_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/digest.h"
#include "base/file_system.h"
#include "training/data/image_decoding.h"

namespace hilum::training {
namespace {

// Before each tensor's floats.
struct RecordHead {
    std::array<char, 64> digest{};  // SHA-256 of what follows, and of the floats
    std::array<char, 64> key{};
    std::array<std::int32_t, 13> geometry{};
    std::array<char, 12> unused{};
};
static_assert(sizeof(RecordHead) == 192);

std::array<std::int32_t, 13> numbers_of(const InputGeometry& g) {
    return {g.turn.transposed,
            g.turn.flipped_columns,
            g.turn.flipped_rows,
            g.source_columns,
            g.source_rows,
            g.scaled_columns,
            g.scaled_rows,
            g.left,
            g.top,
            g.input_columns,
            g.input_rows,
            0,
            0};
}

InputGeometry geometry_of(const std::array<std::int32_t, 13>& n) {
    return {{n[0] != 0, n[1] != 0, n[2] != 0}, n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10]};
}

std::string digest_of(const RecordHead& head, std::span<const std::byte> floats) {
    Sha256 digest;
    digest.update(std::as_bytes(std::span(&head, 1)).subspan(sizeof head.digest));
    digest.update(floats);
    return digest.hex();
}

void put(const std::string& text, std::array<char, 64>& into) {
    std::memcpy(into.data(), text.data(), std::min(text.size(), into.size()));
}

}  // namespace

Result<TensorStore> TensorStore::open(const std::filesystem::path& folder,
                                      const model::InputSpecification& input, const std::string& rules) {
    const auto digest = sha256_hex(std::string(HILUM_VERSION) + "\n" + yaml_for_decoder(input) + rules);
    const auto name = folder / fmt::format("tensors-{}.bin", digest.substr(0, 16));
    UniqueFd file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!file)
        return fail("unwritable", "{}", system_error(errno, "cannot open or make " + name.string()).message);
    TensorStore store(std::move(file), name,
                      static_cast<std::size_t>(input.channels) * static_cast<std::size_t>(input.rows) *
                          static_cast<std::size_t>(input.columns));
    if (auto read = store.read(); !read) return tl::unexpected(read.error());
    return store;
}

TensorStore::TensorStore(TensorStore&& other) noexcept
    : file_(std::move(other.file_)),
      name_(std::move(other.name_)),
      floats_(other.floats_),
      records_(other.records_),
      damaged_(other.damaged_),
      places_(std::move(other.places_)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)) {}

TensorStore::~TensorStore() {
    unmap();
}

std::size_t TensorStore::record_bytes() const {
    return sizeof(RecordHead) + floats_ * sizeof(float);
}

void TensorStore::unmap() {
    if (mapped_ != nullptr) ::munmap(const_cast<std::byte*>(mapped_), mapped_bytes_);
    mapped_ = nullptr;
    mapped_bytes_ = 0;
}

Status TensorStore::map() {
    unmap();
    if (records_ == 0) return {};
    const auto bytes = records_ * record_bytes();
    void* const data = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (data == MAP_FAILED) return tl::unexpected(system_error(errno, "cannot map " + name_.string()));
    mapped_ = static_cast<const std::byte*>(data);
    mapped_bytes_ = bytes;
    return {};
}

Status TensorStore::read() {
    struct stat info {};
    if (::fstat(file_.get(), &info) != 0)
        return tl::unexpected(system_error(errno, "cannot stat " + name_.string()));
    const auto bytes = static_cast<std::size_t>(info.st_size);
    records_ = bytes / record_bytes();
    if (records_ * record_bytes() != bytes) {  // what a process was writing when it ended
        ++damaged_;
        if (::ftruncate(file_.get(), static_cast<off_t>(records_ * record_bytes())) != 0)
            return tl::unexpected(system_error(errno, "cannot shorten " + name_.string()));
    }
    if (auto mapped = map(); !mapped) return mapped;
    for (std::size_t place = 0; place < records_; ++place) {
        RecordHead head;
        const auto record = std::span(mapped_, mapped_bytes_).subspan(place * record_bytes(), record_bytes());
        std::memcpy(&head, record.data(), sizeof head);
        if (digest_of(head, record.subspan(sizeof head)) !=
            std::string(head.digest.begin(), head.digest.end())) {
            ++damaged_;
            continue;
        }
        places_[std::string(head.key.begin(), head.key.end())] = place;
    }
    return {};
}

std::optional<std::size_t> TensorStore::find(const std::string& key) const {
    const auto found = places_.find(key);
    if (found == places_.end()) return {};
    return found->second;
}

Status TensorStore::add(const std::string& key, const InputGeometry& geometry,
                        std::span<const float> tensor) {
    if (key.size() != 64 || tensor.size() != floats_)
        return fail("protocol", "a tensor of {} numbers where {} were expected", tensor.size(), floats_);
    RecordHead head;
    put(key, head.key);
    head.geometry = numbers_of(geometry);
    put(digest_of(head, std::as_bytes(tensor)), head.digest);
    const auto begin = static_cast<off_t>(records_ * record_bytes());
    auto written = ::lseek(file_.get(), begin, SEEK_SET) == begin
                       ? write_all(file_.get(), std::as_bytes(std::span(&head, 1)))
                       : Status(tl::unexpected(system_error(errno, "cannot write " + name_.string())));
    if (written) written = write_all(file_.get(), std::as_bytes(tensor));
    if (!written) {
        written.error().message = name_.string() + ": " + written.error().message;
        return written;
    }
    places_[key] = records_++;
    return {};
}

Status TensorStore::finish() {
    if (::fdatasync(file_.get()) != 0)
        return tl::unexpected(system_error(errno, "cannot sync " + name_.string()));
    return map();
}

std::span<const float> TensorStore::tensor(std::size_t place) const {
    const auto* const from = mapped_ + place * record_bytes() + sizeof(RecordHead);
    return {reinterpret_cast<const float*>(from), floats_};
}

InputGeometry TensorStore::geometry(std::size_t place) const {
    RecordHead head;
    std::memcpy(&head, mapped_ + place * record_bytes(), sizeof head);
    return geometry_of(head.geometry);
}

Result<std::string> tensor_key(const std::string& pixels, const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0)
        return fail("unreadable", "{}", system_error(errno, "cannot open the file").message);
    return sha256_hex(fmt::format("{}\n{}\n{}\n{}.{:09}", pixels,
                                  std::filesystem::absolute(file).lexically_normal().string(), info.st_size,
                                  info.st_mtim.tv_sec, info.st_mtim.tv_nsec));
}

}  // namespace hilum::training
