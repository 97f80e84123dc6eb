#include "model/decoder/pixels/evidence/plain_words.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/model/decoder/pixels/evidence/soft_picture.h"

namespace hilum::model {
namespace {

class PlainWords : public testing::Test {
  protected:
    // What the words are read as, with these defects of their header.
    std::vector<int> read(const test::Words& words, int bits_stored, int high_bit, bool is_signed) {
        StoredPixels pixels = test::pixels_of(words, 50, 60);
        pixels.encoding.bits_stored = bits_stored;
        pixels.encoding.high_bit = high_bit;
        pixels.encoding.is_signed = is_signed;
        notes.clear();
        storage.clear();
        const auto mended = mended_words(pixels, ByteOrder::told, storage, notes);
        if (!mended) return {};
        std::vector<int> values;
        for (const auto word : mended->words) values.push_back(mended->encoding.value(word));
        return values;
    }
    std::vector<std::string> told() const {
        std::vector<std::string> codes;
        for (const auto& note : notes) codes.push_back(note.code);
        return codes;
    }

    const test::Words soft = test::soft_picture(50, 60);
    const std::vector<int> expected{soft.begin(), soft.end()};
    std::vector<std::uint16_t> storage;
    ImageNotes notes;
};

TEST_F(PlainWords, AreReadAsTheHeaderSaysWhereItIsRight) {
    EXPECT_EQ(read(soft, 12, 11, false), expected);
    EXPECT_TRUE(notes.empty());
}

TEST_F(PlainWords, AreMendedOfEachDefectAndOfSeveral) {
    using Codes = std::vector<std::string>;
    EXPECT_EQ(read(soft, 12, 15, false), expected);
    EXPECT_EQ(told(), Codes{"bit_depth"});
    EXPECT_EQ(read(soft, 12, 11, true), expected);
    EXPECT_EQ(told(), Codes{"pixel_representation"});
    EXPECT_EQ(read(soft, 12, 15, true), expected);
    EXPECT_EQ(told(), (Codes{"bit_depth", "pixel_representation"}));
    EXPECT_EQ(read(test::with_swapped_bytes(soft), 12, 15, false), expected);
    EXPECT_EQ(told(), (Codes{"byte_order", "bit_depth"}));
}

// What reads the upper bits would take them for garbage, and leave half of each sample.
TEST_F(PlainWords, HaveTheirByteOrderBeforeTheirUpperBits) {
    EXPECT_EQ(read(test::with_swapped_bytes(soft), 12, 11, false), expected);
    EXPECT_EQ(told(), std::vector<std::string>{"byte_order"});
    auto with_some_too_bright = soft;
    for (auto& word : with_some_too_bright) word = static_cast<std::uint16_t>(word * 2 / 3);
    std::vector<int> held(with_some_too_bright.begin(), with_some_too_bright.end());
    for (auto& value : held) value = std::min(value, 2047);
    EXPECT_EQ(read(test::with_swapped_bytes(with_some_too_bright), 11, 10, false), held);
    EXPECT_EQ(told(), (std::vector<std::string>{"byte_order", "samples"}));
}

}  // namespace
}  // namespace hilum::model
