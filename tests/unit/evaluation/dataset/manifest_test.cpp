#include "evaluation/dataset/manifest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace hilum::dataset {
namespace {

const std::string digest(64, 'a');

class ManifestTest : public testing::Test {
  protected:
    void write(const std::string& text) { std::ofstream(folder_.path() / manifest_name) << text; }
    std::string problem() {
        const auto manifest = read_manifest(folder_.path());
        return manifest ? "" : manifest.error().message;
    }
    // A manifest with one image, of which `cells` are those from file to manufacturer.
    std::string problem_of(const std::string& cells) {
        write("file,patient,site,split,labels,view,sex,age,manufacturer,pixels\n" + cells + "," + digest +
              "\n");
        return problem();
    }

    test::TemporaryFolder folder_;
};

TEST_F(ManifestTest, ReadsWhatItWrites) {
    Manifest written{folder_.path(), {}};
    written.images.push_back({.file = "images/a, \"b\".dcm",
                              .patient = "P\xC3\xA9 1",
                              .site = "north",
                              .split = Split::calibration,
                              .labels = {"Pneumonia", "Effusion"},
                              .view = "PA",
                              .sex = "F",
                              .age_years = 0.1 + 0.2,
                              .manufacturer = "Röntgen & Söhne, Ltd.",
                              .pixels = digest});
    written.images.push_back({.file = "/elsewhere/b.png",
                              .patient = "2",
                              .labels = {"Normal"},
                              .age_years = {},
                              .pixels = digest});
    ASSERT_TRUE(write_manifest(written));
    const auto read = read_manifest(folder_.path());
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->images.size(), 2);
    const auto& image = read->images[0];
    EXPECT_EQ(image.file, written.images[0].file);
    EXPECT_EQ(image.patient, written.images[0].patient);
    EXPECT_EQ(image.split, Split::calibration);
    EXPECT_EQ(image.labels, written.images[0].labels);
    EXPECT_EQ(image.age_years, written.images[0].age_years);
    EXPECT_EQ(image.manufacturer, written.images[0].manufacturer);
    EXPECT_EQ(image.line, 2);
    EXPECT_EQ(read->path_of(image), folder_.path() / "images/a, \"b\".dcm");
    EXPECT_EQ(read->path_of(read->images[1]), "/elsewhere/b.png");
    EXPECT_EQ(read->images[1].split, Split::none);
    EXPECT_FALSE(read->images[1].age_years);
    EXPECT_EQ(read->labels(), (std::vector<std::string>{"Effusion", "Normal", "Pneumonia"}));
}

TEST_F(ManifestTest, ReadsColumnsInAnyOrderAndPassesOverOthers) {
    write("note,pixels,manufacturer,age,sex,view,labels,split,site,patient,file\nx," + digest +
          ",,61.5,M,AP,Normal,test,,7,a.dcm\n");
    const auto read = read_manifest(folder_.path());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->images[0].patient, "7");
    EXPECT_EQ(read->images[0].age_years, 61.5);
    EXPECT_EQ(read->images[0].split, Split::test);
}

// As a spreadsheet leaves them: with another name a patient would be in two splits unseen.
TEST_F(ManifestTest, TakesNamesWithBlanksAroundThemForTheSame) {
    ASSERT_EQ(problem_of(" a.dcm, P1 ,north\t, test,Pneumonia | Effusion , PA , F, 61 , Maker "), "");
    const auto image = read_manifest(folder_.path())->images.at(0);
    EXPECT_EQ(image.file, " a.dcm");
    EXPECT_EQ(image.person(), "north\nP1");
    EXPECT_EQ(image.split, Split::test);
    EXPECT_EQ(image.labels, (std::vector<std::string>{"Pneumonia", "Effusion"}));
    EXPECT_EQ(image.view + image.sex + image.manufacturer, "PAFMaker");
    EXPECT_EQ(image.age_years, 61);
    EXPECT_NE(problem_of("a, ,,test,A,,,,").find("column patient: it is empty"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A | A,,,,").find("'A' is there twice"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A| ,,,,").find("an empty one"), std::string::npos);
}

TEST_F(ManifestTest, NamesLineAndColumnOfEveryProblem) {
    EXPECT_EQ(problem_of("a,1,,test,Normal,,,,"), "");
    EXPECT_NE(problem_of("a,,,test,Normal,,,,").find("line 2, column patient: it is empty"),
              std::string::npos);
    EXPECT_NE(problem_of(",1,,test,Normal,,,,").find("line 2, column file"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,,,,,").find("line 2, column labels: there is none"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A|A,,,,").find("'A' is there twice"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A||B,,,,").find("an empty one"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,trainning,A,,,,").find("did you mean 'training'"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A,,X,,").find("column sex"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A,,,061Y,").find("'061Y' is no number of years"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A,,,nan,").find("column age"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A,,,-1,").find("not from 0 to 122"), std::string::npos);
    EXPECT_NE(problem_of("a,1,,test,A,,,,," + digest + "\nb,,,test,A,,,151,").find("line 3"),
              std::string::npos);
    const auto all = problem_of("a,,,tset,,,,,");
    for (const auto* column : {"patient", "split", "labels"})
        EXPECT_NE(all.find(std::string("column ") + column), std::string::npos) << all;
}

TEST_F(ManifestTest, NamesTheColumnsThatAreMissing) {
    write("file,patient,split,labels,view,sex,age,manufacturer\n");
    EXPECT_NE(problem().find("column site: it is missing"), std::string::npos);
    EXPECT_NE(problem().find("column pixels: it is missing"), std::string::npos);
}

TEST_F(ManifestTest, RefusesAFileThatIsNamedTwice) {
    const auto again = problem_of("x/a,1,,test,A,,,,," + digest + "\nx/../x/a,1,,test,A,,,,");
    EXPECT_NE(again.find("line 3, column file: the file of line 2 again"), std::string::npos) << again;
}

TEST_F(ManifestTest, DoesNotWriteWhatItWouldNotRead) {
    const auto written =
        write_manifest({folder_.path(), {{.file = "a", .labels = {"A|B"}, .age_years = {}}}});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, "manifest");
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / manifest_name));
}

TEST_F(ManifestTest, TellsTwentyOfTenThousandProblemsAndCountsTheRest) {
    std::string text = "file,patient,site,split,labels,view,sex,age,manufacturer,pixels\n";
    for (int i = 0; i < 10'000; ++i) text += fmt::format("{}.dcm,,,test,A,,,,,{}\n", i, digest);
    write(text);
    const auto told = problem();
    EXPECT_NE(told.find("line 21, column patient"), std::string::npos);
    EXPECT_EQ(told.find("line 22,"), std::string::npos);
    EXPECT_NE(told.find("and 9980 more"), std::string::npos);
}

TEST_F(ManifestTest, SaysThatThereIsNone) {
    const auto read = read_manifest(folder_.path());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, "unreadable");
}

TEST_F(ManifestTest, TakesTheSameNumberAtTwoSitesForTwoPeople) {
    const Image north{.file = "a", .patient = "1", .site = "north", .age_years = {}},
        south{.file = "b", .patient = "1", .site = "south", .age_years = {}};
    EXPECT_NE(north.person(), south.person());
}

}  // namespace
}  // namespace hilum::dataset
