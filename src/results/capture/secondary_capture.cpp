#include "results/capture/secondary_capture.h"

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "results/capture/capture_picture.h"
#include "results/capture/capture_text.h"
#include "results/capture/grayscale_capture.h"
#include "results/capture/presentation_state.h"
#include "results/dataset_writing.h"
#include "results/module_copy.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

Status put_pixels(DcmItem& target, int columns, int rows, const std::vector<std::uint8_t>& pixels) {
    put_number(target, DCM_Rows, rows);
    put_number(target, DCM_Columns, columns);
    put_number(target, DCM_BitsAllocated, 8);
    put_number(target, DCM_BitsStored, 8);
    put_number(target, DCM_HighBit, 7);
    put_number(target, DCM_PixelRepresentation, 0);
    const OFCondition done = target.putAndInsertUint8Array(DCM_PixelData, pixels.data(),
                                                           static_cast<unsigned long>(pixels.size()));
    if (done.bad()) return fail("writing", "the picture's pixels: {}", done.text());
    return {};
}

Status put_colour(DcmItem& target, const Result<Picture>& picture) {
    if (!picture) return tl::unexpected(picture.error());
    put_number(target, DCM_SamplesPerPixel, 3);
    put(target, DCM_PhotometricInterpretation, "RGB");
    put_number(target, DCM_PlanarConfiguration, 0);
    return put_pixels(target, picture->columns, picture->rows, picture->rgb);
}

Status put_grey(DcmItem& target, const Result<GrayPicture>& picture) {
    if (!picture) return tl::unexpected(picture.error());
    put_number(target, DCM_SamplesPerPixel, 1);
    put(target, DCM_PhotometricInterpretation, "MONOCHROME2");
    put_identity_window(target);  // else a viewer may stretch what has been windowed
    return put_pixels(target, picture->columns, picture->rows, picture->pixels);
}

Status put_picture(DcmItem& target, const ReportProfile& profile, const SourceImage& source,
                   const AnalysisArtifact& artifact, const ContentMoment& moment) {
    const InferenceResult& result = *source.image->outcome.result;
    const Words& words = words_in(profile.language);
    const std::string frame = frame_text(*source.image, words);
    if (!has_presentation_states(profile))
        return put_colour(
            target, draw_capture(artifact, result, words, profile.sc_long_side, moment.readable(), frame));
    if (const auto whole = check_display(artifact); !whole) return whole;
    const OverlaidText text = overlaid_text(result, words, moment.readable(), frame, mapped_label(result));
    return put_grey(target,
                    draw_grayscale(artifact, grayscale_layout(artifact.display, text, profile.sc_long_side)));
}

void put_source_reference(const SourceImage& image, DcmItem& target) {
    DcmItem& source = *image.header;
    DcmItem& item = add_item(target, DCM_SourceImageSequence);
    put(item, DCM_ReferencedSOPClassUID, text_of(source, DCM_SOPClassUID));
    put(item, DCM_ReferencedSOPInstanceUID, text_of(source, DCM_SOPInstanceUID));
    if (is_frame(*image.image)) put(item, DCM_ReferencedFrameNumber, std::to_string(image.image->frame));
    put_code(item, 0x0040, 0xA170, terms::source_image);
}

// For who traces the picture, in English as the attributes of the equipment are.
std::string additions(const InferenceResult& result, const ReportProfile& profile) {
    if (has_presentation_states(profile)) return "margins added for the text of its presentation state";
    return has_finding(result) ? "activation map and findings added" : "findings added";
}

std::string derivation_of(const InferenceResult& result, const ReportProfile& profile,
                          const StudyImage& image) {
    return shortened(
        fmt::format("AI result of {} {} (weights SHA-256 {}): {}radiograph scaled to 8 bits, {}",
                    result.model.name, result.model.version, result.model.sha256,
                    is_frame(image) ? frame_text(image, english()) + ", " : "", additions(result, profile)),
        1024);
}

constexpr long long largest_instance_number = 2'147'483'647;  // IS (PS3.5 6.2)

// `number` within `group`, where there is room for both.
long long numbered(long long group, long long number, long long numbers_of_a_group) {
    return number < numbers_of_a_group && group < largest_instance_number / numbers_of_a_group
               ? group * numbers_of_a_group + number
               : number;
}

// What is drawn here names no patient (PS3.3 C.7.6.1 asks for that). The radiograph's own pixels are
// in the picture too: where it does not say of them, nobody knows.
void put_burned_in_annotation(DcmItem& source, DcmItem& target) {
    const auto of_source = text_of(source, DCM_BurnedInAnnotation);
    if (of_source == "YES" || of_source == "NO") put(target, DCM_BurnedInAnnotation, of_source);
}

// The pixels keep the radiograph's rows and columns, so its orientation holds. Its pixel spacing does not:
// the picture is scaled and larger than the image, so none is given.
void put_image_modules(const SourceImage& image, DcmItem& target, const ReportProfile& profile) {
    DcmItem& source = *image.header;
    const InferenceResult& result = *image.image->outcome.result;
    put(target, DCM_ImageType, "DERIVED\\SECONDARY");
    put(target, DCM_ConversionType, "WSD");
    put(target, DCM_InstanceNumber, std::to_string(capture_number(image)));
    put(target, DCM_PatientOrientation, text_of(source, DCM_PatientOrientation));
    put(target, DCM_Laterality, text_of(source, DCM_Laterality));  // type 2C: there, if empty
    put_burned_in_annotation(source, target);
    put(target, DCM_DerivationDescription, derivation_of(result, profile, *image.image));
    put(target, DCM_ImageComments, shortened(notice_of(result.model, words_in(profile.language)), 1024));
    put_source_reference(image, target);
    copy_lossy_compression(source, target);
}

void put_capture_device(DcmItem& target, const ContentMoment& moment, const Equipment& equipment) {
    put(target, DCM_DateOfSecondaryCapture, moment.date);
    put(target, DCM_TimeOfSecondaryCapture, moment.time);
    put(target, DCM_SecondaryCaptureDeviceManufacturer, manufacturer);
    put(target, DCM_SecondaryCaptureDeviceManufacturerModelName, "Hilum");
    put(target, DCM_SecondaryCaptureDeviceSoftwareVersions, equipment.software_version);
}

}  // namespace

Result<std::shared_ptr<DcmDataset>> build_secondary_capture(const ComposeRequest& request,
                                                            const ReportProfile& profile,
                                                            const SourceImage& source,
                                                            const AnalysisArtifact& artifact,
                                                            const Equipment& equipment) {
    const InferenceResult& result = *source.image->outcome.result;
    const ContentMoment moment = content_moment(*source.header, result.started_at, equipment.utc_offset);
    auto dataset = std::make_shared<DcmDataset>();
    copy_patient_and_study(*source.header, *dataset);
    copy_request_attributes(*source.header, *dataset);
    put_image_modules(source, *dataset, profile);
    put_capture_device(*dataset, moment, equipment);
    put_content_date(*dataset, moment);
    put_result_modules(*dataset, capture_identity(request, profile, *source.image),
                       {"OT", profile.sc_series_number, profile.sc_series_description}, moment, equipment,
                       {result.model});
    if (const auto drawn = put_picture(*dataset, profile, source, artifact, moment); !drawn)
        return tl::unexpected(drawn.error());
    return dataset;
}

long long capture_number(const SourceImage& source) {
    const long long series = std::max(0LL, integer_of(*source.header, DCM_SeriesNumber).value_or(0));
    const long long number = std::max(0LL, integer_of(*source.header, DCM_InstanceNumber).value_or(1));
    const long long of_image = numbered(series, number, 1000);
    return is_frame(*source.image) ? numbered(of_image, source.image->frame, 100) : of_image;
}

void put_identity_window(DcmItem& target) {
    put(target, DCM_WindowCenter, "128");
    put(target, DCM_WindowWidth, "256");
}

bool wants_capture(const ReportProfile& profile, const StudyImage& image) {
    if (!image.outcome.result || profile.sc_when == CaptureWhen::never) return false;
    const InferenceResult& result = *image.outcome.result;
    return profile.sc_when == CaptureWhen::always || has_finding(result) || is_indeterminate(result);
}

}  // namespace hilum::results
