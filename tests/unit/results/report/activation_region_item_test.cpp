// The activation regions in a report, where a site asks for them.
#include <gmock/gmock.h>

#include <fstream>

#include "dicom/dataset_reading.h"
#include "results/report/content_item.h"
#include "results/report/report_terms.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

constexpr int columns = 2048, rows = 2500;  // of the radiographs, whose display images are 300 x 360

void make_large(DcmDataset& header) {
    header.putAndInsertUint16(DCM_Columns, columns);
    header.putAndInsertUint16(DCM_Rows, rows);
}

class ActivationRegionItems : public testing::Test {
  protected:
    ActivationRegionItems() { study.request.profiles.front().sr_activation_region = true; }

    ContentItem report() {
        reply = compose(study.request, test_equipment());
        const auto file = load_result(reply, "sr");
        return file ? read_content(*file->getDataset()).value() : ContentItem{};
    }
    static std::vector<ContentItem> regions(const ContentItem& report) {
        std::vector<ContentItem> found;
        for_each_item(report, [&](const ContentItem& item) {
            if (item.value_type == "SCOORD") found.push_back(item);
        });
        return found;
    }

    StudyFixture study;
    ComposeReply reply;
};

class ActivationRegionOfEachClass : public ActivationRegionItems,
                                    public testing::WithParamInterface<const char*> {};

TEST_P(ActivationRegionOfEachClass, BoundsTheMapInPixelsOfItsRadiograph) {
    study.request.profiles.front().sr_class = enum_from<ReportClass>(GetParam()).value();
    study.add_analysed(pneumonia_result(), make_large);
    const ContentItem content = report();
    std::vector<std::string> parameters;
    for_each_item(content, [&](const ContentItem& item) {
        if (item.is("DCM", "111002")) parameters.push_back(item.text);
    });
    const auto found = regions(content);
    ASSERT_EQ(found.size(), 1U) << code_of(reply);
    const ContentItem& region = found.front();
    EXPECT_EQ(region.concept_name, terms::activation_region);
    EXPECT_EQ(region.graphic_type, "POLYLINE");
    ASSERT_EQ(region.graphic_data.size(), 10U);
    // The map's maximum is at (0.3, 0.65) of the square input, across which 300 of 360 columns lie.
    EXPECT_NEAR((region.graphic_data[0] + region.graphic_data[4]) / 2,
                ((0.3 - 0.5) * 360 / 300 + 0.5) * columns, 0.01 * columns);
    EXPECT_NEAR((region.graphic_data[1] + region.graphic_data[5]) / 2, 0.65 * rows, 0.01 * rows);
    const auto images = region.of_type("IMAGE");
    ASSERT_EQ(images.size(), 1U);
    EXPECT_EQ(images.front()->relationship_type, "SELECTED FROM");
    EXPECT_EQ(images.front()->referenced_sop_instance_uid, study.request.images.front().sop_instance_uid);
    EXPECT_THAT(parameters,
                testing::Contains("activation region=0.5 of the activation map's maximum and more;"
                                  " outlines no lesion"));
}

INSTANTIATE_TEST_SUITE_P(Classes, ActivationRegionOfEachClass,
                         testing::Values("comprehensive_3d", "comprehensive", "enhanced"));

TEST_F(ActivationRegionItems, AreThereForEachFindingAndNothingElse) {
    study.add_analysed(multi_label_result(false));
    study.add_analysed(normal_result());
    EXPECT_EQ(regions(report()).size(), 2U);  // of three labels of the first image two are findings
}

TEST_F(ActivationRegionItems, NameTheirFrame) {
    study.add_analysed(pneumonia_result());
    study.split_into_frames({{std::nullopt, normal_result(), {}}, {std::nullopt, pneumonia_result(), {}}});
    const auto found = regions(report());
    ASSERT_EQ(found.size(), 1U) << code_of(reply);
    EXPECT_EQ(found.front().of_type("IMAGE").at(0)->referenced_frame_number, "2");
}

TEST_F(ActivationRegionItems, AreMissingWhereTheModelHasNoMaps) {
    auto result = pneumonia_result();
    result.map_rows = result.map_columns = 0;
    study.add_analysed(result);
    EXPECT_THAT(regions(report()), testing::IsEmpty());
    EXPECT_EQ(code_of(reply), "");
}

TEST_F(ActivationRegionItems, AreAskedForAgainWhereTheirArtifactIsDamagedAndHoldBackNoReport) {
    std::ofstream(study.add_analysed(pneumonia_result()).artifact, std::ios::trunc) << "HILUMART1";
    study.request.profiles.front().sc_when = CaptureWhen::never;
    EXPECT_THAT(regions(report()), testing::IsEmpty());
    EXPECT_EQ(code_of(reply), "artifact_damaged");
    EXPECT_EQ(reply.results.size(), 1U);
}

TEST_F(ActivationRegionItems, MakeTheReportAnotherOneAndLeaveTheCaptureAsItIs) {
    study.add_analysed(pneumonia_result());
    study.request.profiles.push_back(test_profile());
    reply = compose(study.request, test_equipment());
    ASSERT_EQ(reply.results.size(), 3U);
    EXPECT_EQ(reply.results[0].kind, ResultKind::sr);
    EXPECT_EQ(reply.results[2].kind, ResultKind::sr);
    EXPECT_NE(reply.results[0].sop_instance_uid, reply.results[2].sop_instance_uid);
    EXPECT_NE(reply.results[0].series_instance_uid, reply.results[2].series_instance_uid);
    EXPECT_EQ(reply.results[1].destinations.size(), 2U);
}

}  // namespace
}  // namespace hilum::results::test
