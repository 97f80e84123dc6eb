// A compact journal of facts beside the database, from which one that is lost is rebuilt: what was received,
// from whom, reported, composed, delivered, committed, to be sent again, discarded, withdrawn, held,
// released. Lines of JSON with checksums, appended before the commit that tells the same; so it may tell of
// what was never committed, never the other way round. No patient's name or id, but where an operator wrote
// one as the reason of a hold or the note of a withdrawal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

class FactJournal {
  public:
    // In a folder of its own, which is made. A line that a power cut tore is left as it is; the next begins
    // behind it.
    static Result<FactJournal> open(const std::filesystem::path& folder);

    // Appends the lines, all of them or none; where `durably`, they are on the disk when it returns. Code
    // "disk_full".
    Status append(const std::vector<std::string>& lines, bool durably);

    static std::string line_of(const nlohmann::json& fact);
    const std::filesystem::path& folder() const { return folder_; }

    // How large a file gets, and how many are kept: what is older is forgotten.
    static constexpr std::uint64_t largest_file = 64ULL << 20;
    static constexpr std::size_t most_files = 32;

  private:
    FactJournal(std::filesystem::path folder, UniqueFd file, std::uint64_t number, std::uint64_t size)
        : folder_(std::move(folder)), file_(std::move(file)), number_(number), size_(size), torn_(size > 0) {}
    Status begin_next_file();

    std::filesystem::path folder_;
    UniqueFd file_;
    std::uint64_t number_ = 0, size_ = 0;
    bool torn_ = false;  // what the file ends with may be no whole line
};

// Calls `each` with every fact of the journal in the folder, in order. Lines that are torn or damaged are
// passed over. Returns how many those were.
Result<std::uint64_t> read_facts(const std::filesystem::path& folder,
                                 const std::function<void(const nlohmann::json&)>& each);

}  // namespace hilum
