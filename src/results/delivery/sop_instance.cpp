#include "results/delivery/sop_instance.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "base/uid.h"
#include "dicom/dataset_reading.h"

namespace hilum::delivery {

struct SopInstance::Content {
    std::unique_ptr<DcmFileFormat> file;
    std::string sop_class_uid, sop_instance_uid, transfer_syntax_uid;
};

SopInstance::SopInstance(std::unique_ptr<Content> content) : content_(std::move(content)) {}
SopInstance::SopInstance(SopInstance&&) noexcept = default;
SopInstance& SopInstance::operator=(SopInstance&&) noexcept = default;
SopInstance::~SopInstance() = default;

Result<SopInstance> SopInstance::load(const std::filesystem::path& file) {
    return identify(load_dicom_file(file));
}

Result<SopInstance> SopInstance::load(int fd) {
    return identify(load_dicom_file(fd));
}

Result<SopInstance> SopInstance::identify(Result<std::unique_ptr<DcmFileFormat>> file) {
    if (!file) return tl::unexpected(file.error());
    auto& dataset = *(*file)->getDataset();
    const auto sop_class_uid = Uid::parse(text_of(dataset, DCM_SOPClassUID));
    if (!sop_class_uid) return fail("not_dicom", "the data set has no valid SOP Class UID");
    const auto sop_instance_uid = Uid::parse(text_of(dataset, DCM_SOPInstanceUID));
    if (!sop_instance_uid) return fail("not_dicom", "the data set has no valid SOP Instance UID");
    return SopInstance(std::make_unique<Content>(Content{
        std::move(*file), sop_class_uid->value(), sop_instance_uid->value(), transfer_syntax_of(dataset)}));
}

const std::string& SopInstance::sop_class_uid() const {
    return content_->sop_class_uid;
}
const std::string& SopInstance::sop_instance_uid() const {
    return content_->sop_instance_uid;
}
const std::string& SopInstance::transfer_syntax_uid() const {
    return content_->transfer_syntax_uid;
}
DcmDataset& SopInstance::dataset() const {
    return *content_->file->getDataset();
}

}  // namespace hilum::delivery
