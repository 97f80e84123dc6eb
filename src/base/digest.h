// SHA-256, the one digest that Hilum uses: of received data sets, model weights, results, audit events.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hilum {

// Incremental: update any number of times, then hex() once.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    void update(std::string_view text);
    std::string hex();  // 64 lower-case digits

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

std::string hex_of(std::span<const std::byte> bytes);  // two lower-case digits each

std::string sha256_hex(std::string_view bytes);

// HMAC (RFC 2104) with SHA-256, as 64 lower-case digits: what only who has the key can compute.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

// Of all that the file holds, from its beginning; the descriptor's position stays. Code "unreadable".
Result<std::string> sha256_of_fd(int fd);
Result<std::string> sha256_of_file(const std::filesystem::path& file);

}  // namespace hilum
