#include "evaluation/dataset/csv.h"

#include <gtest/gtest.h>

namespace hilum::dataset {
namespace {

using Cells = std::vector<std::string>;

std::string problem_of(std::string_view text) {
    const auto table = parse_csv(text);
    return table ? "" : table.error().message;
}

TEST(Csv, ReadsQuotedCellsWithCommasQuotesAndLineBreaks) {
    const auto table =
        parse_csv("file,label\r\n\"a, b.png\",\"say \"\"one\"\"\"\r\n\"two\nlines\",\"\"\r\nlast,");
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_EQ(table->rows.size(), 3);
    EXPECT_EQ(table->rows[0].cells, (Cells{"a, b.png", "say \"one\""}));
    EXPECT_EQ(table->rows[1].cells, (Cells{"two\nlines", ""}));
    EXPECT_EQ(table->rows[2].cells, (Cells{"last", ""}));
    EXPECT_EQ(table->rows[2].line, 5);
}

TEST(Csv, ReadsWhatSpreadsheetsWriteOnAnySystem) {
    for (const auto* text : {"\xEF\xBB\xBF"
                             "file,label\r\na,b\r\n",
                             "file,label\na,b\n", "file,label\ra,b\r", "file , label\n\na,b\n\n"}) {
        const auto table = parse_csv(text);
        ASSERT_TRUE(table) << table.error().message;
        EXPECT_EQ(table->head, (Cells{"file", "label"}));
        ASSERT_EQ(table->rows.size(), 1);
        EXPECT_EQ(table->rows[0].cells, (Cells{"a", "b"}));
    }
}

TEST(Csv, KeepsAnEmptyCellOfATableWithOneColumn) {
    const auto table = parse_csv("label\n\nx\n");
    ASSERT_TRUE(table);
    EXPECT_EQ(table->rows.size(), 2);
}

TEST(Csv, SaysInWhichLineItCannotBeRead) {
    EXPECT_NE(problem_of("").find("line 1: there is no header row"), std::string::npos);
    EXPECT_NE(problem_of("\na\n").find("line 1: the header row is empty"), std::string::npos);
    EXPECT_NE(problem_of("a,,c\n").find("a column has no name"), std::string::npos);
    EXPECT_NE(problem_of("a,b,a\n").find("two columns 'a'"), std::string::npos);
    EXPECT_NE(problem_of("a,b\n1,2\n1,2,3\n").find("line 3: 3 cells, and the header row has 2"),
              std::string::npos);
    EXPECT_NE(problem_of("a,b\n1\n").find("line 2: 1 cells"), std::string::npos);
    EXPECT_NE(problem_of("a,b\n\"1\n2\",\"3\n").find("line 3: a quoted cell does not end"),
              std::string::npos);
    EXPECT_NE(problem_of("a\n\"").find("line 2: a quoted cell does not end"), std::string::npos);
    EXPECT_NE(problem_of("a\n\"x\"y\n").find("line 2: text behind the quote"), std::string::npos);
    EXPECT_NE(problem_of("a\nx\"y\"\n").find("line 2: a quote within a cell"), std::string::npos);
}

TEST(Csv, RefusesWhatIsNoUtf8) {
    for (const std::string_view bad :
         {"a\nM\xFCller\n", "a\n\xC0\xAF\n", "a\n\xED\xA0\x80\n", "a\n\xE2\x82", "a\n\xF5\x80\x80\x80\n"})
        EXPECT_NE(problem_of(bad).find("line 2: this is not UTF-8"), std::string::npos) << bad;
    EXPECT_NE(problem_of(std::string_view("a\nb\0c\n", 6)).find("line 2"), std::string::npos);
    EXPECT_EQ(problem_of("a\nM\xC3\xBCller \xE2\x82\xAC \xF0\x9F\xAB\x81\n"), "");
}

TEST(Csv, ReadsWhatItWrites) {
    const std::vector<Cells> rows = {{"a", "b,c", "d\"e"}, {"", "f\r\ng", "h\ni"}};
    const auto table = parse_csv(csv_line({"x", "y", "z"}) + csv_line(rows[0]) + csv_line(rows[1]));
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_EQ(table->rows[0].cells, rows[0]);
    EXPECT_EQ(table->rows[1].cells, rows[1]);
    EXPECT_EQ(parse_csv(csv_line({"x"}) + csv_line({""}))->rows.size(), 1);
}

TEST(Csv, NamesTheFileThatIsMissing) {
    const auto table = read_csv("/nonexistent/labels.csv");
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().code, "unreadable");
    EXPECT_NE(table.error().message.find("/nonexistent/labels.csv"), std::string::npos);
}

}  // namespace
}  // namespace hilum::dataset
