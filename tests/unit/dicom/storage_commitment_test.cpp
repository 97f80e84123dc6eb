#include "dicom/storage_commitment.h"

#include <gtest/gtest.h>

#include "support/dataset_bytes.h"

namespace hilum {
namespace {

using test::ByteForm;
using test::DatasetBytes;

constexpr std::uint32_t transaction_uid = 0x00081195, referenced = 0x00081199, failed = 0x00081198;
constexpr std::uint32_t sop_class = 0x00081150, sop_instance = 0x00081155, failure_reason = 0x00081197;
constexpr const char* explicit_little = "1.2.840.10008.1.2.1";
constexpr const char* implicit_little = "1.2.840.10008.1.2";

Result<CommitmentReport> parse(const DatasetBytes& bytes, const char* syntax = explicit_little) {
    return parse_commitment_report(std::as_bytes(std::span(bytes.bytes())), *find_transfer_syntax(syntax));
}

void add_instance(DatasetBytes& bytes, const std::string& uid, int reason = 0) {
    bytes.item().element(sop_class, "UI", "1.2.840.10008.5.1.4.1.1.7").element(sop_instance, "UI", uid);
    if (reason != 0)
        bytes.element(failure_reason, "US",
                      {static_cast<char>(reason & 0xff), static_cast<char>(reason >> 8)});
    bytes.end_item();
}

// Tags in ascending order, as DICOM wants them.
DatasetBytes event(ByteForm form = {}) {
    DatasetBytes bytes(form);
    bytes.element(transaction_uid, "UI", "1.2.3").header(failed, "SQ", DatasetBytes::undefined_length);
    add_instance(bytes, "1.9", 0x0112);
    bytes.end_sequence().header(referenced, "SQ", DatasetBytes::undefined_length);
    add_instance(bytes, "1.1");
    add_instance(bytes, "1.2");
    bytes.end_sequence();
    return bytes;
}

TEST(StorageCommitment, ReadsWhatIsCommittedAndWhatIsNot) {
    for (const bool explicit_vr : {true, false}) {
        const auto result =
            parse(event({.explicit_vr = explicit_vr}), explicit_vr ? explicit_little : implicit_little);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->transaction_uid, "1.2.3");
        EXPECT_EQ(result->committed, (std::vector<std::string>{"1.1", "1.2"}));
        ASSERT_EQ(result->failed.size(), 1u);
        EXPECT_EQ(result->failed[0].sop_instance_uid, "1.9");
        EXPECT_EQ(result->failed[0].reason, 0x0112);
    }
}

TEST(StorageCommitment, RefusesWhatNamesNothing) {
    EXPECT_EQ(parse(DatasetBytes()).error().code, "malformed");
    DatasetBytes bytes;
    bytes.element(transaction_uid, "UI", "1.2.3").header(referenced, "SQ", DatasetBytes::undefined_length);
    add_instance(bytes, "not a UID");
    bytes.end_sequence();
    EXPECT_EQ(parse(bytes).error().code, "malformed");
}

TEST(StorageCommitment, RefusesMoreInstancesThanWereEverAskedFor) {
    DatasetBytes bytes;
    bytes.element(transaction_uid, "UI", "1.2.3").header(referenced, "SQ", DatasetBytes::undefined_length);
    for (std::size_t i = 0; i <= most_committed_instances; ++i) add_instance(bytes, "1." + std::to_string(i));
    bytes.end_sequence();
    EXPECT_EQ(parse(bytes).error().code, "too_large");
}

TEST(StorageCommitment, ParsesNothingThatIsNestedWithoutEnd) {
    DatasetBytes bytes;
    bytes.element(transaction_uid, "UI", "1.2.3");
    for (int i = 0; i < 20'000; ++i) bytes.header(referenced, "SQ", DatasetBytes::undefined_length).item();
    EXPECT_EQ(parse(bytes).error().code, "too_deep");
}

TEST(StorageCommitment, SeesNothingOfWhatTheScanReadOver) {
    DatasetBytes bytes = event();
    bytes.element(0x7FE00010, "OW", "1234");
    const std::string_view no_element("\x00\x56\x33\x52ZZ\0\0\xF4\xFF\xFF\xFF.7", 14);  // of 4 GB
    bytes.raw(no_element);
    const auto result = parse(bytes);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->transaction_uid, "1.2.3");
    EXPECT_EQ(result->committed.size(), 2u);
}

TEST(StorageCommitment, RefusesWhatIsCutOff) {
    const auto whole = event().bytes();
    DatasetBytes cut;
    cut.raw(std::string_view(whole).substr(0, whole.size() - 30));
    EXPECT_FALSE(parse(cut));
}

}  // namespace
}  // namespace hilum
