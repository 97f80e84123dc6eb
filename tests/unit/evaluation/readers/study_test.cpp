#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"
#include "unit/evaluation/readers/made_study.h"

namespace hilum::readers {
namespace {

TEST(ReadStudy, IsWhatWasWritten) {
    const hilum::test::TemporaryFolder folder;
    auto study = test::made_study(Design::crossover, 12, {"ann", "ben"});
    study.cases.front().labels = {"Effusion", "Pneumonia"};
    std::ofstream(folder / study_name) << study_json(study);
    std::ofstream(folder / key_name) << key_csv(study);
    const auto read = read_study(folder.path()).value();
    EXPECT_EQ(study_json(read), study_json(study));
    EXPECT_EQ(key_csv(read), key_csv(study));
    EXPECT_TRUE(read.cases.front().has("Pneumonia"));
}

TEST(ReadStudy, RefusesWhatDoesNotFitTogether) {
    const hilum::test::TemporaryFolder folder;
    auto study = test::made_study(Design::unaided, 4, {"ann"});
    const auto code = [&](const std::string& json, const std::string& key) {
        std::ofstream(folder / study_name) << json;
        std::ofstream(folder / key_name) << key;
        return read_study(folder.path()).error().code;
    };
    const auto json = study_json(study), key = key_csv(study);
    EXPECT_EQ(code("{", key), "study");
    EXPECT_EQ(code("{}", key), "study");
    EXPECT_EQ(code(json, key.substr(0, key.rfind("image"))), "csv");
    EXPECT_EQ(code(json, key + key.substr(key.find('\n') + 1)), "study");
    study.cases.pop_back();
    EXPECT_EQ(code(json, key_csv(study)), "study");
    EXPECT_FALSE(read_study(folder / "nowhere"));
}

TEST(IsReaderName, IsWhatMayStandInAPath) {
    for (const char* name : {"ann", "Dr_Ben-2", "a.b"}) EXPECT_TRUE(is_reader_name(name)) << name;
    for (const char* name : {"", ".", "..", "a/b", "a b", "\xC3\xA4", "../x"})
        EXPECT_FALSE(is_reader_name(name)) << name;
}

}  // namespace
}  // namespace hilum::readers
