// The files of a ComposeRequest. The composer opens and makes none by itself (docs/decisions/0021).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum::results {

class HandedFiles {
  public:
    virtual ~HandedFiles() = default;
    // A file that the request names, for reading: code "not_found", else "unreadable".
    virtual Result<UniqueFd> open(const std::string& file) = 0;
    // Makes it the file of that name in results_dir, durably; returns its SHA-256.
    virtual Result<std::string> keep(const std::string& name, std::string_view bytes) = 0;
};

inline bool is_gone(const Error& error) {
    return error.code == "not_found";
}

}  // namespace hilum::results
