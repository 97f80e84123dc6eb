#include <gmock/gmock.h>

#include "dicom/dataset_reading.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// "-": the attribute is not there.
std::string burned_in(const std::string& of_source, CaptureStyle style) {
    StudyFixture study;
    study.request.profiles.front().sc_style = style;
    study.add_analysed(pneumonia_result(), [&](DcmDataset& header) {
        if (of_source == "-")
            header.findAndDeleteElement(DCM_BurnedInAnnotation);
        else
            header.putAndInsertString(DCM_BurnedInAnnotation, of_source.c_str());
    });
    const auto file = load_result(compose(study.request, test_equipment()), "sc");
    DcmDataset& capture = *file->getDataset();
    return capture.tagExists(DCM_BurnedInAnnotation) ? text_of(capture, DCM_BurnedInAnnotation) : "-";
}

// Its pixels are the source's: where nobody knows of those, nobody knows of these.
TEST(SecondaryCapture, SaysOfBurnedInAnnotationWhatItsSourceSaysAndNothingElse) {
    for (const auto style : {CaptureStyle::overlay, CaptureStyle::presentation_state}) {
        EXPECT_EQ(burned_in("YES", style), "YES");
        EXPECT_EQ(burned_in("NO", style), "NO");
        EXPECT_EQ(burned_in("-", style), "-");
        EXPECT_EQ(burned_in("", style), "-");
        EXPECT_EQ(burned_in("MAYBE", style), "-");
    }
}

}  // namespace
}  // namespace hilum::results::test
