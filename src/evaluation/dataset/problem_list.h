// What is wrong with a table, each with its line: the first twenty in words, the others counted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace hilum::dataset {

class ProblemList {
  public:
    void note(std::size_t line, const std::string& what) {
        if (++count_ <= most_told) words_ += fmt::format("\n  line {}{}", line, what);
    }
    bool empty() const { return count_ == 0; }
    // `what`: "is no manifest that can be used".
    tl::unexpected<Error> of(std::string code, const std::filesystem::path& file,
                             const std::string& what) const {
        const auto more = count_ > most_told ? fmt::format("\n  and {} more", count_ - most_told) : "";
        return fail(std::move(code), "{} {}:{}{}", file.string(), what, words_, more);
    }

  private:
    static constexpr std::size_t most_told = 20;
    std::size_t count_ = 0;
    std::string words_;
};

}  // namespace hilum::dataset
