#include "results/result_modules.h"

#include <cstdlib>

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcostrmb.h>

#include "base/clock.h"
#include "base/uid.h"
#include "dicom/dataset_reading.h"
#include "results/dataset_writing.h"
#include "results/report/report_terms.h"
#include "results/source_header.h"

namespace hilum::results {
namespace {

const Code processing_equipment{"109102", "DCM", "Processing Equipment"};
constexpr std::size_t long_string = 64;

// Minutes east of Greenwich from a TimezoneOffsetFromUTC value, where it is one.
std::optional<int> minutes_of(const std::string& offset) {
    if (offset.size() != 5 || (offset[0] != '+' && offset[0] != '-') ||
        offset.find_first_not_of("0123456789", 1) != std::string::npos)
        return {};
    const int minutes = std::atoi(offset.substr(1, 2).c_str()) * 60 + std::atoi(offset.substr(3).c_str());
    if (minutes > 14 * 60) return {};
    return offset[0] == '-' ? -minutes : minutes;
}

// The digits of the moment shifted by an offset: what a clock there shows.
ContentMoment shifted(std::int64_t microseconds, int minutes, const std::string& offset) {
    // 2026-11-23T22:24:48.123456Z
    const std::string iso = to_iso8601(from_microseconds(microseconds + minutes * 60'000'000LL));
    return {iso.substr(0, 4) + iso.substr(5, 2) + iso.substr(8, 2),
            iso.substr(11, 2) + iso.substr(14, 2) + iso.substr(17, 9), offset};
}

void put_contribution(DcmItem& target, const ModelIdentity& model, const ContentMoment& moment,
                      const Equipment& equipment) {
    DcmItem& item = add_item(target, DCM_ContributingEquipmentSequence);
    put_code(item, 0x0040, 0xA170, processing_equipment);
    put(item, DCM_Manufacturer, manufacturer);
    put(item, DCM_ManufacturerModelName, shortened(model.name, long_string));
    put(item, DCM_DeviceSerialNumber, equipment.serial_number);
    put(item, DCM_SoftwareVersions, shortened(model.version, long_string));
    put(item, DCM_DeviceUID, device_uid(model));
    put(item, DCM_ContributionDateTime, moment.date_time());
    put(item, DCM_ContributionDescription, "Analysed by AI; weights SHA-256 " + model.sha256);
}

void put_equipment(DcmItem& target, const Equipment& equipment) {
    put(target, DCM_Manufacturer, manufacturer);
    put(target, DCM_ManufacturerModelName, "Hilum");
    put(target, DCM_DeviceSerialNumber, equipment.serial_number);
    put(target, DCM_SoftwareVersions, equipment.software_version);
    if (!equipment.institution.empty()) put(target, DCM_InstitutionName, equipment.institution);
}

void put_coding_scheme(DcmItem& target) {
    target.findAndDeleteElement(DCM_CodingSchemeIdentificationSequence);
    DcmItem& item = add_item(target, DCM_CodingSchemeIdentificationSequence);
    put(item, DCM_CodingSchemeDesignator, own_coding_scheme);
    put(item, DCM_CodingSchemeName, "Hilum's codes for AI results");
    put(item, DCM_CodingSchemeResponsibleOrganization, manufacturer);
}

Status put_meta_information(DcmFileFormat& file, const char* transfer_syntax_uid,
                            const std::string& software_version) {
    DcmMetaInfo& meta = *file.getMetaInfo();
    DcmDataset& dataset = *file.getDataset();
    const Uint8 version[2] = {0, 1};
    put(meta, DCM_MediaStorageSOPClassUID, raw_text(dataset, 0x0008, 0x0016));
    put(meta, DCM_MediaStorageSOPInstanceUID, raw_text(dataset, 0x0008, 0x0018));
    put(meta, DCM_TransferSyntaxUID, transfer_syntax_uid);
    put(meta, DCM_ImplementationClassUID, implementation_class_uid);
    put(meta, DCM_ImplementationVersionName, implementation_version_prefix + software_version);
    const OFCondition done = meta.putAndInsertUint8Array(DCM_FileMetaInformationVersion, version, 2);
    if (done.bad()) return fail("writing", "file meta information: {}", done.text());
    return {};
}

}  // namespace

std::string ContentMoment::readable() const {
    return fmt::format("{}-{}-{} {}:{}:{} {}", date.substr(0, 4), date.substr(4, 2), date.substr(6, 2),
                       time.substr(0, 2), time.substr(2, 2), time.substr(4, 2), utc_offset);
}

ContentMoment content_moment(DcmItem& source, std::int64_t started_at, const std::string& utc_offset) {
    const std::string of_source = text_of(source, DCM_TimezoneOffsetFromUTC);
    if (const auto minutes = minutes_of(of_source)) return shifted(started_at, *minutes, of_source);
    return shifted(started_at, minutes_of(utc_offset).value_or(0), utc_offset);
}

void put_result_modules(DcmItem& target, const ResultIdentity& identity, const ResultSeries& series,
                        const ContentMoment& moment, const Equipment& equipment,
                        const std::vector<ModelIdentity>& models) {
    put(target, DCM_SOPClassUID, identity.sop_class_uid);
    put(target, DCM_SOPInstanceUID, identity.sop_instance_uid);
    put(target, DCM_SeriesInstanceUID, identity.series_instance_uid);
    put(target, DCM_Modality, series.modality);
    put(target, DCM_SeriesNumber, std::to_string(series.number));
    put(target, DCM_SeriesDescription, shortened(series.description, long_string));
    // No series date or time: they would have to be one for results that are made at different moments.
    put(target, DCM_InstanceCreationDate, moment.date);
    put(target, DCM_InstanceCreationTime, moment.time);
    put(target, DCM_TimezoneOffsetFromUTC, moment.utc_offset);
    put_equipment(target, equipment);
    put_coding_scheme(target);
    for (const ModelIdentity& model : models) put_contribution(target, model, moment, equipment);
}

void put_content_date(DcmItem& target, const ContentMoment& moment) {
    put(target, DCM_ContentDate, moment.date);
    put(target, DCM_ContentTime, moment.time);
}

void put_code(DcmItem& target, unsigned short group, unsigned short element, const Code& code) {
    DcmItem& item = add_item(target, DcmTagKey(group, element));
    put(item, DCM_CodeValue, code.value);
    put(item, DCM_CodingSchemeDesignator, code.scheme);
    put(item, DCM_CodeMeaning, code.meaning);
}

Result<std::string> file_bytes(DcmDataset& dataset, const char* transfer_syntax_uid,
                               const std::string& software_version) {
    const E_TransferSyntax syntax = DcmXfer(transfer_syntax_uid).getXfer();
    DcmFileFormat file(&dataset, OFFalse);  // borrows the data set
    const auto meta = put_meta_information(file, transfer_syntax_uid, software_version);
    if (!meta) {
        file.getAndRemoveDataset();
        return tl::unexpected(meta.error());
    }
    file.validateMetaInfo(syntax, EWM_updateMeta);
    std::string bytes(file.calcElementLength(syntax, EET_ExplicitLength) + 4096, '\0');
    DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    file.transferInit();
    const OFCondition done = file.write(stream, syntax, EET_ExplicitLength, nullptr, EGL_recalcGL,
                                        EPD_noChange, 0, 0, 0, EWM_updateMeta);
    file.transferEnd();
    file.getAndRemoveDataset();
    if (done.bad()) return fail("writing", "DCMTK cannot write the result: {}", done.text());
    void* begin = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(begin, length);
    bytes.resize(static_cast<std::size_t>(length));
    return bytes;
}

}  // namespace hilum::results
