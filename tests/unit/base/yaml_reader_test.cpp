#include "base/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hilum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const ConfigurationProblems& problems) {
    std::vector<std::string> all;
    for (const auto& problem : problems) all.push_back(problem.text());
    return all;
}

TEST(YamlMapping, ReadsValuesOfEveryKind) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse(
        "text: abc\nwhole: 7\nreal: 0.5\nyes: true\nlong: 2min\nbig: 3MiB\none: [a, b]\nnumbers: [1, 2.5]\n",
        "f", problems);
    EXPECT_EQ(root.string("text"), "abc");
    EXPECT_EQ(root.integer("whole", std::nullopt), 7);
    EXPECT_EQ(root.number("real", std::nullopt, 0, 1), 0.5);
    EXPECT_TRUE(root.boolean("yes", std::nullopt));
    EXPECT_EQ(root.duration("long", std::nullopt), std::chrono::minutes(2));
    EXPECT_EQ(root.size("big", std::nullopt), 3u << 20);
    EXPECT_THAT(root.strings("one"), ElementsAre("a", "b"));
    EXPECT_THAT(root.numbers("numbers"), ElementsAre(1, 2.5));
    root.finish();
    EXPECT_THAT(texts(problems), IsEmpty());
}

TEST(YamlMapping, NamesTheKeyThatWasMeant) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("desintations: []\nhttp: {listn: 1}\nfrobnicate: 1\n", "f", problems);
    root.mappings("destinations");
    auto http = root.mapping("http");
    http.string("listen", "");
    http.finish();
    root.finish();
    EXPECT_THAT(texts(problems),
                ElementsAre("f:2: http.listn: is not a key that Hilum knows; did you mean 'listen'?",
                            "f:1: desintations: is not a key that Hilum knows; did you mean 'destinations'?",
                            "f:3: frobnicate: is not a key that Hilum knows"));
}

TEST(YamlMapping, SaysThatATabIndents) {
    ConfigurationProblems problems;
    YamlMapping::parse("node:\n  a: 1\n\tb: 2\n", "f", problems);
    EXPECT_THAT(texts(problems), ElementsAre("f:3: is indented with a tab; YAML takes blanks only"));
}

TEST(LineOfKey, IsThatOfTheDeepestPartThatIsThere) {
    const std::string text = "scp:\n  port: 1\nlist:\n  - a: 1\n    b: 2\n  - {a: 3}\n";
    EXPECT_EQ(line_of_key(text, "scp"), 1);
    EXPECT_EQ(line_of_key(text, "scp.port"), 2);
    EXPECT_EQ(line_of_key(text, "scp.accept"), 1);
    EXPECT_EQ(line_of_key(text, "list[0].b"), 5);
    EXPECT_EQ(line_of_key(text, "list[1]"), 6);
    EXPECT_EQ(line_of_key(text, "list[2].a"), 3);
    EXPECT_EQ(line_of_key(text, "models"), 0);
    EXPECT_EQ(line_of_key("\tno yaml", "scp"), 0);
}

TEST(YamlMapping, TakesFallbacksForWhatIsAbsentOrNull) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("empty:\n", "f", problems);
    EXPECT_EQ(root.string("empty", "fallback"), "fallback");
    EXPECT_EQ(root.integer("absent", 5), 5);
    EXPECT_EQ(root.choice("kind", {"a", "b"}, "b"), "b");
    EXPECT_THAT(root.strings("list"), IsEmpty());
    EXPECT_THAT(root.mapping("sub").keys(), IsEmpty());
    root.finish();
    EXPECT_THAT(texts(problems), IsEmpty());
}

TEST(YamlMapping, ReadsAScalarAsAListOfOne) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("hosts: localhost\n", "f", problems);
    EXPECT_THAT(root.strings("hosts"), ElementsAre("localhost"));
}

TEST(YamlMapping, CollectsAllProblemsWithTheirLinesAndKeys) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse(
        "a: x\n"
        "b: 99\n"
        "c: maybe\n"
        "d: 5 parsecs\n"
        "sub:\n"
        "  e: wrong\n"
        "list:\n"
        "  - f: 1\n"
        "  - g: 2\n",
        "hilum.yaml", problems);
    root.integer("a", 0);
    root.integer("b", 0, 1, 10);
    root.boolean("c", false);
    root.duration("d", std::nullopt);
    auto sub = root.mapping("sub");
    sub.choice("e", {"right", "left"}, "left");
    sub.finish();
    for (auto& item : root.mappings("list")) {
        item.integer("f", 0);
        item.finish();
    }
    root.finish();
    EXPECT_THAT(texts(problems), ElementsAre("hilum.yaml:1: a: must be a whole number",
                                             "hilum.yaml:2: b: is 99, must be from 1 to 10",
                                             "hilum.yaml:3: c: must be true or false",
                                             HasSubstr("hilum.yaml:4: d: '5 parsecs' needs a unit"),
                                             "hilum.yaml:6: sub.e: is 'wrong', must be one of: right, left",
                                             "hilum.yaml:9: list[1].g: is not a key that Hilum knows"));
}

TEST(YamlMapping, ReportsAMissingKeyAtItsMapping) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("first: 1\nsub:\n  x: 1\n", "f", problems);
    root.integer("first", 0);
    auto sub = root.mapping("sub");
    sub.string("name");
    sub.integer("x", 0);
    sub.finish();
    root.finish();
    EXPECT_THAT(texts(problems), ElementsAre("f:3: sub.name: is missing"));
}

TEST(YamlMapping, ReportsTheLineOfBrokenYaml) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("a: 1\nb: [1, 2\nc: 3\n", "f", problems);
    EXPECT_EQ(root.integer("a", 42), 42);
    root.finish();
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_GT(problems[0].line, 1);
    EXPECT_THAT(problems[0].text(), HasSubstr("not valid YAML"));
}

TEST(YamlMapping, RefusesARootThatIsNoMapping) {
    for (const char* text : {"[1, 2]", "just text"}) {
        ConfigurationProblems problems;
        auto root = YamlMapping::parse(text, "f", problems);
        EXPECT_THAT(texts(problems), ElementsAre("f:1: must be a mapping of keys to values")) << text;
        EXPECT_EQ(root.integer("a", 1), 1);
    }
}

TEST(YamlMapping, ReadsAnEmptyFileAsAnEmptyMapping) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("", "f", problems);
    EXPECT_EQ(root.integer("a", 1), 1);
    root.finish();
    EXPECT_THAT(texts(problems), IsEmpty());
}

TEST(YamlMapping, RefusesScalarsWhereMappingsBelongAndTheReverse) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("sub: 1\nlist: {a: 1}\ntext: {b: 1}\nitems: [1]\n", "f", problems);
    root.mapping("sub");
    root.mappings("list");
    root.string("text", "x");
    root.mappings("items");
    EXPECT_THAT(texts(problems), ElementsAre("f:1: sub: must be a mapping of keys to values",
                                             "f:2: list: must be a list", "f:3: text: must be text",
                                             "f:4: items: item 1 must be a mapping of keys to values"));
}

TEST(YamlMapping, RefusesANumberThatIsNotANumber) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse("x: .nan\n", "f", problems);
    EXPECT_EQ(root.number("x", 0.5, 0, 1), 0.5);
    EXPECT_EQ(problems.size(), 1u);
}

// What a second document holds would be dropped without a word.
TEST(YamlMapping, RefusesWhatStandsBehindTheDocument) {
    const auto lines = [](const std::string& text) {
        ConfigurationProblems problems;
        auto root = YamlMapping::parse(text, "f", problems);
        EXPECT_TRUE(problems.size() == 1 || root.integer("a", std::nullopt) == 1) << text;
        std::vector<int> all;
        for (const auto& problem : problems) all.push_back(problem.line);
        return all;
    };
    EXPECT_THAT(lines("a: 1\n---\nb: 2\n"), ElementsAre(3));
    EXPECT_THAT(lines("a: 1\n...\nb: 2\n"), ElementsAre(3));
    EXPECT_THAT(lines("a: 1\n---\n---\n\n# more\nb: 2\n"), ElementsAre(6));
    EXPECT_THAT(lines("{a: 1}\nb: 2\n"), ElementsAre(2));
    EXPECT_THAT(lines("a: 1\n---\n- [\n"), testing::SizeIs(1)) << "no YAML";
    EXPECT_THAT(lines(", a: 1\n"), ElementsAre(1)) << "yaml-cpp stops before it for ever";
    EXPECT_THAT(lines("---\n,\na: 1\n"), ElementsAre(2));
    for (const auto* one :
         {"---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "a: 1\n---\n", "a: 1\n...\n",
          "---\na: 1\n...\n---\n# nothing\n", "---\n---\na: 1\n", "...\na: 1\n", "a: 1\nb: |\n  ---\n  x\n"})
        EXPECT_THAT(lines(one), IsEmpty()) << one;
    EXPECT_EQ(line_of_key("---\n---\na: 1\n", "a"), 3);
}

TEST(YamlMapping, NotesAKeyThatIsThereTwiceOrIsNoText) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse(
        "free:\n  A: 0.5\n  B: 1\n  A: 0.9\nlist:\n  - {x: 1, 'x': 2}\nodd:\n  ? [a]\n  : 1\n  ~: 2\nodd: "
        "{}\n",
        "f", problems);
    EXPECT_THAT(texts(problems), ElementsAre("f:11: odd: is there twice"));
    problems.clear();
    EXPECT_EQ(root.mapping("free").number("A", std::nullopt, 0, 1), 0.5) << "without finish()";
    root.mappings("list");
    root.mapping("odd");
    EXPECT_THAT(texts(problems),
                ElementsAre("f:4: free.A: is there twice", "f:6: list[0].x: is there twice",
                            HasSubstr("f:8: odd: has a key that is empty, a list or a mapping"),
                            HasSubstr("f:10: odd: has a key that is empty, a list or a mapping")));
}

TEST(YamlMapping, ReadsNumbersInDecimalDigits) {
    ConfigurationProblems problems;
    auto root = YamlMapping::parse(
        "zero: 012104\nplus: +5\nminus: -07\nquoted: \"104\"\nexponent: 1e3\nreal: 007.5\npoint: +.5\n"
        "numbers: [010, 1e-3, -2.5E+1]\n",
        "f", problems);
    EXPECT_EQ(root.integer("zero", std::nullopt), 12104);
    EXPECT_EQ(root.integer("plus", std::nullopt), 5);
    EXPECT_EQ(root.integer("minus", std::nullopt), -7);
    EXPECT_EQ(root.integer("quoted", std::nullopt), 104);
    EXPECT_EQ(root.number("exponent", std::nullopt, 0, 1e6), 1000);
    EXPECT_EQ(root.number("real", std::nullopt, 0, 10), 7.5);
    EXPECT_EQ(root.number("point", std::nullopt, 0, 10), 0.5);
    EXPECT_THAT(root.numbers("numbers"), ElementsAre(10, 0.001, -25));
    EXPECT_THAT(texts(problems), IsEmpty());
}

TEST(YamlMapping, RefusesNumbersThatAreWrittenOtherwise) {
    const auto refused = [](const std::string& value, bool whole) {
        ConfigurationProblems problems;
        auto root = YamlMapping::parse("x: " + value + "\n", "f", problems);
        if (whole)
            root.integer("x", 0);
        else
            root.number("x", 0, -1e9, 1e9);
        return texts(problems);
    };
    EXPECT_THAT(refused("0x2B5C", true),
                ElementsAre("f:1: x: must be a whole number in decimal digits, which '0x2B5C' is not"));
    EXPECT_THAT(refused("0o27", true), ElementsAre(HasSubstr("in decimal digits")));
    for (const auto* wrong : {"1e3", "104.0", "1_000", "+-5", "++5", "+", "''", "' 5'", "5 6",
                              "99999999999999999999", ".inf", "true"})
        EXPECT_THAT(refused(wrong, true), ElementsAre("f:1: x: must be a whole number")) << wrong;
    for (const auto* wrong : {"inf", "nan", "infinity", "1.2.3", "0.5x", "1e", "1e999", "' 5'", "1,5"})
        EXPECT_THAT(refused(wrong, false), ElementsAre("f:1: x: must be a number")) << wrong;
    EXPECT_THAT(refused("0x10", false), ElementsAre(HasSubstr("in decimal digits")));
    for (const auto* wrong : {".inf", "-.inf", ".nan"})
        EXPECT_THAT(refused(wrong, false), ElementsAre(HasSubstr("must be from"))) << wrong;
}

TEST(YamlMapping, NamesTheLineThatIsNotInUtf8) {
    for (const auto* bytes : {"\xFC", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82"}) {
        ConfigurationProblems problems;
        YamlMapping::parse(std::string("# \u00fc\na: x") + bytes + "\n", "f", problems);
        EXPECT_THAT(texts(problems), ElementsAre("f:2: is not in UTF-8: save the file in that encoding"));
    }
    ConfigurationProblems problems;
    EXPECT_EQ(YamlMapping::parse("\uFEFFa: \u00fc\n", "f", problems).string("a"), "\u00fc");
    EXPECT_THAT(texts(problems), IsEmpty());
}

TEST(YamlMappingList, ReadsEachItem) {
    ConfigurationProblems problems;
    auto items = YamlMapping::parse_list("- {a: 1}\n- {a: 2, b: 3}\n", "f", problems);
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].integer("a", std::nullopt), 1);
    EXPECT_EQ(items[1].integer("a", std::nullopt), 2);
    items[1].finish();
    EXPECT_THAT(texts(problems), ElementsAre("f:2: [1].b: is not a key that Hilum knows"));
}

TEST(YamlMappingList, MayBeEmpty) {
    ConfigurationProblems problems;
    EXPECT_THAT(YamlMapping::parse_list("# nothing yet\n", "f", problems), IsEmpty());
    EXPECT_THAT(texts(problems), IsEmpty());
}

TEST(YamlMappingList, NamesWhatIsNoListOrNoMapping) {
    ConfigurationProblems problems;
    YamlMapping::parse_list("a: 1\n", "f", problems);
    YamlMapping::parse_list("- {a: 1}\n- 5\n", "g", problems);
    YamlMapping::parse_list("- [\n", "h", problems);
    ASSERT_EQ(problems.size(), 3u);
    EXPECT_THAT(texts(problems),
                ElementsAre("f:1: must be a list", "g:2: [1]: must be a mapping of keys to values",
                            HasSubstr("not valid YAML")));
}

}  // namespace
}  // namespace hilum
