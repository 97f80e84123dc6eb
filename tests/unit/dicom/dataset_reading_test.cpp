#include "dicom/dataset_reading.h"

#include <dcmtk/dcmdata/dcdict.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "base/unique_fd.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

struct TextCase {
    const char* what;
    const char* character_set;
    std::string bytes;
    const char* utf8;
};

void PrintTo(const TextCase& one, std::ostream* out) {
    *out << one.what;
}

class ToUtf8 : public testing::TestWithParam<TextCase> {};

TEST_P(ToUtf8, ConvertsPersonNames) {
    EXPECT_EQ(to_utf8(GetParam().bytes, GetParam().character_set, true), GetParam().utf8);
}

// The names of PS3.5 annexes H and K where there is one.
INSTANTIATE_TEST_SUITE_P(
    CharacterSets, ToUtf8,
    testing::Values(
        TextCase{"ASCII", "", "Doe^Jane", "Doe^Jane"},
        TextCase{"Latin-1", "ISO_IR 100", "M\xFCller^J\xFCrgen", "Müller^Jürgen"},
        TextCase{"UTF-8", "ISO_IR 192", "Müller^Jürgen", "Müller^Jürgen"},
        TextCase{"Cyrillic", "ISO_IR 144", "\xBB\xEE\xDA", "Люк"},
        TextCase{"Japanese H.3.1", "\\ISO 2022 IR 87",
                 "Yamada^Tarou=\033$B;3ED\033(B^\033$BB@O:\033(B=\033$B$d$^$@\033(B^\033$B$?$m$&\033(B",
                 "Yamada^Tarou=山田^太郎=やまだ^たろう"},
        TextCase{"Japanese H.3.2", "ISO 2022 IR 13\\ISO 2022 IR 87",
                 "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\033$B;3ED\033(J^\033$BB@O:\033(J=\033$B$d$^$@\033(J^\033$B$?"
                 "$m$&\033(J",
                 "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
        TextCase{"Latin-1 and Japanese", "ISO 2022 IR 100\\ISO 2022 IR 87",
                 "M\xFCller^J\xFCrgen=\033$B;3ED\033(B^\033$BB@O:\033(B", "Müller^Jürgen=山田^太郎"},
        TextCase{"Korean", "\\ISO 2022 IR 149", "Hong^Gildong=\033$)C\xFB\xF3^\033$)C\xD1\xCE\xD4\xD7",
                 "Hong^Gildong=洪^吉洞"},
        TextCase{"Hebrew, not Japanese", "ISO_IR 138", "\xF9\xF8\xE5\xEF", "שרון"},
        TextCase{"undeclared Latin-1", "", "M\xFCller", "Müller"},
        TextCase{"undeclared UTF-8", "", "Müller", "Müller"},
        TextCase{"UTF-8 declared, Latin-1 sent", "ISO_IR 192", "M\xFCller", "Müller"},
        TextCase{"unknown character set", "ISO_IR 999", "M\xFCller", "Müller"}));

TEST(ToUtf8Text, MakesValidUtf8OfAnything) {
    for (const char* set :
         {"", "ISO_IR 192", "\\ISO 2022 IR 87", "ISO 2022 IR 13", "ISO_IR 100", "GB18030"}) {
        const std::string hostile = "\033$B\x21\033$(D!\xED\xA0\x80\xF4\x90\x80\x80\xC0\x80\xFF";
        const std::string text = to_utf8(hostile, set);
        EXPECT_EQ(to_utf8(text, "ISO_IR 192"), text) << set;
    }
}

class Dataset : public testing::Test {
  protected:
    DcmDataset dataset;
};

TEST_F(Dataset, GivesTextWithoutPadding) {
    dataset.putAndInsertString(DCM_BodyPartExamined, "CHEST ");
    dataset.putAndInsertString(DCM_StudyDescription, "  XR Chest");
    EXPECT_EQ(text_of(dataset, DCM_BodyPartExamined), "CHEST");
    EXPECT_EQ(text_of(dataset, DCM_StudyDescription), "XR Chest");
    EXPECT_EQ(text_of(dataset, DCM_SeriesDescription), "");
}

TEST_F(Dataset, GivesOneValueOfSeveral) {
    dataset.putAndInsertString(DCM_ImageType, "DERIVED\\PRIMARY \\");
    EXPECT_EQ(text_of(dataset, DCM_ImageType), "DERIVED\\PRIMARY\\");
    EXPECT_EQ(text_of(dataset, DCM_ImageType, 1), "PRIMARY");
    EXPECT_EQ(text_of(dataset, DCM_ImageType, 2), "");
    EXPECT_EQ(text_of(dataset, DCM_ImageType, 7), "");
}

TEST_F(Dataset, UsesTheCharacterSetOfTheNearestLevelForText) {
    dataset.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 144");
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_AnatomicRegionSequence, item, -2);
    item->putAndInsertString(DCM_CodeMeaning, "\xBB\xEE\xDA");
    EXPECT_EQ(text_of(*item, DCM_CodeMeaning), "Люк");
    item->putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 100");
    item->putAndInsertString(DCM_CodeMeaning, "\xFC");
    EXPECT_EQ(text_of(*item, DCM_CodeMeaning), "ü");
}

TEST_F(Dataset, GivesNumbersOfEachKind) {
    dataset.putAndInsertString(DCM_WindowCenter, "40.5\\80");
    dataset.putAndInsertString(DCM_NumberOfFrames, "3");
    dataset.putAndInsertUint16(DCM_Rows, 65535);
    EXPECT_DOUBLE_EQ(number_of(dataset, DCM_WindowCenter).value(), 40.5);
    EXPECT_DOUBLE_EQ(number_of(dataset, DCM_WindowCenter, 1).value(), 80);
    EXPECT_FALSE(number_of(dataset, DCM_WindowCenter, 2));
    EXPECT_EQ(integer_of(dataset, DCM_NumberOfFrames), 3);
    EXPECT_EQ(integer_of(dataset, DCM_Rows), 65535);
    EXPECT_FALSE(integer_of(dataset, DCM_WindowCenter));
    EXPECT_FALSE(number_of(dataset, DCM_WindowWidth));
}

TEST_F(Dataset, TakesNoNumberFromWhatIsNone) {
    dataset.putAndInsertString(DCM_WindowCenter, "wide");
    dataset.putAndInsertString(DCM_WindowWidth, "inf");
    dataset.putAndInsertString(DCM_NumberOfFrames, "many");
    EXPECT_FALSE(number_of(dataset, DCM_WindowCenter));
    EXPECT_FALSE(number_of(dataset, DCM_WindowWidth));
    EXPECT_FALSE(integer_of(dataset, DCM_NumberOfFrames));
}

TEST_F(Dataset, TakesADecimalCommaForAPoint) {
    for (const auto& [text, expected] :
         {std::pair{"1,5", std::optional(1.5)}, std::pair{"0,25", std::optional(0.25)},
          std::pair{" -3,0 ", std::optional(-3.0)}, std::pair{"+1,5e2", std::optional(150.0)},
          std::pair{",5", std::optional(0.5)}, std::pair{"1,234.5", std::optional<double>()},
          std::pair{"1,2,3", std::optional<double>()}, std::pair{"1.5 mm", std::optional<double>()},
          std::pair{"0x10", std::optional<double>()}, std::pair{",", std::optional<double>()}}) {
        dataset.putAndInsertString(DCM_RescaleSlope, text);
        EXPECT_EQ(number_of(dataset, DCM_RescaleSlope), expected) << text;
    }
    dataset.putAndInsertString(DCM_WindowCenter, "0,5\\0,9");
    EXPECT_EQ(number_of(dataset, DCM_WindowCenter, 1), 0.9);
    dataset.putAndInsertString(DCM_NumberOfFrames, "2,0");
    EXPECT_EQ(integer_of(dataset, DCM_NumberOfFrames), 2);
}

TEST_F(Dataset, KeepsAValueThatCannotBeReadApartFromNone) {
    EXPECT_FALSE(has_value(dataset, DCM_WindowCenter));
    for (const char* nothing : {"", "  ", "\\", " \\ "}) {
        dataset.putAndInsertString(DCM_WindowCenter, nothing);
        EXPECT_FALSE(has_value(dataset, DCM_WindowCenter)) << nothing;
    }
    dataset.putAndInsertString(DCM_WindowCenter, "wide");
    EXPECT_TRUE(has_value(dataset, DCM_WindowCenter));
    dataset.putAndInsertUint16(DCM_Rows, 0);
    EXPECT_TRUE(has_value(dataset, DCM_Rows));
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_VOILUTSequence, item, 0);
    EXPECT_TRUE(has_value(dataset, DCM_VOILUTSequence));
    EXPECT_FALSE(has_value(*item, DCM_LUTData));
}

TEST_F(Dataset, TakesIntegerStringsWholeOrNotAtAll) {
    for (const auto& [text, expected] :
         {std::pair{" 12 ", std::optional(12LL)}, std::pair{"+7", std::optional(7LL)},
          std::pair{"-7", std::optional(-7LL)}, std::pair{"2.0", std::optional(2LL)},
          std::pair{"4294967298", std::optional(4294967298LL)}, std::pair{"1.5", std::optional<long long>()},
          std::pair{"1A", std::optional<long long>()}, std::pair{"1e400", std::optional<long long>()},
          std::pair{"nan", std::optional<long long>()}}) {
        dataset.putAndInsertString(DCM_NumberOfFrames, text);
        EXPECT_EQ(integer_of(dataset, DCM_NumberOfFrames), expected) << text;
    }
}

TEST_F(Dataset, ReadsNothingOfValuesThatAreLongerThanAnyOfTheirKind) {
    const std::string numbers = [] {
        std::string text = "1";
        for (int i = 0; i < 40'000; ++i) text += "\\1";
        return text;
    }();
    dataset.putAndInsertString(DCM_WindowCenter, numbers.c_str());
    dataset.putAndInsertString(DCM_ImageComments, numbers.c_str());
    EXPECT_FALSE(number_of(dataset, DCM_WindowCenter));
    EXPECT_EQ(text_of(dataset, DCM_ImageComments), "");
    dataset.putAndInsertString(DCM_WindowCenter, numbers.substr(0, 40'001).c_str());
    EXPECT_EQ(number_of(dataset, DCM_WindowCenter, 20'000), 1);
}

TEST_F(Dataset, GivesTheFirstCodeOfASequence) {
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_AnatomicRegionSequence, item, -2);
    item->putAndInsertString(DCM_CodeValue, "51185008");
    item->putAndInsertString(DCM_CodingSchemeDesignator, "SCT");
    item->putAndInsertString(DCM_CodeMeaning, "Chest");
    EXPECT_EQ(code_of(dataset, DCM_AnatomicRegionSequence), (Code{"51185008", "SCT", "Chest"}));
    EXPECT_EQ(code_of(dataset, DCM_ViewCodeSequence), Code{});
}

TEST(CodeIn, TakesTheValueFromWhereverItStands) {
    DcmItem item;
    item.putAndInsertString(DCM_CodeMeaning, "lateral");
    EXPECT_EQ(code_in(item), (Code{"", "", "lateral"}));
    item.putAndInsertString(DCM_URNCodeValue, "http://snomed.info/id/399067008");
    EXPECT_EQ(code_in(item), (Code{"399067008", "SCT", "lateral"}));
    item.putAndInsertString(DCM_URNCodeValue, "urn:lex:us:lateral");
    EXPECT_EQ(code_in(item), (Code{"urn:lex:us:lateral", "", "lateral"}));
    item.putAndInsertString(DCM_CodingSchemeDesignator, "99LOCAL");
    item.putAndInsertString(DCM_LongCodeValue, "lateral-view-of-a-chest");
    EXPECT_EQ(code_in(item), (Code{"lateral-view-of-a-chest", "99LOCAL", "lateral"}));
    item.putAndInsertString(DCM_CodeValue, "lat");
    EXPECT_EQ(code_in(item), (Code{"lat", "99LOCAL", "lateral"}));
}

TEST(PrepareDcmtk, ForgetsPrivateElements) {
    prepare_dcmtk();
    const auto& dictionary = dcmDataDict.rdlock();
    int entries = 0, private_ones = 0;
    auto& all = const_cast<DcmDataDictionary&>(dictionary);
    for (auto entry = all.normalBegin(); entry != all.normalEnd(); ++entry) {
        ++entries;
        private_ones += (*entry)->getPrivateCreator() != nullptr;
    }
    dcmDataDict.rdunlock();
    EXPECT_EQ(private_ones, 0);
    EXPECT_GT(entries, 3000);
    // DCMTK's own dictionary has it as a sequence, whose items it would read without end.
    EXPECT_NE(DcmTag(0x0029, 0x1000, "CARDIO-D.R. 1.0").getEVR(), EVR_SQ);
    EXPECT_EQ(DcmTag(0x0008, 0x1140).getEVR(), EVR_SQ);
}

class File : public testing::Test {
  protected:
    File() {
        prepare_dcmtk();
        DcmDataset& dataset = *format.getDataset();
        dataset.putAndInsertString(DCM_SOPClassUID, UID_ComputedRadiographyImageStorage);
        dataset.putAndInsertString(DCM_SOPInstanceUID, "1.2.3");
        dataset.putAndInsertString(DCM_PatientName, "Doe^Jane");
    }
    void save(E_TransferSyntax syntax) { ASSERT_TRUE(format.saveFile(path.c_str(), syntax).good()); }
    std::string load_code() {
        const auto loaded = load_dicom_file(path);
        return loaded ? "" : loaded.error().code;
    }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder / "image.dcm";
    DcmFileFormat format;
};

TEST_F(File, LoadsInEachUncompressedTransferSyntax) {
    for (const auto syntax : {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit,
                              EXS_DeflatedLittleEndianExplicit}) {
        save(syntax);
        const auto loaded = load_dicom_file(path);
        ASSERT_TRUE(loaded) << loaded.error().message;
        EXPECT_EQ(text_of(*(*loaded)->getDataset(), DCM_PatientName), "Doe^Jane");
        EXPECT_EQ(transfer_syntax_of(*(*loaded)->getDataset()), DcmXfer(syntax).getXferID());
    }
}

TEST_F(File, LoadsFromADescriptor) {
    save(EXS_LittleEndianExplicit);
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::filesystem::remove(path);
    const auto loaded = load_dicom_file(fd.get());
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(text_of(*(*loaded)->getDataset(), DCM_SOPInstanceUID), "1.2.3");
}

constexpr std::size_t long_value = 200'000;

class LongValue : public File {
  protected:
    LongValue() {
        const std::vector<Uint8> bytes(long_value, 7);
        format.getDataset()->putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
        save(EXS_LittleEndianExplicit);
    }
    // 0: there is none, or it cannot be read.
    static std::size_t size_read(DcmDataset& dataset) {
        const Uint8* bytes = nullptr;
        unsigned long count = 0;
        return dataset.findAndGetUint8Array(DCM_PixelData, bytes, &count).good() && bytes != nullptr ? count
                                                                                                     : 0;
    }
    void shrink() { std::filesystem::resize_file(path, std::filesystem::file_size(path) - long_value / 2); }
};

TEST_F(LongValue, IsInMemoryOnceItsFileIsLoaded) {
    const auto loaded = load_dicom_file(path);
    ASSERT_TRUE(loaded) << loaded.error().message;
    shrink();
    EXPECT_EQ(size_read(*(*loaded)->getDataset()), long_value);
}

TEST_F(LongValue, ThatCannotBeReadAnyMoreIsTold) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const FileReads reads;
    const auto opened = open_dicom_file(fd.get(), reads);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(reads.status());
    shrink();
    EXPECT_NE(size_read(*(*opened)->getDataset()), long_value);
    ASSERT_FALSE(reads.status());
    EXPECT_EQ(reads.status().error().code, "unreadable");
    EXPECT_EQ(reads.status().error().retry, Retry::once_mended);
}

TEST_F(File, IsNotDicom) {
    EXPECT_EQ(load_code(), "unreadable");
    std::ofstream(path) << std::string(1000, 'x');
    EXPECT_EQ(load_code(), "not_dicom");
    std::ofstream(path, std::ios::trunc).flush();
    EXPECT_EQ(load_code(), "not_dicom");
    std::ofstream(path) << std::string(128, '\0') << "DICM" << std::string("\x02\0\x10\0SQ", 6)
                        << std::string(100, '\0');
    EXPECT_EQ(load_code(), "not_dicom");
}

TEST_F(File, IsCutOffAtAnyLengthWithoutHarm) {
    save(EXS_LittleEndianExplicit);
    const auto whole = std::filesystem::file_size(path);
    for (auto size = whole - 1; size > 132; size -= 3) {
        std::filesystem::resize_file(path, size);
        const auto loaded = load_dicom_file(path);
        if (!loaded) continue;  // else the cut fell between two elements
        EXPECT_EQ(text_of(*(*loaded)->getDataset(), DCM_PatientName), "");
    }
}

// 20,000 nested sequences crash whatever parses them by recursion.
TEST_F(File, IsRefusedWhenNestedTooDeep) {
    save(EXS_LittleEndianExplicit);
    std::ofstream file(path, std::ios::app | std::ios::binary);
    const std::string level("\x10\0\x9F\x99SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF", 20);
    for (int i = 0; i < 20'000; ++i) file << level;
    file.close();
    EXPECT_EQ(load_code(), "too_deep");
}

}  // namespace
}  // namespace hilum
