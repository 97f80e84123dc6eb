#include "deidentification/burned_in.h"

#include <set>

#include "base/text.h"
#include "dicom/dataset_reading.h"

namespace hilum::deidentification {
namespace {

// Other, radiographic imaging on film, documents, photographs.
bool is_digitised(DcmDataset& dataset) {
    static const std::set<std::string> modalities = {"OT", "RG", "DOC", "XC", "HC"};
    return modalities.contains(upper(text_of(dataset, DCM_Modality))) ||
           has_value(dataset, DCM_ConversionType);  // how it was made an image: nothing that a detector has
}

}  // namespace

BurnedIn burned_in(DcmDataset& dataset) {
    const auto told = upper(text_of(dataset, DCM_BurnedInAnnotation));
    if (told == "YES") return {true, "burned_in_annotation"};
    if (text_of(dataset, DCM_SOPClassUID).starts_with("1.2.840.10008.5.1.4.1.1.7"))
        return {false, "secondary_capture"};
    if (is_digitised(dataset)) return {false, "digitised"};
    if (has_overlay_in_pixels(dataset)) return {false, "overlay_in_pixels"};
    return {false, told == "NO" ? "" : "not_told"};
}

}  // namespace hilum::deidentification
