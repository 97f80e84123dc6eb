#include "model/decoder/intended_use/intended_use.h"

#include <gmock/gmock.h>

namespace hilum::model {
namespace {

constexpr const char* digital_x_ray = "1.2.840.10008.5.1.4.1.1.1.1";
constexpr const char* secondary_capture = "1.2.840.10008.5.1.4.1.1.7";

RadiographHeader adult_chest() {
    RadiographHeader header;
    header.attributes.sop_class_uid = digital_x_ray;
    header.attributes.modality = "DX";
    header.attributes.body_part = "CHEST";
    header.attributes.view = "PA";
    header.presentation_intent_type = "FOR PRESENTATION";
    header.manufacturer = "Example Imaging";
    header.has_pixels = true;
    header.patient_age_years = 50;
    return header;
}

Acceptance chest_of_adults() {
    Acceptance accepts;
    accepts.modalities = {"CR", "DX"};
    accepts.body_parts = {"CHEST"};
    accepts.views = {"PA", "AP"};
    accepts.min_age_years = 18;
    return accepts;
}

SiteSettings a_site() {
    SiteSettings site;
    site.body_part_aliases = {{"CHEST", {"THORAX", "Port Chest"}}};
    site.modality_aliases = {{"DX", {"DR", "XR"}}};
    site.view_aliases = {{"AP", {"BEDSIDE"}}, {"LATERAL", {"SIDE"}}};
    site.missing_view = "analyse";
    site.missing_body_part = "refuse";
    site.missing_age = "analyse";
    return site;
}

std::string code_for(RadiographHeader header, const SiteSettings& site = a_site(),
                     const Acceptance& accepts = chest_of_adults()) {
    apply_site_words(header, site);
    const auto refused = check_intended_use(header, accepts, site);
    return refused ? refused->code : "";
}

struct Case {
    const char* what;
    void (*change)(RadiographHeader&);
    const char* code;  // "": analysed
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.what;
}

class IntendedUse : public testing::TestWithParam<Case> {};

TEST_P(IntendedUse, DecidesByTheHeader) {
    RadiographHeader header = adult_chest();
    GetParam().change(header);
    EXPECT_EQ(code_for(header), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Table, IntendedUse,
    testing::Values(
        Case{"an adult's chest", [](RadiographHeader&) {}, ""},
        Case{"CT", [](RadiographHeader& h) { h.attributes.modality = "CT"; }, "modality"},
        Case{"a site's word for DX", [](RadiographHeader& h) { h.attributes.modality = "dr "; }, ""},
        Case{"RG, which the site has no word for", [](RadiographHeader& h) { h.attributes.modality = "RG"; },
             "modality"},
        Case{"no modality", [](RadiographHeader& h) { h.attributes.modality = ""; }, "modality"},
        Case{"lung", [](RadiographHeader& h) { h.attributes.body_part = "LUNG"; }, ""},
        Case{"abdomen", [](RadiographHeader& h) { h.attributes.body_part = "ABDOMEN"; }, "body_part"},
        Case{"no body part", [](RadiographHeader& h) { h.attributes.body_part = ""; }, "body_part"},
        Case{"alias", [](RadiographHeader& h) { h.attributes.body_part = "THORAX"; }, ""},
        Case{"alias in another case", [](RadiographHeader& h) { h.attributes.body_part = " port chest "; },
             ""},
        Case{"lateral", [](RadiographHeader& h) { h.attributes.view = "LATERAL"; }, "view"},
        Case{"left lateral", [](RadiographHeader& h) { h.attributes.view = "LL"; }, "view"},
        Case{"a site's lateral", [](RadiographHeader& h) { h.attributes.view = "SIDE"; }, "view"},
        Case{"a site's AP", [](RadiographHeader& h) { h.attributes.view = "bedside"; }, ""},
        Case{"no view", [](RadiographHeader& h) { h.attributes.view = ""; }, ""},
        Case{"a child", [](RadiographHeader& h) { h.patient_age_years = 17; }, "patient_age"},
        Case{"18 years", [](RadiographHeader& h) { h.patient_age_years = 18; }, ""},
        Case{"no age", [](RadiographHeader& h) { h.patient_age_years.reset(); }, ""},
        Case{"no pixels", [](RadiographHeader& h) { h.has_pixels = false; }, "sop_class"},
        Case{"a phantom", [](RadiographHeader& h) { h.quality_control_image = "YES"; }, "quality_control"},
        Case{"a phantom as subject", [](RadiographHeader& h) { h.quality_control_subject = "YES"; },
             "quality_control"},
        Case{"a patient with a phantom", [](RadiographHeader& h) { h.quality_control_image = "BOTH"; }, ""},
        Case{"no phantom",
             [](RadiographHeader& h) { h.quality_control_image = h.quality_control_subject = "NO"; }, ""},
        Case{"for processing", [](RadiographHeader& h) { h.presentation_intent_type = "FOR PROCESSING"; },
             "presentation_intent"},
        Case{"class for processing",
             [](RadiographHeader& h) {
                 h.attributes.sop_class_uid = "1.2.840.10008.5.1.4.1.1.1.1.1";
                 h.presentation_intent_type = "";
             },
             "presentation_intent"},
        Case{"our own picture",
             [](RadiographHeader& h) {
                 h.manufacturer = "Hilum";
                 h.attributes.sop_class_uid = secondary_capture;
             },
             "own_result"},
        Case{"our own phantom", [](RadiographHeader& h) { h.manufacturer = "Hilum"; }, ""}));

TEST(IntendedUse, KeepsTheHeadersOwnWordForPackagesThatNameIt) {
    RadiographHeader header = adult_chest();
    header.attributes.body_part = "LUNG";
    Acceptance accepts = chest_of_adults();
    accepts.body_parts = {"LUNG"};
    EXPECT_EQ(code_for(header, a_site(), accepts), "");
    EXPECT_EQ(code_for(adult_chest(), a_site(), accepts), "body_part");
}

TEST(IntendedUse, RefusesWhatIsMissingWhereTheSiteSaysSo) {
    SiteSettings site = a_site();
    site.missing_view = site.missing_age = "refuse";
    RadiographHeader header = adult_chest();
    header.attributes.view = "";
    EXPECT_EQ(code_for(header, site), "view");
    header = adult_chest();
    header.patient_age_years.reset();
    EXPECT_EQ(code_for(header, site), "patient_age");
}

TEST(IntendedUse, RefusesAnAgeThatCannotBeReadWhateverTheSiteSaysOfMissingOnes) {
    RadiographHeader header = adult_chest();
    header.patient_age_years.reset();
    header.patient_age_unreadable = true;
    EXPECT_EQ(code_for(header), "patient_age");
    EXPECT_EQ(code_for(header, a_site(), {}), "") << "a model for all ages";
}

std::string refusal_at_ages(double age, double by_birth_date, std::optional<double> highest = {}) {
    RadiographHeader header = adult_chest();
    header.patient_age_years = age;
    header.other_age_years = by_birth_date;
    Acceptance accepts = chest_of_adults();
    accepts.max_age_years = highest;
    apply_site_words(header, a_site());
    const auto refused = check_intended_use(header, accepts, a_site());
    return refused ? refused->code + ": " + refused->message : "";
}

TEST(IntendedUse, RefusesAnAgeAndABirthDateThatContradictEachOtherOverItsLimits) {
    using testing::HasSubstr, testing::StartsWith;
    for (const auto& text : {refusal_at_ages(45, 6), refusal_at_ages(0, 69), refusal_at_ages(5, 80, 65)}) {
        EXPECT_THAT(text, StartsWith("patient_age: "));
        EXPECT_THAT(text, HasSubstr("The age and the birth date contradict each other"));
    }
    EXPECT_EQ(refusal_at_ages(45, 69), "");
    EXPECT_THAT(refusal_at_ages(2, 6), HasSubstr("younger than 18 years"));
}

TEST(IntendedUse, AnalysesAMissingBodyPartWhereTheSiteSaysSo) {
    SiteSettings site = a_site();
    site.missing_body_part = "analyse";
    RadiographHeader header = adult_chest();
    header.attributes.body_part = "";
    EXPECT_EQ(code_for(header, site), "");
}

TEST(IntendedUse, AcceptsEverythingThatThePackageDoesNotLimit) {
    RadiographHeader header = adult_chest();
    header.attributes.modality = "MG";
    header.attributes.body_part = "BREAST";
    header.attributes.view = "MLO";
    header.patient_age_years = 3;
    EXPECT_EQ(code_for(header, a_site(), {}), "");
}

TEST(IntendedUse, RefusesAboveTheHighestAge) {
    Acceptance accepts = chest_of_adults();
    accepts.max_age_years = 65;
    RadiographHeader header = adult_chest();
    header.patient_age_years = 65;
    EXPECT_EQ(code_for(header, a_site(), accepts), "");
    header.patient_age_years = 66;
    EXPECT_EQ(code_for(header, a_site(), accepts), "patient_age");
}

TEST(IntendedUse, ReadsDescriptionsWhereTheHeaderHasNoWord) {
    SiteSettings site = a_site();
    site.body_part_patterns = {{"CHEST", {"*thorax*", "chest ?v*"}}, {"ABDOMEN", {"*ABDOMEN*"}}};
    site.view_patterns = {{"LATERAL", {"* lat"}}};
    const auto code = [&](const char* description) {
        RadiographHeader header = adult_chest();
        header.attributes.body_part = "";
        header.attributes.view = "";
        header.descriptions = {description};
        return code_for(header, site);
    };
    EXPECT_EQ(code("Thorax liegend"), "");
    EXPECT_EQ(code("CHEST 1V FRONTAL"), "");
    EXPECT_EQ(code("Thorax lat"), "view");
    EXPECT_EQ(code("Abdomen"), "body_part");
    EXPECT_EQ(code("Thorax und Abdomen"), "body_part") << "two names: nothing is known";
    EXPECT_EQ(code("HAND"), "body_part");
    EXPECT_EQ(code(""), "body_part");
}

TEST(IntendedUse, TrustsTheHeaderBeforeADescription) {
    SiteSettings site = a_site();
    site.body_part_patterns = {{"CHEST", {"*"}}};
    RadiographHeader header = adult_chest();
    header.attributes.body_part = "HAND";
    header.descriptions = {"anything"};
    EXPECT_EQ(code_for(header, site), "body_part");
}

TEST(IntendedUse, JudgesClassTypeAndSizeWhereThePackageDoes) {
    Acceptance accepts = chest_of_adults();
    accepts.sop_classes = {digital_x_ray};
    accepts.refused_image_types = {"LOCALIZER"};
    accepts.min_side = 200;
    RadiographHeader header = adult_chest();
    header.attributes.rows = 200;
    header.attributes.columns = 300;
    EXPECT_EQ(code_for(header, a_site(), accepts), "");
    header.attributes.rows = 199;
    EXPECT_EQ(code_for(header, a_site(), accepts), "image_size");
    header.image_type = {"DERIVED", "PRIMARY", "LOCALIZER"};
    EXPECT_EQ(code_for(header, a_site(), accepts), "image_type");
    header.attributes.sop_class_uid = secondary_capture;
    EXPECT_EQ(code_for(header, a_site(), accepts), "sop_class");
}

TEST(IntendedUse, RefusesSecondaryCapturesOfNoRadiographByDefault) {
    Acceptance accepts = chest_of_adults();
    accepts.refused_image_types = default_refused_image_types();
    RadiographHeader header = adult_chest();
    header.attributes.sop_class_uid = secondary_capture;
    for (const auto& [type, code] :
         {std::pair{"DRW", "image_type"}, std::pair{"SD", "image_type"}, std::pair{"SYN", "image_type"},
          std::pair{"DF", ""}, std::pair{"SI", ""}, std::pair{"WSD", ""}, std::pair{"", ""}}) {
        header.conversion_type = type;
        EXPECT_EQ(code_for(header, a_site(), accepts), code) << type;
    }
    header.manufacturer = "Hilum";
    EXPECT_EQ(code_for(header, a_site(), accepts), "own_result");
}

// What other programs make of radiographs, beside what radiographs say of themselves.
TEST(IntendedUse, RefusesPicturesOfAnotherPurposeByDefault) {
    Acceptance accepts = chest_of_adults();
    accepts.refused_image_types = default_refused_image_types();
    const auto code = [&](const char* third, const char* fourth) {
        RadiographHeader header = adult_chest();
        header.image_type = {"DERIVED", "SECONDARY", third, fourth};
        return code_for(header, a_site(), accepts);
    };
    for (const char* const type :
         {"HEATMAP", "HEAT_MAP", "BONE_SUPPRESSED", "BONE SUPPRESSION", "RIB_SUPPRESSED", "SOFT_TISSUE",
          "SOFTTISSUE", "BONE", "SUBTRACTION", "CAD", "CAD_MARKED", "AI_RESULT", "SALIENCY_MAP", "OVERLAY",
          "ANNOTATED", "SCREENSHOT", "TOMOSYNTHESIS", "LOCALIZER"}) {
        EXPECT_EQ(code("", type), "image_type") << type;
        EXPECT_EQ(code(type, ""), "image_type") << type;
    }
    for (const char* const type :
         {"", "POST_PROCESSED", "RAD", "RADIOGRAPHIC", "CHEST", "PORTABLE", "GRID", "FAIR"})
        EXPECT_EQ(code(type, ""), "") << type;
}

std::string refusal_of_codes(const char* body_part, const CodedWord& region, const char* view,
                             const CodedWord& view_code, const SiteSettings& site = a_site()) {
    RadiographHeader header = adult_chest();
    header.attributes.body_part = body_part;
    header.attributes.view = view;
    header.coded_body_part = region;
    header.coded_view = view_code;
    apply_site_words(header, site);
    std::string text = text_of(header.notes);
    const auto refused = check_intended_use(header, chest_of_adults(), site);
    return refused ? refused->code + ": " + refused->message : text;
}

TEST(IntendedUse, RefusesACodeThatContradictsTheHeadersWord) {
    const CodedWord chest{"CHEST", true}, pa{"PA", true};
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "PA", {"LL", true}),
              "view: The View Position is PA, and the View Code says LL: they contradict each other; this "
              "model reads "
              "PA and AP.");
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "LATERAL", pa),
              "view: The View Position is LATERAL, and the View Code says PA: they contradict each other; "
              "this model "
              "reads PA and AP.");
    EXPECT_EQ(
        refusal_of_codes("CHEST", {"HAND", true}, "PA", pa),
        "body_part: The Body Part Examined is CHEST, and the Anatomic Region says HAND: they contradict each "
        "other; this model reads CHEST.");
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "PA", {"PA OBLIQUE", true}).substr(0, 5), "view:");
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "LL", {"LAO", true}),
              "view: The view is LATERAL; this model reads PA and AP.");
}

TEST(IntendedUse, TellsOfACodeThatSaysAnotherThingOfWhatItReads) {
    const CodedWord chest{"CHEST", true}, pa{"PA", true};
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "AP", pa),
              "view: The View Position is AP, and the View Code says PA.");
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "PA", {"THORAX P.A. STEHEND", false}),
              "view: The View Position is PA, and the View Code says THORAX P.A. STEHEND.")
        << "somebody's own text may say the same";
    EXPECT_EQ(refusal_of_codes("CHEST", {"BRUSTKORB", false}, "PA", pa),
              "body_part: The Body Part Examined is CHEST, and the Anatomic Region says BRUSTKORB.");
}

TEST(IntendedUse, ComparesCodesInTheSitesWords) {
    SiteSettings site = a_site();
    site.view_aliases["PA"] = {"THORAX P.A. STEHEND"};
    const CodedWord chest{"CHEST", true}, pa{"PA", true};
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "PA", {"THORAX P.A. STEHEND", false}, site), "");
    EXPECT_EQ(refusal_of_codes("port chest", chest, "BEDSIDE", {"AP", true}, site), "");
    EXPECT_EQ(refusal_of_codes("CHEST", chest, "PA", {"SIDE", false}, site).substr(0, 5), "view:");
    for (const char* const part : {"LUNG", "HEART", "MEDIASTINUM", "CHEST"})
        EXPECT_EQ(refusal_of_codes("CHEST", {part, true}, "PA", {"FRONTAL", true}), "") << part;
}

TEST(IntendedUse, AcceptsTheStandardsOwnWordsForLateralViews) {
    Acceptance accepts = chest_of_adults();
    RadiographHeader header = adult_chest();
    header.attributes.view = "LL";
    accepts.views = {"LL"};
    EXPECT_EQ(code_for(header, a_site(), accepts), "");
    accepts.views = {"LATERAL"};
    EXPECT_EQ(code_for(header, a_site(), accepts), "");
    accepts.views = {"RL"};
    EXPECT_EQ(code_for(header, a_site(), accepts), "view");
}

TEST(IntendedUse, SaysWhyInPlainWords) {
    RadiographHeader header = adult_chest();
    header.attributes.view = "LL";
    apply_site_words(header, a_site());
    EXPECT_EQ(check_intended_use(header, chest_of_adults(), a_site())->message,
              "The view is LATERAL; this model reads PA and AP.");
    header = adult_chest();
    header.attributes.body_part = "";
    EXPECT_EQ(check_intended_use(header, chest_of_adults(), a_site())->message,
              "The image does not say its body part; this model reads CHEST.");
}

TEST(IntendedUse, DoesNotTellTheAgeOfAPatient) {
    RadiographHeader header = adult_chest();
    header.patient_age_years = 7;
    const auto refused = check_intended_use(header, chest_of_adults(), a_site());
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->message, "The patient is younger than 18 years, for whom this model is not made.");
}

TEST(IntendedUse, KeepsForeignTextToOneHarmlessLine) {
    RadiographHeader header = adult_chest();
    header.attributes.body_part = "A\n\033[2J" + std::string(5000, 'X');
    const auto refused = check_intended_use(header, chest_of_adults(), a_site());
    ASSERT_TRUE(refused);
    EXPECT_LT(refused->message.size(), 400U);
    EXPECT_EQ(refused->message.find('\n'), std::string::npos);
    EXPECT_EQ(refused->message.find('\033'), std::string::npos);
}

TEST(IntendedUse, TakesALateralByItsOrientationWhereNothingElseTellsTheView) {
    RadiographHeader header = adult_chest();
    header.is_oriented_as_lateral = true;
    EXPECT_EQ(code_for(header), "") << "the header's own word counts";
    header.attributes.view = "";
    EXPECT_EQ(code_for(header), "view");
    auto site = a_site();
    site.view_patterns = {{"PA", {"*frontal*"}}};
    header.descriptions = {"Chest frontal"};
    EXPECT_EQ(code_for(header, site), "") << "the site's word, too";
    header.descriptions.clear();
    for (const char* lateral : {"LATERAL", "LL", "RL", "LAT"}) {
        auto accepts = chest_of_adults();
        accepts.views.emplace_back(lateral);
        EXPECT_EQ(code_for(header, site, accepts), "") << "which side the orientation does not tell";
    }
}

}  // namespace
}  // namespace hilum::model
