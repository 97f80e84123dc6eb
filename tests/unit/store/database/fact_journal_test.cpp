#include "store/database/fact_journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "unit/base/file_size_limit.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

class Facts : public testing::Test {
  protected:
    void append(int number) {
        auto journal = FactJournal::open(folder_.path() / "facts");
        ASSERT_TRUE(journal);
        ASSERT_TRUE(journal->append({FactJournal::line_of({{"number", number}})}, true));
    }
    std::vector<int> numbers(std::uint64_t expected_unreadable = 0) {
        std::vector<int> all;
        const auto unreadable = read_facts(folder_.path() / "facts", [&](const nlohmann::json& fact) {
            all.push_back(fact.at("number").get<int>());
        });
        EXPECT_EQ(unreadable.value_or(99), expected_unreadable);
        return all;
    }
    std::filesystem::path file() { return folder_.path() / "facts" / "00000001.facts"; }

    test::TemporaryFolder folder_;
};

TEST_F(Facts, AreReadInTheOrderInWhichTheyWereNoted) {
    append(1);
    append(2);
    EXPECT_EQ(numbers(), (std::vector{1, 2}));
}

// A restore by root leaves such files; a folder stands for one here, where root may open all.
TEST_F(Facts, ThatCannotBeOpenedAreWaitedFor) {
    std::filesystem::create_directories(file());
    for (const auto& refused : {FactJournal::open(folder_.path() / "facts").error(),
                                read_facts(folder_.path() / "facts", [](const auto&) {}).error()}) {
        EXPECT_EQ(refused.retry, Retry::once_mended) << refused.message;
        EXPECT_NE(refused.message.find(file().string()), std::string::npos) << refused.message;
    }
}

TEST_F(Facts, NobodyNotedAreNone) {
    EXPECT_EQ(numbers(), std::vector<int>());
}

TEST_F(Facts, ThatAPowerCutToreArePassedOver) {
    append(1);
    append(2);
    std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 4);
    append(3);
    EXPECT_EQ(numbers(1), (std::vector{1, 3}));
}

TEST_F(Facts, ThatDidNotFitOnAFullDiskSpoilNoneAfterThem) {
    auto journal = FactJournal::open(folder_.path() / "facts");
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->append({FactJournal::line_of({{"number", 1}})}, true));
    const auto size = std::filesystem::file_size(file());
    {
        const test::FileSizeLimit limit(size + 5);
        EXPECT_FALSE(journal->append({FactJournal::line_of({{"number", 2}})}, true));
    }
    EXPECT_EQ(std::filesystem::file_size(file()), size);
    ASSERT_TRUE(journal->append({FactJournal::line_of({{"number", 3}})}, true));
    EXPECT_EQ(numbers(), (std::vector{1, 3}));
}

TEST_F(Facts, DoNotFitOnAFullDiskAtAStartEither) {
    append(1);
    const test::FileSizeLimit limit(std::filesystem::file_size(file()));
    auto journal = FactJournal::open(folder_.path() / "facts");
    ASSERT_TRUE(journal) << "a node starts all the same";
    EXPECT_FALSE(journal->append({FactJournal::line_of({{"number", 2}})}, true));
    EXPECT_EQ(numbers(), std::vector{1});
}

TEST_F(Facts, ThatAreDamagedArePassedOver) {
    append(12);
    append(34);
    std::fstream bytes(file(), std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekp(28);
    bytes.put('9');
    bytes.close();
    EXPECT_EQ(numbers(1), std::vector{34});
}

TEST_F(Facts, OfAUnitThatFailedAreNotNoted) {
    auto database = std::move(*Database::open(folder_.path() / "hilum.db", Database::Access::read_write));
    ASSERT_TRUE(database.keep_facts(folder_.path() / "facts"));
    ASSERT_TRUE(database.transact(now(), [](Transaction& t) {
        t.note_fact({{"number", 1}});
        EXPECT_FALSE(t.apart([&] {
            t.note_fact({{"number", 2}});
            throw std::runtime_error("unreadable");
        }));
        EXPECT_TRUE(t.apart([&] { t.note_fact({{"number", 3}}); }));
    }));
    EXPECT_THROW(database.transact(now(),
                                   [](Transaction& t) {
                                       t.note_fact({{"number", 4}});
                                       throw std::runtime_error("unreadable");
                                   }),
                 std::runtime_error);
    EXPECT_EQ(numbers(), (std::vector{1, 3}));
}

}  // namespace
}  // namespace hilum
