#include "training/data/box_file.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace hilum::training {
namespace {

using testing::HasSubstr;

class BoxFileTest : public testing::Test {
  protected:
    Result<std::map<std::string, std::vector<ImageBox>>> read(const std::string& text) {
        std::ofstream(folder_ / "boxes.csv") << text;
        return read_boxes(folder_ / "boxes.csv");
    }
    test::TemporaryFolder folder_;
};

TEST_F(BoxFileTest, ReadsSeveralBoxesOfAnImage) {
    const auto boxes =
        read("width,file,x,y,height,note\n10,a.png,1,2,20,x\n5.5,a.png,3,4,6,\n1,b.png,0,0,1,\n");
    ASSERT_TRUE(boxes);
    ASSERT_EQ(boxes->at("a.png").size(), 2u);
    EXPECT_EQ(boxes->at("a.png")[1].width, 5.5);
    EXPECT_EQ(boxes->at("b.png")[0].height, 1);
}

TEST_F(BoxFileTest, TellsEveryProblemWithItsLine) {
    const auto boxes = read("file,x,y,width,height\na.png,1,2,x,4\nb.png,1,2,0,4\nc.png,nan,2,3,4\n");
    ASSERT_FALSE(boxes);
    EXPECT_EQ(boxes.error().code, "boxes");
    EXPECT_THAT(boxes.error().message, HasSubstr("line 2, column width: 'x' is no number"));
    EXPECT_THAT(boxes.error().message, HasSubstr("line 3: width and height must be larger than 0"));
    EXPECT_THAT(boxes.error().message, HasSubstr("line 4, column x: 'nan' is no number"));
}

TEST_F(BoxFileTest, NamesAColumnThatIsMissing) {
    EXPECT_THAT(read("file,x,y,width\na.png,1,2,3\n").error().message,
                HasSubstr("column height: it is missing"));
    EXPECT_EQ(read_boxes(folder_ / "none.csv").error().code, "unreadable");
}

void expect_box(const Box& box, double left, double top, double right, double bottom) {
    EXPECT_DOUBLE_EQ(box.left, left);
    EXPECT_DOUBLE_EQ(box.top, top);
    EXPECT_DOUBLE_EQ(box.right, right);
    EXPECT_DOUBLE_EQ(box.bottom, bottom);
}

// An image of 200 columns and 100 rows, letterboxed into 40 x 40: scaled to 40 x 20, 10 rows above.
TEST(BoxInInput, IsScaledAndMovedAsTheImageWas) {
    const InputGeometry geometry{{}, 200, 100, 40, 20, 0, 10, 40, 40};
    expect_box(box_in_input({0, 0, 200, 100}, geometry), -0.5, 9.5, 39.5, 29.5);
    expect_box(box_in_input({50, 20, 10, 5}, geometry), 9.5, 13.5, 11.5, 14.5);
}

TEST(BoxInInput, IsTurnedAsTheImageWas) {
    InputGeometry geometry{{false, true, false}, 200, 100, 40, 20, 0, 10, 40, 40};
    expect_box(box_in_input({0, 0, 10, 10}, geometry), 37.5, 9.5, 39.5, 11.5);
    geometry.turn = {false, false, true};
    expect_box(box_in_input({0, 0, 10, 10}, geometry), -0.5, 27.5, 1.5, 29.5);
    // Stored with 100 columns and 200 rows; transposed it has 200 columns.
    geometry.turn = {true, false, false};
    expect_box(box_in_input({10, 50, 20, 100}, geometry), 9.5, 11.5, 29.5, 15.5);
}

TEST(BoxInInput, MayLieOutsideOfWhatWasCutOut) {
    const InputGeometry geometry{{}, 200, 100, 80, 40, -20, 0, 40, 40};
    expect_box(box_in_input({0, 0, 10, 10}, geometry), -20.5, -0.5, -16.5, 3.5);
}

}  // namespace
}  // namespace hilum::training
