#include "dicom/stream/header_scan.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <chrono>

#include "base/file_system.h"
#include "support/dataset_bytes.h"

namespace hilum {
namespace {

using test::ByteForm;
using test::DatasetBytes;
using test::Radiograph;

constexpr const char* explicit_little = "1.2.840.10008.1.2.1";
constexpr const char* implicit_little = "1.2.840.10008.1.2";
constexpr const char* explicit_big = "1.2.840.10008.1.2.2";
constexpr const char* deflated = "1.2.840.10008.1.2.1.99";
constexpr const char* jpeg_lossless = "1.2.840.10008.1.2.4.70";

Result<HeaderScan> scan(const std::string& bytes, const char* transfer_syntax = explicit_little,
                        const HeaderScanLimits& limits = {}) {
    const auto file = make_memfd("data set", std::as_bytes(std::span(bytes)));
    return scan_header(file->get(), 0, bytes.size(), *find_transfer_syntax(transfer_syntax), limits);
}

std::string code_of_scan(const std::string& bytes, const char* transfer_syntax = explicit_little) {
    const auto scanned = scan(bytes, transfer_syntax);
    return scanned ? "" : scanned.error().code;
}

std::string deflate_raw(const std::string& bytes) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

void expect_the_radiograph(const Result<HeaderScan>& scanned) {
    ASSERT_TRUE(scanned) << scanned.error().message;
    EXPECT_EQ(scanned->sop_class_uid, "1.2.840.10008.5.1.4.1.1.1");
    EXPECT_EQ(scanned->sop_instance_uid, "2.25.1");
    EXPECT_EQ(scanned->study_instance_uid, "2.25.2");
    EXPECT_EQ(scanned->series_instance_uid, "2.25.3");
    EXPECT_EQ(scanned->modality, "DX");
    EXPECT_EQ(scanned->study_date, "20261123");
    EXPECT_EQ(scanned->accession_number, "A42");
    EXPECT_EQ(scanned->patient_id, "P1");
    EXPECT_EQ(scanned->patient_name, "Phantom^One");
    EXPECT_EQ(scanned->analysis_sha256.size(), 64U);
}

TEST(HeaderScan, ReadsExplicitVrLittleEndian) {
    expect_the_radiograph(scan(Radiograph().bytes()));
}

TEST(HeaderScan, ReadsImplicitVrLittleEndian) {
    expect_the_radiograph(scan(Radiograph().bytes({.explicit_vr = false}), implicit_little));
}

TEST(HeaderScan, ReadsExplicitVrBigEndian) {
    expect_the_radiograph(scan(Radiograph().bytes({.big_endian = true}), explicit_big));
}

TEST(HeaderScan, ReadsDeflatedExplicitVrLittleEndian) {
    expect_the_radiograph(scan(deflate_raw(Radiograph().bytes()), deflated));
}

TEST(HeaderScan, ReadsEncapsulatedPixelData) {
    auto bytes = Radiograph().header();
    bytes.header(0x7FE00010, "OB", DatasetBytes::undefined_length)
        .item(0)
        .item(4)
        .raw("\xFF\xD8\xFF\xD9")
        .end_sequence();
    expect_the_radiograph(scan(bytes.bytes(), jpeg_lossless));
}

TEST(HeaderScan, ReadsSequencesOfDefinedLengthInImplicitVr) {
    DatasetBytes item({.explicit_vr = false});
    item.element(0x00080100, "SH", "51185008");
    DatasetBytes bytes({.explicit_vr = false});
    const auto length = static_cast<std::uint32_t>(item.bytes().size());
    bytes.header(0x00082218, "SQ", length + 8).item(length).raw(item.bytes()).element(0x00100020, "LO", "P1");
    const auto scanned = scan(bytes.bytes(), implicit_little);
    ASSERT_TRUE(scanned) << scanned.error().message;
    EXPECT_EQ(scanned->patient_id, "P1");
}

// An archive that did not know the VRs wrote the same bytes under UN.
TEST(HeaderScan, ReadsTextOfUnknownVr) {
    DatasetBytes bytes;
    bytes.element(0x00080005, "UN", "ISO_IR 192")
        .element(0x00080018, "UN", "2.25.1")
        .element(0x00080020, "UN", "20261123")
        .element(0x00080050, "UN", "A42")
        .element(0x00100010, "UN", "M\xC3\xBCller")
        .element(0x00100020, "UN", "P1");
    const auto scanned = scan(bytes.bytes());
    ASSERT_TRUE(scanned) << scanned.error().message;
    EXPECT_EQ(scanned->sop_instance_uid, "2.25.1");
    EXPECT_EQ(scanned->study_date, "20261123");
    EXPECT_EQ(scanned->accession_number, "A42");
    EXPECT_EQ(scanned->patient_name, "Müller");
    EXPECT_EQ(scanned->patient_id, "P1");
}

TEST(HeaderScan, ReadsUnknownSequencesInsideExplicitVrAsImplicit) {
    DatasetBytes inner({.explicit_vr = false});
    inner.item().element(0x00080100, "SH", "X").end_item().end_sequence();
    DatasetBytes bytes;
    bytes.header(0x00091001, "UN", DatasetBytes::undefined_length)
        .raw(inner.bytes())
        .element(0x00100020, "LO", "P1");
    const auto scanned = scan(bytes.bytes());
    ASSERT_TRUE(scanned) << scanned.error().message;
    EXPECT_EQ(scanned->patient_id, "P1");
}

TEST(HeaderScan, TurnsTextToUtf8) {
    Radiograph radiograph;
    radiograph.patient_name = "M\xFCller^J\xF6rg";
    const auto scanned = scan(radiograph.bytes());
    ASSERT_TRUE(scanned);
    EXPECT_EQ(scanned->patient_name, "Müller^Jörg");
}

TEST(HeaderScan, TakesNoIdentifierFromInsideASequence) {
    DatasetBytes bytes;
    bytes.header(0x00101002, "SQ", DatasetBytes::undefined_length)
        .item()
        .element(0x00100020, "LO", "ANOTHER")
        .end_item()
        .end_sequence();
    const auto scanned = scan(bytes.bytes());
    ASSERT_TRUE(scanned) << scanned.error().message;
    EXPECT_EQ(scanned->patient_id, "");
}

TEST(HeaderScan, CutsLongTextInsteadOfGrowing) {
    DatasetBytes bytes;
    bytes.element(0x00100020, "LO", std::string(60'000, 'A'));
    const auto scanned = scan(bytes.bytes());
    ASSERT_TRUE(scanned);
    EXPECT_EQ(scanned->patient_id.size(), 1024U);
}

TEST(HeaderScan, CutsWhatIsLongerAsUtf8BetweenCharacters) {
    DatasetBytes bytes;
    bytes.element(0x00080005, "CS", "ISO_IR 100").element(0x00100020, "LO", "1" + std::string(999, '\xFC'));
    const auto scanned = scan(bytes.bytes());
    ASSERT_TRUE(scanned);
    EXPECT_EQ(scanned->patient_id.size(), 1023U);
    EXPECT_TRUE(scanned->patient_id.ends_with("ü"));
}

DatasetBytes nested(int depth) {
    DatasetBytes bytes;
    for (int i = 0; i < depth; ++i) bytes.header(0x00081140, "SQ", DatasetBytes::undefined_length).item();
    for (int i = 0; i < depth; ++i) bytes.end_item().end_sequence();
    return bytes;
}

TEST(HeaderScan, AcceptsSixtyFourNestedSequences) {
    EXPECT_EQ(code_of_scan(nested(64).bytes()), "");
}

TEST(HeaderScan, RefusesSixtyFiveNestedSequences) {
    EXPECT_EQ(code_of_scan(nested(65).bytes()), "too_deep");
}

TEST(HeaderScan, RefusesTwentyThousandNestedSequences) {
    EXPECT_EQ(code_of_scan(nested(20'000).bytes()), "too_deep");
}

TEST(HeaderScan, RefusesNestedSequencesOfDefinedLengthInImplicitVr) {
    std::string inner;
    for (int i = 0; i < 70; ++i) {
        DatasetBytes bytes({.explicit_vr = false});
        const auto length = static_cast<std::uint32_t>(inner.size());
        bytes.header(0x00081140, "SQ", length + 8).item(length).raw(inner);
        inner = bytes.bytes();
    }
    EXPECT_EQ(code_of_scan(inner, implicit_little), "too_deep");
}

TEST(HeaderScan, RefusesADeclaredLengthNearFourGibibytesWithoutAllocatingIt) {
    auto bytes = Radiograph().header();
    bytes.header(0x7FE00010, "OW", 0xFFFFFFF0).raw("xx");
    EXPECT_EQ(code_of_scan(bytes.bytes()), "truncated");
    auto text = DatasetBytes({.explicit_vr = false}).header(0x00100020, "LO", 0xFFFFFFF0).bytes();
    EXPECT_EQ(code_of_scan(text, implicit_little), "truncated");
}

TEST(HeaderScan, RefusesADataSetCutOffAnywhere) {
    const std::string whole = Radiograph().bytes();
    const std::size_t header = Radiograph().header().bytes().size();
    for (std::size_t length = 1; length < header + 20; ++length) {
        const auto scanned = scan(whole.substr(0, length));
        // Between two elements of the top level a cut cannot be seen; then identifiers or pixels are missing.
        if (scanned)
            EXPECT_TRUE(scanned->series_instance_uid.empty() || length > header - 60) << length;
        else
            EXPECT_EQ(scanned.error().code, "truncated") << length;
    }
    EXPECT_EQ(code_of_scan(whole.substr(0, whole.size() - 1)), "truncated");
}

TEST(HeaderScan, TellsWhatWasWholeBeforeItFailed) {
    const std::string bytes = Radiograph().bytes();
    const auto found_before = [&](const std::string& part) {
        HeaderScan found;
        const auto file = make_memfd("data set", std::as_bytes(std::span(part)));
        const auto scanned =
            scan_header(file->get(), 0, part.size(), *find_transfer_syntax(explicit_little), {}, &found);
        EXPECT_FALSE(scanned);
        EXPECT_EQ(found.analysis_sha256, "");
        return found;
    };
    const auto late = found_before(bytes.substr(0, bytes.size() - 10));
    EXPECT_EQ(late.study_instance_uid, "2.25.2");
    EXPECT_EQ(late.accession_number, "A42");
    const auto within = found_before(bytes.substr(0, bytes.find("A42") + 2));
    EXPECT_EQ(within.accession_number, "") << "half a value is none";
    EXPECT_EQ(within.sop_instance_uid, "2.25.1");
    DatasetBytes twice;
    twice.element(0x00080050, "SH", "A42").element(0x00080050, "SH", "A43");
    EXPECT_EQ(found_before(twice.bytes()).accession_number, "A42");
}

TEST(HeaderScan, RefusesAnElementLongerThanItsItem) {
    DatasetBytes bytes;
    bytes.header(0x00081140, "SQ", 18).item(10).header(0x00080100, "SH", 40).raw(std::string(100, 'x'));
    EXPECT_EQ(code_of_scan(bytes.bytes()), "malformed");
}

// The parser that comes after has names of its own for VRs with a length of 32 bits: what it skips must not
// be read, and what it reads must not be skipped.
TEST(HeaderScan, MeasuresElementsAsTheParserDoes) {
    for (const char* name : {"ox", "lt", "px"}) {
        std::string bytes = DatasetBytes().header(0x00080001, "UN", 4).bytes() + "abcd";
        bytes.replace(4, 2, name);
        expect_the_radiograph(scan(bytes + Radiograph().bytes()));
    }
}

TEST(HeaderScan, RefusesAStrayDelimitation) {
    EXPECT_EQ(code_of_scan(DatasetBytes().end_item().bytes()), "malformed");
    EXPECT_EQ(code_of_scan(DatasetBytes().end_sequence().bytes()), "malformed");
}

TEST(HeaderScan, RefusesIdentifiersThatComeTwice) {
    DatasetBytes bytes;
    bytes.element(0x00100020, "LO", "P1").element(0x00100020, "LO", "P2");
    EXPECT_EQ(code_of_scan(bytes.bytes()), "malformed");
}

TEST(HeaderScan, RefusesFileMetaInformationInTheDataSet) {
    DatasetBytes bytes;
    bytes.element(0x00020010, "UI", explicit_little);
    EXPECT_EQ(code_of_scan(bytes.bytes()), "not_a_data_set");
}

TEST(HeaderScan, StopsInflatingAtItsLimit) {
    auto bytes = Radiograph().header();
    bytes.header(0x00091001, "OB", 64 << 20).raw(std::string(64 << 20, '\0'));
    const std::string bomb = deflate_raw(bytes.bytes());
    ASSERT_LT(bomb.size(), 100'000U);
    const auto scanned = scan(bomb, deflated, {.inflated_size = 1 << 20});
    ASSERT_FALSE(scanned);
    EXPECT_EQ(scanned.error().code, "too_large");
}

// Black below the patient, whose last bytes inflate to more than one buffer holds.
TEST(HeaderScan, InflatesWhatEndsWithALongRun) {
    for (const std::size_t run : {100'000U, 1'000'000U, 64U << 20}) {
        auto bytes = Radiograph().header();
        bytes.header(0x7FE00010, "OW", static_cast<std::uint32_t>(run)).raw(std::string(run, '\0'));
        expect_the_radiograph(scan(deflate_raw(bytes.bytes()), deflated));
    }
}

TEST(HeaderScan, DigestsNothingWhereItIsNotAskedTo) {
    Radiograph one, other;
    other.patient_id = "P2";
    const HeaderScanLimits limits{.digest = false};
    EXPECT_NE(scan(one.bytes()).value().analysis_sha256, scan(other.bytes()).value().analysis_sha256);
    EXPECT_EQ(scan(one.bytes(), explicit_little, limits).value().analysis_sha256,
              scan(other.bytes(), explicit_little, limits).value().analysis_sha256);
}

TEST(HeaderScan, RefusesDamagedAndCutDeflatedData) {
    const std::string whole = deflate_raw(Radiograph().bytes());
    EXPECT_EQ(code_of_scan(whole.substr(0, whole.size() / 2), deflated), "truncated");
    EXPECT_EQ(code_of_scan("\xFF\xFF\xFF\xFF not deflated", deflated), "malformed");
}

TEST(HeaderScan, StopsAtTooManyElements) {
    DatasetBytes bytes;
    for (int i = 0; i < 1000; ++i) bytes.element(0x00091001, "OB", "");
    EXPECT_TRUE(scan(bytes.bytes(), explicit_little, {.elements = 1000}));
    EXPECT_FALSE(scan(bytes.bytes(), explicit_little, {.elements = 999}));
}

std::string analysis_digest(const std::string& bytes, const char* transfer_syntax = explicit_little) {
    return scan(bytes, transfer_syntax).value().analysis_sha256;
}

TEST(HeaderScan, AnalysisDigestIgnoresWhatAnAnalysisDoesNotLookAt) {
    Radiograph one, other;
    other.study_description = "CHEST PA AND LATERAL";
    other.sop_instance_uid = "2.25.99";
    EXPECT_EQ(analysis_digest(one.bytes()), analysis_digest(other.bytes()));
}

// What a message to the RIS is filed by.
TEST(HeaderScan, AnalysisDigestSeesTheOrder) {
    const auto with_order = [](const std::string& number) {
        return DatasetBytes()
            .header(0x00400275, "SQ", DatasetBytes::undefined_length)
            .item()
            .element(0x00402017, "LO", number)
            .end_item()
            .end_sequence()
            .bytes();
    };
    EXPECT_NE(analysis_digest(with_order("F1")), analysis_digest(with_order("F2")));
}

TEST(HeaderScan, AnalysisDigestSeesDescriptionsWhereTheSiteReadsThem) {
    Radiograph one, other;
    other.study_description = "CHEST PA AND LATERAL";
    HeaderScanLimits limits;
    limits.digest_descriptions = true;
    EXPECT_NE(scan(one.bytes(), explicit_little, limits)->analysis_sha256,
              scan(other.bytes(), explicit_little, limits)->analysis_sha256);
}

TEST(HeaderScan, AnalysisDigestSeesPixelsPatientAndTransferSyntax) {
    Radiograph one, pixels, patient;
    pixels.pixels.back() = 'x';
    patient.patient_id = "P2";
    EXPECT_NE(analysis_digest(one.bytes()), analysis_digest(pixels.bytes()));
    EXPECT_NE(analysis_digest(one.bytes()), analysis_digest(patient.bytes()));
    EXPECT_NE(analysis_digest(one.bytes()), analysis_digest(one.bytes(), jpeg_lossless));
}

TEST(HeaderScan, AnalysisDigestIgnoresHowLengthsAreEncoded) {
    DatasetBytes item, undefined, defined;
    item.element(0x00080100, "SH", "51185008");
    const auto length = static_cast<std::uint32_t>(item.bytes().size());
    undefined.header(0x00082218, "SQ", DatasetBytes::undefined_length)
        .item()
        .raw(item.bytes())
        .end_item()
        .end_sequence();
    defined.header(0x00082218, "SQ", length + 8).item(length).raw(item.bytes());
    EXPECT_EQ(analysis_digest(undefined.bytes()), analysis_digest(defined.bytes()));
}

// Nothing may crash, hang or allocate by what the bytes say: every byte of a header damaged in turn.
TEST(HeaderScan, SurvivesEveryDamagedByte) {
    const std::string whole = Radiograph().bytes();
    const std::size_t header = Radiograph().header().bytes().size() + 12;
    for (std::size_t i = 0; i < header; ++i) {
        for (const int flip : {0xFF, 0x80, 0x01}) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ flip);
            for (const char* syntax : {explicit_little, implicit_little, explicit_big, deflated})
                (void)scan(damaged, syntax);
        }
    }
}

}  // namespace
}  // namespace hilum
