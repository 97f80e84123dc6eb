#include "model/decoder/input/display_shutter_attributes.h"

#include <gmock/gmock.h>

#include <numeric>

#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

constexpr int rows_shot = 40, columns_shot = 60;

// An image of rising pixels, and what its shutter shows.
class DisplayShutterAttributes : public testing::Test {
  protected:
    DisplayShutterAttributes() { test::fill_radiograph(dataset, rows_shot, columns_shot); }
    void set(const DcmTagKey& tag, const char* value) { dataset.putAndInsertString(tag, value); }
    void rectangle(const char* left, const char* right, const char* upper, const char* lower) {
        set(DCM_ShutterShape, "RECTANGULAR");
        set(DCM_ShutterLeftVerticalEdge, left);
        set(DCM_ShutterRightVerticalEdge, right);
        set(DCM_ShutterUpperHorizontalEdge, upper);
        set(DCM_ShutterLowerHorizontalEdge, lower);
    }
    void circle(const char* centre, const char* radius) {
        set(DCM_ShutterShape, "CIRCULAR");
        set(DCM_CenterOfCircularShutter, centre);
        set(DCM_RadiusOfCircularShutter, radius);
    }
    void polygon(const char* vertices) {
        set(DCM_ShutterShape, "POLYGONAL");
        set(DCM_VerticesOfThePolygonalShutter, vertices);
    }
    DisplayShutter read(const PixelShape& shape = {}) {
        notes.clear();
        const StoredPixels pixels{.rows = rows_shot,
                                  .columns = columns_shot,
                                  .encoding = {.bits_allocated = 16, .bits_stored = 12, .high_bit = 11},
                                  .bytes = {},
                                  .words = words};
        return read_display_shutter(dataset, pixels, shape, Grayscale{}, notes);
    }
    // How many pixels are shown, and that nothing is told.
    int shown(const PixelShape& shape = {}) {
        const auto shutter = read(shape);
        EXPECT_TRUE(notes.empty()) << text_of(notes);
        int sum = 0;
        for (int row = 0; row < rows_shot; ++row) {
            const auto visible = shutter.shown(row, columns_shot);
            sum += std::accumulate(visible.begin(), visible.end(), 0);
        }
        return sum;
    }
    // What is told of a shutter that is not used.
    std::string problem() {
        EXPECT_TRUE(read().shows_all());
        EXPECT_EQ(notes.size(), 1U);
        if (notes.empty()) return "";
        EXPECT_EQ(notes[0].code, "shutter");
        return notes[0].text;
    }

    DcmDataset dataset;
    std::vector<std::uint16_t> words = test::rising_pixels(rows_shot, columns_shot);
    ImageNotes notes;
};

using testing::HasSubstr;

TEST_F(DisplayShutterAttributes, AreOftenNotThere) {
    EXPECT_TRUE(read().shows_all());
    EXPECT_TRUE(notes.empty());
    set(DCM_ShutterShape, "");
    EXPECT_TRUE(read().shows_all());
    EXPECT_TRUE(notes.empty());
}

TEST_F(DisplayShutterAttributes, CountRowsAndColumnsFromOne) {
    rectangle("11", "50", "6", "35");
    const auto shutter = read();
    EXPECT_EQ(shown(), 38 * 28);
    EXPECT_EQ(shutter.shown(6, columns_shot)[10], 0) << "the edge itself";
    EXPECT_EQ(shutter.shown(6, columns_shot)[11], 1);
    EXPECT_EQ(shutter.shown(5, columns_shot)[11], 0);
    set(DCM_ShutterShape, "rectangular ");
    EXPECT_EQ(shown(), 38 * 28);
}

TEST_F(DisplayShutterAttributes, MayHideNothing) {
    for (const auto& [left, right] : {std::pair{"1", "60"}, std::pair{"0", "61"}}) {
        rectangle(left, right, "0", "40");
        EXPECT_TRUE(read().shows_all());
        EXPECT_TRUE(notes.empty());
    }
}

TEST_F(DisplayShutterAttributes, OfACircleCountPixelsAlongARow) {
    circle("20\\30", "10");
    EXPECT_EQ(shown(), 305);
    const PixelShape high{.height = 2, .width = 1};
    const auto flat = read(high);
    EXPECT_EQ(flat.shown(19, columns_shot)[20], 1);
    EXPECT_EQ(flat.shown(19, columns_shot)[19], 0);
    EXPECT_EQ(flat.shown(15, columns_shot)[29], 1);
    EXPECT_EQ(flat.shown(14, columns_shot)[29], 0);
}

TEST_F(DisplayShutterAttributes, OfAPolygonAreRowsAndColumns) {
    polygon("6\\11\\6\\50\\35\\50\\35\\11");
    EXPECT_EQ(shown(), 38 * 28);
}

TEST_F(DisplayShutterAttributes, OfSeveralShapesShowWhatAllShow) {
    rectangle("11", "50", "6", "35");
    polygon("1\\1\\1\\30\\40\\30\\40\\1");
    set(DCM_ShutterShape, "RECTANGULAR\\POLYGONAL");
    EXPECT_EQ(shown(), 18 * 28);
    set(DCM_ShutterShape, "RECTANGULAR\\CIRCULAR");
    EXPECT_THAT(problem(), HasSubstr("circle lacks a centre")) << "none of them where one is malformed";
}

TEST_F(DisplayShutterAttributes, OfAMalformedRectangleAreNotUsed) {
    rectangle("50", "11", "6", "35");
    EXPECT_THAT(problem(), HasSubstr("swapped"));
    rectangle("11", "50", "35", "6");
    EXPECT_THAT(problem(), HasSubstr("swapped"));
    rectangle("11", "3000", "6", "35");
    EXPECT_THAT(problem(), HasSubstr("outside of the image"));
    rectangle("-4", "50", "6", "35");
    EXPECT_THAT(problem(), HasSubstr("outside of the image"));
    rectangle("11", "50", "", "35");
    EXPECT_THAT(problem(), HasSubstr("missing"));
    rectangle("1.5", "50", "6", "35");
    EXPECT_THAT(problem(), HasSubstr("no whole number"));
}

TEST_F(DisplayShutterAttributes, OfAMalformedCircleAreNotUsed) {
    circle("20", "10");
    EXPECT_THAT(problem(), HasSubstr("circle lacks a centre"));
    circle("20\\30\\2", "10");
    EXPECT_THAT(problem(), HasSubstr("circle lacks a centre"));
    circle("20\\30", "");
    EXPECT_THAT(problem(), HasSubstr("circle lacks a centre or a radius"));
    circle("20\\30", "0");
    EXPECT_THAT(problem(), HasSubstr("radius"));
    circle("2000\\30", "10");
    EXPECT_THAT(problem(), HasSubstr("outside of the image"));
}

TEST_F(DisplayShutterAttributes, OfAMalformedPolygonAreNotUsed) {
    for (const char* const vertices :
         {"6\\11", "6\\11\\6\\50", "6\\11\\6\\50\\35\\50\\35", "6\\11\\6\\x\\35\\50"}) {
        polygon(vertices);
        EXPECT_THAT(problem(), HasSubstr("vertices")) << vertices;
    }
    polygon("6\\11\\6\\500\\35\\50\\35\\11");
    EXPECT_THAT(problem(), HasSubstr("outside of the image"));
    std::string many = "1\\1";
    for (int i = 0; i < 256; ++i) many += "\\40\\60";
    polygon(many.c_str());
    EXPECT_THAT(problem(), HasSubstr("too many"));
}

TEST_F(DisplayShutterAttributes, OfAnotherShapeAreNotUsed) {
    set(DCM_ShutterShape, "BITMAP");
    EXPECT_THAT(problem(), HasSubstr("not known"));
    rectangle("11", "50", "6", "35");
    set(DCM_ShutterShape, "RECTANGULAR\\RECTANGULAR\\RECTANGULAR\\RECTANGULAR");
    EXPECT_THAT(problem(), HasSubstr("more than three shapes"));
}

TEST_F(DisplayShutterAttributes, ThatShowPracticallyNothingAreNotUsed) {
    rectangle("11", "13", "6", "8");
    EXPECT_THAT(problem(), HasSubstr("practically nothing"));
    polygon("1\\1\\1\\60\\1\\30");
    EXPECT_THAT(problem(), HasSubstr("practically nothing"));
    rectangle("1", "60", "1", "20");
    std::fill(words.begin(), words.begin() + 20 * columns_shot, std::uint16_t{7});
    EXPECT_THAT(problem(), HasSubstr("practically nothing")) << "all of one grey";
}

}  // namespace
}  // namespace hilum::model
