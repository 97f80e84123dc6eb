#include "dicom/stream/unknown_elements.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"
#include "dicom/dataset_reading.h"
#include "support/dataset_bytes.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

using test::ByteForm;
using test::DatasetBytes;

constexpr ByteForm implicit_form{.explicit_vr = false};
const std::string seventeen_and_zero("\x11\0", 2);

std::string item_of(const std::string& content) {
    return DatasetBytes(implicit_form).item(static_cast<std::uint32_t>(content.size())).raw(content).bytes();
}

// A file of Explicit VR Little Endian or Big Endian, as DCMTK's meta header would tell it.
class UnknownElements : public testing::Test {
  protected:
    UnknownElements() { prepare_dcmtk(); }
    DcmDataset& load(const std::string& data_set,
                     const char* syntax = UID_LittleEndianExplicitTransferSyntax) {
        DatasetBytes meta;
        meta.element(0x00020010, "UI", syntax);
        const auto path = folder / "image.dcm";
        std::ofstream(path, std::ios::binary)
            << std::string(128, '\0') << "DICM"
            << DatasetBytes().element(0x00020000, "UL", size_of(meta.bytes())).bytes() << meta.bytes()
            << data_set;
        file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        auto loaded = open_dicom_file(file.get(), {});
        EXPECT_TRUE(loaded) << loaded.error().message;
        format = loaded ? std::move(*loaded) : std::make_unique<DcmFileFormat>();
        return *format->getDataset();
    }
    static std::string size_of(const std::string& bytes) {
        return {static_cast<char>(bytes.size()), 0, 0, 0};
    }
    test::TemporaryFolder folder;
    UniqueFd file;
    std::unique_ptr<DcmFileFormat> format;
};

TEST_F(UnknownElements, AreReadByTheDictionary) {
    DcmDataset& dataset = load(DatasetBytes()
                                   .element(0x00100010, "UN", "Doe^Jane")
                                   .element(0x00280010, "UN", seventeen_and_zero)
                                   .element(0x00281050, "UN", "1500")
                                   .element(0x00281051, "UN", "2,5 ")
                                   .bytes());
    EXPECT_EQ(text_of(dataset, DCM_PatientName), "Doe^Jane");
    EXPECT_EQ(integer_of(dataset, DCM_Rows), 17);
    EXPECT_EQ(number_of(dataset, DCM_WindowCenter), 1500);
    EXPECT_EQ(number_of(dataset, DCM_WindowWidth), 2.5);
}

TEST_F(UnknownElements, AreLittleEndianInABigEndianDataSet) {
    DcmDataset& dataset = load(DatasetBytes({.explicit_vr = true, .big_endian = true})
                                   .element(0x00280010, "UN", seventeen_and_zero)
                                   .bytes(),
                               UID_BigEndianExplicitTransferSyntax);
    EXPECT_EQ(integer_of(dataset, DCM_Rows), 17);
}

// Read as absent, a child would pass as of unknown age, and a patient be without an ID in a report.
TEST_F(UnknownElements, MayBeTextUnderAVrThatIsNone) {
    for (const bool big_endian : {false, true})
        for (const std::string& vr :
             {std::string("??"), std::string("  "), std::string(2, '\0'), std::string("as"),
              std::string("OB"), std::string("OW"), std::string("SS"), std::string("UL"), std::string("FD"),
              std::string("AT")}) {
            const DatasetBytes written = DatasetBytes({.explicit_vr = true, .big_endian = big_endian})
                                             .element(0x00080005, vr, "ISO_IR 192")
                                             .element(0x00100010, vr, "M\xC3\xBCller^A")
                                             .element(0x00100020, vr, "P1")
                                             .element(0x00101010, vr, "008Y");
            DcmDataset& dataset = load(written.bytes(), big_endian ? UID_BigEndianExplicitTransferSyntax
                                                                   : UID_LittleEndianExplicitTransferSyntax);
            EXPECT_EQ(text_of(dataset, DCM_PatientID), "P1") << vr << big_endian;
            EXPECT_EQ(text_of(dataset, DCM_PatientAge), "008Y") << vr << big_endian;
            EXPECT_EQ(text_of(dataset, DCM_PatientName), "M\xC3\xBCller^A") << vr << big_endian;
        }
}

TEST_F(UnknownElements, MayBeDecimalTextUnderAVrThatIsNone) {
    for (const auto* vr : {"??", "OB", "OW", "AT"})
        EXPECT_EQ(number_of(load(DatasetBytes().element(0x00281050, vr, "1500").bytes()), DCM_WindowCenter),
                  1500)
            << vr;
}

TEST_F(UnknownElements, StayBinaryNumbersWhereDecimalTextBelongs) {
    const std::string half("\0\0\0\0\0\0\xE0\x3F", 8), of_two_bytes("\0\x08", 2), one("\1\0\0\0", 4);
    DcmDataset& dataset = load(DatasetBytes()
                                   .element(0x00280008, "UL", one)
                                   .element(0x00281050, "US", of_two_bytes)
                                   .element(0x00281053, "FD", half)
                                   .bytes());
    EXPECT_EQ(number_of(dataset, DCM_NumberOfFrames), 1);
    EXPECT_EQ(number_of(dataset, DCM_WindowCenter), 2048);
    EXPECT_EQ(number_of(dataset, DCM_RescaleSlope), 0.5);
}

TEST_F(UnknownElements, MayBeTextOfAnItemAsBytes) {
    DcmDataset& dataset = load(DatasetBytes()
                                   .header(0x00082218, "SQ", DatasetBytes::undefined_length)
                                   .item()
                                   .element(0x00080100, "OB", "51185008")
                                   .end_item()
                                   .end_sequence()
                                   .element(0x00091010, "OB", "private!")
                                   .bytes());
    EXPECT_EQ(code_of(dataset, DCM_AnatomicRegionSequence).value, "51185008");
    DcmElement* element = nullptr;
    ASSERT_TRUE(dataset.findAndGetElement(DcmTagKey(0x0009, 0x1010), element).good());
    EXPECT_EQ(element->getVR(), EVR_OB) << "nobody knows whether it is text";
}

TEST_F(UnknownElements, StayWhatTheyAreUnderAnotherVrInWhatIsCopiedOn) {
    load(DatasetBytes().element(0x00101010, "OB", "008Y").bytes());
    const auto copied = load_dicom_file(folder / "image.dcm");
    ASSERT_TRUE(copied);
    DcmElement* age = nullptr;
    ASSERT_TRUE((*copied)->getDataset()->findAndGetElement(DCM_PatientAge, age).good());
    EXPECT_EQ(age->getVR(), EVR_OB);
}

TEST_F(UnknownElements, StayWhatTheyAreWhereNobodyKnowsThem) {
    DcmDataset& dataset =
        load(DatasetBytes().element(0x00091010, "UN", "private!").element(0x00280010, "UN", "").bytes());
    DcmElement* element = nullptr;
    ASSERT_TRUE(dataset.findAndGetElement(DcmTagKey(0x0009, 0x1010), element).good());
    EXPECT_EQ(element->getVR(), EVR_UN);
    EXPECT_FALSE(has_value(dataset, DCM_Rows));
}

TEST_F(UnknownElements, HoldSequencesAndAreHeldByThem) {
    // Anatomic Region Sequence, and in its item the modifier's; both in implicit VR.
    const std::string inner = DatasetBytes(implicit_form).element(0x00080100, "SH", "G-A100").bytes();
    DatasetBytes outer(implicit_form);
    outer.element(0x00080100, "SH", "51185008").element(0x00082220, "SQ", item_of(inner));
    DcmDataset& dataset = load(DatasetBytes()
                                   .element(0x00082218, "UN", item_of(outer.bytes()))
                                   .header(0x00540220, "SQ", DatasetBytes::undefined_length)
                                   .item()
                                   .element(0x00080104, "UN", "frontal ")
                                   .end_item()
                                   .end_sequence()
                                   .bytes());
    const auto items = items_of(dataset, DCM_AnatomicRegionSequence);
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(text_of(*items.front(), DCM_CodeValue), "51185008");
    EXPECT_EQ(code_of(*items.front(), DCM_AnatomicRegionModifierSequence).value, "G-A100");
    EXPECT_EQ(code_of(dataset, DCM_ViewCodeSequence).meaning, "frontal");
}

// Nobody who takes the file otherwise would refuse it for these.
TEST_F(UnknownElements, StayBytesWhereTheyAreNoSequence) {
    for (const std::string& value : {std::string("no sequence at all, but text. "), std::string(7, '\0'),
                                     std::string("\xFE\xFF\x00\xE0\xF0\xFF\xFF\x7F", 8)}) {
        DcmDataset& dataset =
            load(DatasetBytes().element(0x00082218, "UN", value).element(0x00100020, "LO", "P1").bytes());
        EXPECT_TRUE(items_of(dataset, DCM_AnatomicRegionSequence).empty());
        EXPECT_EQ(text_of(dataset, DCM_PatientID), "P1");
    }
}

// DCMTK would recurse into each level, and end.
TEST_F(UnknownElements, StayBytesWhereTheyNestTooDeep) {
    std::string nested;
    for (int i = 0; i < 20'000; ++i)
        nested += DatasetBytes(implicit_form)
                      .header(0x00082218, "SQ", DatasetBytes::undefined_length)
                      .item()
                      .bytes();
    DcmDataset& dataset = load(
        DatasetBytes().element(0x00082218, "UN", item_of(nested)).element(0x00100020, "LO", "P1").bytes());
    EXPECT_TRUE(items_of(dataset, DCM_AnatomicRegionSequence).empty());
    EXPECT_EQ(text_of(dataset, DCM_PatientID), "P1");
}

TEST_F(UnknownElements, AreNotResolvedBeyondTheMost) {
    DatasetBytes many;
    many.header(0x00082112, "SQ", DatasetBytes::undefined_length);
    for (int i = 0; i < 12'000; ++i) many.item().element(0x00080100, "UN", "code").end_item();
    DcmDataset& dataset = load(many.end_sequence().bytes());
    const auto items = items_of(dataset, DCM_SourceImageSequence);
    ASSERT_EQ(items.size(), 12'000u);
    EXPECT_EQ(text_of(*items.front(), DCM_CodeValue), "code");
    EXPECT_EQ(text_of(*items.back(), DCM_CodeValue), "");
}

TEST_F(UnknownElements, MayBePixelData) {
    DcmDataset& dataset =
        load(DatasetBytes().element(0x7FE00010, "UN", std::string("\x01\x02\x03\x04", 4)).bytes());
    const Uint16* words = nullptr;
    resolve_unknown_pixel_data(dataset, 3);
    EXPECT_TRUE(dataset.findAndGetUint16Array(DCM_PixelData, words).bad());
    resolve_unknown_pixel_data(dataset, 4);
    unsigned long count = 0;
    ASSERT_TRUE(dataset.findAndGetUint16Array(DCM_PixelData, words, &count).good());
    ASSERT_EQ(count, 2u);
    EXPECT_EQ(words[0], 0x0201);
    EXPECT_EQ(words[1], 0x0403);
}

}  // namespace
}  // namespace hilum
