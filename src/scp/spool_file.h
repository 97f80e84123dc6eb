// The spool: data_dir/spool/YYYYMMDD/<32 random hexadecimal digits>.dcm, one file for each received object.
// Names owe nothing to what was received. While it is written a file is called *.tmp. Who writes it holds an
// flock on it until it is answered for, under either name; at its start the coordinator removes *.tmp files
// that nobody holds, and adopts other files that nobody holds and no row names (pipeline/spool_survey.h). The
// folder of an earlier day goes once it is empty (pipeline/retention/file_removal.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum::scp {

// A file being written. Removed when the object ends, unless it is kept.
class SpoolFile {
  public:
    SpoolFile(SpoolFile&&) = default;
    SpoolFile& operator=(SpoolFile&&) = delete;
    ~SpoolFile();

    Status write(std::span<const std::byte> bytes);  // buffered
    Status flush();

    // Afterwards the file is on the disk under name(), whole, whatever happens to the machine.
    Status make_durable();

    void keep() { kept_ = true; }
    void give_up() { kept_ = false; }                        // as before keep()
    std::string name() const { return day_ + "/" + file_; }  // within the spool folder
    std::uint64_t size() const { return size_; }             // bytes written, buffered ones included
    int fd() const { return fd_.get(); }

  private:
    friend class Spool;
    SpoolFile(std::shared_ptr<UniqueFd> folder, std::string day, std::string file, UniqueFd fd);

    std::shared_ptr<UniqueFd> folder_;  // of the day
    std::string day_, file_;
    UniqueFd fd_;
    std::vector<std::byte> buffer_;
    std::uint64_t size_ = 0;
    bool renamed_ = false, kept_ = false;
};

class Spool {
  public:
    // Makes the folder where it is missing. `data_dir` must exist.
    static Result<Spool> open(const std::filesystem::path& data_dir);

    // Code "disk_full" when less than `min_free_space` bytes are free.
    Status check_free_space(std::uint64_t min_free_space) const;

    Result<SpoolFile> create();

  private:
    explicit Spool(UniqueFd folder) : folder_(std::move(folder)) {}
    Status open_folder_of(const std::string& day);
    Result<std::optional<UniqueFd>> create_locked(const std::string& file);

    UniqueFd folder_;
    std::string day_;  // that day_folder_ is of
    std::shared_ptr<UniqueFd> day_folder_;
};

}  // namespace hilum::scp
