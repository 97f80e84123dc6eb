// A folder of results that is there whole or not at all: written beside its place under another name, and
// renamed at the end.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace hilum {

class OutputFolder {
  public:
    // Before long work: code "exists" where begin() would find something in its place.
    static Status is_free(const std::filesystem::path& place);
    // Codes: "exists" where something is in its place already; "unwritable".
    static Result<OutputFolder> begin(const std::filesystem::path& place);
    OutputFolder(OutputFolder&& other) noexcept;
    OutputFolder& operator=(OutputFolder&&) = delete;
    ~OutputFolder();  // removes what was not finished

    const std::filesystem::path& folder() const { return folder_; }  // where files are written meanwhile
    Status write(const std::string& name, const std::string& text);
    Status finish();

  private:
    OutputFolder(std::filesystem::path place, std::filesystem::path folder)
        : place_(std::move(place)), folder_(std::move(folder)) {}
    std::filesystem::path place_, folder_;  // folder_ is empty once it is finished
};

}  // namespace hilum
