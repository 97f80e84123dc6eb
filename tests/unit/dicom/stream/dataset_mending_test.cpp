// Defects that scan_header() reads over, and how DCMTK sees the file then. Each has a twin that is refused.
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "dicom/stream/header_scan.h"
#include "support/dataset_bytes.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

using test::DatasetBytes;
using test::Radiograph;

constexpr const char* explicit_little = "1.2.840.10008.1.2.1";
constexpr const char* implicit_little = "1.2.840.10008.1.2";
constexpr const char* explicit_big = "1.2.840.10008.1.2.2";
constexpr const char* jpeg_lossless = "1.2.840.10008.1.2.4.70";
constexpr std::uint32_t pixel_data = 0x7FE00010;
constexpr std::uint32_t undefined = DatasetBytes::undefined_length;

class DatasetMendingTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { prepare_dcmtk(); }

    Result<HeaderScan> scan(const std::string& bytes, const char* syntax = explicit_little) {
        const auto file = make_memfd("data set", std::as_bytes(std::span(bytes)));
        return scan_header(file->get(), 0, bytes.size(), *find_transfer_syntax(syntax));
    }
    void expect_refusal(const std::string& bytes, const char* code, const char* syntax = explicit_little) {
        const auto scanned = scan(bytes, syntax);
        ASSERT_FALSE(scanned);
        EXPECT_EQ(scanned.error().code, code) << scanned.error().message;
        EXPECT_FALSE(load(bytes, syntax));
    }

    bool load(const std::string& bytes, const char* syntax = explicit_little) {
        const std::string elements = DatasetBytes().element(0x00020010, "UI", syntax).bytes();
        std::string meta(4, '\0');
        meta[0] = static_cast<char>(elements.size());
        meta = DatasetBytes().element(0x00020000, "UL", meta).bytes() + elements;
        std::ofstream(folder / "image.dcm", std::ios::binary)
            << std::string(128, '\0') << "DICM" << meta << bytes;
        notes.clear();
        auto loaded = load_dicom_file(folder / "image.dcm", &notes);
        error = loaded ? Error{} : loaded.error();
        if (loaded) format = std::move(*loaded);
        return loaded.has_value();
    }
    // Taken in whole, and seen by DCMTK as it was meant; noted with this code.
    void expect_mended(const std::string& bytes, const char* note, const char* syntax = explicit_little) {
        const auto scanned = scan(bytes, syntax);
        ASSERT_TRUE(scanned) << scanned.error().message;
        EXPECT_EQ(scanned->sop_instance_uid, "2.25.1");
        EXPECT_EQ(scanned->patient_id, "P1");
        ASSERT_TRUE(load(bytes, syntax)) << error.message;
        ASSERT_EQ(notes.size(), *note == '\0' ? 0U : 1U) << (notes.empty() ? "" : notes.back().code);
        EXPECT_EQ(notes.empty() ? "" : notes.front().code, note);
        EXPECT_EQ(text_of(*format->getDataset(), DCM_PatientID), "P1");
    }
    DcmPixelData* pixels() {
        DcmElement* element = nullptr;
        format->getDataset()->findAndGetElement(DCM_PixelData, element);
        return dynamic_cast<DcmPixelData*>(element);
    }
    std::string native_pixels() {
        Uint8* bytes = nullptr;
        auto* const element = pixels();
        if (element == nullptr || element->getUint8Array(bytes).bad()) return "none";
        return {reinterpret_cast<const char*>(bytes), element->getLength()};
    }
    std::vector<std::string> fragments(E_TransferSyntax syntax) {
        DcmPixelSequence* sequence = nullptr;
        std::vector<std::string> found;
        if (pixels() == nullptr || pixels()->getEncapsulatedRepresentation(syntax, nullptr, sequence).bad())
            return {"none"};
        for (unsigned long i = 0; i < sequence->card(); ++i) {
            DcmPixelItem* item = nullptr;
            Uint8* bytes = nullptr;
            sequence->getItem(item, i);
            item->getUint8Array(bytes);
            found.emplace_back(reinterpret_cast<const char*>(bytes), item->getLength());
        }
        return found;
    }

    test::TemporaryFolder folder;
    std::unique_ptr<DcmFileFormat> format;
    ImageNotes notes;
    Error error;
};

const std::string zeros(512, '\0');
const std::string words = [] {  // as pixels are: no element
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += std::string{static_cast<char>(i), '\6'};
    return bytes;
}();

TEST_F(DatasetMendingTest, IgnoresWhatTrails) {
    const std::string whole = Radiograph().bytes();
    for (const std::string& trailing :
         {zeros, std::string(1, '\0'), std::string(7, '\0'), std::string("\r\n"), words,
          std::string("</dicom>garbage"), DatasetBytes().element(0x00020010, "UI", "1.2").bytes()}) {
        expect_mended(whole + trailing, "trailing_bytes");
        EXPECT_EQ(native_pixels(), Radiograph().pixels);
    }
    expect_mended(whole, "");
}

TEST_F(DatasetMendingTest, IgnoresWhatTrailsInEveryEncoding) {
    for (const auto& [form, syntax] : {std::pair{test::ByteForm{.explicit_vr = false}, implicit_little},
                                       std::pair{test::ByteForm{.big_endian = true}, explicit_big}})
        for (const std::string& trailing : {zeros, words, std::string("ABCDEFGHIJKLMNOP")}) {
            expect_mended(Radiograph().bytes(form) + trailing, "trailing_bytes", syntax);
            EXPECT_EQ(pixels()->getLength(), Radiograph().pixels.size());
        }
}

TEST_F(DatasetMendingTest, IgnoresZerosBehindADataSetWithoutPixels) {
    expect_mended(Radiograph().header().bytes() + zeros, "trailing_bytes");
    expect_refusal(Radiograph().header().bytes() + zeros + "x", "not_a_data_set");
    expect_refusal(Radiograph().header().bytes() + "\r\n", "truncated");
}

TEST_F(DatasetMendingTest, ReadsElementsBehindThePixelData) {
    auto bytes = Radiograph().header();
    bytes.element(pixel_data, "OW", Radiograph().pixels).element(0xFFFCFFFC, "OB", "padding ");
    expect_mended(bytes.bytes(), "");
    EXPECT_TRUE(format->getDataset()->tagExists(DCM_DataSetTrailingPadding));
    expect_refusal(bytes.bytes().substr(0, bytes.bytes().size() - 3), "truncated");
}

TEST_F(DatasetMendingTest, RefusesAnotherPatientBehindThePixelData) {
    const std::string twice = Radiograph().bytes() + DatasetBytes().element(0x00100020, "LO", "P2").bytes();
    expect_refusal(twice, "malformed");
    expect_refusal(twice + words, "malformed");
}

TEST_F(DatasetMendingTest, TakesNoIdentifierFromWhatTrails) {
    DatasetBytes anonymous;
    anonymous.element(0x00080018, "UI", "2.25.1").element(pixel_data, "OW", "xx");
    const std::string bytes =
        anonymous.bytes() +
        DatasetBytes().element(0x00100020, "LO", "P9").header(0x00100021, "LO", 500).bytes();
    const auto scanned = scan(bytes);
    ASSERT_TRUE(scanned) << scanned.error().message;
    EXPECT_EQ(scanned->patient_id, "");
    ASSERT_TRUE(load(bytes)) << error.message;
    EXPECT_FALSE(format->getDataset()->tagExists(DCM_PatientID));
}

TEST_F(DatasetMendingTest, RefusesNestingBehindThePixelDataAsAnywhere) {
    DatasetBytes nested;
    for (int i = 0; i < 20'000; ++i) nested.header(0x00081140, "SQ", undefined).item();
    expect_refusal(Radiograph().bytes() + nested.bytes(), "too_deep");
    // Behind what is no element nobody looks at it.
    expect_mended(Radiograph().bytes() + words + nested.bytes(), "trailing_bytes");
}

DatasetBytes compressed() {
    auto bytes = Radiograph().header();
    bytes.header(pixel_data, "OB", undefined)
        .item(0)
        .item(6)
        .raw(
            "\xFF\xD8"
            "ab\xFF\xD9")
        .item(2)
        .raw("cd");
    return bytes;
}
const std::vector<std::string> coded{"",
                                     "\xFF\xD8"
                                     "ab\xFF\xD9",
                                     "cd"};

TEST_F(DatasetMendingTest, EndsFragmentsWithoutADelimiter) {
    const std::string open = compressed().bytes();
    expect_mended(open, "delimiter", jpeg_lossless);
    EXPECT_EQ(fragments(EXS_JPEGProcess14SV1), coded);
    expect_mended(open + std::string(8, '\0'), "delimiter", jpeg_lossless);
    EXPECT_EQ(fragments(EXS_JPEGProcess14SV1), coded);
    expect_mended(open + std::string("\xFE\xFF\xDD\xE0\xFF\xFF\xFF\xFF"), "delimiter", jpeg_lossless);
    EXPECT_EQ(fragments(EXS_JPEGProcess14SV1), coded);
    expect_mended(compressed().end_sequence().bytes(), "", jpeg_lossless);
    expect_mended(open + DatasetBytes().element(0xFFFCFFFC, "OB", "padding ").bytes(), "delimiter",
                  jpeg_lossless);
    EXPECT_EQ(fragments(EXS_JPEGProcess14SV1), coded);
    EXPECT_TRUE(format->getDataset()->tagExists(DCM_DataSetTrailingPadding));
}

TEST_F(DatasetMendingTest, EndsFragmentsBeforeWhatTrails) {
    for (const std::string& trailing : {zeros, words, std::string("xyz"), std::string("\xFE\xFF\xDD\xE0")}) {
        ASSERT_TRUE(load(compressed().bytes() + trailing, jpeg_lossless)) << error.message;
        EXPECT_EQ(fragments(EXS_JPEGProcess14SV1), coded);
        EXPECT_EQ(notes.size(), 2U);
    }
}

TEST_F(DatasetMendingTest, RefusesFragmentsThatAreCutOff) {
    const std::string open = compressed().bytes();
    expect_refusal(open.substr(0, open.size() - 1), "truncated", jpeg_lossless);
    expect_refusal(open + std::string("\xFE\xFF\0\xE0\x10\0\0\0ab", 10), "truncated", jpeg_lossless);
    auto table = Radiograph().header();
    table.header(pixel_data, "OB", undefined).item(0);
    expect_refusal(table.bytes(), "truncated", jpeg_lossless);
}

TEST_F(DatasetMendingTest, ReadsFragmentsWithinADefinedLength) {
    for (const bool delimited : {false, true}) {
        DatasetBytes inner;
        inner.item(0)
            .item(6)
            .raw(
                "\xFF\xD8"
                "ab\xFF\xD9")
            .item(2)
            .raw("cd");
        if (delimited) inner.end_sequence();
        auto bytes = Radiograph().header();
        bytes.header(pixel_data, "OB", static_cast<std::uint32_t>(inner.bytes().size())).raw(inner.bytes());
        expect_mended(bytes.bytes(), delimited ? "" : "delimiter", jpeg_lossless);
        EXPECT_EQ(fragments(EXS_JPEGProcess14SV1), coded);
        bytes.element(0xFFFCFFFC, "OB", "padding ");
        ASSERT_TRUE(load(bytes.bytes(), jpeg_lossless));
        EXPECT_TRUE(format->getDataset()->tagExists(DCM_DataSetTrailingPadding));
    }
    DatasetBytes inner;
    inner.item(0).end_sequence().item(2).raw("cd");
    auto bytes = Radiograph().header();
    bytes.header(pixel_data, "OB", static_cast<std::uint32_t>(inner.bytes().size())).raw(inner.bytes());
    expect_refusal(bytes.bytes(), "malformed", jpeg_lossless);
}

TEST_F(DatasetMendingTest, ReadsNativePixelsUnderACompressedTransferSyntax) {
    expect_mended(Radiograph().bytes(), "transfer_syntax", jpeg_lossless);
    EXPECT_EQ(native_pixels(), Radiograph().pixels);
    EXPECT_EQ(transfer_syntax_of(*format->getDataset()), explicit_little);
    ASSERT_TRUE(load(Radiograph().bytes() + words, jpeg_lossless)) << error.message;
    EXPECT_EQ(native_pixels(), Radiograph().pixels);
    // A stream without fragments is neither.
    EXPECT_FALSE(load(Radiograph().header().element(pixel_data, "OB", "\xFF\xD8\xFF\xE0 a stream").bytes(),
                      jpeg_lossless));
}

TEST_F(DatasetMendingTest, ReadsNativePixelsWithoutALengthToTheEnd) {
    const std::string pixels = Radiograph().pixels, delimiter("\xFE\xFF\xDD\xE0\0\0\0\0", 8);
    for (const auto& [form, syntax] : {std::pair{test::ByteForm{}, explicit_little},
                                       std::pair{test::ByteForm{.explicit_vr = false}, implicit_little}}) {
        auto bytes = Radiograph().header(form);
        bytes.header(pixel_data, "OW", undefined).raw(pixels);
        expect_mended(bytes.bytes(), "pixel_data_length", syntax);
        EXPECT_EQ(native_pixels(), pixels);
        ASSERT_TRUE(load(bytes.bytes() + delimiter, syntax)) << error.message;
        EXPECT_EQ(native_pixels(), pixels);
    }
    auto bytes = Radiograph().header();
    bytes.header(pixel_data, "OB", undefined).raw(pixels);
    expect_refusal(bytes.bytes(), "malformed", jpeg_lossless);
}

TEST_F(DatasetMendingTest, PassesOverGroup2InAFileAndRefusesItFromTheNetwork) {
    const std::string group_2 =
        DatasetBytes().element(0x00020010, "UI", implicit_little).element(0x00020013, "SH", "TIANI").bytes();
    const auto scanned = scan(group_2 + Radiograph().bytes());
    ASSERT_FALSE(scanned);
    EXPECT_EQ(scanned.error().code, "not_a_data_set");
    ASSERT_TRUE(load(group_2 + Radiograph().bytes())) << error.message;
    EXPECT_EQ(notes.front().code, "file_meta_information");
    EXPECT_FALSE(format->getDataset()->tagExists(DCM_TransferSyntaxUID));
    EXPECT_EQ(native_pixels(), Radiograph().pixels);
    EXPECT_FALSE(load(DatasetBytes().element(0x00000010, "UI", "1.2").bytes() + Radiograph().bytes()));
}

TEST_F(DatasetMendingTest, GivesUpOnMoreDefectsThanAnyDeviceMakes) {
    DatasetBytes bytes;
    for (int i = 0; i < 100; ++i)
        bytes.header(0x00081140, "SQ", undefined).raw(std::string("\xFE\xFF\xDD\xE0\1\0\0\0", 8));
    expect_refusal(bytes.bytes(), "malformed");
}

}  // namespace
}  // namespace hilum
