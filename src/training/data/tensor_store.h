// The model's inputs as the decoder made them, exact, in one file that is mapped into memory: so that they
// are decoded once, and training needs no more memory than the system has to spare.
//
// FOLDER/tensors-DIGEST.bin, DIGEST of the input specification, the site's rules and Hilum's version: records
// of one size, in the order in which they came. Each is written whole or is not there: a record that was cut
// off or changed is found by its digest, forgotten, and made anew by who needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "contract/analysis.h"
#include "model/package/model_package.h"

namespace hilum::training {

class TensorStore {
  public:
    // Opens what is there of this input, made by these site_rules(), or begins it. Reads all of it once.
    // Codes: "unwritable", "unreadable", "disk_full", "system".
    static Result<TensorStore> open(const std::filesystem::path& folder,
                                    const model::InputSpecification& input, const std::string& rules = {});
    TensorStore(TensorStore&& other) noexcept;
    TensorStore& operator=(TensorStore&&) = delete;
    ~TensorStore();

    // `key`: 64 hexadecimal digits, of what the tensor was made from.
    std::optional<std::size_t> find(const std::string& key) const;
    std::size_t damaged() const { return damaged_; }  // records that were forgotten by open()

    Status add(const std::string& key, const InputGeometry& geometry, std::span<const float> tensor);
    // Makes what was added durable, and all records readable.
    Status finish();

    // After finish(), of a place that find() told. Valid as long as the store.
    std::span<const float> tensor(std::size_t place) const;
    InputGeometry geometry(std::size_t place) const;
    std::size_t floats() const { return floats_; }  // of a tensor

  private:
    TensorStore(UniqueFd file, std::filesystem::path name, std::size_t floats)
        : file_(std::move(file)), name_(std::move(name)), floats_(floats) {}
    Status read();
    Status map();
    void unmap();
    std::size_t record_bytes() const;

    UniqueFd file_;
    std::filesystem::path name_;
    std::size_t floats_;
    std::size_t records_ = 0, damaged_ = 0;
    std::map<std::string, std::size_t> places_;
    const std::byte* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0;
};

// Of what an image's tensor is made: the pixels as the manifest names them, and the file's path, size and
// time of change, for the same pixels may come with another window.
Result<std::string> tensor_key(const std::string& pixels, const std::filesystem::path& file);

}  // namespace hilum::training
