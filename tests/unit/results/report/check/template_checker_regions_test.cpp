// The checker is seen accepting an activation region and naming each of many damages to one.
#include "results/study_composer.h"
#include "unit/results/report_damage.h"

namespace hilum::results::test {
namespace {

// A report with one finding that has one region, and what the checker expects of it.
struct ReportWithRegion {
    ReportWithRegion() {
        study.request.profiles.front().sr_activation_region = true;
        study.add_analysed(pneumonia_result());
        file = load_result(compose(study.request, test_equipment()), "sr");
        source = radiograph_header(study.request.images.front().sop_instance_uid);
        expected = expectation_of(study.request, 1);
        expected.activation_regions = 1;
        expected.images.front().columns = expected.images.front().rows = 8;
    }
    auto violations() { return check_measurement_report(*file->getDataset(), source, expected); }

    StudyFixture study;
    std::unique_ptr<DcmFileFormat> file;
    DcmDataset source;
    ReportExpectation expected;
};

class DamagedRegion : public testing::TestWithParam<DamageCase> {};

TEST_P(DamagedRegion, IsNamedByTheChecker) {
    ReportWithRegion report;
    ASSERT_TRUE(report.file);
    ASSERT_THAT(report.violations(), testing::IsEmpty());
    GetParam().damage(*report.file->getDataset());
    expect_named(GetParam(), report.violations());
}

DcmItem& region_of(DcmDataset& report) {
    return item(report, "activation-box");
}

DcmItem& image_of_region(DcmDataset& report) {
    for (DcmItem* child : items_of(region_of(report), DCM_ContentSequence))
        if (text_of(*child, DCM_ValueType) == "IMAGE") return *child;
    throw std::runtime_error("the region has no image");
}

Damage set_graphic_data(const std::vector<Float32>& data) {
    return [data](DcmDataset& report) {
        ASSERT_TRUE(region_of(report)
                        .putAndInsertFloat32Array(DCM_GraphicData, data.data(),
                                                  static_cast<unsigned long>(data.size()))
                        .good());
    };
}

Damage set_of_region(const DcmTagKey& tag, const char* value) {
    return [tag, value](DcmDataset& report) { put(region_of(report), tag, value); };
}

constexpr const char* region_row = "TID 1501 activation region";

const std::vector<DamageCase> damaged_regions = {
    {"CalledALesion", region_row, "called (Lesion)",
     [](DcmDataset& r) {
         DcmItem& name = sequence_item(region_of(r), DCM_ConceptNameCodeSequence);
         put(name, DCM_CodeValue, "52988006");
         put(name, DCM_CodingSchemeDesignator, "SCT");
         put(name, DCM_CodeMeaning, "Lesion");
     }},
    {"OfUnknownExtent", region_row, "what the region bounds",
     [](DcmDataset& r) {
         for (DcmItem* const child : items_of(item(r, "125007"), DCM_ContentSequence))
             if (text_of(*child, DCM_TextValue).starts_with("activation region"))
                 put(*child, DCM_TextValue, "a");
     }},
    {"Missing", region_row, "0 regions", remove_content("activation-box")},
    {"Unnamed", region_row, "called ()",
     [](DcmDataset& r) { region_of(r).findAndDeleteElement(DCM_ConceptNameCodeSequence); }},
    {"OutsideItsGroup", region_row, "1 regions, 0 of them in measurement groups",
     [](DcmDataset& r) {
         DcmItem moved(region_of(r));
         remove_item(r, "activation-box");
         DcmItem* added = nullptr;
         ASSERT_TRUE(r.findOrCreateSequenceItem(DCM_ContentSequence, added, -2).good());
         *added = moved;
     }},
    {"Open", region_row, "no closed rectangle", set_graphic_data({1, 1, 3, 1, 3, 3, 1, 3})},
    {"Askew", region_row, "no closed rectangle", set_graphic_data({1, 1, 3, 2, 3, 3, 1, 3, 1, 1})},
    {"WithoutArea", region_row, "no closed rectangle", set_graphic_data({1, 1, 3, 1, 3, 1, 1, 1, 1, 1})},
    {"BesideTheImage", region_row, "beyond the image", set_graphic_data({7, 1, 9, 1, 9, 3, 7, 3, 7, 1})},
    {"AboveTheImage", region_row, "beyond the image", set_graphic_data({1, -1, 3, -1, 3, 3, 1, 3, 1, -1})},
    {"APolygonOfAnotherType", region_row, "no closed rectangle",
     set_of_region(DCM_GraphicType, "MULTIPOINT")},
    {"RelatedAsProperty", region_row, "related by 'HAS PROPERTIES'",
     set_of_region(DCM_RelationshipType, "HAS PROPERTIES")},
    {"InferredFromItsImage", region_row, "image is related by 'INFERRED FROM'",
     [](DcmDataset& r) { put(image_of_region(r), DCM_RelationshipType, "INFERRED FROM"); }},
    {"WithoutAnImage", region_row, "selected from 0 images",
     [](DcmDataset& r) { region_of(r).findAndDeleteElement(DCM_ContentSequence); }},
    {"OfAnotherImage", region_row, "another image or frame",
     [](DcmDataset& r) {
         put(sequence_item(image_of_region(r), DCM_ReferencedSOPSequence), DCM_ReferencedSOPInstanceUID,
             "1.2.3.4");
     }},
    {"OfAnotherFrame", region_row, "another image or frame",
     [](DcmDataset& r) {
         put(sequence_item(image_of_region(r), DCM_ReferencedSOPSequence), DCM_ReferencedFrameNumber, "2");
     }},
};

INSTANTIATE_TEST_SUITE_P(TemplateChecker, DamagedRegion, testing::ValuesIn(damaged_regions),
                         [](const auto& param) { return param.param.name; });

TEST(TemplateChecker, WantsNoRegionThatNobodyAskedFor) {
    ReportWithRegion report;
    ASSERT_TRUE(report.file);
    report.expected.activation_regions = 0;
    const auto violations = report.violations();
    ASSERT_EQ(violations.size(), 1U);
    EXPECT_EQ(violations.front().row, region_row);
}

}  // namespace
}  // namespace hilum::results::test
