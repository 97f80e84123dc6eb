#include "results/capture/presentation_state.h"

#include <array>

#include "dicom/dataset_reading.h"
#include "results/capture/activation_contour.h"
#include "results/capture/capture_text.h"
#include "results/capture/grayscale_capture.h"
#include "results/capture/secondary_capture.h"
#include "results/dataset_writing.h"
#include "results/module_copy.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

constexpr const char* result_layer = "AI_RESULT";
constexpr const char* activation_layer = "AI_ACTIVATION";
constexpr std::size_t short_text = 1024;   // characters of an ST
constexpr std::size_t most_points = 8191;  // the value of an FL has at most 65534 bytes, a point 8
constexpr Uint16 white_p_value = 0xFFFF;   // a P-Value
// The orange of what the colour capture calls a finding, as a PCS-Value: L* 70.9, a* 20.3, b* 74.5.
constexpr std::array<Uint16, 3> orange_pcs_value{46475, 38116, 52031};

void put_identification(DcmItem& target, const SourceImage& source, const Words& words,
                        const ContentMoment& moment) {
    put(target, DCM_InstanceNumber, std::to_string(capture_number(source)));
    put(target, DCM_ContentLabel, result_layer);
    put(target, DCM_ContentDescription,
        shortened(words.ai_result + (words.colon + diagnosis_text(*source.image->outcome.result, words)),
                  64));
    put(target, DCM_PresentationCreationDate, moment.date);
    put(target, DCM_PresentationCreationTime, moment.time);
    put(target, DCM_ContentCreatorName, manufacturer);
}

void put_relationship(DcmItem& target, const ResultIdentity& capture) {
    DcmItem& series = add_item(target, DCM_ReferencedSeriesSequence);
    put(series, DCM_SeriesInstanceUID, capture.series_instance_uid);
    DcmItem& image = add_item(series, DCM_ReferencedImageSequence);
    put(image, DCM_ReferencedSOPClassUID, capture.sop_class_uid);
    put(image, DCM_ReferencedSOPInstanceUID, capture.sop_instance_uid);
}

void put_corner(DcmItem& area, const DcmTagKey& tag, int column, int row) {
    const std::array<Sint32, 2> corner{column, row};
    auto element = std::make_unique<DcmSignedLong>(tag);
    element->putSint32Array(corner.data(), corner.size());
    if (area.insert(element.get(), OFTrue).good()) static_cast<void>(element.release());
}

void put_displayed_area(DcmItem& target, const GrayscaleLayout& layout) {
    DcmItem& area = add_item(target, DCM_DisplayedAreaSelectionSequence);
    put_corner(area, DCM_DisplayedAreaTopLeftHandCorner, 1, 1);
    put_corner(area, DCM_DisplayedAreaBottomRightHandCorner, layout.columns, layout.rows);
    put(area, DCM_PresentationSizeMode, "SCALE TO FIT");
    put(area, DCM_PresentationPixelAspectRatio, "1\\1");
}

// The capture was windowed as its radiograph asks: nothing is left to be done, and that is said, since a
// viewer that finds nothing said may choose a window of its own.
void put_grayscale(DcmItem& target) {
    put_identity_window(add_item(target, DCM_SoftcopyVOILUTSequence));
    put(target, DCM_PresentationLUTShape, "IDENTITY");
}

void put_place(DcmItem& item, const DcmTagKey& tag, double column, double row) {
    const std::array<Float32, 2> place{static_cast<Float32>(column), static_cast<Float32>(row)};
    item.putAndInsertFloat32Array(tag, place.data(), place.size());
}

std::string joined(const std::vector<std::string>& lines) {
    return shortened(fmt::format("{}", fmt::join(lines, "\r\n")), short_text);
}

void add_text(DcmItem& annotation, const PictureArea& area, const std::string& text) {
    DcmItem& object = add_item(annotation, DCM_TextObjectSequence);
    put(object, DCM_BoundingBoxAnnotationUnits, "PIXEL");
    put(object, DCM_UnformattedTextValue, text);
    put_place(object, DCM_BoundingBoxTopLeftHandCorner, area.left, area.top);
    put_place(object, DCM_BoundingBoxBottomRightHandCorner, area.left + area.columns, area.top + area.rows);
    put(object, DCM_BoundingBoxTextHorizontalJustification, "LEFT");
}

// A text holds so many characters and no more: the lines are as many texts as they need, below each other.
void add_lines(DcmItem& annotation, const PictureArea& area, const OverlaidText& text) {
    const auto row_of = [&](std::size_t line) {
        return area.top + area.rows * static_cast<int>(line) / static_cast<int>(text.room);
    };
    for (std::size_t first = 0, next = 0; first < text.lines.size(); first = next) {
        std::string block = text.lines[next++];
        while (next < text.lines.size() && block.size() + 2 + text.lines[next].size() <= short_text)
            block += "\r\n" + text.lines[next++];
        const int end = next < text.lines.size() ? row_of(next) : area.top + area.rows;
        add_text(annotation, {area.left, row_of(first), area.columns, end - row_of(first)},
                 shortened(block, short_text));
    }
}

void add_contour(DcmItem& annotation, const Contour& contour, const PictureArea& image) {
    std::vector<Float32> points;
    const std::size_t step = contour.size() / most_points + 1;
    const auto add = [&](const ImagePlace& place) {
        points.push_back(static_cast<Float32>(image.left + place.across * image.columns));
        points.push_back(static_cast<Float32>(image.top + place.down * image.rows));
    };
    for (std::size_t i = 0; i + 1 < contour.size(); i += step) add(contour[i]);
    add(contour.back());
    DcmItem& object = add_item(annotation, DCM_GraphicObjectSequence);
    put(object, DCM_GraphicAnnotationUnits, "PIXEL");
    put_number(object, DCM_GraphicDimensions, 2);
    put_number(object, DCM_NumberOfGraphicPoints, static_cast<int>(points.size() / 2));
    object.putAndInsertFloat32Array(DCM_GraphicData, points.data(),
                                    static_cast<unsigned long>(points.size()));
    put(object, DCM_GraphicType, "POLYLINE");
    put(object, DCM_GraphicFilled, "N");
}

DcmItem& add_layer(DcmItem& target, const char* name, int order, const char* description) {
    DcmItem& layer = add_item(target, DCM_GraphicLayerSequence);
    put(layer, DCM_GraphicLayer, name);
    put(layer, DCM_GraphicLayerOrder, std::to_string(order));
    put_number(layer, DCM_GraphicLayerRecommendedDisplayGrayscaleValue, white_p_value);
    put(layer, DCM_GraphicLayerDescription, description);
    return layer;
}

DcmItem& add_annotation(DcmItem& target, const char* layer) {
    DcmItem& annotation = add_item(target, DCM_GraphicAnnotationSequence);
    put(annotation, DCM_GraphicLayer, layer);
    return annotation;
}

void add_result(DcmItem& target, const OverlaidText& text, const Words& words,
                const GrayscaleLayout& layout) {
    add_layer(target, result_layer, 1, words.result_layer);
    DcmItem& annotation = add_annotation(target, result_layer);
    add_text(annotation, layout.banner, joined(text.banner));
    add_lines(annotation, layout.lines, text);
}

void add_activation(DcmItem& target, const OverlaidText& text, const Words& words,
                    const std::vector<Contour>& contours, const std::vector<ImageRegion>& regions,
                    const GrayscaleLayout& layout) {
    add_layer(target, activation_layer, 2, words.activation_layer)
        .putAndInsertUint16Array(DCM_GraphicLayerRecommendedDisplayCIELabValue, orange_pcs_value.data(),
                                 orange_pcs_value.size());
    DcmItem& annotation = add_annotation(target, activation_layer);
    add_text(annotation, layout.legend, joined(text.legend));
    if (!regions.empty())
        add_text(annotation, area_beside(regions, words.beside_contour, layout), words.beside_contour);
    for (const Contour& contour : contours) add_contour(annotation, contour, layout.image);
}

}  // namespace

bool has_presentation_states(const ReportProfile& profile) {
    return profile.sc_style == CaptureStyle::presentation_state;
}

std::shared_ptr<DcmDataset> build_presentation_state(const ComposeRequest& request,
                                                     const ReportProfile& profile, const SourceImage& source,
                                                     const AnalysisArtifact& artifact,
                                                     const Equipment& equipment) {
    const InferenceResult& result = *source.image->outcome.result;
    const Words& words = words_in(profile.language);
    const ContentMoment moment = content_moment(*source.header, result.started_at, equipment.utc_offset);
    const auto contours = activation_contours(artifact, mapped_label(result));
    const OverlaidText text =
        overlaid_text(result, words, moment.readable(), frame_text(*source.image, words),
                      contours.empty() ? -1 : mapped_label(result));
    const GrayscaleLayout layout = grayscale_layout(artifact.display, text, profile.sc_long_side);
    auto dataset = std::make_shared<DcmDataset>();
    copy_patient_and_study(*source.header, *dataset);
    copy_request_attributes(*source.header, *dataset);
    put_identification(*dataset, source, words, moment);
    put_relationship(*dataset, capture_identity(request, profile, *source.image));
    put_displayed_area(*dataset, layout);
    put_grayscale(*dataset);
    add_result(*dataset, text, words, layout);
    if (!contours.empty())
        add_activation(*dataset, text, words, contours, activation_regions(artifact, mapped_label(result)),
                       layout);
    put(*dataset, DCM_Laterality, text_of(*source.header, DCM_Laterality));  // type 2C: there, if empty
    put_result_modules(*dataset, state_identity(request, profile, *source.image),
                       {"PR", profile.sc_series_number + 1, profile.sc_series_description}, moment, equipment,
                       {result.model});
    return dataset;
}

}  // namespace hilum::results
