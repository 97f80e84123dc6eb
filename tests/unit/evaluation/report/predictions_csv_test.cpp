#include "evaluation/report/predictions_csv.h"

#include <gtest/gtest.h>

#include "evaluation/dataset/csv.h"

namespace hilum::evaluation {
namespace {

ScoredSet set_of(const CaseFacts& facts) {
    ScoredSet set;
    set.labels = {"Pneumonia"};
    set.cases = {{facts, {true}, {-1.5}, {0.25}, {false}, "Normal"}};
    set.unscored = {{facts, "view", ""}};
    return set;
}

TEST(PredictionsCsv, TextOfAHeaderIsNoFormula) {
    for (const std::string begin : {"=", "+", "-", "@", "\t", "\r"}) {
        const auto text = begin + R"(HYPERLINK("http://elsewhere","x"))";
        const auto table =
            dataset::parse_csv(predictions_csv(set_of({text, text, text, text, text, text, {}})));
        ASSERT_TRUE(table);
        ASSERT_EQ(table->rows.size(), 2u);
        for (const auto& row : table->rows)
            for (const char* column : {"file", "patient", "site", "view", "sex", "manufacturer"})
                EXPECT_EQ(row.cells[*table->column(column)], "'" + text) << column;
    }
}

TEST(PredictionsCsv, NumbersStayNumbersAndOtherTextAsItIs) {
    const auto table =
        dataset::parse_csv(predictions_csv(set_of({"a=b.dcm", "P-1", "'=", "PA", "F", "", 40})));
    ASSERT_TRUE(table);
    const auto& cells = table->rows[0].cells;
    EXPECT_EQ(cells, (std::vector<std::string>{"a=b.dcm", "P-1", "'=", "PA", "F", "40", "", "Normal", "", "1",
                                               "-1.5", "0.25", "0"}));
}

}  // namespace
}  // namespace hilum::evaluation
