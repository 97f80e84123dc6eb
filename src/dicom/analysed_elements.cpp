#include "dicom/analysed_elements.h"

#include <algorithm>
#include <array>

namespace hilum {
namespace {

// What an analysis looks at besides group 0028 and the pixels, and by what its results are filed: the
// patient, the study and the order.
constexpr std::array<Tag, 42> analysed_tags{
    specific_character_set,
    0x00080008,  // ImageType
    0x00080016,  // SOPClassUID
    0x00080020,  // StudyDate
    0x00080050,  // AccessionNumber
    0x00080060,  // Modality
    0x00080064,  // ConversionType
    0x00080068,  // PresentationIntentType
    0x00080070,  // Manufacturer
    0x00081090,  // ManufacturerModelName
    0x00082218,  // AnatomicRegionSequence
    0x00082228,  // PrimaryAnatomicStructureSequence
    patient_name,
    0x00100020,  // PatientID
    0x00100021,  // IssuerOfPatientID
    0x00100024,  // IssuerOfPatientIDQualifiersSequence
    0x00100030,  // PatientBirthDate
    0x00100040,  // PatientSex
    0x00100200,  // QualityControlSubject
    0x00101010,  // PatientAge
    0x00180015,  // BodyPartExamined
    0x00181164,  // ImagerPixelSpacing
    0x00181600,  // ShutterShape
    0x00181602,  // ShutterLeftVerticalEdge
    0x00181604,  // ShutterRightVerticalEdge
    0x00181606,  // ShutterUpperHorizontalEdge
    0x00181608,  // ShutterLowerHorizontalEdge
    0x00181610,  // CenterOfCircularShutter
    0x00181612,  // RadiusOfCircularShutter
    0x00181620,  // VerticesOfThePolygonalShutter
    0x00182010,  // NominalScannedPixelSpacing
    0x00185101,  // ViewPosition
    0x0020000D,  // StudyInstanceUID
    0x0020000E,  // SeriesInstanceUID
    0x00200020,  // PatientOrientation
    0x00400275,  // RequestAttributesSequence
    0x00402016,  // PlacerOrderNumberImagingServiceRequest
    0x00402017,  // FillerOrderNumberImagingServiceRequest
    0x00540220,  // ViewCodeSequence
    0x20500020,  // PresentationLUTShape
    0x7FE00008,  // FloatPixelData
    0x7FE00009,  // DoubleFloatPixelData
};

// Where the site has patterns for them.
constexpr std::array<Tag, 4> description_tags{
    0x00081030,  // StudyDescription
    0x0008103E,  // SeriesDescription
    0x00181030,  // ProtocolName
    0x00181400,  // AcquisitionDeviceProcessingDescription
};

}  // namespace

bool is_analysed(Tag tag, bool descriptions) {
    const auto is_one_of = [tag](const auto& tags) {
        return std::find(tags.begin(), tags.end(), tag) != tags.end();
    };
    return group_of(tag) == 0x0028 || tag == pixel_data || is_one_of(analysed_tags) ||
           (descriptions && is_one_of(description_tags));
}

}  // namespace hilum
