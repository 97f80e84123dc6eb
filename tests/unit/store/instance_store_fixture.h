// A store of instances, and what its tests look at.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "store/instance_store.h"
#include "unit/store/test_database.h"

namespace hilum {

using test::open_database;
using test::received;
using test::TemporaryFolder;

class InstanceStoreTest : public testing::Test {
  protected:
    std::int64_t count(const char* sql) { return database_.number(sql).value_or(-1); }

    TemporaryFolder folder_;
    test::TestDatabase database_ = open_database(folder_);
    InstanceStore store_ = test::instance_store(folder_);

    // As a receiver does: the file lies in the spool, and goes again where it is not kept.
    StoreAnswer receive(StoreCommit commit) {
        commit.file = std::to_string(++files_) + ".dcm";
        test::put_in_spool(folder_, commit.file);
        const auto stored = store_.store(database_, commit);
        const auto& answer = stored.answer;
        replaced_file_ = stored.replaced_file;
        if (!answer.keep_file) std::filesystem::remove(DataDirectory{folder_.path()}.spool() / commit.file);
        return answer;
    }
    std::string text(const char* sql) {
        std::string found;
        sql::each(database_, sql, [&](const sql::Row& row) { found = row.text(0); });
        return found;
    }
    // What the report is to be of.
    std::string analysed_data() {
        return text("SELECT group_concat(dataset_sha256) FROM instance WHERE state = 'to_analyse'");
    }
    void analysed_and_reported() {
        database_.execute(
            "UPDATE analysis SET outcome = '{}', artifact = 'x' WHERE id IN (SELECT subject FROM job WHERE"
            " state = 'queued')");
        database_.execute("UPDATE job SET state = 'done', outcome = 'analysed' WHERE state = 'queued'");
        database_.execute("UPDATE study SET due_at = NULL, report_version = report_version + 1");
    }
    // It is of a database that was lost: what it does not know may be news.
    void lose_what_was_known() {
        database_.execute("INSERT INTO generation(id, since, reason) VALUES('2', 1, 'created')");
    }
    int files_ = 0;
    std::string replaced_file_;
};

}  // namespace hilum
