// New identifiers in place of true ones: the same for the same, in all files, with one key, and without the
// key neither to be turned back nor to be guessed (HMAC with SHA-256).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/uid.h"

namespace hilum::deidentification {

class Pseudonyms {
  public:
    explicit Pseudonyms(std::string key) : key_(std::move(key)) {}

    std::string patient(std::string_view person) const;  // "P" and 16 hexadecimal digits
    std::string site(std::string_view site) const;       // "S" and 8; empty stays so
    std::string file_name(std::string_view file) const;  // 24, without an ending
    Uid uid(std::string_view uid) const;                 // 2.25.
    int days_earlier(std::string_view person) const;     // by which dates move: 1 to 3652

  private:
    std::string code(const char* kind, std::string_view text) const;
    std::string key_;
};

// The key in `file`: 64 hexadecimal digits and a line feed. Where there is no file it is made, of 32 random
// bytes, readable by its owner alone. Codes: "key" (no such text, or others may read it: words say what to
// do), "system".
Result<Pseudonyms> read_or_make_key(const std::filesystem::path& file);

}  // namespace hilum::deidentification
