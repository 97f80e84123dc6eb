#include "model/decoder/input/lookup_table.h"

#include <gtest/gtest.h>

#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

using Words = std::vector<std::uint16_t>;

// 0, step, 2 step, ...
Words ramp(std::size_t entries, int step) {
    Words words;
    for (std::size_t i = 0; i < entries; ++i) words.push_back(static_cast<std::uint16_t>(i * step));
    return words;
}

class LookupTables : public testing::Test {
  protected:
    void describe(const Words& descriptor) {
        item.putAndInsertUint16Array(DcmTag(DCM_LUTDescriptor, EVR_US), descriptor.data(), descriptor.size());
    }
    void put_words(const Words& words, DcmEVR vr = EVR_OW) {
        item.putAndInsertUint16Array(DcmTag(DCM_LUTData, vr), words.data(), words.size());
    }
    void put_bytes(const std::vector<std::uint8_t>& bytes, DcmEVR vr = EVR_OB) {
        item.putAndInsertUint8Array(DcmTag(DCM_LUTData, vr), bytes.data(), bytes.size());
    }
    FoundTable read(bool signed_input = false) {
        auto found = read_lookup_table(item, DCM_LUTDescriptor, DCM_LUTData, signed_input);
        EXPECT_TRUE(found) << found.error();
        return found.value_or(FoundTable{{0, {0}, 1}});
    }
    std::string problem() {
        const auto found = read_lookup_table(item, DCM_LUTDescriptor, DCM_LUTData, false);
        return found ? "" : found.error();
    }
    DcmItem item;
};

TEST_F(LookupTables, AreWhiteWhereTheDescribedBitsEnd) {
    describe({3000, 0, 12});
    put_words(ramp(3000, 1));
    EXPECT_EQ(read().table.white, 4095);
}

TEST_F(LookupTables, AreWhiteAtTheirLargestEntryWhereItNeedsOtherBits) {
    describe({4096, 0, 16});
    put_words(ramp(4096, 1));
    EXPECT_EQ(read().table.white, 4095);
    EXPECT_EQ(read().described_bits, 16);
    EXPECT_EQ(read().needed_bits, 12);
    describe({3000, 0, 16});
    EXPECT_EQ(read().table.white, 2999);
    describe({4096, 0, 8});
    EXPECT_EQ(read().table.white, 4095);
    put_words(ramp(4096, 16));
    EXPECT_EQ(read().table.white, 65520);
    put_words(Words(4096, 0));
    EXPECT_EQ(read().table.white, 1);
}

TEST_F(LookupTables, HaveASignedDescriptorWhereItsVrSaysSo) {
    const Sint16 descriptor[] = {2065, -736, 16};
    item.putAndInsertSint16Array(DcmTag(DCM_LUTDescriptor, EVR_SS), descriptor, 3);
    put_words(ramp(2065, 1), EVR_US);
    EXPECT_EQ(read().table.first_mapped, -736);
    EXPECT_EQ(read().table.entries.size(), 2065u);
    describe({2065, 64800, 16});  // -736 in US
    EXPECT_EQ(read(true).table.first_mapped, -736);
    EXPECT_EQ(read(false).table.first_mapped, 64800);
}

TEST_F(LookupTables, HoldTheLastEntryWhereOneIsMissing) {
    describe({4096, 0, 12});
    put_words(ramp(4095, 1));
    const auto found = read();
    EXPECT_TRUE(found.last_is_held);
    EXPECT_EQ(found.table.entries.size(), 4096u);
    EXPECT_EQ(found.table.entries.back(), 4094);
    put_words(ramp(4096, 1));
    EXPECT_FALSE(read().last_is_held);
}

TEST_F(LookupTables, LackNotMoreThanOneEntry) {
    describe({4096, 0, 12});
    put_words(ramp(4094, 1));
    EXPECT_NE(problem(), "");
    put_words(ramp(100, 1));
    EXPECT_NE(problem(), "");
}

TEST_F(LookupTables, TellOfASurplus) {
    describe({256, 0, 12});
    put_words(ramp(300, 1));
    EXPECT_EQ(read().surplus, 44u);
    EXPECT_EQ(read().table.entries.size(), 256u);
}

TEST_F(LookupTables, UnpackBytesOfOtherWordAndOtherByte) {
    describe({4, 0, 8});
    put_words({0x2010, 0x4030});
    const Words expected{0x10, 0x20, 0x30, 0x40};
    EXPECT_EQ(read().table.entries, expected);
    put_bytes({0x10, 0x20, 0x30, 0x40});
    EXPECT_EQ(read().table.entries, expected);
    put_bytes({0x10, 0x20, 0x30, 0x40}, EVR_UN);
    EXPECT_EQ(read().table.entries, expected);
    describe({3, 0, 8});  // the fourth byte makes the length even
    EXPECT_EQ(read().table.entries, (Words{0x10, 0x20, 0x30}));
    describe({5, 0, 8});  // one is missing
    EXPECT_EQ(read().table.entries, (Words{0x10, 0x20, 0x30, 0x40, 0x40}));
    EXPECT_TRUE(read().last_is_held);
}

TEST_F(LookupTables, ReadWordsOfOtherByteInLittleEndian) {
    describe({4, 0, 12});
    put_bytes({0x00, 0x01, 0x00, 0x02, 0x00, 0x03, 0xFF, 0x0F});
    EXPECT_EQ(read().table.entries, (Words{0x100, 0x200, 0x300, 0xFFF}));
}

// 2 entries in 2 bytes: packed, or a word and none.
TEST_F(LookupTables, AreReadByTheDescribedBitsWhereTheLengthLeavesADoubt) {
    put_words({0x2010});
    describe({2, 0, 8});
    EXPECT_EQ(read().table.entries, (Words{0x10, 0x20}));
    describe({2, 0, 16});
    EXPECT_EQ(read().table.entries, (Words{0x2010, 0x2010}));
}

TEST_F(LookupTables, HaveBitsThatMayBeNonsense) {
    for (const std::uint16_t bits : {0, 1, 7, 17, 65535}) {
        describe({4, 0, bits});
        put_words({1, 2, 3, 900});
        EXPECT_EQ(read().table.white, 900) << bits;
    }
}

TEST_F(LookupTables, CountZeroAs65536) {
    describe({0, 0, 16});
    put_words(ramp(65536, 1));
    EXPECT_EQ(read().table.entries.size(), 65536u);
}

TEST_F(LookupTables, AreUnusableWithoutDescriptorOrData) {
    EXPECT_EQ(problem(), "its item is empty");
    put_words({1, 2});
    EXPECT_NE(problem(), "");
    describe({2, 0});
    EXPECT_NE(problem(), "");
    delete item.remove(DCM_LUTData);
    describe({2, 0, 16});
    EXPECT_NE(problem(), "");
    put_words({});
    EXPECT_NE(problem(), "");
    describe({1, 0, 16});
    EXPECT_NE(problem(), "");
    item.putAndInsertString(DcmTag(DCM_LUTData, EVR_LO), "no table");
    EXPECT_NE(problem(), "");
}

}  // namespace
}  // namespace hilum::model
