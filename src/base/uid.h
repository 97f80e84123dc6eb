// DICOM unique identifiers (PS3.5 chapter 9).
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hilum {

// A valid UID: 1 to 64 digits and dots, no empty component. Leading zeros in components are tolerated when
// reading, since modalities send them.
class Uid {
  public:
    // Trailing padding (NUL or space) is dropped first. Code "invalid_uid".
    static Result<Uid> parse(std::string_view text);

    const std::string& value() const { return value_; }
    auto operator<=>(const Uid&) const = default;

  private:
    explicit Uid(std::string value) : value_(std::move(value)) {}
    friend Uid derive_uid(const std::vector<std::string>& identity);
    friend Uid random_uid();
    std::string value_;
};

// The same UID for the same identity, always and everywhere: 2.25. followed by a 128-bit number (PS3.5 B.2)
// taken from the SHA-256 of the parts, as a version 8 UUID (RFC 9562).
Uid derive_uid(const std::vector<std::string>& identity);

// Another one each time, that nobody can guess.
Uid random_uid();

// Identifies Hilum in file meta information and as the manufacturer's implementation.
inline constexpr const char* implementation_class_uid = "2.25.171087912470245513217345262843155217163";
inline constexpr const char* implementation_version_prefix = "HILUM_";
inline constexpr const char* implementation_version_name = "HILUM_" HILUM_VERSION;

}  // namespace hilum
