#include <gmock/gmock.h>

#include <filesystem>

#include "dicom/dataset_reading.h"
#include "support/time_zone.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

using hilum::test::TimeZone;

// All that a node makes of a study whose images name no time zone, for destinations of all kinds.
class ComposerAnew : public testing::Test {
  protected:
    ComposerAnew() {
        const auto without_zone = [](DcmDataset& header) {
            header.findAndDeleteElement(DCM_TimezoneOffsetFromUTC);
        };
        study_.add_analysed(pneumonia_result(), without_zone);
        study_.request.profiles = {test_profile(), with_states()};
        study_.request.profiles.front().oru = true;
        study_.request.profiles.back().sr = false;
    }
    ComposeReply make_anew(const ComposeReply& made, const Equipment& equipment) {
        study_.request.known_results = known(made, true);
        for (const auto& result : made.results) std::filesystem::remove(result.file);
        return compose(study_.request, equipment);
    }
    static void expect_same(const ComposeReply& anew, const ComposeReply& made) {
        ASSERT_EQ(kinds(anew), kinds(made));
        for (std::size_t i = 0; i < made.results.size(); ++i)
            EXPECT_EQ(anew.results[i].sha256, made.results[i].sha256) << enum_text(made.results[i].kind);
    }
    StudyFixture study_;
};

TEST_F(ComposerAnew, MakesTheSameBytesInAnotherTimeZone) {
    ComposeReply made;
    {
        const TimeZone berlin("Europe/Berlin");
        made = compose(study_.request, test_equipment());
    }
    ASSERT_THAT(kinds(made), testing::ElementsAre("oru", "sr", "sc", "sc", "pr"));
    const TimeZone tokyo("Asia/Tokyo");
    expect_same(make_anew(made, test_equipment()), made);
}

TEST_F(ComposerAnew, MakesTheSameBytesOnANodeOfAnotherNameAndVersion) {
    const auto made = compose(study_.request, test_equipment());
    auto other = test_equipment();
    other.institution = "Anderes Krankenhaus Köln";
    other.serial_number = "OTHER_AI";
    other.software_version = "99.0.0";
    const auto anew = make_anew(made, other);
    expect_same(anew, made);
    expect_same(make_anew(anew, other), made);
}

TEST_F(ComposerAnew, MakesTheSameMessageUnderOtherRulesOfUrgency) {
    study_.request.urgent = {{"Pneumonia", 0.5}};
    study_.request.urgent_study = true;
    const auto made = compose(study_.request, test_equipment());
    study_.request.urgent.clear();
    study_.request.urgent_study = false;
    expect_same(make_anew(made, test_equipment()), made);
}

TEST_F(ComposerAnew, MakesTheSameNoteAndMessageOfAWithdrawalElsewhere) {
    const auto reported = compose(study_.request, test_equipment());
    auto profile = study_.request.profiles.front();
    withdraw_all(study_.request, reported);
    study_.request.profiles = {profile};
    ComposeReply made;
    {
        const TimeZone berlin("Europe/Berlin");
        made = compose(study_.request, test_equipment());
    }
    ASSERT_THAT(kinds(made), testing::ElementsAre("oru", "ko"));
    const TimeZone tokyo("Asia/Tokyo");
    expect_same(make_anew(made, {"Another Hospital", "OTHER_AI", "99.0.0", ""}), made);
}

// One message has one zone, also where summer time ends between an analysis and its report.
TEST_F(ComposerAnew, MakesTheSameMessageOverAChangeOfSummerTime) {
    const TimeZone berlin("Europe/Berlin");
    study_.request.images.front().outcome.result->started_at = 1'761'440'000'000'000;  // 02:53 CEST
    study_.request.opened_at = 1'761'441'000'000'000;                                  // 02:10 CET
    const auto made = compose(study_.request, test_equipment());
    EXPECT_THAT(message_of(made), testing::HasSubstr("20251026021000+0100"));
    EXPECT_THAT(message_of(made), testing::HasSubstr("20251026015320+0100"));
    expect_same(make_anew(made, test_equipment()), made);
}

// As after an upgrade from a Hilum that did not keep it.
TEST_F(ComposerAnew, MakesWhatItCanWhereNobodyKeptWhatItWasMadeWith) {
    auto made = compose(study_.request, test_equipment());
    for (auto& result : made.results) result.made_with = {};
    const auto anew = make_anew(made, test_equipment());
    expect_same(anew, made);
    for (const auto& result : anew.results) EXPECT_TRUE(is_kept(result.made_with));
}

}  // namespace
}  // namespace hilum::results::test
