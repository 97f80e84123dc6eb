// A node that loses its database, or has a backup of it restored, while the folders beside it stay.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/asio_world.h"
#include "store/data_history.h"
#include "store/recovery/opening.h"
#include "unit/store/store_contract.h"

namespace hilum::test {

class Rebuilding : public StoreContract {
  protected:
    Rebuilding() {
        std::filesystem::create_directories(directory_.results());
        begin();
    }
    void begin() {
        auto opened = hilum::open_database(directory_, true, time_);
        if (!opened) throw std::runtime_error(opened.error().message);
        if (auto joined = join_history(world_, opened->database, directory_); !joined)
            throw std::runtime_error(joined.error().message);
        database_ = std::move(opened->database);
    }
    void lose_the_database() {
        const auto name = set_aside_database(directory_, "lost", time_);
        ASSERT_TRUE(name);
        begin();
    }
    void back_up() { ASSERT_TRUE(database_.back_up(backup_)); }
    void restore_the_backup() {
        const auto mark = commit([](Transaction& t) { return mark_of(t); });
        ASSERT_TRUE(write_mark(world_.files(), directory_, mark));
        ASSERT_TRUE(set_aside_database(directory_, "lost", time_));
        std::filesystem::copy_file(backup_, directory_.database());
        begin();
    }
    Adoption adopt(const StoreCommit& object, Duration age = Duration(0)) {
        return commit([&](Transaction& t) { return instances_.adopt(t, object, time_ - age); });
    }
    // The report that is due once these images are there again and analysed.
    NextReport report_of_adopted(const std::vector<std::string>& images) {
        for (const auto& image : images) adopt(received(image));
        for (std::size_t i = 0; i < images.size(); ++i) keep(*claim_analysis());
        return claim_report();
    }

    std::filesystem::path backup_ = directory_.root / "backup.db";
    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
};

}  // namespace hilum::test
