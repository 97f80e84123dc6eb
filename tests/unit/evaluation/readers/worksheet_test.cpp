#include "evaluation/readers/worksheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/evaluation/readers/made_study.h"

namespace hilum::readers {
namespace {

using testing::HasSubstr;
using testing::Not;

ShownResults results_for(const Study& study) {
    ShownResults results;
    for (const auto& one : study.cases) results[one.id] = {"result of " + one.id, {}, {}, "", "</script><b>"};
    return results;
}

TEST(WorksheetPage, ShowsResultsOfAidedReadingsAlone) {
    const auto study = test::made_study(Design::crossover, 10, {"ann"});
    const auto& session = study.sessions.front();
    const auto page = worksheet_page(study, session, results_for(study)).value();
    for (const auto& reading : session.readings) {
        EXPECT_THAT(page, HasSubstr(picture_name(reading.case_id)));
        const bool shown = page.find("result of " + reading.case_id) != std::string::npos;
        EXPECT_EQ(shown, reading.modality == Modality::aided);
    }
    EXPECT_THAT(page, Not(HasSubstr("</script><b>")));
    EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST(WorksheetPage, TellsNoTruthNoPatientAndNoFile) {
    const auto study = test::made_study(Design::unaided, 10, {"ann"});
    const auto page = worksheet_page(study, study.sessions.front(), {}).value();
    EXPECT_THAT(page, Not(HasSubstr("image-")));
    EXPECT_THAT(page, Not(HasSubstr("Normal")));
    for (const auto& one : study.cases) EXPECT_THAT(page, Not(HasSubstr('"' + one.patient + '"')));
}

TEST(WorksheetPage, NeedsAResultForEachAidedReading) {
    const auto study = test::made_study(Design::crossover, 10, {"ann"});
    EXPECT_EQ(worksheet_page(study, study.sessions.front(), {}).error().code, "study");
}

}  // namespace
}  // namespace hilum::readers
