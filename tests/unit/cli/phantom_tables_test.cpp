#include "cli/phantom_tables.h"

#include "evaluation/dataset/csv.h"
#include "evaluation/dataset/labels_file.h"
#include "unit/cli/command_line_fixture.h"

namespace hilum::cli {
namespace {

using testing::HasSubstr;

class PhantomTables : public CommandLineTest {
  protected:
    int draw(int count, bool json = false) {
        return hilum({"phantom", "--out", place().string(), "--count", std::to_string(count), "--size", "96",
                      "--seed", "40", "--tables"},
                     json);
    }
    std::filesystem::path place() const { return folder_ / "drawn"; }
    dataset::CsvTable boxes() {
        auto table = dataset::read_csv(place() / phantom_boxes_name);
        EXPECT_TRUE(table);
        return table ? *table : dataset::CsvTable{};
    }
};

TEST_F(PhantomTables, TellTheLabelOfEachImage) {
    ASSERT_EQ(draw(4, true), exit_ok) << err_.str();
    EXPECT_EQ(printed_json()["labels"], (place() / "labels.csv").string());
    EXPECT_EQ(printed_json()["boxes"], (place() / "boxes.csv").string());
    const auto labels = dataset::read_labels(place() / phantom_labels_name, {});
    ASSERT_TRUE(labels) << labels.error().message;
    ASSERT_EQ(labels->size(), 4u);
    const std::vector<std::string> classes{"Normal", "Pneumonia", "Requires further evaluation", "Normal"};
    for (std::size_t i = 0; i < classes.size(); ++i) {
        EXPECT_EQ((*labels)[i].file, "phantom-" + std::to_string(40 + i) + ".dcm");
        EXPECT_EQ((*labels)[i].labels, std::vector{classes[i]});
    }
}

TEST_F(PhantomTables, TellWhereEachLesionLies) {
    ASSERT_EQ(draw(9), exit_ok) << err_.str();
    std::map<std::string, int> boxes_of;
    for (const auto& row : boxes().rows) {
        ++boxes_of[row.cells[0]];
        const double x = std::stod(row.cells[1]), y = std::stod(row.cells[2]);
        const double width = std::stod(row.cells[3]), height = std::stod(row.cells[4]);
        EXPECT_GE(std::min(x, y), 0);
        EXPECT_GT(std::min(width, height), 0);
        EXPECT_LE(std::max(x + width, y + height), 96.01);
    }
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(boxes_of["phantom-" + std::to_string(40 + i) + ".dcm"] > 0, i % 3 != 0) << i;
}

TEST_F(PhantomTables, AreNotWrittenOverOthers) {
    ASSERT_EQ(draw(1), exit_ok) << err_.str();
    std::filesystem::remove(place() / phantom_labels_name);
    EXPECT_EQ(draw(2), exit_failed);
    EXPECT_THAT(err_.str(), HasSubstr("boxes.csv is there already"));
    EXPECT_FALSE(std::filesystem::exists(place() / "phantom-41.dcm"));
}

TEST_F(PhantomTables, AreThereOnlyWhereTheyWereAskedFor) {
    ASSERT_EQ(hilum({"phantom", "--out", place().string(), "--size", "96"}), exit_ok);
    EXPECT_FALSE(std::filesystem::exists(place() / phantom_labels_name));
    EXPECT_FALSE(std::filesystem::exists(place() / phantom_boxes_name));
}

TEST_F(PhantomTables, CutOffWhatLiesOutsideTheImage) {
    phantom::WrittenPhantom image;
    image.file = place() / "a.dcm";
    image.rows = 200;
    image.columns = 100;
    image.finding = phantom::Finding::pneumonia;
    using phantom::Abnormality;
    image.lesions = {{Abnormality::consolidation, 0.5, 0.25, 0.1, 0.05, 1},
                     {Abnormality::effusion, 0.95, 0.9, 0.1, 0.2, 1},
                     {Abnormality::mass, 1.5, 0.5, 0.1, 0.1, 1}};
    std::filesystem::create_directories(place());
    ASSERT_TRUE(write_phantom_tables(place(), {image}));
    const auto rows = boxes().rows;
    ASSERT_EQ(rows.size(), 2u);
    using Cells = std::vector<std::string>;
    EXPECT_EQ(rows[0].cells, (Cells{"a.dcm", "40.00", "40.00", "20.00", "20.00", "consolidation"}));
    EXPECT_EQ(rows[1].cells, (Cells{"a.dcm", "85.00", "140.00", "15.00", "60.00", "effusion"}));
}

}  // namespace
}  // namespace hilum::cli
