// A database in a folder of its own, gone after the test; and what a receiver would report of an object.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/file_system.h"
#include "contract/messages/receiving.h"
#include "store/database/database.h"
#include "store/instance_store.h"

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

inline Database open_database(const TemporaryFolder& folder) {
    auto database = Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    if (!database) throw std::runtime_error(database.error().message);
    return std::move(*database);
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
