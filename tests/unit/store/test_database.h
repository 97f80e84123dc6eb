// A database in a folder of its own, gone after the test; and what a receiver would report of an object.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "contract/messages/receiving.h"
#include "store/audit/audit_event.h"
#include "store/database/database.h"
#include "store/database/json_rows.h"
#include "store/instance_store.h"
#include "store/jobs/states.h"

namespace hilum::test {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "hilum-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

// A database that a test speaks SQL to. Stands for a Transaction of the present, or of a time that the test
// says, and for the Database itself where it is given away.
class TestDatabase {
  public:
    explicit TestDatabase(Database database) : database_(std::make_unique<Database>(std::move(database))) {}

    operator Transaction&() { return at(now()); }
    operator Database() && { return std::move(*database_); }
    Transaction& at(Timestamp time) { return transaction_.emplace(*database_, time); }
    Database& database() { return *database_; }

    template <typename... Args>
    int execute(std::string_view text, const Args&... args) {
        return sql::execute(*this, text, args...);
    }
    template <typename... Args>
    std::optional<std::int64_t> number(std::string_view text, const Args&... args) {
        return sql::number(*this, text, args...);
    }
    template <typename... Args>
    nlohmann::json select(std::string_view text, const Args&... args) {
        return sql::select(*this, text, args...);
    }
    void append_audit(const audit::AuditEvent& event) { at(now()).append_audit(event); }
    void count(std::string_view name, const Labels& labels = {}, std::int64_t by = 1) {
        at(now()).count(name, labels, by);
    }
    std::int64_t last_id() { return sql::last_id(*this); }

  private:
    std::unique_ptr<Database> database_;
    std::optional<Transaction> transaction_;
};

inline TestDatabase open_database(const TemporaryFolder& folder) {
    auto database = Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    if (!database) throw std::runtime_error(database.error().message);
    return TestDatabase(std::move(*database));
}

// A job about the row `subject` of its lane's table, in this state.
inline void make_job(TestDatabase& database, Lane lane, const std::string& queue, std::int64_t subject,
                     std::int64_t study, JobState state, std::int64_t created_at = 1) {
    const auto [kept, outcome] = stored(state);
    database.execute(
        "INSERT INTO job(lane, subject, study_id, state, outcome, created_at, updated_at) VALUES(?1, ?2, ?3, "
        "?4, ?5, ?6, ?6)",
        lane_name(lane, queue), subject, study, kept, outcome, created_at);
}

// All jobs of the lane's kind, or that of one subject, get into this state.
inline void set_jobs(TestDatabase& database, Lane lane, JobState state, std::int64_t subject = 0) {
    const auto [kept, outcome] = stored(state);
    database.execute("UPDATE job SET state = ?, outcome = ? WHERE kind = ? AND ?4 IN (0, subject)", kept,
                     outcome, to_text(lane), subject);
}

// How many jobs of the lane's kind are in this state.
inline std::int64_t count_jobs(TestDatabase& database, Lane lane, JobState state) {
    return database
        .number("SELECT count(*) FROM job WHERE kind = ? AND word = ?", to_text(lane), to_text(state))
        .value();
}

// Of a node whose data_dir is the folder, with one model.
inline InstanceStore instance_store(const TemporaryFolder& folder, const StudySettings& study = {}) {
    return {study, {"demo"}, DataDirectory{folder.path()}};
}

// The file that a receiver would have written: `size` bytes in the spool.
inline void put_in_spool(const TemporaryFolder& folder, const std::string& file, std::size_t size = 10) {
    const auto path = DataDirectory{folder.path()}.spool() / file;
    std::filesystem::create_directories(path.parent_path());
    const std::string bytes(size, 'x');
    if (auto written = write_file_durably(path, std::as_bytes(std::span(bytes))); !written)
        throw std::runtime_error(written.error().message);
}

inline StoreCommit received(const std::string& sop_instance_uid, const std::string& study = "1.2.3",
                            const std::string& bytes = "a", const std::string& seen_by_model = "m") {
    StoreCommit commit;
    commit.header.sop_class_uid = "1.2.840.10008.5.1.4.1.1.1";
    commit.header.sop_instance_uid = sop_instance_uid;
    commit.header.study_instance_uid = study;
    commit.header.series_instance_uid = study + ".1";
    commit.header.transfer_syntax_uid = "1.2.840.10008.1.2.1";
    commit.header.modality = "CR";
    commit.header.accession_number = "A1";
    commit.header.patient_id = "P1";
    commit.file = sop_instance_uid + bytes + ".dcm";
    commit.size = 10;
    commit.dataset_sha256 = "data" + bytes;
    commit.analysis_sha256 = seen_by_model;
    commit.calling_ae = "PACS";
    commit.peer = "127.0.0.1";
    return commit;
}

}  // namespace hilum::test
