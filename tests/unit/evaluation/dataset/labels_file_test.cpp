#include "evaluation/dataset/labels_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace hilum::dataset {
namespace {

class LabelsFile : public testing::Test {
  protected:
    std::filesystem::path table() const { return folder_.path() / "labels.csv"; }
    Result<std::vector<LabelledFile>> read(const std::string& text, const LabelColumns& columns = {}) {
        std::ofstream(table()) << text;
        return read_labels(table(), columns);
    }
    std::string problem_of(const std::string& text, const LabelColumns& columns = {}) {
        const auto labels = read(text, columns);
        return labels ? "" : labels.error().message;
    }
    Result<Matches> match(const std::string& text, const std::vector<std::filesystem::path>& files) {
        const auto labels = read(text).value();
        return match_labels(labels, table(), files, {"/data"});
    }

    test::TemporaryFolder folder_;
};

TEST_F(LabelsFile, ReadsTheUsualColumns) {
    const auto labels = read(
        "\xEF\xBB\xBF"
        "file,label,patient,site,view,sex,age,manufacturer,other\r\n"
        "a.png, Mass | Effusion|Mass ,7,north,pa,female,61.5,Maker,x\r\nb.png,,8,,,,,,\r\n");
    ASSERT_TRUE(labels) << labels.error().message;
    const auto& first = labels->at(0);
    EXPECT_EQ(first.labels, (std::vector<std::string>{"Effusion", "Mass"}));
    EXPECT_EQ(first.patient, "7");
    EXPECT_EQ(first.site, "north");
    EXPECT_EQ(first.view, "PA");
    EXPECT_EQ(first.sex, "F");
    EXPECT_EQ(first.age_years, 61.5);
    EXPECT_EQ(first.manufacturer, "Maker");
    EXPECT_EQ(first.line, 2);
    EXPECT_TRUE(labels->at(1).labels.empty());
    EXPECT_FALSE(labels->at(1).age_years);
}

TEST_F(LabelsFile, ReadsColumnsByTheirNames) {
    const auto labels =
        read("Image Index,Finding Labels,Patient ID\nx.png,No Finding,1\n",
             {.file = "Image Index", .label = "Finding Labels", .patient = "Patient ID", .site = ""});
    ASSERT_TRUE(labels) << labels.error().message;
    EXPECT_EQ(labels->at(0).file, "x.png");
    EXPECT_EQ(labels->at(0).labels, std::vector<std::string>{"No Finding"});
    EXPECT_EQ(labels->at(0).patient, "1");
}

TEST_F(LabelsFile, SaysWhichColumnIsNotThere) {
    EXPECT_NE(problem_of("name,label\na,b\n")
                  .find("no column 'file'; name it by --file-column. It has: name, label"),
              std::string::npos);
    const auto misspelt =
        problem_of("file,label\na,b\n", {.file = "", .label = "lable", .patient = "", .site = ""});
    EXPECT_NE(misspelt.find("there is no column 'lable'; did you mean 'label'?"), std::string::npos)
        << misspelt;
}

TEST_F(LabelsFile, SaysEveryCellThatCannotBeRead) {
    const auto told = problem_of("file,label,sex,age\n,x,M,5\na,x,woman,5\nb,x,M,061Y\nc,x,M,200\n");
    for (const auto* part : {"line 2: no file", "line 3, column sex: 'woman'", "line 4, column age: '061Y'",
                             "line 5, column age: '200'"})
        EXPECT_NE(told.find(part), std::string::npos) << told;
}

TEST_F(LabelsFile, FindsFilesByPathAndByTheEndOfTheirPath) {
    const std::vector<std::filesystem::path> files = {folder_.path() / "own.png", "/data/a/1.png",
                                                      "/data/b/1.png", "/data/deep/down/2.png"};
    const auto matches =
        match("file,label\nown.png,x\na/1.png,x\n/data/b/1.png,x\n2.png,x\nnone.png,x\n", files);
    ASSERT_TRUE(matches) << matches.error().message;
    EXPECT_EQ(*matches, (Matches{0, 1, 2, 3, std::nullopt}));
    EXPECT_EQ(*match("file,label\nown/2.png,x\nown2.png,x\n", files), (Matches{std::nullopt, std::nullopt}));
}

TEST_F(LabelsFile, DoesNotGuessAmongFilesOfOneName) {
    const std::vector<std::filesystem::path> files = {"/elsewhere/a/1.png", "/elsewhere/b/1.png"};
    const auto matches = match("file,label\n1.png,x\n", files);
    ASSERT_FALSE(matches);
    EXPECT_NE(matches.error().message.find("line 2: 2 files are called '1.png'"), std::string::npos);
}

TEST_F(LabelsFile, RefusesTwoLinesOfOneFile) {
    const auto matches = match("file,label\n1.png,x\n/data/1.png,y\n", {"/data/1.png"});
    ASSERT_FALSE(matches);
    EXPECT_NE(matches.error().message.find("line 3: '/data/1.png' is the file of line 2 again"),
              std::string::npos)
        << matches.error().message;
}

TEST_F(LabelsFile, ReadsTenThousandLines) {
    std::string text = "file,label\n";
    std::vector<std::filesystem::path> files;
    for (int i = 0; i < 10'000; ++i) {
        text += fmt::format("deep/{}.png,x\n", i);
        files.push_back(fmt::format("/elsewhere/deep/{}.png", i));
    }
    const auto matches = match(text, files);
    ASSERT_TRUE(matches);
    EXPECT_EQ(matches->at(9'999), 9'999);
}

}  // namespace
}  // namespace hilum::dataset
