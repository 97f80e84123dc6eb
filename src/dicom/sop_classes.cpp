#include "dicom/sop_classes.h"

#include <algorithm>
#include <array>

namespace hilum {
namespace {

using enum StorageKind;

// clang-format off
constexpr std::array table{
    StorageSopClass{"1.2.840.10008.5.1.1.29", "HardcopyGrayscaleImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.1.30", "HardcopyColorImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1", "ComputedRadiographyImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1.1", "DigitalXRayImageStorageForPresentation", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1.1.1", "DigitalXRayImageStorageForProcessing", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1.2", "DigitalMammographyXRayImageStorageForPresentation", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1.2.1", "DigitalMammographyXRayImageStorageForProcessing", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1.3", "DigitalIntraOralXRayImageStorageForPresentation", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.1.3.1", "DigitalIntraOralXRayImageStorageForProcessing", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.2", "CTImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.2.1", "EnhancedCTImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.2.2", "LegacyConvertedEnhancedCTImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.3", "UltrasoundMultiframeImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.3.1", "UltrasoundMultiframeImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.4", "MRImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.4.1", "EnhancedMRImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.4.3", "EnhancedMRColorImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.4.4", "LegacyConvertedEnhancedMRImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.5", "NuclearMedicineImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.6", "UltrasoundImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.6.1", "UltrasoundImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.7", "SecondaryCaptureImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.7.1", "MultiframeSingleBitSecondaryCaptureImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.7.2", "MultiframeGrayscaleByteSecondaryCaptureImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.7.3", "MultiframeGrayscaleWordSecondaryCaptureImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.7.4", "MultiframeTrueColorSecondaryCaptureImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.12.1", "XRayAngiographicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.12.1.1", "EnhancedXAImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.12.2", "XRayRadiofluoroscopicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.12.2.1", "EnhancedXRFImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.12.3", "XRayAngiographicBiPlaneImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.13.1.1", "XRay3DAngiographicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.13.1.2", "XRay3DCraniofacialImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.13.1.3", "BreastTomosynthesisImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.13.1.4", "BreastProjectionXRayImageStorageForPresentation", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.13.1.5", "BreastProjectionXRayImageStorageForProcessing", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.14.1", "IntravascularOpticalCoherenceTomographyImageStorageForPresentation", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.14.2", "IntravascularOpticalCoherenceTomographyImageStorageForProcessing", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.20", "NuclearMedicineImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1", "VLImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.1", "VLEndoscopicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.1.1", "VideoEndoscopicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.2", "VLMicroscopicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.2.1", "VideoMicroscopicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.3", "VLSlideCoordinatesMicroscopicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.4", "VLPhotographicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.4.1", "VideoPhotographicImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.1", "OphthalmicPhotography8BitImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.2", "OphthalmicPhotography16BitImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.4", "OphthalmicTomographyImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.5", "WideFieldOphthalmicPhotographyStereographicProjectionImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.6", "WideFieldOphthalmicPhotography3DCoordinatesImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.7", "OphthalmicOpticalCoherenceTomographyEnFaceImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.6", "VLWholeSlideMicroscopyImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.7", "DermoscopicPhotographyImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.2", "VLMultiframeImageStorageRetired", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.128", "PositronEmissionTomographyImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.128.1", "LegacyConvertedEnhancedPETImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.130", "EnhancedPETImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.1", "RTImageStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.6", "SpectaclePrescriptionReportStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.79.1", "MacularGridThicknessAndVolumeReportStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.11", "BasicTextSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.22", "EnhancedSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.33", "ComprehensiveSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.34", "Comprehensive3DSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.35", "ExtensibleSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.40", "ProcedureLogStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.50", "MammographyCADSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.65", "ChestCADSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.67", "XRayRadiationDoseSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.68", "RadiopharmaceuticalRadiationDoseSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.69", "ColonCADSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.70", "ImplantationPlanSRDocumentStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.71", "AcquisitionContextSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.72", "SimplifiedAdultEchoSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.73", "PatientRadiationDoseSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.74", "PlannedImagingAgentAdministrationSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.75", "PerformedImagingAgentAdministrationSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.76", "EnhancedXRayRadiationDoseSRStorage", report},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.1", "GrayscaleSoftcopyPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.2", "ColorSoftcopyPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.3", "PseudoColorSoftcopyPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.4", "BlendingSoftcopyPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.5", "XAXRFGrayscaleSoftcopyPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.6", "GrayscalePlanarMPRVolumetricPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.7", "CompositingPlanarMPRVolumetricPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.8", "AdvancedBlendingPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.9", "VolumeRenderingVolumetricPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.10", "SegmentedVolumeRenderingVolumetricPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11.11", "MultipleVolumeRenderingVolumetricPresentationStateStorage", presentation_state},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.88.59", "KeyObjectSelectionDocumentStorage", key_object},
    StorageSopClass{"1.2.840.10008.5.1.1.27", "StoredPrintStorageRetired", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.4.2", "MRSpectroscopyStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.6.2", "EnhancedUSVolumeStorage", image},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.8", "StandaloneOverlayStorageRetired", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9", "StandaloneCurveStorageRetired", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.1.1", "TwelveLeadECGWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.1.2", "GeneralECGWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.1.3", "AmbulatoryECGWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.2.1", "HemodynamicWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.3.1", "CardiacElectrophysiologyWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.4.1", "BasicVoiceAudioWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.4.2", "GeneralAudioWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.5.1", "ArterialPulseWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.6.1", "RespiratoryWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.6.2", "MultichannelRespiratoryWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.7.1", "RoutineScalpElectroencephalogramWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.7.2", "ElectromyogramWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.7.3", "ElectrooculogramWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.7.4", "SleepElectroencephalogramWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.9.8.1", "BodyPositionWaveformStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.10", "StandaloneModalityLUTStorageRetired", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.11", "StandaloneVOILUTStorageRetired", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.30", "ParametricMapStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66", "RawDataStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66.1", "SpatialRegistrationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66.2", "SpatialFiducialsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66.3", "DeformableSpatialRegistrationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66.4", "SegmentationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66.5", "SurfaceSegmentationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.66.6", "TractographyResultsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.67", "RealWorldValueMappingStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.68.1", "SurfaceScanMeshStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.68.2", "SurfaceScanPointCloudStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.3", "StereometricRelationshipStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.77.1.5.8", "OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.1", "LensometryMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.2", "AutorefractionMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.3", "KeratometryMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.4", "SubjectiveRefractionMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.5", "VisualAcuityMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.7", "OphthalmicAxialMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.78.8", "IntraocularLensCalculationsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.80.1", "OphthalmicVisualFieldStaticPerimetryMeasurementsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.81.1", "OphthalmicThicknessMapStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.82.1", "CornealTopographyMapStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.90.1", "ContentAssessmentResultsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.91.1", "MicroscopyBulkSimpleAnnotationsStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.104.1", "EncapsulatedPDFStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.104.2", "EncapsulatedCDAStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.104.3", "EncapsulatedSTLStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.104.4", "EncapsulatedOBJStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.104.5", "EncapsulatedMTLStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.129", "StandalonePETCurveStorageRetired", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.131", "BasicStructuredDisplayStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.200.2", "CTPerformedProcedureProtocolStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.200.8", "XAPerformedProcedureProtocolStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.2", "RTDoseStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.3", "RTStructureSetStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.4", "RTBeamsTreatmentRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.5", "RTPlanStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.6", "RTBrachyTreatmentRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.7", "RTTreatmentSummaryRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.8", "RTIonPlanStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.9", "RTIonBeamsTreatmentRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.10", "RTPhysicianIntentStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.11", "RTSegmentAnnotationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.12", "RTRadiationSetStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.13", "CArmPhotonElectronRadiationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.14", "TomotherapeuticRadiationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.15", "RoboticArmRadiationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.16", "RTRadiationRecordSetStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.17", "RTRadiationSalvageRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.18", "TomotherapeuticRadiationRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.19", "CArmPhotonElectronRadiationRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.20", "RoboticRadiationRecordStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.21", "RTRadiationSetDeliveryInstructionStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.1.1.481.22", "RTTreatmentPreparationStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.34.7", "RTBeamsDeliveryInstructionStorage", other},
    StorageSopClass{"1.2.840.10008.5.1.4.34.10", "RTBrachyApplicationSetupDeliveryInstructionStorage", other},
};
// clang-format on

}  // namespace

std::span<const StorageSopClass> storage_sop_classes() {
    return table;
}

const StorageSopClass* find_storage_sop_class(std::string_view uid) {
    const auto found =
        std::find_if(table.begin(), table.end(), [uid](const auto& row) { return row.uid == uid; });
    return found == table.end() ? nullptr : &*found;
}

std::string_view discard_reason(StorageKind kind) {
    switch (kind) {
        case image:
            return "";
        case report:
            return "report";
        case presentation_state:
            return "presentation_state";
        case key_object:
            return "key_object";
        case other:
            return "not_an_image";
    }
    return "";
}

}  // namespace hilum
