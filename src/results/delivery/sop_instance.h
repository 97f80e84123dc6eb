// One SOP instance in a DICOM file (PS3.10), ready to be sent.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"

class DcmDataset;
class DcmFileFormat;

namespace hilum::delivery {

class SopInstance {
  public:
    // In memory: a disk that failed while it was sent would send empty values. Codes: those of
    // load_dicom_file(), and "not_dicom" when the data set names no SOP class and instance.
    static Result<SopInstance> load(const std::filesystem::path& file);
    static Result<SopInstance> load(int fd);

    SopInstance(SopInstance&&) noexcept;
    SopInstance& operator=(SopInstance&&) noexcept;
    ~SopInstance();

    const std::string& sop_class_uid() const;
    const std::string& sop_instance_uid() const;
    const std::string& transfer_syntax_uid() const;
    DcmDataset& dataset() const;

  private:
    struct Content;
    explicit SopInstance(std::unique_ptr<Content> content);
    static Result<SopInstance> identify(Result<std::unique_ptr<DcmFileFormat>> file);
    std::unique_ptr<Content> content_;
};

}  // namespace hilum::delivery
