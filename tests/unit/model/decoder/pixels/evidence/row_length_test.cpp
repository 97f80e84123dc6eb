#include "model/decoder/pixels/evidence/row_length.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/model/decoder/pixels/evidence/soft_picture.h"

namespace hilum::model {
namespace {

using test::Words;
using Bytes = std::vector<std::uint8_t>;

bool is_refused(const Words& words, int rows, int columns) {
    const auto checked = check_row_length(test::pixels_of(words, rows, columns));
    if (checked) return false;
    EXPECT_EQ(checked.error().code, "undecodable");
    EXPECT_NE(checked.error().message.find("exchanged"), std::string::npos);
    return true;
}

TEST(RowLength, IsRefusedWhereRowsAndColumnsAreExchanged) {
    const auto upright = test::soft_picture(80, 60), wide = test::soft_picture(60, 80);
    EXPECT_TRUE(is_refused(upright, 60, 80));
    EXPECT_TRUE(is_refused(wide, 80, 60));
    EXPECT_FALSE(is_refused(upright, 80, 60));
    EXPECT_FALSE(is_refused(wide, 60, 80));
    Bytes bytes;
    for (const auto word : upright) bytes.push_back(static_cast<std::uint8_t>(word >> 4));
    StoredPixels pixels{.rows = 60,
                        .columns = 80,
                        .encoding = {.bits_allocated = 8, .bits_stored = 8, .high_bit = 7},
                        .bytes = bytes,
                        .words = {}};
    EXPECT_FALSE(check_row_length(pixels));
}

TEST(RowLength, IsBelievedWherePixelsAreNoEvidence) {
    Words ramp, stripes, columns;
    test::Noise noise;
    for (int i = 0; i < 4800; ++i) {
        ramp.push_back(static_cast<std::uint16_t>(i * 3 % 4096));
        stripes.push_back(static_cast<std::uint16_t>(i / 80 % 2 * 3000 + noise.below(20)));
        columns.push_back(static_cast<std::uint16_t>(i % 2 * 3000 + noise.below(20)));
    }
    for (const Words& words : {ramp, stripes, columns, Words(4800, 7), test::noise_picture(60, 80, 4096)})
        for (const auto& [rows, width] : {std::pair{60, 80}, std::pair{80, 60}, std::pair{16, 300}})
            EXPECT_FALSE(is_refused(words, rows, width));
    EXPECT_FALSE(is_refused(test::soft_picture(30, 20), 20, 30)) << "too few pixels";
}

class RowPadding : public testing::Test {
  protected:
    static constexpr int rows = 51, columns = 61;

    // `soft` with so many bytes behind each row.
    Bytes padded(int padding, std::uint8_t value = 0) const {
        Bytes all;
        for (int y = 0; y < rows; ++y) {
            for (int x = 0; x < columns; ++x) all.push_back(soft[static_cast<std::size_t>(y * columns + x)]);
            all.insert(all.end(), static_cast<std::size_t>(padding), value);
        }
        all.resize(all.size() + all.size() % 2);
        return all;
    }
    static Bytes soft_bytes() {
        Bytes all;
        for (const auto word : test::soft_picture(rows, columns))
            all.push_back(static_cast<std::uint8_t>(word >> 4));
        return all;
    }
    std::vector<int> read(const Bytes& bytes) {
        notes.clear();
        const auto pixels =
            without_row_padding({.rows = rows,
                                 .columns = columns,
                                 .encoding = {.bits_allocated = 8, .bits_stored = 8, .high_bit = 7},
                                 .bytes = bytes,
                                 .words = {}},
                                storage, notes);
        std::vector<int> values(pixels.bytes.begin(), pixels.bytes.end());
        values.insert(values.end(), pixels.words.begin(), pixels.words.end());
        return values;
    }

    const Bytes soft = soft_bytes();
    const std::vector<int> expected{soft.begin(), soft.end()};
    std::vector<std::uint16_t> storage;
    ImageNotes notes;
};

TEST_F(RowPadding, IsLeftOut) {
    for (const int padding : {1, 2, 3})
        for (const std::uint8_t value : {0, 255}) {
            EXPECT_EQ(read(padded(padding, value)), expected) << padding;
            ASSERT_EQ(notes.size(), 1U);
            EXPECT_EQ(notes.front().code, "pixel_data_length");
        }
}

TEST_F(RowPadding, OfWordsIsLeftOut) {
    const auto words = test::soft_picture(rows, columns);
    Words all;
    for (int y = 0; y < rows; ++y) {
        all.insert(all.end(), words.begin() + y * columns, words.begin() + (y + 1) * columns);
        all.push_back(0);
    }
    const auto pixels = without_row_padding(test::pixels_of(all, rows, columns), storage, notes);
    EXPECT_TRUE(std::ranges::equal(pixels.words, words));
    EXPECT_EQ(notes.size(), 1U);
}

TEST_F(RowPadding, IsNoneWhereTheSurplusLiesBehindThePixels) {
    for (const std::size_t surplus : {0, 1, rows, 2 * rows, 3 * rows, 4 * rows, 1000}) {
        Bytes behind = soft;
        behind.resize(behind.size() + surplus);
        EXPECT_EQ(read(behind), expected) << surplus;
        EXPECT_TRUE(notes.empty());
    }
    EXPECT_EQ(read(padded(4)).size(), expected.size()) << "more than anybody pads to";
    EXPECT_TRUE(notes.empty());
    const Bytes black(static_cast<std::size_t>(rows) * (columns + 1));
    EXPECT_EQ(read(black), std::vector<int>(expected.size()));
    EXPECT_TRUE(notes.empty()) << "nothing to see";
}

}  // namespace
}  // namespace hilum::model
