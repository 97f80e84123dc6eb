#include "results/module_copy.h"

#include <array>

#include "dicom/dataset_reading.h"

namespace hilum::results {
namespace {

const std::array type_2_attributes = {DCM_PatientName, DCM_PatientID,       DCM_PatientBirthDate,
                                      DCM_PatientSex,  DCM_StudyDate,       DCM_StudyTime,
                                      DCM_StudyID,     DCM_AccessionNumber, DCM_ReferringPhysicianName};

const std::array common_attributes = {DCM_SpecificCharacterSet, DCM_TimezoneOffsetFromUTC};

const std::array patient_attributes = {DCM_PatientName,
                                       DCM_PatientID,
                                       DCM_IssuerOfPatientID,
                                       DCM_IssuerOfPatientIDQualifiersSequence,
                                       DCM_TypeOfPatientID,
                                       DCM_PatientBirthDate,
                                       DCM_PatientBirthDateInAlternativeCalendar,
                                       DCM_PatientDeathDateInAlternativeCalendar,
                                       DCM_PatientAlternativeCalendar,
                                       DCM_PatientSex,
                                       DCM_QualityControlSubject,
                                       DCM_ReferencedPatientSequence,
                                       DCM_PatientBirthTime,
                                       DCM_OtherPatientIDsSequence,
                                       DCM_OtherPatientNames,
                                       DCM_EthnicGroup,
                                       DCM_PatientComments,
                                       DCM_PatientSpeciesDescription,
                                       DCM_PatientSpeciesCodeSequence,
                                       DCM_PatientBreedDescription,
                                       DCM_PatientBreedCodeSequence,
                                       DCM_BreedRegistrationSequence,
                                       DCM_ResponsiblePerson,
                                       DCM_ResponsiblePersonRole,
                                       DCM_ResponsibleOrganization,
                                       DCM_PatientIdentityRemoved,
                                       DCM_DeidentificationMethod,
                                       DCM_DeidentificationMethodCodeSequence};

const std::array study_attributes = {DCM_StudyInstanceUID,
                                     DCM_StudyDate,
                                     DCM_StudyTime,
                                     DCM_ReferringPhysicianName,
                                     DCM_ReferringPhysicianIdentificationSequence,
                                     DCM_ConsultingPhysicianName,
                                     DCM_ConsultingPhysicianIdentificationSequence,
                                     DCM_StudyID,
                                     DCM_AccessionNumber,
                                     DCM_IssuerOfAccessionNumberSequence,
                                     DCM_StudyDescription,
                                     DCM_PhysiciansOfRecord,
                                     DCM_PhysiciansOfRecordIdentificationSequence,
                                     DCM_NameOfPhysiciansReadingStudy,
                                     DCM_PhysiciansReadingStudyIdentificationSequence,
                                     DCM_RequestingServiceCodeSequence,
                                     DCM_ReferencedStudySequence,
                                     DCM_ProcedureCodeSequence,
                                     DCM_ReasonForPerformedProcedureCodeSequence};

const std::array patient_study_attributes = {DCM_AdmittingDiagnosesDescription,
                                             DCM_AdmittingDiagnosesCodeSequence,
                                             DCM_PatientAge,
                                             DCM_PatientSize,
                                             DCM_PatientWeight,
                                             DCM_PatientBodyMassIndex,
                                             DCM_MeasuredAPDimension,
                                             DCM_MeasuredLateralDimension,
                                             DCM_PatientSizeCodeSequence,
                                             DCM_MedicalAlerts,
                                             DCM_Allergies,
                                             DCM_SmokingStatus,
                                             DCM_PregnancyStatus,
                                             DCM_LastMenstrualDate,
                                             DCM_PatientState,
                                             DCM_Occupation,
                                             DCM_AdditionalPatientHistory,
                                             DCM_AdmissionID,
                                             DCM_IssuerOfAdmissionIDSequence,
                                             DCM_ServiceEpisodeID,
                                             DCM_IssuerOfServiceEpisodeIDSequence,
                                             DCM_ServiceEpisodeDescription,
                                             DCM_PatientSexNeutered,
                                             DCM_ReasonForVisit,
                                             DCM_ReasonForVisitCodeSequence};

const std::array clinical_trial_attributes = {
    DCM_ClinicalTrialSponsorName,      DCM_ClinicalTrialProtocolID,  DCM_ClinicalTrialProtocolName,
    DCM_ClinicalTrialSiteID,           DCM_ClinicalTrialSiteName,    DCM_ClinicalTrialSubjectID,
    DCM_ClinicalTrialSubjectReadingID, DCM_ClinicalTrialTimePointID, DCM_ClinicalTrialTimePointDescription};

void copy_one(DcmItem& source, DcmItem& target, const DcmTagKey& tag) {
    if (source.tagExists(tag)) source.findAndInsertCopyOfElement(tag, &target, OFTrue);
}

template <std::size_t n>
void copy_all(DcmItem& source, DcmItem& target, const std::array<DcmTagKey, n>& tags) {
    for (const DcmTagKey& tag : tags) copy_one(source, target, tag);
}

// An element copied from the first of two items that has it, else empty.
void copy_or_empty(DcmItem& first, DcmItem& second, DcmItem& target, const DcmTagKey& tag) {
    if (first.tagExists(tag))
        copy_one(first, target, tag);
    else if (second.tagExists(tag))
        copy_one(second, target, tag);
    else
        target.insertEmptyElement(tag);
}

void fill_referenced_request(DcmItem& request, DcmItem& source, DcmItem& target) {
    // Of the patient's and study's own attributes only these belong to a request (table C.17-2).
    copy_one(source, target, DCM_StudyInstanceUID);
    copy_one(request, target, DCM_StudyInstanceUID);
    copy_or_empty(request, source, target, DCM_ReferencedStudySequence);
    copy_or_empty(request, source, target, DCM_AccessionNumber);
    copy_one(source, target, DCM_IssuerOfAccessionNumberSequence);
    copy_one(request, target, DCM_IssuerOfAccessionNumberSequence);
    for (const auto& tag :
         {DCM_PlacerOrderNumberImagingServiceRequest, DCM_FillerOrderNumberImagingServiceRequest,
          DCM_RequestedProcedureID, DCM_RequestedProcedureDescription, DCM_RequestedProcedureCodeSequence})
        copy_or_empty(request, request, target, tag);
}

// PS3.3 C.7.6.1.1.5.1; null where the syntax loses nothing, or may have been used without loss.
const char* lossy_method_of(DcmItem& source) {
    auto* const dataset = dynamic_cast<DcmDataset*>(&source);
    switch (dataset != nullptr ? dataset->getOriginalXfer() : EXS_Unknown) {
        case EXS_JPEGProcess1:
        case EXS_JPEGProcess2_4:
            return "ISO_10918_1";
        case EXS_JPEGLSLossy:
            return "ISO_14495_1";
        default:
            return nullptr;
    }
}

}  // namespace

void copy_patient_and_study(DcmItem& source, DcmItem& target) {
    for (const DcmTagKey& tag : type_2_attributes) target.insertEmptyElement(tag);
    target.findAndDeleteElement(DCM_SpecificCharacterSet);
    copy_all(source, target, common_attributes);
    copy_all(source, target, patient_attributes);
    copy_all(source, target, study_attributes);
    copy_all(source, target, patient_study_attributes);
    copy_all(source, target, clinical_trial_attributes);
}

void copy_referenced_request(DcmItem& source, DcmItem& target) {
    for (DcmItem* const request : items_of(source, DCM_RequestAttributesSequence)) {
        DcmItem* item = nullptr;
        if (target.findOrCreateSequenceItem(DCM_ReferencedRequestSequence, item, -2).good())
            fill_referenced_request(*request, source, *item);
    }
}

void copy_request_attributes(DcmItem& source, DcmItem& target) {
    copy_one(source, target, DCM_RequestAttributesSequence);
}

void copy_lossy_compression(DcmItem& source, DcmItem& target) {
    copy_all(source, target,
             std::array{DCM_LossyImageCompression, DCM_LossyImageCompressionRatio,
                        DCM_LossyImageCompressionMethod});
    // A file that is lossy by its transfer syntax is so whether its header admits it or not.
    if (const char* const method = lossy_method_of(source); method != nullptr) {
        target.putAndInsertString(DCM_LossyImageCompression, "01");
        if (text_of(target, DCM_LossyImageCompressionMethod).empty())
            target.putAndInsertString(DCM_LossyImageCompressionMethod, method);
    }
}

}  // namespace hilum::results
