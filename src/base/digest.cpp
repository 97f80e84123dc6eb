#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fcntl.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum {

struct Sha256::Context {
    EVP_MD_CTX* md = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(md); }
};

namespace {
void must(int ok) {
    if (ok != 1) std::abort();  // OpenSSL without SHA-256: nothing that we store could be trusted
}
}  // namespace

std::string hex_of(std::span<const std::byte> bytes) {
    std::string text;
    for (const auto byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    must(EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
    must(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()));
}

void Sha256::update(std::string_view text) {
    update(std::as_bytes(std::span(text)));
}

std::string Sha256::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    must(EVP_DigestFinal_ex(context_->md, digest.data(), &size));
    return hex_of(std::as_bytes(std::span(digest).first(size)));
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 sha;
    sha.update(bytes);
    return sha.hex();
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned int size = 0;
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), code.data(),
              &size) != nullptr);
    return hex_of(std::as_bytes(std::span(code).first(size)));
}

Result<std::string> sha256_of_fd(int fd) {
    Sha256 sha;
    std::vector<std::byte> buffer(1 << 20);
    for (off_t at = 0;;) {
        const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), at);
        if (n == 0) return sha.hex();
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(unreadable(errno, "cannot read it"));
        sha.update(std::span(buffer).first(static_cast<std::size_t>(n)));
        at += n;
    }
}

Result<std::string> sha256_of_fd(int fd, std::uint64_t begin, std::uint64_t end) {
    Sha256 sha;
    std::vector<std::byte> buffer(256 * 1024);
    for (std::uint64_t at = begin; at < end;) {
        const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), end - at);
        const ssize_t n = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(unreadable(errno, "cannot read it"));
        if (n == 0) return fail("truncated", "the file shrank while it was read");
        sha.update(std::span(buffer).first(static_cast<std::size_t>(n)));
        at += static_cast<std::uint64_t>(n);
    }
    return sha.hex();
}

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return tl::unexpected(unreadable(errno, "cannot open " + file.string()));
    auto digest = sha256_of_fd(fd.get());
    if (!digest) digest.error().message = fmt::format("{}: {}", file.string(), digest.error().message);
    return digest;
}

}  // namespace hilum
