#include "hilum/output.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "hilum/audit_verbs.h"
#include "hilum/input_files.h"
#include "hilum/jobs_verbs.h"
#include "support/temporary_folder.h"

namespace hilum::cli {
namespace {

std::string printed(const Table& table) {
    std::ostringstream out;
    table.print(out);
    return out.str();
}

TEST(Table, AlignsColumnsByCharactersNotBytes) {
    Table table({"NAME", "STATE"});
    table.add({"Müller-Lüdenscheidt", "ok"});
    table.add({"x", "failed"});
    EXPECT_EQ(printed(table),
              "NAME                 STATE\n"
              "Müller-Lüdenscheidt  ok\n"
              "x                    failed\n");
}

TEST(Table, LetsNoControlCharacterReachTheTerminal) {
    Table table({"ERROR"});
    table.add({"a\x1b[31m\nb"});
    EXPECT_EQ(printed(table), "ERROR\na?[31m?b\n");
}

TEST(TextOf, ShowsNothingForWhatIsAbsentOrNull) {
    const nlohmann::json object = {{"null", nullptr}, {"number", 7}, {"text", "x"}};
    EXPECT_EQ(text_of(object, "absent"), "");
    EXPECT_EQ(text_of(object, "null"), "");
    EXPECT_EQ(text_of(object, "number"), "7");
    EXPECT_EQ(text_of(object, "text"), "x");
}

TEST(HumanSize, UsesTheLargestUnitThatFits) {
    EXPECT_EQ(human_size(0), "0 bytes");
    EXPECT_EQ(human_size(1023), "1023 bytes");
    EXPECT_EQ(human_size(1536), "1.5 KiB");
    EXPECT_EQ(human_size(3ULL << 40), "3.0 TiB");
}

TEST(ShortTime, IsToTheSecond) {
    EXPECT_EQ(short_time("2026-11-23T22:24:48.123456Z"), "2026-11-23 22:24:48");
}

TEST(JobName, IsKindAndNumber) {
    const auto job = parse_job_name("delivery/12");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->kind, "delivery");
    EXPECT_EQ(job->id, 12);
    for (const auto* wrong : {"", "12", "delivery", "delivery/", "delivery/x", "delivery/1x", "delivery/0",
                              "delivery/-1", "letter/1", "delivery/99999999999999999999"})
        EXPECT_FALSE(parse_job_name(wrong)) << wrong;
}

TEST(AuditFilter, TakesADayToItsEnd) {
    const nlohmann::json event = {{"at", "2026-11-23T22:24:48.123456Z"}, {"study_instance_uid", "1.2"}};
    EXPECT_TRUE(matches({}, event));
    EXPECT_TRUE(matches({"2026-11-23", "2026-11-23", ""}, event));
    EXPECT_TRUE(matches({"2026-11-23T22:24", "2026-11-23T22:24", "1.2"}, event));
    EXPECT_FALSE(matches({"2026-11-24", "", ""}, event));
    EXPECT_FALSE(matches({"", "2026-11-22", ""}, event));
    EXPECT_FALSE(matches({"", "", "1.3"}, event));
}

TEST(CollectFiles, TakesFoldersWithWhatIsBelowInOrder) {
    const test::TemporaryFolder folder;
    std::filesystem::create_directories(folder / "b");
    for (const auto* name : {"b/1", "c", "a"}) std::ofstream(folder / name) << "x";
    const auto files = collect_files({folder.path(), folder / "c"});
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 4u);
    EXPECT_EQ((*files)[0].path.filename(), "a");
    EXPECT_EQ((*files)[1].path.filename(), "1");
    EXPECT_FALSE((*files)[0].named);
    EXPECT_TRUE((*files)[3].named);
    EXPECT_FALSE(collect_files({folder / "absent"}));
}

}  // namespace
}  // namespace hilum::cli
