#include "model/decoder/input/display_shutter.h"

#include <gtest/gtest.h>

#include <string>

namespace hilum::model {
namespace {

// Row by row, # where it shows.
std::string seen_by(const DisplayShutter& shutter, int rows, int columns) {
    std::string text;
    for (int row = 0; row < rows; ++row) {
        for (const auto shown : shutter.shown(row, columns)) text += shown != 0 ? '#' : '.';
        text += '\n';
    }
    return text;
}

DisplayShutter rectangle() {
    DisplayShutter shutter;
    shutter.add_rectangle({0, 1}, {3, 5});
    return shutter;
}

TEST(DisplayShutter, WithoutShapesShowsAll) {
    EXPECT_TRUE(DisplayShutter().shows_all());
    EXPECT_EQ(seen_by({}, 1, 3), "###\n");
    EXPECT_FALSE(rectangle().shows_all());
}

TEST(DisplayShutter, ShowsARectangleWithoutItsEdges) {
    EXPECT_EQ(seen_by(rectangle(), 4, 6), "......\n..###.\n..###.\n......\n");
}

TEST(DisplayShutter, ShowsARectangleThatReachesBeyondTheImage) {
    DisplayShutter shutter;
    shutter.add_rectangle({-1, -1}, {4, 3});
    EXPECT_EQ(seen_by(shutter, 2, 6), "###...\n###...\n");
}

TEST(DisplayShutter, ShowsACircle) {
    DisplayShutter shutter;
    shutter.add_ellipse({{2, 2}, 2, 2});
    EXPECT_EQ(seen_by(shutter, 5, 6), "......\n.###..\n.###..\n.###..\n......\n");
}

TEST(DisplayShutter, ShowsAPolygonWithoutItsEdgesByTheEvenOddRule) {
    DisplayShutter triangle;
    triangle.add_polygon({{-1, -1}, {5, -1}, {5, 5}});
    EXPECT_EQ(seen_by(triangle, 4, 4), "....\n#...\n##..\n###.\n");
    DisplayShutter notched;  // an M
    notched.add_polygon({{-1, -1}, {4, -1}, {4, 7}, {-1, 7}, {3, 3}});
    EXPECT_EQ(seen_by(notched, 5, 7), ".......\n#.....#\n##...##\n###.###\n.......\n");
}

TEST(DisplayShutter, ShowsWhatAllOfItsShapesShow) {
    DisplayShutter shutter = rectangle();
    shutter.add_rectangle({-1, -1}, {2, 4});
    EXPECT_EQ(seen_by(shutter, 4, 6), "......\n..##..\n......\n......\n");
}

TEST(DisplayShutter, TurnsWithTheImage) {
    EXPECT_EQ(seen_by(rectangle().turned({.flipped_columns = true}, 4, 6), 4, 6),
              "......\n.###..\n.###..\n......\n");
    EXPECT_EQ(seen_by(rectangle().turned({.flipped_rows = true}, 5, 6), 5, 6),
              "......\n......\n..###.\n..###.\n......\n");
    EXPECT_EQ(seen_by(rectangle().turned({.transposed = true, .flipped_rows = true}, 4, 6), 6, 4),
              "....\n.##.\n.##.\n.##.\n....\n....\n");
    DisplayShutter flat;
    flat.add_ellipse({{1, 2}, 1.5, 2.5});
    EXPECT_EQ(seen_by(flat.turned({.transposed = true}, 3, 5), 5, 3), ".#.\n###\n###\n###\n.#.\n");
}

TEST(DisplayShutter, BlackensWhatItHides) {
    std::vector<float> row(6, 1.0F);
    rectangle().blacken(1, row);
    EXPECT_EQ(row, (std::vector<float>{0, 0, 1, 1, 1, 0}));
    DisplayShutter().blacken(1, row);
    EXPECT_EQ(row, (std::vector<float>{0, 0, 1, 1, 1, 0}));
}

TEST(DisplayShutter, LetsCountWhatItShows) {
    const std::vector<std::uint8_t> bytes{9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 9};
    const StoredPixels pixels{.rows = 2,
                              .columns = 6,
                              .encoding = {.bits_allocated = 8, .bits_stored = 8, .high_bit = 7},
                              .bytes = bytes,
                              .words = {}};
    const auto counts = shown_word_counts(pixels, rectangle());
    EXPECT_EQ(counts.size(), 256U);
    EXPECT_EQ(counts[1] + counts[2] + counts[3], 3U);
    EXPECT_EQ(counts[9], 0U);
    EXPECT_EQ(shown_word_counts(pixels, {}), pixels.word_counts());
}

}  // namespace
}  // namespace hilum::model
