#include "simulation/image.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"

namespace hilum::simulation {
namespace {

constexpr const char* file_meta = "MODALITY\n";
constexpr const char* end_mark = "end";
constexpr const char* peer = "192.0.2.7";

nlohmann::json analysed_part(const Image& image) {
    return {{"study", image.study_instance_uid},
            {"uid", image.sop_instance_uid},
            {"kind", image.kind},
            {"pixels", image.pixels}};
}

}  // namespace

std::string Image::data_set() const {
    auto json = analysed_part(*this);
    json["accession"] = accession_number;
    json["date"] = study_date;
    json["header"] = header;
    json["prior"] = prior;
    return json.dump() + end_mark;
}

std::string Image::dataset_sha256() const {
    return sha256_hex(data_set());
}

std::string Image::analysis_sha256() const {
    return sha256_hex(analysed_part(*this).dump());
}

StoreCommit Image::commit(const std::string& file) const {
    StoreCommit commit;
    commit.header.sop_class_uid = "1.2.840.10008.5.1.4.1.1.1.1";
    commit.header.sop_instance_uid = sop_instance_uid;
    commit.header.study_instance_uid = study_instance_uid;
    commit.header.series_instance_uid = study_instance_uid + ".1";
    commit.header.transfer_syntax_uid = "1.2.840.10008.1.2.1";
    commit.header.modality = "DX";
    commit.header.study_date = study_date;
    commit.header.accession_number = accession_number;
    commit.header.patient_id = "P" + accession_number;
    commit.file = file;
    commit.size = to_file(*this).size();
    commit.dataset_sha256 = dataset_sha256();
    commit.analysis_sha256 = analysis_sha256();
    commit.calling_ae = calling_ae;
    commit.peer = peer;
    return commit;
}

std::string to_file(const Image& image) {
    return file_meta + image.data_set();
}

Result<Image> from_file(std::string_view file) {
    const std::string_view meta = file_meta, mark = end_mark;
    if (!file.starts_with(meta) || !file.ends_with(mark)) return fail("damaged", "the file is torn");
    const auto text = file.substr(meta.size(), file.size() - meta.size() - mark.size());
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return fail("damaged", "the file is torn");
    Image image;
    json.at("study").get_to(image.study_instance_uid);
    json.at("uid").get_to(image.sop_instance_uid);
    json.at("kind").get_to(image.kind);
    json.at("pixels").get_to(image.pixels);
    json.at("accession").get_to(image.accession_number);
    json.at("date").get_to(image.study_date);
    json.at("header").get_to(image.header);
    json.at("prior").get_to(image.prior);
    return image;
}

std::size_t data_set_bytes(std::string_view file) {
    return file.size() - std::string_view(file_meta).size();
}

}  // namespace hilum::simulation
