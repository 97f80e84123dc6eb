#include "phantom/phantom_header.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/uid.h"

namespace hilum::phantom {
namespace {

class HeaderWriter {
  public:
    explicit HeaderWriter(DcmItem& item) : item_(item) {}

    void text(const DcmTagKey& tag, const std::string& value) {
        check(item_.putAndInsertOFStringArray(tag, OFString(value.c_str(), value.size())), tag);
    }
    void number(const DcmTagKey& tag, int value) {  // US
        check(item_.putAndInsertUint16(tag, static_cast<Uint16>(value)), tag);
    }
    void signed_number(const DcmTagKey& tag, int value) {  // SS
        check(item_.putAndInsertSint16(tag, static_cast<Sint16>(value)), tag);
    }
    void empty_sequence(const DcmTagKey& tag) { check(item_.insertEmptyElement(tag), tag); }
    void code(const DcmTagKey& sequence, const char* value, const char* scheme, const char* meaning) {
        DcmItem* entry = nullptr;
        check(item_.findOrCreateSequenceItem(sequence, entry, -2), sequence);
        HeaderWriter inner(*entry);
        inner.text(DCM_CodeValue, value);
        inner.text(DCM_CodingSchemeDesignator, scheme);
        inner.text(DCM_CodeMeaning, meaning);
    }

  private:
    static void check(const OFCondition& condition, const DcmTagKey& tag) {
        if (condition.bad())
            throw std::runtime_error(fmt::format("{}: {}", tag.toString().c_str(), condition.text()));
    }
    DcmItem& item_;
};

using Identity = std::vector<std::string>;

// A person: the same whatever the picture shows, since a seed draws one body.
Identity person_of(const StudyIdentity& study, const PhantomOptions& options) {
    return {"hilum phantom", options.run, std::to_string(study.seed)};
}

// All that shapes the objects of a study: a PACS takes objects with the same UID for one. Not the time of
// writing: written once more, a phantom is the same object.
Identity identity_of(const StudyIdentity& study, const PhantomOptions& options) {
    const auto& given = options.header;
    Identity identity{"hilum phantom",
                      HILUM_VERSION,
                      options.run,
                      std::to_string(study.seed),
                      std::string(name_of(study.finding)),
                      options.finding ? "alike" : "in turn",
                      std::to_string(options.images_per_study),
                      std::to_string(options.long_side)};
    const auto add = [&identity](const auto& value) {  // an empty value is another than none
        identity.push_back(value ? fmt::format("={}", *value) : "");
    };
    add(options.photometric ? std::optional(static_cast<int>(*options.photometric)) : std::nullopt);
    for (const auto& value : {given.specific_character_set, given.patient_name, given.patient_id,
                              given.accession_number, given.view_position, given.body_part_examined})
        add(value);
    add(given.age_years);
    add(given.study_time ? std::optional(to_microseconds(*given.study_time)) : std::nullopt);
    return identity;
}

std::string derived(Identity identity, const char* kind, const std::string& which = {}) {
    identity.insert(identity.end(), {kind, which});
    return derive_uid(identity).value();
}

// A number for people: as much of a UID as Accession Number and Study ID (SH) may hold.
std::string short_number(const Identity& identity, const char* kind) {
    const std::string uid = derived(identity, kind);
    return uid.substr(uid.size() - 16);
}

std::string made_up_name(std::uint64_t seed, Sex sex) {
    static constexpr std::array<const char*, 10> women{"Ada",   "Berta", "Clara", "Dora",  "Emmy",
                                                       "Frida", "Greta", "Hedy",  "Irene", "Juno"};
    static constexpr std::array<const char*, 10> men{"Alan",  "Boris", "Conrad", "Denis",  "Emil",
                                                     "Felix", "Georg", "Hugo",   "Isidor", "Jonas"};
    return std::string("Phantom^") + (sex == Sex::female ? women : men)[seed % women.size()];
}

// On a day of the year that has passed already, so that the age fits.
std::string birth_date(const std::string& study_date, int age_years) {
    const int year = std::stoi(study_date.substr(0, 4)) - age_years;
    return fmt::format("{:04}0101", year);
}

void write_patient(HeaderWriter& header, const StudyIdentity& study, const PhantomOptions& options) {
    const auto& given = options.header;
    const int age = given.age_years.value_or(study.age_years);
    header.text(DCM_SpecificCharacterSet, given.specific_character_set.value_or("ISO_IR 192"));
    header.text(DCM_PatientName, given.patient_name.value_or(made_up_name(study.seed, study.sex)));
    header.text(DCM_PatientID,
                given.patient_id.value_or("PHANTOM-" + short_number(person_of(study, options), "patient")));
    header.text(DCM_PatientBirthDate, birth_date(to_dicom_date(study.time), age));
    header.text(DCM_PatientSex, study.sex == Sex::female ? "F" : "M");
    header.text(DCM_PatientAge, fmt::format("{:03}Y", age));
}

void write_study_and_series(HeaderWriter& header, const StudyIdentity& study, const PhantomOptions& options) {
    const auto identity = identity_of(study, options);
    const std::string accession = short_number(identity, "accession");
    header.text(DCM_StudyInstanceUID, derived(identity, "study"));
    header.text(DCM_SeriesInstanceUID, derived(identity, "series"));
    header.text(DCM_AccessionNumber, options.header.accession_number.value_or(accession));
    header.text(DCM_StudyID, accession);
    for (const auto& tag : {DCM_StudyDate, DCM_SeriesDate, DCM_AcquisitionDate, DCM_ContentDate})
        header.text(tag, to_dicom_date(study.time));
    for (const auto& tag : {DCM_StudyTime, DCM_SeriesTime, DCM_AcquisitionTime, DCM_ContentTime})
        header.text(tag, to_dicom_time(study.time));
    header.text(DCM_TimezoneOffsetFromUTC, to_dicom_utc_offset(study.time));
    header.text(DCM_ReferringPhysicianName, "Referrer^Made Up");
    header.text(DCM_StudyDescription, "XR chest, synthetic");
    header.text(DCM_SeriesDescription, "Synthetic phantom");
    header.text(DCM_Modality, "DX");
    header.text(DCM_PresentationIntentType, "FOR PRESENTATION");
    header.text(DCM_SeriesNumber, "1");
    header.code(DCM_ProcedureCodeSequence, "399208008", "SCT", "Plain chest X-ray");
}

void write_equipment(HeaderWriter& header) {
    header.text(DCM_Manufacturer, "Made-Up Imaging");
    header.text(DCM_ManufacturerModelName, "Phantom generator");
    header.text(DCM_SoftwareVersions, HILUM_VERSION);
    header.text(DCM_DeviceSerialNumber, "0");
    header.text(DCM_InstitutionName, "No hospital");
    header.text(DCM_DetectorType, "DIRECT");
    header.text(DCM_PositionerType, "NONE");
    header.text(DCM_KVP, "120");
}

void write_view(HeaderWriter& header, View view, const PhantomOptions& options) {
    const std::string position = options.header.view_position.value_or(view == View::pa ? "PA" : "AP");
    header.text(DCM_ViewPosition, position);
    if (position == "PA") header.code(DCM_ViewCodeSequence, "272479007", "SCT", "Postero-anterior");
    if (position == "AP") header.code(DCM_ViewCodeSequence, "399348003", "SCT", "Antero-posterior");
    if (position == "LATERAL" || position == "LL" || position == "RL")
        header.code(DCM_ViewCodeSequence, "399067008", "SCT", "Lateral");
    header.text(DCM_BodyPartExamined, options.header.body_part_examined.value_or("CHEST"));
    header.code(DCM_AnatomicRegionSequence, "51185008", "SCT", "Chest");
    header.text(DCM_PatientOrientation, "L\\F");
    header.text(DCM_ImageLaterality, "U");
    header.empty_sequence(DCM_AcquisitionContextSequence);
}

void write_image(HeaderWriter& header, const Phantom& phantom, const StudyIdentity& study,
                 const ImageIdentity& image, const PhantomOptions& options) {
    const bool inverted = image.photometric == Photometric::monochrome1;
    header.text(DCM_SOPClassUID, UID_DigitalXRayImageStorageForPresentation);
    header.text(DCM_SOPInstanceUID,
                derived(identity_of(study, options), "instance", std::to_string(image.seed)));
    header.text(DCM_InstanceNumber, std::to_string(image.instance_number));
    header.text(DCM_ImageType, "ORIGINAL\\PRIMARY\\");
    header.number(DCM_SamplesPerPixel, 1);
    header.text(DCM_PhotometricInterpretation, inverted ? "MONOCHROME1" : "MONOCHROME2");
    header.text(DCM_PresentationLUTShape, inverted ? "INVERSE" : "IDENTITY");
    header.number(DCM_Rows, phantom.rows);
    header.number(DCM_Columns, phantom.columns);
    header.number(DCM_BitsAllocated, 16);
    header.number(DCM_BitsStored, 12);
    header.number(DCM_HighBit, 11);
    header.number(DCM_PixelRepresentation, 0);
    header.text(DCM_PixelIntensityRelationship, "LOG");
    header.signed_number(DCM_PixelIntensityRelationshipSign, inverted ? 1 : -1);
    header.text(DCM_RescaleIntercept, "0");
    header.text(DCM_RescaleSlope, "1");
    header.text(DCM_RescaleType, "US");
    const int center = inverted ? largest_value + 1 - phantom.window_center : phantom.window_center;
    header.text(DCM_WindowCenter, std::to_string(center));
    header.text(DCM_WindowWidth, std::to_string(phantom.window_width));
    header.text(DCM_LossyImageCompression, "00");
    header.text(DCM_BurnedInAnnotation, "NO");
    const std::string spacing = fmt::format("{:.6f}", phantom.pixel_spacing_mm);
    header.text(DCM_ImagerPixelSpacing, spacing + "\\" + spacing);
}

}  // namespace

void fill_header(DcmDataset& dataset, const Phantom& phantom, const StudyIdentity& study,
                 const ImageIdentity& image, const PhantomOptions& options) {
    HeaderWriter header(dataset);
    write_patient(header, study, options);
    write_study_and_series(header, study, options);
    write_equipment(header);
    write_view(header, phantom.view, options);
    write_image(header, phantom, study, image, options);
}

}  // namespace hilum::phantom
