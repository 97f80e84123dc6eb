// The modules of a Structured Report around its content: SOP common, patient, study, series, equipment,
// document.
#include <algorithm>

#include "base/uid.h"
#include "dicom/dataset_reading.h"
#include "results/report/check/checker_rules.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

bool is_report_class(const std::string& uid) {
    return uid == UID_Comprehensive3DSRStorage || uid == UID_ComprehensiveSRStorage ||
           uid == UID_EnhancedSRStorage;
}

std::string name_of(const DcmTagKey& tag) {
    return DcmTag(tag).getTagName();
}

bool has_non_ascii_text(DcmItem& item) {
    for (DcmElement* const element : elements_of(item)) {
        if (auto* const sequence = dynamic_cast<DcmSequenceOfItems*>(element)) {
            for (DcmItem* const nested : items_of(*sequence))
                if (has_non_ascii_text(*nested)) return true;
        } else if (dynamic_cast<DcmByteString*>(element) != nullptr) {
            OFString value;
            element->getOFStringArray(value);
            if (!is_ascii({value.c_str(), value.length()})) return true;
        }
    }
    return false;
}

void check_sop_common(DcmItem& report, const ReportExpectation& expectation, Violations& found) {
    const char* const row = "SOP Common module";
    const std::string sop_class = text_of(report, DCM_SOPClassUID);
    found.require(is_report_class(sop_class) && sop_class == expectation.sop_class_uid, row,
                  "SOP Class UID is '{}', not '{}'", sop_class, expectation.sop_class_uid);
    found.require(Uid::parse(text_of(report, DCM_SOPInstanceUID)).has_value(), row,
                  "no valid SOP Instance UID");
    found.require(!has_non_ascii_text(report) || !text_of(report, DCM_SpecificCharacterSet).empty(), row,
                  "text is not ASCII and no SpecificCharacterSet is declared");
}

void check_equal(DcmItem& report, DcmItem& source, const DcmTagKey& tag, const char* row, Violations& found) {
    found.require(report.tagExists(tag), row, "{} is missing", name_of(tag));
    found.require(text_of(report, tag) == text_of(source, tag), row, "{} differs from the source's",
                  name_of(tag));
}

void check_identity(DcmItem& report, DcmItem& source, Violations& found) {
    for (const auto& tag : {DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate, DCM_PatientSex})
        check_equal(report, source, tag, "Patient module", found);
    for (const auto& tag : {DCM_StudyInstanceUID, DCM_StudyDate, DCM_StudyTime, DCM_AccessionNumber,
                            DCM_StudyID, DCM_ReferringPhysicianName})
        check_equal(report, source, tag, "General Study module", found);
}

void require_values(DcmItem& report, const std::vector<DcmTagKey>& tags, const char* row, Violations& found) {
    for (const DcmTagKey& tag : tags)
        found.require(!text_of(report, tag).empty(), row, "{} is missing or empty", name_of(tag));
}

void check_series_and_equipment(DcmItem& report, Violations& found) {
    found.require(text_of(report, DCM_Modality) == "SR", "SR Document Series module", "Modality is not SR");
    require_values(report, {DCM_SeriesInstanceUID, DCM_SeriesNumber}, "SR Document Series module", found);
    found.require(report.tagExists(DCM_ReferencedPerformedProcedureStepSequence), "SR Document Series module",
                  "ReferencedPerformedProcedureStepSequence is missing");
    require_values(
        report, {DCM_Manufacturer, DCM_ManufacturerModelName, DCM_DeviceSerialNumber, DCM_SoftwareVersions},
        "Enhanced General Equipment module", found);
    found.require(!items_of(report, DCM_ContributingEquipmentSequence).empty(), "SOP Common module",
                  "ContributingEquipmentSequence names no algorithm");
}

void check_document(DcmItem& report, const ReportExpectation& expectation, Violations& found) {
    const char* const row = "SR Document General module";
    require_values(report, {DCM_InstanceNumber, DCM_ContentDate, DCM_ContentTime}, row, found);
    found.require(text_of(report, DCM_CompletionFlag) == "COMPLETE", row, "CompletionFlag is not COMPLETE");
    found.require(text_of(report, DCM_VerificationFlag) == "UNVERIFIED", row,
                  "VerificationFlag is not UNVERIFIED");
    found.require(report.tagExists(DCM_PerformedProcedureCodeSequence), row,
                  "PerformedProcedureCodeSequence is missing");
    found.require(!expectation.has_predecessor || !items_of(report, DCM_PredecessorDocumentsSequence).empty(),
                  row, "PredecessorDocumentsSequence does not name the report that this one replaces");
}

InstanceUids evidence_of(DcmItem& report) {
    InstanceUids instances;
    for (DcmItem* const study : items_of(report, DCM_CurrentRequestedProcedureEvidenceSequence))
        for (DcmItem* const series : items_of(*study, DCM_ReferencedSeriesSequence))
            for (DcmItem* const instance : items_of(*series, DCM_ReferencedSOPSequence))
                instances.insert(text_of(*instance, DCM_ReferencedSOPInstanceUID));
    return instances;
}

void check_coding_scheme(DcmItem& report, Violations& found) {
    const auto schemes = items_of(report, DCM_CodingSchemeIdentificationSequence);
    const bool declared = std::ranges::any_of(schemes, [](DcmItem* scheme) {
        return text_of(*scheme, DCM_CodingSchemeDesignator) == own_coding_scheme;
    });
    found.require(declared, "SOP Common module", "CodingSchemeIdentificationSequence does not declare {}",
                  own_coding_scheme);
}

}  // namespace

InstanceUids check_modules(DcmItem& report, DcmItem& source, const ReportExpectation& expectation,
                           Violations& found) {
    check_sop_common(report, expectation, found);
    check_coding_scheme(report, found);
    check_identity(report, source, found);
    check_series_and_equipment(report, found);
    check_document(report, expectation, found);
    InstanceUids evidence = evidence_of(report);
    for (const ExpectedImage& image : expectation.images)
        found.require(evidence.contains(image.sop_instance_uid), "SR Document General module",
                      "an image of the study is not in the Current Requested Procedure Evidence Sequence");
    return evidence;
}

}  // namespace hilum::results
