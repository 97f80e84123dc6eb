// PACKAGE.run, the folder beside a package that is being trained: tensors, checkpoint, history.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "training/data/training_set.h"
#include "training/fit/history.h"

namespace hilum::training {

class RunFolder {
  public:
    // Makes it, or takes what is there; nobody else may have it meanwhile. Codes: "unwritable"; "busy" where
    // another training is at work in it.
    static Result<RunFolder> open(const std::filesystem::path& package);

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path checkpoint() const { return path_ / "checkpoint.bin"; }

    // Each replaces its file whole.
    Status write_unread(const std::vector<UnreadImage>& unread) const;  // unreadable.csv: file,reason,words
    Status write_history(const std::vector<EpochFigures>& history) const;  // history.csv, curves.svg

  private:
    RunFolder(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    std::filesystem::path path_;
    UniqueFd lock_;
};

}  // namespace hilum::training
