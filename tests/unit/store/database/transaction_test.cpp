#include "store/database/transaction.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class TransactionTest : public testing::Test {
  protected:
    nlohmann::json audited() {
        return Overview::open(folder_.path() / "hilum.db")->audit_events(0, 100).value();
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Timestamp time_{1'700'000'000s};
};

TEST_F(TransactionTest, HasOneTimeThatWhoeverBeganItSays) {
    database_.at(time_).append_audit({});
    EXPECT_EQ(database_.number("SELECT at FROM audit_event"), to_microseconds(time_));
    EXPECT_EQ(audited().at(0).at("at"), to_iso8601(time_));
}

TEST_F(TransactionTest, KnowsAStatementByItsTextWhereverThatLies) {
    database_.count("one");
    std::string text = "SELECT 1";
    EXPECT_EQ(sql::number(database_, text), 1);
    text = "SELECT 2";  // in the same place
    EXPECT_EQ(sql::number(database_, text), 2);
    EXPECT_EQ(sql::number(database_, std::string("SELECT 1")), 1);
}

TEST_F(TransactionTest, LosesAllOfItsChangesWhereItFails) {
    const auto failed = database_.database().transact(time_, [](Transaction& transaction) {
        transaction.append_audit({});
        transaction.count("things");
        sql::execute(transaction, "INSERT INTO no_such_table VALUES(1)");
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "database");
    EXPECT_TRUE(audited().empty());
    EXPECT_FALSE(database_.number("SELECT value FROM counter"));
    ASSERT_TRUE(database_.database().transact(time_, [](Transaction& t) { t.append_audit({}); }));
    EXPECT_EQ(Overview::open(folder_.path() / "hilum.db")->verify_audit().value().at("intact"), true);
}

TEST_F(TransactionTest, CountsAndObserves) {
    auto& transaction = database_.at(time_);
    transaction.count("things", {{"kind", "a"}}, 2);
    transaction.count("things", {{"kind", "a"}});
    transaction.observe("seconds", {}, 3s);
    EXPECT_EQ(database_.number("SELECT value FROM counter WHERE name = 'things'"), 3);
    EXPECT_EQ(database_.number("SELECT value FROM counter WHERE name = 'seconds_microseconds'"), 3'000'000);
    EXPECT_EQ(database_.number("SELECT value FROM counter WHERE labels = '{\"le\":\"5\"}'"), 1);
}

TEST_F(TransactionTest, TakesNoWantOfMemoryForARowThatCannotBeRead) {
    auto& transaction = database_.at(time_);
    const auto unreadable = transaction.apart([] { throw std::invalid_argument("it is no number"); });
    ASSERT_FALSE(unreadable);
    EXPECT_EQ(unreadable.error().code, "unreadable_row");
    EXPECT_THROW((void)transaction.apart([] { throw std::bad_alloc(); }), std::bad_alloc);
}

}  // namespace
}  // namespace hilum
