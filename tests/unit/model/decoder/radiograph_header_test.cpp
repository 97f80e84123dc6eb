#include "model/decoder/radiograph_header.h"

#include <gtest/gtest.h>

#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

void set_code(DcmDataset& dataset, const DcmTagKey& sequence, const char* value, const char* scheme,
              const char* meaning) {
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(sequence, item, 0);
    item->putAndInsertString(DCM_CodeValue, value);
    item->putAndInsertString(DCM_CodingSchemeDesignator, scheme);
    item->putAndInsertString(DCM_CodeMeaning, meaning);
}

class Header : public testing::Test {
  protected:
    Header() { test::fill_radiograph(dataset, 4, 6); }
    DcmDataset dataset;
};

TEST_F(Header, HoldsWhatTheIntendedUseLooksAt) {
    const auto header = read_radiograph_header(dataset);
    EXPECT_EQ(header.attributes.sop_instance_uid, "1.2.3.4");
    EXPECT_EQ(header.attributes.sop_class_uid, UID_DigitalXRayImageStorageForPresentation);
    EXPECT_EQ(header.attributes.modality, "DX");
    EXPECT_EQ(header.attributes.body_part, "CHEST");
    EXPECT_EQ(header.attributes.view, "PA");
    EXPECT_EQ(header.attributes.rows, 4);
    EXPECT_EQ(header.attributes.columns, 6);
    EXPECT_EQ(header.presentation_intent_type, "FOR PRESENTATION");
    EXPECT_TRUE(header.has_pixels);
    EXPECT_DOUBLE_EQ(header.patient_age_years.value(), 69);
}

TEST_F(Header, TakesTheBodyPartFromTheAnatomicRegionWhereThereIsNoOther) {
    delete dataset.remove(DCM_BodyPartExamined);
    EXPECT_EQ(read_radiograph_header(dataset).attributes.body_part, "");
    set_code(dataset, DCM_AnatomicRegionSequence, "51185008", "SCT", "Thorax");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.body_part, "CHEST");
    set_code(dataset, DCM_AnatomicRegionSequence, "T-D3000", "SRT", "Thorax");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.body_part, "CHEST");
    set_code(dataset, DCM_AnatomicRegionSequence, "818981001", "SCT", "Abdomen");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.body_part, "ABDOMEN");
}

// PS3.16 CID 4009 and 4031, in every language.
TEST_F(Header, KnowsTheCodesOfThoraxAndLung) {
    delete dataset.remove(DCM_BodyPartExamined);
    const auto body_part = [&](const char* value, const char* scheme) {
        set_code(dataset, DCM_AnatomicRegionSequence, value, scheme, "Brustkorb");
        return read_radiograph_header(dataset).attributes.body_part;
    };
    for (const char* const value : {"816094009", "51185008", "302551006", "43799004"})
        EXPECT_EQ(body_part(value, "SCT"), "CHEST") << value;
    for (const char* const scheme : {"SRT", "SNM3", "99SDM", "SNOMED3"})
        EXPECT_EQ(body_part("T-D3000", scheme), "CHEST") << scheme;
    for (const char* const scheme : {"SRT", "sct", "SNOMED-CT", "2.16.840.1.113883.6.96"})
        EXPECT_EQ(body_part("816094009", scheme), "CHEST") << scheme;
    for (const char* const value : {"39607008", "86598002", "3341006", "44029006"})
        EXPECT_EQ(body_part(value, "SCT"), "LUNG") << value;
    for (const char* const value : {"T-28000", "T-280A0"})
        EXPECT_EQ(body_part(value, "SRT"), "LUNG") << value;
    EXPECT_EQ(body_part("416550000", "SCT"), "CHESTABDOMEN");
    EXPECT_EQ(body_part("113197003", "SCT"), "RIB");
    EXPECT_EQ(body_part("816094009", "99LOCAL"), "BRUSTKORB")
        << "a number means something in its scheme alone";
}

TEST_F(Header, TakesTheBodyPartFromThePrimaryAnatomicStructureLast) {
    delete dataset.remove(DCM_BodyPartExamined);
    set_code(dataset, DCM_PrimaryAnatomicStructureSequence, "T-28000", "SNM3", "Poumon");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.body_part, "LUNG");
    set_code(dataset, DCM_AnatomicRegionSequence, "818981001", "SCT", "Abdomen");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.body_part, "ABDOMEN");
}

TEST_F(Header, TellsOfTextThatIsNotInTheDeclaredCharacterSet) {
    const auto codes = [&](const char* set, const char* name) {
        if (set == nullptr)
            dataset.findAndDeleteElement(DCM_SpecificCharacterSet);
        else
            dataset.putAndInsertString(DCM_SpecificCharacterSet, set);
        dataset.putAndInsertString(DCM_PatientName, name);
        std::vector<std::string> found;
        for (const auto& note : read_radiograph_header(dataset).notes) found.push_back(note.code);
        return found;
    };
    const std::vector<std::string> told{"character_set"}, nothing;
    EXPECT_EQ(codes(nullptr, "Doe^Jane"), nothing);
    EXPECT_EQ(codes("ISO IR 192", "Müller^Jane"), nothing) << "what is meant is plain";
    EXPECT_EQ(codes("ISO_IR 100", "M\xFCller^Jane"), nothing);
    EXPECT_EQ(codes(nullptr, "\xC8\xE2\xE0\xED\xEE\xE2"), told);
    EXPECT_EQ(codes("ISO_IR 192", "M\xFCller^Jane"), told);
    EXPECT_EQ(codes("ISO_IR 100", "Müller^Jane"), told) << "UTF-8";
    EXPECT_EQ(codes("ISO_IR 144", "Иван"), told);
}

TEST_F(Header, TakesTheViewFromItsCodeWhereThereIsNoPosition) {
    delete dataset.remove(DCM_ViewPosition);
    set_code(dataset, DCM_ViewCodeSequence, "272479007", "SCT", "postero-anterior");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.view, "PA");
    set_code(dataset, DCM_ViewCodeSequence, "R-10206", "SNM3", "antero-posterior");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.view, "AP");
    set_code(dataset, DCM_ViewCodeSequence, "399067008", "SCT", "lateral");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.view, "LATERAL");
    for (const char* const value : {"R-40888", "R-10214"}) {
        set_code(dataset, DCM_ViewCodeSequence, value, "SRT", "de face");
        EXPECT_EQ(read_radiograph_header(dataset).attributes.view, "PA") << value;
    }
    set_code(dataset, DCM_ViewCodeSequence, "399356000", "SCT", "oblique");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.view, "RAO");
}

TEST_F(Header, ReadsTheViewOfCodesWithoutAValue) {
    delete dataset.remove(DCM_ViewPosition);
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_ViewCodeSequence, item, 0);
    for (const auto& [meaning, view] :
         {std::pair{"lateral", "LATERAL"}, std::pair{"Left lateral", "LL"},
          std::pair{"Postero-anterior", "PA"}, std::pair{"posteroanterior", "PA"},
          std::pair{"antero-posterior", "AP"}, std::pair{"de face", "DE FACE"}}) {
        item->putAndInsertString(DCM_CodeMeaning, meaning);
        EXPECT_EQ(read_radiograph_header(dataset).attributes.view, view) << meaning;
    }
    item->putAndInsertString(DCM_CodeMeaning, "x");
    item->putAndInsertString(DCM_URNCodeValue, "http://snomed.info/id/399067008");
    EXPECT_EQ(read_radiograph_header(dataset).attributes.view, "LATERAL");
}

TEST_F(Header, PutsWhatMakesAnotherViewOfOneBehindIt) {
    const auto view = [&](const char* value, const char* scheme, const char* meaning) {
        delete dataset.remove(DCM_ViewPosition);
        delete dataset.remove(DCM_ViewCodeSequence);
        set_code(dataset, DCM_ViewCodeSequence, "272479007", "SCT", "postero-anterior");
        DcmItem *coded = nullptr, *modifier = nullptr;
        dataset.findOrCreateSequenceItem(DCM_ViewCodeSequence, coded, 0);
        coded->findOrCreateSequenceItem(DCM_ViewModifierCodeSequence, modifier, 0);
        modifier->putAndInsertString(DCM_CodeValue, value);
        modifier->putAndInsertString(DCM_CodingSchemeDesignator, scheme);
        modifier->putAndInsertString(DCM_CodeMeaning, meaning);
        return read_radiograph_header(dataset).attributes.view;
    };
    EXPECT_EQ(view("399182000", "SCT", "schr\xC3\xA4g"), "PA OBLIQUE");
    EXPECT_EQ(view("R-10246", "SRT", "x"), "PA OBLIQUE AXIAL");
    EXPECT_EQ(view("17", "99LOCAL", "Apical lordotic"), "PA LORDOTIC");
    EXPECT_EQ(view("", "", "left lateral decubitus"), "PA DECUBITUS");
    EXPECT_EQ(view("399196006", "SCT", "cephalad"), "PA") << "an angle of the beam";
}

TEST_F(Header, KeepsWhatCodesSayBesideTheHeadersOwnWords) {
    set_code(dataset, DCM_ViewCodeSequence, "399173006", "SCT", "left lateral");
    set_code(dataset, DCM_AnatomicRegionSequence, "85562004", "SCT", "Hand");
    auto header = read_radiograph_header(dataset);
    EXPECT_EQ(header.attributes.view, "PA");
    EXPECT_EQ(header.coded_view.word, "LL");
    EXPECT_TRUE(header.coded_view.is_known);
    EXPECT_EQ(header.attributes.body_part, "CHEST");
    EXPECT_EQ(header.coded_body_part.word, "HAND");
    EXPECT_TRUE(header.coded_body_part.is_known);
    set_code(dataset, DCM_AnatomicRegionSequence, "113681", "DCM", "Phantom");
    set_code(dataset, DCM_ViewCodeSequence, "7", "99LOCAL", "de face");
    header = read_radiograph_header(dataset);
    EXPECT_EQ(header.coded_body_part.word, "PHANTOM");
    EXPECT_TRUE(header.coded_body_part.is_known) << "of the standard";
    EXPECT_EQ(header.coded_view.word, "DE FACE");
    EXPECT_FALSE(header.coded_view.is_known);
    dataset.putAndInsertString(DCM_ViewPosition, "");
    EXPECT_EQ(read_radiograph_header(dataset).coded_view.word, "") << "it stands in the other's place";
}

TEST_F(Header, TellsOfImagesThatSayThatTheyAreOfAnotherKind) {
    const auto notes = [&](const DcmTagKey& tag, const char* value) {
        dataset.putAndInsertString(tag, value);
        auto found = read_radiograph_header(dataset).notes;
        delete dataset.remove(tag);
        return found.empty() ? std::string() : found.front().code;
    };
    EXPECT_EQ(notes(DCM_ImageType, "ORIGINAL\\PRIMARY"), "");
    EXPECT_EQ(notes(DCM_ImageType, "DERIVED\\PRIMARY"), "");
    EXPECT_EQ(notes(DCM_ImageType, "DERIVED\\SECONDARY"), "image_type");
    EXPECT_EQ(notes(DCM_ConversionType, "WSD"), "image_type");
    EXPECT_EQ(notes(DCM_ConversionType, "DF"), "");
    EXPECT_EQ(notes(DCM_QualityControlImage, "BOTH"), "quality_control");
    EXPECT_EQ(notes(DCM_QualityControlImage, "NO"), "");
    dataset.putAndInsertString(DCM_QualityControlImage, "yes");
    dataset.putAndInsertString(DCM_QualityControlSubject, "YES");
    EXPECT_EQ(read_radiograph_header(dataset).quality_control_image, "YES");
    EXPECT_EQ(read_radiograph_header(dataset).quality_control_subject, "YES");
}

TEST_F(Header, KnowsTheOrientationOfALateral) {
    for (const char* lateral : {"A\\F", "P\\F", "AF\\FP"}) {
        dataset.putAndInsertString(DCM_PatientOrientation, lateral);
        EXPECT_TRUE(read_radiograph_header(dataset).is_oriented_as_lateral) << lateral;
    }
    for (const char* other : {"L\\F", "R\\F", "A", ""}) {
        dataset.putAndInsertString(DCM_PatientOrientation, other);
        EXPECT_FALSE(read_radiograph_header(dataset).is_oriented_as_lateral) << other;
    }
}

TEST_F(Header, BelievesThePatientsAgeBeforeTheBirthDate) {
    dataset.putAndInsertString(DCM_PatientAge, "006M");
    EXPECT_DOUBLE_EQ(read_radiograph_header(dataset).patient_age_years.value(), 0.5);
    dataset.putAndInsertString(DCM_PatientAge, "old");
    EXPECT_DOUBLE_EQ(read_radiograph_header(dataset).patient_age_years.value(), 69);
    EXPECT_EQ(read_radiograph_header(dataset).notes.size(), 1u);
}

// Templates and defaults of modalities.
TEST_F(Header, ReadsNoAgeThatNobodyReaches) {
    dataset.putAndInsertString(DCM_PatientAge, "238Y");
    dataset.putAndInsertString(DCM_PatientBirthDate, "20200101");
    auto header = read_radiograph_header(dataset);
    EXPECT_DOUBLE_EQ(header.patient_age_years.value(), 6);
    ASSERT_EQ(header.notes.size(), 1u);
    EXPECT_EQ(header.notes[0].code, "age");
    for (const char* const birth_date : {"", "17000101", "19000101"}) {
        dataset.putAndInsertString(DCM_PatientBirthDate, birth_date);
        header = read_radiograph_header(dataset);
        EXPECT_FALSE(header.patient_age_years) << birth_date;
        EXPECT_TRUE(header.patient_age_unreadable) << birth_date;
    }
}

TEST_F(Header, TellsOfAnAgeThatTheBirthDateContradicts) {
    for (const auto& [age, contradicts] :
         {std::pair{"069Y", false}, std::pair{"067Y", false}, std::pair{"071Y", false},
          std::pair{"066Y", true}, std::pair{"000Y", true}}) {
        dataset.putAndInsertString(DCM_PatientAge, age);
        const auto header = read_radiograph_header(dataset);
        EXPECT_DOUBLE_EQ(header.patient_age_years.value(), std::stoi(age)) << age;
        EXPECT_EQ(header.other_age_years, contradicts ? std::optional(69.0) : std::nullopt) << age;
        ASSERT_EQ(header.notes.size(), contradicts ? 1U : 0U) << age;
        EXPECT_TRUE(!contradicts || header.notes[0].code == "age") << age;
    }
    delete dataset.remove(DCM_StudyDate);  // without it the birth date tells no age
    const auto header = read_radiograph_header(dataset);
    EXPECT_DOUBLE_EQ(header.patient_age_years.value(), 0);
    EXPECT_FALSE(header.other_age_years);
    EXPECT_TRUE(header.notes.empty());
}

TEST_F(Header, KeepsAnAgeThatCannotBeReadApartFromNone) {
    delete dataset.remove(DCM_PatientBirthDate);
    EXPECT_FALSE(read_radiograph_header(dataset).patient_age_unreadable);
    for (const char* age : {"8", "008", "008 ", "old", "45J", "-08Y"}) {
        dataset.putAndInsertString(DCM_PatientAge, age);
        const auto header = read_radiograph_header(dataset);
        EXPECT_FALSE(header.patient_age_years) << age;
        EXPECT_TRUE(header.patient_age_unreadable) << age;
        EXPECT_EQ(header.notes.size(), 1u) << age;
    }
    dataset.putAndInsertString(DCM_PatientAge, "");
    EXPECT_FALSE(read_radiograph_header(dataset).patient_age_unreadable);
    for (const char* birth_date : {"1970", "19701301", "01.02.1970", "20991231"}) {
        dataset.putAndInsertString(DCM_PatientBirthDate, birth_date);
        EXPECT_TRUE(read_radiograph_header(dataset).patient_age_unreadable) << birth_date;
    }
    dataset.putAndInsertString(DCM_PatientBirthDate, "20180101");
    delete dataset.remove(DCM_StudyDate);
    EXPECT_TRUE(read_radiograph_header(dataset).patient_age_unreadable);
}

TEST_F(Header, ReadsBirthDatesOfOlderForms) {
    for (const char* birth_date : {"1956.04.12", "1956-04-12", "1956/04/12"}) {
        dataset.putAndInsertString(DCM_PatientBirthDate, birth_date);
        EXPECT_DOUBLE_EQ(read_radiograph_header(dataset).patient_age_years.value(), 69) << birth_date;
    }
    EXPECT_TRUE(read_radiograph_header(dataset).notes.empty());
}

TEST(AgeString, IsReadInEachUnit) {
    EXPECT_DOUBLE_EQ(years_of_age_string("067Y").value(), 67);
    EXPECT_DOUBLE_EQ(years_of_age_string("018M").value(), 1.5);
    EXPECT_NEAR(years_of_age_string("052W").value(), 1, 0.01);
    EXPECT_NEAR(years_of_age_string("365D").value(), 1, 0.01);
    EXPECT_DOUBLE_EQ(years_of_age_string("7Y").value(), 7);
    EXPECT_DOUBLE_EQ(years_of_age_string("122Y").value(), 122);
    EXPECT_DOUBLE_EQ(years_of_age_string("999M").value(), 83.25);
}

TEST(AgeString, IsNothingWhenMalformed) {
    for (const char* text : {"", "Y", "067", "067X", "-12Y", "0670Y", "6 7Y", "067Y ", "123Y", "999Y"})
        EXPECT_FALSE(years_of_age_string(text)) << text;
}

TEST(YearsBetween, AreCompletedYears) {
    EXPECT_DOUBLE_EQ(years_between("20080303", "20260302").value(), 17);
    EXPECT_DOUBLE_EQ(years_between("20080302", "20260302").value(), 18);
    EXPECT_DOUBLE_EQ(years_between("20080229", "20260228").value(), 17);
    EXPECT_NEAR(years_between("20251202", "20260302").value(), 0.246, 0.001);
}

TEST(YearsBetween, AreNothingWithoutTwoDatesInOrder) {
    EXPECT_FALSE(years_between("", "20260302"));
    EXPECT_FALSE(years_between("19561304", "20260302"));
    EXPECT_FALSE(years_between("1956.04.", "20260302"));
    EXPECT_FALSE(years_between("20270101", "20260302"));
    EXPECT_FALSE(years_between("18700101", "20260302"));
    EXPECT_FALSE(years_between("19000101", "20260302")) << "a placeholder";
}

}  // namespace
}  // namespace hilum::model
