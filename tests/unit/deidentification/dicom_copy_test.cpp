#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "base/calendar_date.h"
#include "deidentification/copying.h"
#include "dicom/dataset_reading.h"
#include "support/temporary_folder.h"

namespace hilum::deidentification {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string bytes_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

DcmItem& item_in(DcmItem& parent, const DcmTagKey& sequence) {
    DcmItem* item = nullptr;
    EXPECT_TRUE(parent.findOrCreateSequenceItem(sequence, item, -2).good());
    return *item;
}

class CopyDicom : public testing::Test {
  protected:
    CopyDicom() {
        prepare_copying();
        put(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.1.1");
        put(DCM_SOPInstanceUID, "1.2.3.4");
        put(DCM_StudyInstanceUID, "1.2.3");
        put(DCM_PatientID, "SECRET-1");
        put(DCM_PatientName, "SECRET^Jane");
        put(DCM_PatientBirthDate, "19300102");
        put(DCM_PatientSex, "F");
        put(DCM_PatientAge, "093Y");
        put(DCM_StudyDate, "20240301");
        put(DCM_StudyTime, "101112.5");
        put(DCM_AcquisitionDateTime, "20240301101112+0100");
        put(DCM_BurnedInAnnotation, "NO");
        put(DCM_Modality, "DX");
        put(DCM_Manufacturer, "Maker");
        put(DCM_SeriesDescription, "SECRET thorax");
        dataset.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
    }

    void put(const DcmTagKey& tag, const char* value) { dataset.putAndInsertString(tag, value); }
    void put(const DcmTag& tag, const char* value) { dataset.putAndInsertString(tag, value); }

    std::filesystem::path save(E_TransferSyntax syntax = EXS_LittleEndianExplicit) {
        EXPECT_TRUE(format.saveFile((folder / "in.dcm").c_str(), syntax).good());
        return folder / "in.dcm";
    }
    Result<std::string> copy() {
        return copy_dicom(folder / "in.dcm", folder / "out.dcm", {"north\n1", 70.0}, pseudonyms, settings);
    }
    DcmDataset& copied() {
        const auto why = copy();
        EXPECT_TRUE(why) << why.error().message;
        read = load_dicom_file(folder / "out.dcm").value();
        return *read->getDataset();
    }

    const test::TemporaryFolder folder;
    const Pseudonyms pseudonyms{"key"};
    CopySettings settings;
    std::vector<Uint8> pixels = std::vector<Uint8>(96, 7);
    DcmFileFormat format;
    DcmDataset& dataset = *format.getDataset();
    std::unique_ptr<DcmFileFormat> read;
};

TEST_F(CopyDicom, ReplacesWhoItIsAndSaysHow) {
    save();
    auto& copy = copied();
    EXPECT_EQ(text_of(copy, DCM_PatientID), pseudonyms.patient("north\n1"));
    EXPECT_EQ(text_of(copy, DCM_PatientName), pseudonyms.patient("north\n1"));
    EXPECT_EQ(text_of(copy, DCM_SOPInstanceUID), pseudonyms.uid("1.2.3.4").value());
    EXPECT_EQ(text_of(copy, DCM_StudyInstanceUID), pseudonyms.uid("1.2.3").value());
    EXPECT_EQ(text_of(copy, DCM_SOPClassUID), "1.2.840.10008.5.1.4.1.1.1.1");
    EXPECT_EQ(text_of(copy, DCM_PatientIdentityRemoved), "YES");
    EXPECT_EQ(text_of(copy, DCM_LongitudinalTemporalInformationModified), "MODIFIED");
    EXPECT_EQ(text_of(copy, DCM_Manufacturer), "Maker");
    EXPECT_EQ(text_of(copy, DCM_PatientSex), "F");
    EXPECT_EQ(text_of(copy, DCM_PatientAge), "090Y");
    EXPECT_TRUE(copy.tagExists(DCM_PatientBirthDate));
    EXPECT_FALSE(has_value(copy, DCM_PatientBirthDate));
    std::vector<std::string> codes;
    for (auto* item : items_of(copy, DCM_DeidentificationMethodCodeSequence))
        codes.push_back(text_of(*item, DCM_CodeValue));
    EXPECT_THAT(codes, testing::ElementsAre("113100", "113107", "113108"));
    EXPECT_THAT(bytes_of(folder / "out.dcm"), Not(HasSubstr("SECRET")));
    auto& meta = *read->getMetaInfo();
    EXPECT_EQ(text_of(meta, DCM_MediaStorageSOPInstanceUID), pseudonyms.uid("1.2.3.4").value());
    EXPECT_EQ(text_of(meta, DCM_ImplementationClassUID), implementation_class_uid);
    Uint32 length = 0;
    ASSERT_TRUE(meta.findAndGetUint32(DCM_FileMetaInformationGroupLength, length).good());
    EXPECT_EQ(bytes_of(folder / "out.dcm").substr(144 + length, 2), std::string("\x08\x00", 2));
}

TEST_F(CopyDicom, MovesDatesAndKeepsTimes) {
    const int days = pseudonyms.days_earlier("north\n1");
    save();
    auto& copy = copied();
    const auto date = text_of(copy, DCM_StudyDate);
    EXPECT_NE(date, "20240301");
    EXPECT_EQ(text_of(copy, DCM_StudyTime), "101112.5");
    EXPECT_EQ(text_of(copy, DCM_AcquisitionDateTime), date + "101112+0100");
    const auto moved = std::chrono::sys_days{parse_date(date).value()},
               was = std::chrono::sys_days{parse_date("20240301").value()};
    EXPECT_EQ((was - moved).count(), days);
}

TEST_F(CopyDicom, WithoutItsOptionsRemovesDatesAndCharacteristics) {
    settings.options = {.modified_dates = false, .patient_characteristics = false};
    save();
    auto& copy = copied();
    EXPECT_FALSE(has_value(copy, DCM_StudyDate));
    EXPECT_TRUE(copy.tagExists(DCM_StudyDate));
    EXPECT_FALSE(copy.tagExists(DCM_AcquisitionDateTime));
    EXPECT_FALSE(has_value(copy, DCM_PatientSex));
    EXPECT_FALSE(copy.tagExists(DCM_PatientAge));
    EXPECT_EQ(text_of(copy, DCM_LongitudinalTemporalInformationModified), "REMOVED");
    EXPECT_EQ(items_of(copy, DCM_DeidentificationMethodCodeSequence).size(), 1U);
}

TEST_F(CopyDicom, ReachesEveryDepthAndWhatNoTableNames) {
    auto* parent = &item_in(dataset, DCM_ProcedureCodeSequence);
    for (int depth = 0; depth < 10; ++depth) parent = &item_in(*parent, DCM_ReferencedSeriesSequence);
    parent->putAndInsertString(DCM_PatientName, "SECRET^Deep");
    parent->putAndInsertString(DCM_SeriesInstanceUID, "1.2.3.4.5.6");
    parent->putAndInsertString(DCM_StudyDate, "20240302");
    parent->putAndInsertString(DcmTag(0x0009, 0x0010, EVR_LO), "SECRET CREATOR");
    put(DcmTag(0x0009, 0x0010, EVR_LO), "SECRET CREATOR");
    put(DcmTag(0x0009, 0x1001, EVR_LO), "SECRET private");
    put(DcmTag(0x5000, 0x0022, EVR_LO), "SECRET curve");
    put(DcmTag(0x6000, 0x4000, EVR_LT), "SECRET overlay");
    dataset.putAndInsertUint8Array(DcmTag(0x0008, 0x00FE, EVR_UN),
                                   reinterpret_cast<const Uint8*>("SECRET unknown"), 14);
    dataset.putAndInsertUint8Array(DcmTag(0x0018, 0x9005, EVR_OB),
                                   reinterpret_cast<const Uint8*>("SECRET bytes  "), 14);
    put(DcmTag(0x0040, 0x0555, EVR_LO), "SECRET: a sequence by the dictionary");
    put(DcmTag(0x0008, 0x0021, EVR_LO), "SECRET date");
    put(DcmTag(0x0008, 0x0022, EVR_DA), "SECRET");
    put(DcmTag(0x0020, 0x000E, EVR_LO), "SECRET uid");
    put(DcmTag(0x0010, 0x1020, EVR_LT),
        "SECRET in what would be a size, and much longer than any size could ever be told here");
    put(DCM_InstanceCreatorUID, "1.2.840.10008.5.1");
    save();
    auto& copy = copied();
    const auto bytes = bytes_of(folder / "out.dcm");
    EXPECT_THAT(bytes, Not(HasSubstr("SECRET")));
    EXPECT_THAT(bytes, Not(HasSubstr("1.2.3.4")));
    EXPECT_THAT(bytes, Not(HasSubstr("20240302")));
    EXPECT_THAT(bytes, HasSubstr(pseudonyms.uid("1.2.3.4.5.6").value()));
    EXPECT_EQ(text_of(copy, DCM_InstanceCreatorUID), "1.2.840.10008.5.1");
}

TEST_F(CopyDicom, KeepsNothingOfAnotherKindThanItsTagSays) {
    put(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.2");  // no radiograph: Referenced Image Sequence stays
    for (const auto vr : {EVR_LO, EVR_OB, EVR_UT}) {
        for (const auto& tag :
             {DCM_PatientSex, DCM_PatientAge, DCM_PatientWeight, DCM_EthnicGroup, DCM_ReferencedImageSequence,
              DCM_ImageType, DCM_KVP, DCM_SmallestImagePixelValue, DCM_CodingSchemeUID,
              DCM_TimezoneOffsetFromUTC}) {
            if (tag == DCM_SmallestImagePixelValue && vr == EVR_OB) continue;  // bytes of the picture
            dataset.findAndDeleteElement(tag);
            const DcmTag typed(tag, vr);
            if (vr == EVR_OB)
                dataset.putAndInsertUint8Array(typed, reinterpret_cast<const Uint8*>("SECRET"), 6);
            else if (tag != DCM_EthnicGroup)
                put(typed, "SECRET");
        }
        save();
        ASSERT_THAT(bytes_of(folder / "in.dcm"), HasSubstr("SECRET"));
        copied();
        EXPECT_THAT(bytes_of(folder / "out.dcm"), Not(HasSubstr("SECRET"))) << DcmVR(vr).getVRName();
        std::filesystem::remove(folder / "out.dcm");
    }
}

bool is_text_vr(DcmEVR vr) {
    return vr == EVR_LO || vr == EVR_LT || vr == EVR_SH || vr == EVR_ST || vr == EVR_UC || vr == EVR_UT;
}

// All text of the dictionary's that an image may have, the retired with it.
std::vector<DcmTagKey> text_elements() {
    std::vector<DcmTagKey> tags;
    auto& dictionary = dcmDataDict.wrlock();
    for (auto at = dictionary.normalBegin(); at != dictionary.normalEnd(); ++at) {
        const auto tag = (*at)->getKey();
        if (tag.getGroup() >= 0x0008 && tag.getGroup() <= 0x4008 && tag.getGroup() % 2 == 0 &&
            is_text_vr((*at)->getEVR()))
            tags.push_back(tag);
    }
    dcmDataDict.wrunlock();
    return tags;
}

void collect_canaries(DcmItem& item, std::set<std::string>& found) {
    for (auto* element : elements_of(item)) {
        if (element->ident() == EVR_SQ)
            for (auto* child : items_of(static_cast<DcmSequenceOfItems&>(*element)))
                collect_canaries(*child, found);
        OFString value;
        if (is_text_vr(element->ident()) && element->getOFStringArray(value).good() && value == "CANARY")
            found.insert(element->getTag().toString().c_str());
    }
}

TEST_F(CopyDicom, KeepsOfAllTextOfTheDictionaryAShortList) {
    const auto texts = text_elements();
    ASSERT_GT(texts.size(), 500U);
    auto& item = item_in(dataset, DCM_ProcedureCodeSequence);
    for (const auto& tag : texts) {
        put(tag, "CANARY");
        item.putAndInsertString(tag, "CANARY");
    }
    for (const char* sop_class : {"1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.2"}) {
        put(DCM_SOPClassUID, sop_class);
        save();
        std::set<std::string> kept;
        collect_canaries(copied(), kept);
        std::filesystem::remove(folder / "out.dcm");
        EXPECT_THAT(kept,
                    testing::UnorderedElementsAre("(0008,0070)", "(0008,0100)", "(0008,0102)", "(0008,0103)",
                                                  "(0008,0104)", "(0008,0112)", "(0008,0114)", "(0008,0119)",
                                                  "(0008,1090)", "(0018,1020)", "(0028,1054)", "(0028,3004)",
                                                  "(0010,2160)"))  // Ethnic Group, which the option keeps
            << sop_class;
    }
}

TEST_F(CopyDicom, KeepsTheTypesOfTextThatIsGone) {
    put(DCM_PixelSpacingCalibrationDescription, "SECRET");
    put(DCM_PositionReferenceIndicator, "SECRET");
    put(DCM_PatientBirthDateInAlternativeCalendar, "SECRET");
    put(DCM_CommentsOnTheScheduledProcedureStep, "SECRET");
    item_in(dataset, DCM_HL7StructuredDocumentReferenceSequence)
        .putAndInsertString(DCM_HL7InstanceIdentifier, "SECRET");
    save();
    auto& copy = copied();
    EXPECT_EQ(text_of(copy, DCM_PixelSpacingCalibrationDescription), "ANONYMIZED");
    EXPECT_TRUE(copy.tagExists(DCM_PositionReferenceIndicator));
    EXPECT_FALSE(copy.tagExists(DCM_PatientBirthDateInAlternativeCalendar));
    EXPECT_FALSE(copy.tagExists(DCM_CommentsOnTheScheduledProcedureStep));
    EXPECT_EQ(
        text_of(*items_of(copy, DCM_HL7StructuredDocumentReferenceSequence).at(0), DCM_HL7InstanceIdentifier),
        "ANONYMIZED");
    EXPECT_THAT(bytes_of(folder / "out.dcm"), Not(HasSubstr("SECRET")));
}

TEST_F(CopyDicom, EmptiesWhatIsNoDateTimeOrTimeAndRemovesWhatIsNoOffset) {
    put(DCM_AcquisitionDateTime, "2024-03-17");
    put(DCM_AcquisitionTime, "19300102");
    put(DCM_TimezoneOffsetFromUTC, "SECRET");
    save();
    auto& copy = copied();
    EXPECT_TRUE(copy.tagExists(DCM_AcquisitionDateTime));
    EXPECT_FALSE(has_value(copy, DCM_AcquisitionDateTime));
    EXPECT_TRUE(copy.tagExists(DCM_AcquisitionTime));
    EXPECT_FALSE(has_value(copy, DCM_AcquisitionTime));
    EXPECT_FALSE(copy.tagExists(DCM_TimezoneOffsetFromUTC));
    std::filesystem::remove(folder / "out.dcm");
    put(DCM_TimezoneOffsetFromUTC, "+0100");
    save();
    EXPECT_EQ(text_of(copied(), DCM_TimezoneOffsetFromUTC), "+0100");
}

TEST_F(CopyDicom, KeepsPixelsAndTheirTransferSyntaxBitForBit) {
    dataset.putAndInsertUint16(DCM_BitsAllocated, 16);
    std::vector<Uint16> words(4000);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<Uint16>(i * 17);
    dataset.putAndInsertUint16Array(DCM_PixelData, words.data(), words.size());
    for (const auto syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit,
                              EXS_DeflatedLittleEndianExplicit}) {
        save(syntax);
        auto& copy = copied();
        EXPECT_EQ(copy.getOriginalXfer(), syntax);
        const Uint16* values = nullptr;
        unsigned long count = 0;
        ASSERT_TRUE(copy.findAndGetUint16Array(DCM_PixelData, values, &count).good());
        EXPECT_EQ(std::vector<Uint16>(values, values + count), words);
        std::filesystem::remove(folder / "out.dcm");
    }
}

TEST_F(CopyDicom, LeavesNothingOfTheOldFilesHead) {
    save();
    auto bytes = bytes_of(folder / "in.dcm");
    bytes.replace(0, 6, "SECRET");
    bytes += std::string(600, '\0') + "";
    std::ofstream(folder / "in.dcm", std::ios::binary) << bytes;
    copied();
    const auto copy = bytes_of(folder / "out.dcm");
    EXPECT_EQ(copy.substr(0, 128), std::string(128, '\0'));
    EXPECT_LT(copy.size(), bytes.size());
}

TEST_F(CopyDicom, TellsTheAgeWhereOnlyTheBirthDateDid) {
    dataset.findAndDeleteElement(DCM_PatientAge);
    save();
    EXPECT_EQ(text_of(copied(), DCM_PatientAge), "070Y");
}

TEST_F(CopyDicom, KeepsOnlyAgesAndSexesThatAreSome) {
    for (const auto& [age, kept] : {std::pair("012D", "012D"),
                                    {"45", "45"},
                                    {"000Y", "000Y"},
                                    {"Jane", ""},
                                    {"105", "090Y"},
                                    {"Y", ""},
                                    {"D", ""},
                                    {"-1Y", ""},
                                    {"1Y2", ""},
                                    {"00045", ""}}) {
        put(DCM_PatientAge, age);
        put(DCM_PatientSex, "Jane");
        save();
        auto& copy = copied();
        EXPECT_EQ(text_of(copy, DCM_PatientAge), std::string(kept) == "" ? "070Y" : kept) << age;
        EXPECT_EQ(text_of(copy, DCM_PatientSex), "");
        std::filesystem::remove(folder / "out.dcm");
    }
}

TEST_F(CopyDicom, RefusesWhatIsNoImageOrShowsItsPatient) {
    put(DCM_BurnedInAnnotation, "YES");
    settings.include_doubtful = true;
    save();
    EXPECT_EQ(copy().error().code, "burned_in");
    put(DCM_BurnedInAnnotation, "NO");
    dataset.findAndDeleteElement(DCM_PixelData);
    save();
    EXPECT_EQ(copy().error().code, "no_pixels");
    put(DCM_SOPClassUID, "1.2.840.10008.1.3.10");
    save();
    EXPECT_EQ(copy().error().code, "dicomdir");
    const auto whole = bytes_of(folder / "in.dcm");
    std::ofstream(folder / "in.dcm", std::ios::binary) << whole.substr(0, whole.size() - 20);
    EXPECT_EQ(copy().error().code, "truncated");
    EXPECT_FALSE(std::filesystem::exists(folder / "out.dcm"));
}

TEST_F(CopyDicom, TakesDoubtfulPicturesWhereToldToAndSaysWhy) {
    const auto refused_and_why = [&](const char* why) {
        save();
        settings.include_doubtful = false;
        EXPECT_EQ(copy().error().code, "burned_in_possible");
        EXPECT_FALSE(std::filesystem::exists(folder / "out.dcm"));
        settings.include_doubtful = true;
        EXPECT_EQ(copy(), why);
        std::filesystem::remove(folder / "out.dcm");
    };
    dataset.findAndDeleteElement(DCM_BurnedInAnnotation);
    refused_and_why("not_told");
    put(DCM_BurnedInAnnotation, "NO");
    dataset.putAndInsertUint16(DcmTag(0x6002, 0x0102, EVR_US), 12);
    refused_and_why("overlay_in_pixels");
    put(DCM_ConversionType, "DF");
    refused_and_why("digitised");
    put(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.7");
    refused_and_why("secondary_capture");
}

TEST_F(CopyDicom, SaysWhenItCannotWrite) {
    save();
    const auto failed =
        copy_dicom(folder / "in.dcm", folder / "none" / "out.dcm", {"1", {}}, pseudonyms, settings);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "system");
}

}  // namespace
}  // namespace hilum::deidentification
