#include "contract/label_code.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace hilum {
namespace {

TEST(LabelCode, IsTheNameWhereThatSaysAll) {
    EXPECT_EQ(code_value_of("Pneumothorax"), "pneumothorax");
    EXPECT_EQ(code_value_of("Pleural effusion"), "pleural-effusion");
    EXPECT_EQ(code_value_of("Lung_Opacity"), "lung-opacity");
    EXPECT_EQ(code_value_of("Effusion (left)"), "effusion-left");
    EXPECT_EQ(code_value_of("Nodule/Mass"), "nodule-mass");
}

// Reports that are made anew have the codes that they had.
TEST(LabelCode, IsCutWithADigestWhereTheNameIsTooLongOrNotAscii) {
    EXPECT_EQ(code_value_of("Requires further evaluation"), "require-f93c2d4e");
    EXPECT_THAT(code_value_of("Größe"), testing::StartsWith("gr-e-"));
}

TEST(LabelCode, IsAnotherForEachName) {
    std::set<std::string> values;
    const std::set<std::string> names{"Nodule <3cm", "Nodule >3cm", "Nodule 3cm", "Nodule 3+cm", "<<", ">>"};
    for (const auto& name : names) {
        values.insert(code_value_of(name));
        EXPECT_LE(code_value_of(name).size(), code_value_length) << name;
    }
    EXPECT_EQ(values.size(), names.size());
}

TEST(LabelCode, IsNoTermOfHilumsOwn) {
    for (const char* name : {"No Finding", "Not analysed", "Frame", "View", "Urgent"}) {
        EXPECT_FALSE(is_own_term(code_value_of(name))) << name;
        EXPECT_LE(code_value_of(name).size(), code_value_length) << name;
    }
    EXPECT_TRUE(is_own_term("no-finding"));
    EXPECT_FALSE(is_own_term("pneumothorax"));
}

}  // namespace
}  // namespace hilum
