// The grey capture and the state that lies over it, as a viewer reads them.
#include "results/capture/presentation_state.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "results/capture/grayscale_capture.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

ReportProfile state_profile() {
    auto profile = test_profile();
    profile.sr = false;
    profile.sc_style = CaptureStyle::presentation_state;
    return profile;
}

std::string value(DcmItem& item, const DcmTagKey& tag) {
    return text_of(item, tag);
}

// The texts of a layer, lines apart by CR LF.
std::vector<std::string> texts(DcmItem& state, const std::string& layer) {
    std::vector<std::string> found;
    for (DcmItem* annotation : items_of(state, DCM_GraphicAnnotationSequence))
        if (value(*annotation, DCM_GraphicLayer) == layer)
            for (DcmItem* text : items_of(*annotation, DCM_TextObjectSequence))
                found.push_back(value(*text, DCM_UnformattedTextValue));
    return found;
}

std::vector<DcmItem*> graphics(DcmItem& state) {
    std::vector<DcmItem*> found;
    for (DcmItem* annotation : items_of(state, DCM_GraphicAnnotationSequence))
        for (DcmItem* graphic : items_of(*annotation, DCM_GraphicObjectSequence)) found.push_back(graphic);
    return found;
}

std::vector<float> numbers(DcmItem& item, const DcmTagKey& tag) {
    const Float32* values = nullptr;
    unsigned long count = 0;
    EXPECT_TRUE(item.findAndGetFloat32Array(tag, values, &count).good()) << DcmTag(tag).getTagName();
    return {values, values + count};
}

std::vector<Sint32> corner(DcmItem& area, const DcmTagKey& tag) {
    const Sint32* values = nullptr;
    unsigned long count = 0;
    EXPECT_TRUE(area.findAndGetSint32Array(tag, values, &count).good()) << DcmTag(tag).getTagName();
    return {values, values + count};
}

class PresentationState : public testing::Test {
  protected:
    void compose_for(const InferenceResult& result, const char* language = "en") {
        study_.request.profiles = {state_profile()};
        study_.request.profiles.front().language = language;
        study_.add_analysed(result);
        reply_ = compose(study_.request, test_equipment());
        EXPECT_EQ(code_of(reply_), "");
        capture_file_ = load_result(reply_, "sc");
        state_file_ = load_result(reply_, "pr");
        ASSERT_TRUE(capture_file_ && state_file_);
    }
    DcmItem& capture() { return *capture_file_->getDataset(); }
    DcmItem& state() { return *state_file_->getDataset(); }

    StudyFixture study_;
    ComposeReply reply_;
    std::unique_ptr<DcmFileFormat> capture_file_, state_file_;
};

TEST_F(PresentationState, RefersToItsCaptureInTheSameStudy) {
    compose_for(pneumonia_result());
    EXPECT_EQ(value(state(), DCM_SOPClassUID), UID_GrayscaleSoftcopyPresentationStateStorage);
    EXPECT_EQ(value(state(), DCM_Modality), "PR");
    EXPECT_EQ(value(state(), DCM_StudyInstanceUID), value(capture(), DCM_StudyInstanceUID));
    EXPECT_NE(value(state(), DCM_SeriesInstanceUID), value(capture(), DCM_SeriesInstanceUID));
    EXPECT_EQ(value(state(), DCM_SeriesNumber), "9003");
    EXPECT_EQ(value(state(), DCM_InstanceNumber), value(capture(), DCM_InstanceNumber));
    DcmItem& series = *items_of(state(), DCM_ReferencedSeriesSequence).at(0);
    EXPECT_EQ(value(series, DCM_SeriesInstanceUID), value(capture(), DCM_SeriesInstanceUID));
    DcmItem& image = *items_of(series, DCM_ReferencedImageSequence).at(0);
    EXPECT_EQ(value(image, DCM_ReferencedSOPInstanceUID), value(capture(), DCM_SOPInstanceUID));
    EXPECT_EQ(value(image, DCM_ReferencedSOPClassUID), UID_SecondaryCaptureImageStorage);
}

TEST_F(PresentationState, LeavesTheCaptureGreyAndShowsAllOfIt) {
    compose_for(pneumonia_result());
    EXPECT_EQ(value(capture(), DCM_PhotometricInterpretation), "MONOCHROME2");
    EXPECT_EQ(value(capture(), DCM_Modality), "OT");
    EXPECT_EQ(value(capture(), DCM_ImageType), "DERIVED\\SECONDARY");
    EXPECT_EQ(items_of(capture(), DCM_SourceImageSequence).size(), 1U);
    EXPECT_FALSE(capture().tagExists(DCM_PlanarConfiguration));
    const auto columns = integer_of(capture(), DCM_Columns).value(),
               rows = integer_of(capture(), DCM_Rows).value();
    EXPECT_EQ(std::max(columns, rows), study_.request.profiles.front().sc_long_side);
    DcmItem& area = *items_of(state(), DCM_DisplayedAreaSelectionSequence).at(0);
    EXPECT_EQ(value(area, DCM_PresentationSizeMode), "SCALE TO FIT");
    EXPECT_THAT(corner(area, DCM_DisplayedAreaTopLeftHandCorner), testing::ElementsAre(1, 1));
    EXPECT_THAT(corner(area, DCM_DisplayedAreaBottomRightHandCorner), testing::ElementsAre(columns, rows));
    EXPECT_EQ(value(area, DCM_PresentationPixelAspectRatio), "1\\1");
    EXPECT_EQ(value(state(), DCM_PresentationLUTShape), "IDENTITY");
}

TEST_F(PresentationState, SaysWhatTheColourCaptureSays) {
    compose_for(pneumonia_result());
    const std::string lines = fmt::format(
        "AI diagnosis: Pneumonia\r\n"
        "Model score 0.93\r\n"
        "Scores: not calibrated, not a probability\r\n"
        "Normal 0.05\r\nPneumonia 0.93\r\nRequires further evaluation 0.02\r\n"
        "chest-triage 1.2.0, weights {}\r\n"
        "Analysed 2026-03-02 08:00:00 +0000",
        pneumonia_result().model.sha256.substr(0, 12));
    EXPECT_THAT(texts(state(), "AI_RESULT"),
                testing::ElementsAre("AI result: Demonstration model, not for clinical use", lines));
    EXPECT_THAT(texts(state(), "AI_ACTIVATION"),
                testing::ElementsAre("Line: activation for Pneumonia, at half of its maximum\r\n"
                                     "It is not the outline of a lesion",
                                     "Not a lesion outline"));
}

// Beside the line, within the image, in the layer that is turned off with it.
TEST_F(PresentationState, SaysAtTheContourWhatItIsNot) {
    for (const auto& [language, words] :
         {std::pair{"en", "Not a lesion outline"}, std::pair{"de", "Kein Umriss einer Läsion"},
          std::pair{"fr", "Pas un contour de lésion"}}) {
        study_.request.images.clear();
        compose_for(pneumonia_result(), language);
        EXPECT_EQ(texts(state(), "AI_ACTIVATION").at(1), words);
        DcmItem& text =
            *items_of(*items_of(state(), DCM_GraphicAnnotationSequence).at(1), DCM_TextObjectSequence).at(1);
        const auto from = numbers(text, DCM_BoundingBoxTopLeftHandCorner),
                   to = numbers(text, DCM_BoundingBoxBottomRightHandCorner);
        const auto artifact = artifact_for(pneumonia_result(), 300, 360);
        const PictureArea image =
            grayscale_layout(artifact.display, overlaid_text(pneumonia_result(), english(), "", "", 1), 480)
                .image;
        EXPECT_GE(from[0], image.left);
        EXPECT_GE(from[1], image.top);
        EXPECT_LE(to[0], image.left + image.columns + 1);
        EXPECT_LE(to[1], image.top + image.rows + 1);
        const auto points = numbers(*graphics(state()).at(0), DCM_GraphicData);
        float lowest = 0;
        for (std::size_t i = 0; i < points.size(); i += 2) {
            const bool within =
                points[i] > from[0] && points[i] < to[0] && points[i + 1] > from[1] && points[i + 1] < to[1];
            EXPECT_FALSE(within) << "the words cover the line";
            lowest = std::max(lowest, points[i + 1]);
        }
        EXPECT_NEAR(from[1], lowest, 12) << "beside it";
    }
}

TEST_F(PresentationState, SaysWhyThereIsNoDiagnosis) {
    compose_for(undecided_result());
    EXPECT_THAT(
        texts(state(), "AI_RESULT").at(1),
        testing::StartsWith("AI diagnosis: Indeterminate\r\nNormal: Model score 0.38, the best two differ by "
                            "less than 0.10\r\n"));
    EXPECT_EQ(value(state(), DCM_ContentDescription), "AI result: Indeterminate");
    EXPECT_THAT(graphics(state()), testing::IsEmpty());
}

TEST_F(PresentationState, TellsThresholdsAndCalibrationWhereTheyDecide) {
    compose_for(multi_label_result(true));
    EXPECT_THAT(texts(state(), "AI_RESULT").at(1),
                testing::AllOf(testing::HasSubstr(
                                   "Probability 0.81, threshold 0.50\r\nScores: calibrated on site-2026\r\n"),
                               testing::HasSubstr("Pneumothorax 0.81, reaches its threshold 0.50"),
                               testing::HasSubstr("Pleural effusion 0.12, below its threshold 0.50")));
}

TEST_F(PresentationState, TellsOfEachFindingOfMoreLabelsThanItHasLinesFor) {
    compose_for(eight_labels_result());
    EXPECT_THAT(texts(state(), "AI_RESULT").at(1),
                testing::AllOf(testing::HasSubstr("Pneumothorax 0.10, reaches its threshold 0.05"),
                               testing::HasSubstr("Effusion 0.60, reaches its threshold 0.30"),
                               testing::HasSubstr("2 more in the report\r\n")));
}

TEST_F(PresentationState, LeavesNothingOutOfAnyLength) {
    auto result = all_findings_result(8);
    for (LabelResult& label : result.labels) label.name.resize(120, 'w');
    result.diagnosis = result.labels.front().name;
    compose_for(result);
    const auto all = texts(state(), "AI_RESULT");
    ASSERT_EQ(all.size(), 3U);
    for (const std::string& text : all) EXPECT_LE(text.size(), 1024U);
    EXPECT_THAT(all.at(1), testing::StartsWith("AI diagnosis: Finding 1"));
    EXPECT_THAT(all.at(2), testing::EndsWith("Analysed 2026-03-02 08:00:00 +0000"));
    float end = 0;
    DcmItem& annotation = *items_of(state(), DCM_GraphicAnnotationSequence).at(0);
    for (DcmItem* text : items_of(annotation, DCM_TextObjectSequence)) {
        EXPECT_GE(numbers(*text, DCM_BoundingBoxTopLeftHandCorner)[1], end) << "they are below each other";
        end = numbers(*text, DCM_BoundingBoxBottomRightHandCorner)[1];
    }
    EXPECT_LE(end, static_cast<float>(integer_of(capture(), DCM_Rows).value()));
}

TEST_F(PresentationState, DrawsClosedContoursRoundTheActivationWithinTheRadiograph) {
    compose_for(pneumonia_result());
    const auto lines = graphics(state());
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(value(*lines[0], DCM_GraphicType), "POLYLINE");
    const auto points = numbers(*lines[0], DCM_GraphicData);
    EXPECT_EQ(integer_of(*lines[0], DCM_NumberOfGraphicPoints), points.size() / 2);
    EXPECT_EQ(points[0], points[points.size() - 2]);
    EXPECT_EQ(points[1], points[points.size() - 1]);
    // The map's maximum is at (0.3, 0.65) of the model's square input, in which the image is letterboxed.
    const auto artifact = artifact_for(pneumonia_result(), 300, 360);
    const auto text = overlaid_text(pneumonia_result(), english(), "", "", 1);
    const PictureArea image = grayscale_layout(artifact.display, text, 480).image;
    double left = 1e9, right = 0, top = 1e9, bottom = 0;
    for (std::size_t i = 0; i < points.size(); i += 2) {
        left = std::min<double>(left, points[i]), right = std::max<double>(right, points[i]);
        top = std::min<double>(top, points[i + 1]), bottom = std::max<double>(bottom, points[i + 1]);
    }
    EXPECT_NEAR((left + right) / 2, image.left + ((0.3 - 0.5) * 360 / 300 + 0.5) * image.columns, 4);
    EXPECT_NEAR((top + bottom) / 2, image.top + 0.65 * image.rows, 4);
    EXPECT_GT(left, image.left);
    EXPECT_LT(right - left, image.columns / 2.0);
}

TEST_F(PresentationState, HasNoActivationWhereThereIsNoFinding) {
    compose_for(normal_result());
    EXPECT_THAT(graphics(state()), testing::IsEmpty());
    EXPECT_EQ(items_of(state(), DCM_GraphicLayerSequence).size(), 1U);
    EXPECT_THAT(texts(state(), "AI_ACTIVATION"), testing::IsEmpty());
}

TEST_F(PresentationState, NamesLayersThatItsAnnotationsUse) {
    compose_for(pneumonia_result());
    std::vector<std::string> layers, used;
    for (DcmItem* layer : items_of(state(), DCM_GraphicLayerSequence)) {
        layers.push_back(value(*layer, DCM_GraphicLayer));
        EXPECT_LE(value(*layer, DCM_GraphicLayerDescription).size(), 64U);
    }
    for (DcmItem* annotation : items_of(state(), DCM_GraphicAnnotationSequence))
        used.push_back(value(*annotation, DCM_GraphicLayer));
    EXPECT_THAT(layers, testing::ElementsAre("AI_RESULT", "AI_ACTIVATION"));
    EXPECT_EQ(used, layers);
}

// What is written into the margins covers neither the image nor the letters in it, and none of it the others.
TEST(GrayscaleLayout, KeepsAllTextOffTheImageWhateverItsShape) {
    for (const DisplayGeometry image : {DisplayGeometry{300, 360}, {430, 350}, {60, 400}, {400, 60}}) {
        const auto text = overlaid_text(multi_label_result(false), english(), "now", "frame 2 of 3", 0);
        const auto layout = grayscale_layout(image, text, 1280);
        EXPECT_EQ(std::max(layout.columns, layout.rows), 1280);
        std::vector<PictureArea> below_each_other{layout.banner, layout.image, layout.legend, layout.lines};
        int last = 0;
        for (const PictureArea& area : below_each_other) {
            EXPECT_GE(area.top, last);
            EXPECT_GE(area.left, 0);
            EXPECT_LE(area.left + area.columns, layout.columns);
            last = area.top + area.rows;
        }
        EXPECT_LE(last, layout.rows);
        EXPECT_NEAR(static_cast<double>(layout.image.columns) / layout.image.rows,
                    static_cast<double>(image.columns) / image.rows, 0.1);
    }
}

TEST(GrayscaleLayout, HasRoomForAllThatIsSaidOfManyLabels) {
    // 30 names of 12 bytes are counted, 10 are named in as many lines as there may be.
    for (const std::size_t labels : {std::size_t{7}, std::size_t{10}, std::size_t{14}, std::size_t{30}}) {
        const auto text = overlaid_text(all_findings_result(labels), english(), "now", "frame 2 of 3", 0);
        EXPECT_LE(text.lines.size(), text.room) << labels;
    }
    auto result = all_findings_result(8);
    result.labels[6].name = std::string(44, 'x');
    result.labels[7].name = std::string(44, 'y');
    const auto text = overlaid_text(result, english(), "now", "", 0);
    EXPECT_THAT(text.lines, testing::Contains(testing::HasSubstr(result.labels[7].name)));
    EXPECT_LE(text.lines.size(), text.room);
    EXPECT_EQ(
        grayscale_layout({300, 360}, text, 1280).rows,
        grayscale_layout({300, 360}, overlaid_text(eight_labels_result(), english(), "now", "", 0), 1280)
            .rows)
        << "whatever the model said";
}

// A state that is composed after its capture, from an outcome that differs, still fits it.
TEST(GrayscaleLayout, IsTheSameWhateverTheModelSaid) {
    const auto layout = [](const InferenceResult& result) {
        const auto mapped = result.diagnosis == "Normal" ? -1 : 1;
        return grayscale_layout({300, 360}, overlaid_text(result, english(), "now", "", mapped), 1280);
    };
    const auto normal = layout(normal_result()), pneumonia = layout(pneumonia_result());
    EXPECT_EQ(normal.rows, pneumonia.rows);
    EXPECT_EQ(normal.image.top, pneumonia.image.top);
    EXPECT_EQ(normal.image.rows, pneumonia.image.rows);
}

TEST(GrayscaleCapture, HasTheRadiographsPixelsAndBlackMargins) {
    auto artifact = artifact_for(pneumonia_result(), 300, 360);
    std::ranges::fill(artifact.display_pixels, std::uint8_t{200});
    const auto layout =
        grayscale_layout(artifact.display, overlaid_text(pneumonia_result(), english(), "", "", 1), 640);
    const auto picture = draw_grayscale(artifact, layout);
    ASSERT_TRUE(picture.has_value()) << picture.error().message;
    const auto at = [&](int row, int column) {
        return picture->pixels.at(static_cast<std::size_t>(row) * static_cast<std::size_t>(picture->columns) +
                                  static_cast<std::size_t>(column));
    };
    for (const PictureArea& margin : {layout.banner, layout.legend, layout.lines})
        for (int row = margin.top; row < margin.top + margin.rows; ++row)
            for (int column = 0; column < margin.columns; ++column) ASSERT_EQ(at(row, column), 0);
    for (int row = 2; row < layout.image.rows - 2; ++row)
        for (int column = 2; column < layout.image.columns - 2; ++column)
            ASSERT_EQ(at(layout.image.top + row, layout.image.left + column), 200);
}

TEST(GrayscaleCapture, IsRefusedWhenTheDisplayImageIsNotOfItsSize) {
    auto artifact = artifact_for(pneumonia_result(), 300, 360);
    artifact.display_pixels.pop_back();
    const auto picture = draw_grayscale(artifact, {100, 100, {0, 0, 100, 100}, {}, {}, {}});
    ASSERT_FALSE(picture.has_value());
    EXPECT_EQ(picture.error().code, "artifact_damaged");
}

}  // namespace
}  // namespace hilum::results::test
