#include "cli/output.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/input_files.h"
#include "cli/terminal/terminal_text.h"
#include "cli/verbs/audit_verbs.h"
#include "cli/verbs/jobs_verbs.h"
#include "support/temporary_folder.h"
#include "support/time_zone.h"

namespace hilum::cli {
namespace {

std::string printed(const Table& table, std::size_t columns = 200) {
    std::ostringstream out;
    table.print(out, columns);
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

TEST(Table, ShortensTheWidestCellsAndThenLeavesColumnsOut) {
    Table table({"JOB", {"ERROR", 10}, {"FOR", 6}, {"STUDY", 20, true}});
    table.add({"analysis/1", std::string(500, 'e'), "chest-triage", std::string(64, '1')});
    table.add({"report/22", "", "x", ""});
    EXPECT_EQ(printed(table, 60),
              "JOB         ERROR         FOR           STUDY\n"
              "analysis/1  eeeeeeeeeee\u2026  chest-triage  1111111111111111111\u2026\n"
              "report/22                 x\n")
        << "what is widest is shortened first";
    for (const std::size_t columns : {80, 60, 45, 40, 33}) {
        std::istringstream lines(printed(table, columns));
        for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), columns) << line;
    }
    EXPECT_THAT(printed(table, 33), testing::Not(testing::HasSubstr("STUDY")));
    EXPECT_THAT(printed(table, 80), testing::HasSubstr("STUDY"));
}

TEST(Table, OfTenThousandRowsKeepsItsWidth) {
    Table table({"A", {"B", 5}});
    for (int i = 0; i < 10'000; ++i)
        table.add({std::to_string(i), std::string(static_cast<std::size_t>(i % 300), 'x')});
    std::istringstream lines(printed(table, 80));
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(width_of(line), 80u);
    EXPECT_EQ(count, 10'001u);
}

TEST(Json, ReadsBackTheSameWithoutAControlCharacter) {
    const nlohmann::json value = {{"name", "a\u009b31m\u202eb\x7f\x1b \u00fc \U000E0041"}};
    std::ostringstream out;
    print_json_line(out, value);
    EXPECT_EQ(nlohmann::json::parse(out.str()), value);
    for (const char* steering : {"\u009b", "\u202e", "\x7f", "\x1b", "\U000E0041"})
        EXPECT_THAT(out.str(), testing::Not(testing::HasSubstr(steering)));
    EXPECT_THAT(out.str(), testing::HasSubstr("\u00fc"));
}

TEST(Members, OfAnythingAreReadWithoutAnException) {
    for (const nlohmann::json& odd : {nlohmann::json(), nlohmann::json(7), nlohmann::json("x"),
                                      nlohmann::json::array(), nlohmann::json{{"key", nullptr}}}) {
        EXPECT_EQ(text_of(odd, "key"), "");
        EXPECT_EQ(number_of(odd, "key"), 0);
        EXPECT_FALSE(is_true(odd, "key"));
        EXPECT_EQ(list_of(odd, "key"), nlohmann::json::array());
        EXPECT_EQ(mapping_of(odd, "key"), nlohmann::json::object());
    }
}

TEST(ShortTime, IsLocalWithItsZone) {
    const test::TimeZone berlin("Europe/Berlin");
    EXPECT_EQ(short_time("2026-11-23T22:24:48.123456Z"), "2026-11-23 23:24 CET");
    EXPECT_EQ(short_time("2026-07-01T22:24:48.123456Z"), "2026-07-02 00:24 CEST");
    EXPECT_EQ(time_to_the_second("2026-11-23T22:24:48.123456Z"), "2026-11-23 23:24:48 CET");
    EXPECT_EQ(short_time(""), "");
    EXPECT_EQ(short_time("soon"), "soon");
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

TEST(JobName, IsKindAndNumber) {
    const auto job = parse_job_name("delivery/12");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->kind, "delivery");
    EXPECT_EQ(job->id, 12);
    for (const auto* other : {"analysis/1", "report/1", "commitment/1", "instance/1", "receipt/1"})
        EXPECT_TRUE(parse_job_name(other)) << other;
    for (const auto* wrong : {"", "12", "delivery", "delivery/", "delivery/x", "delivery/1x", "delivery/0",
                              "delivery/-1", "letter/1", "delivery/99999999999999999999"})
        EXPECT_FALSE(parse_job_name(wrong)) << wrong;
}

bool is_exported(const std::string& from, const std::string& to, const std::string& study = "") {
    const nlohmann::json event = {{"at", "2026-11-23T22:24:48.123456Z"}, {"study_instance_uid", "1.2"}};
    return matches(audit_filter(from, to, study).value(), event);
}

TEST(AuditFilter, TakesADayToItsEnd) {
    EXPECT_TRUE(is_exported("", ""));
    EXPECT_TRUE(is_exported("2026-11-23", "2026-11-23"));
    EXPECT_TRUE(is_exported("2026-11-23T22:24", "2026-11-23T22:24", "1.2"));
    EXPECT_FALSE(is_exported("2026-11-24", ""));
    EXPECT_FALSE(is_exported("", "2026-11-22"));
    EXPECT_FALSE(is_exported("", "", "1.3"));
}

// A blank for the T, Z and an offset of nothing are the same time.
TEST(AuditFilter, ComparesTimesHoweverTheyAreWritten) {
    for (const auto* text : {"2026-11-23T22:24", "2026-11-23 22:24", "2026-11-23T22:24Z",
                             "2026-11-23 22:24:48", "2026-11-23T22:24:48Z", "2026-11-23 22:24:48.12+00:00",
                             "2026-11-23T22:24:48.123456Z", "2026-11-23T22:24:48.1234560"}) {
        EXPECT_TRUE(is_exported(text, "")) << text;
        EXPECT_TRUE(is_exported("", text)) << text;
    }
    for (const auto* later : {"2026-11-23 22:25", "2026-11-23T22:25Z", "2026-11-23 23:58+0000",
                              "2026-11-23 22:24:49", "2026-11-23T22:24:48.13Z"}) {
        EXPECT_FALSE(is_exported(later, "")) << later;
        EXPECT_TRUE(is_exported("", later)) << later;
    }
    for (const auto* earlier : {"2026-11-23 22:23", "2026-11-23T22:23Z", "2026-11-23 22:24:47.9",
                                "2026-11-23T22:24:48.12345Z", "2026-11-23 21:59+00:00"})
        EXPECT_TRUE(is_exported(earlier, "")) << earlier;
    for (const auto* earlier : {"2026-11-23 22:23", "2026-11-23T22:23Z", "2026-11-23 22:24:47",
                                "2026-11-23T22:24:48.11", "2026-11-23T22:24:48.123455Z"})
        EXPECT_FALSE(is_exported("", earlier)) << earlier;
    EXPECT_EQ(audit_filter("yesterday", "", "").error().code, "usage");
    EXPECT_EQ(audit_filter("", "2026-11-23T22:24+01:00", "").error().code, "usage");
}

TEST(AuditFilter, LeavesOutNoEventThatTellsNoTime) {
    const auto filter = audit_filter("2026-11-23", "2026-11-23", "").value();
    const nlohmann::json damaged = {{"id", 7}, {"at", "10889-08-02T05:31:50.655365Z"}};
    EXPECT_TRUE(matches(filter, damaged));
    EXPECT_TRUE(matches(filter, nlohmann::json::object()));
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
