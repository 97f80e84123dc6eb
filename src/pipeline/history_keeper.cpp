#include "pipeline/history_keeper.h"

#include <spdlog/spdlog.h>

#include "store/database/database.h"
#include "store/jobs/damaged_rows.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds interval(10);
constexpr int looks_between_checks = 30;  // five minutes

void write(World& world, const DataDirectory& directory, const HistoryMark& mark) {
    if (const auto written = write_mark(world.files(), directory, mark); !written)
        spdlog::warn("cannot mark how far the database has come: {}", written.error().message);
}

}  // namespace

void HistoryKeeper::start() {
    look();
}

void HistoryKeeper::stop_checking() {
    end_.request_stop();
}

void HistoryKeeper::finish(const HistoryMark& last) {
    timer_->cancel();
    stop_checking();
    files_.reset();
    if (witness_) witness_->saw_last(last.audit_id, last.audit_hash);
    write(world_, directory_, last);
}

void HistoryKeeper::look() {
    commits_.submit([](Transaction& transaction) { return mark_of(transaction); },
                    [this](const Result<HistoryMark>& mark) {
                        if (!files_) return;  // finished meanwhile
                        look_later();
                        if (++looks_ % looks_between_checks == 0)
                            files_->post([this] { check_next_table(); });
                        if (!mark) return;
                        if (witness_) witness_->saw(mark->audit_id, mark->audit_hash);
                        if (*mark == asked_for_) return;
                        asked_for_ = *mark;
                        files_->post([this, mark = *mark] { write(world_, directory_, mark); });
                    });
}

// Beside the loop and the commit thread, on a connection of its own.
void HistoryKeeper::check_next_table() {
    if (end_.stop_requested()) return;
    auto database = Database::open(directory_.database(), Database::Access::read_only);
    if (!database) return spdlog::warn("cannot check the database for now: {}", database.error().message);
    database->stop_reading_when(end_.get_token());
    const auto tables = database->tables();
    if (!tables || tables->empty()) return;
    const auto& table = (*tables)[next_table_++ % tables->size()];
    const auto problems = database->problems_of(table);
    if (end_.stop_requested()) return;  // it was broken off, perhaps
    if (!problems) return spdlog::warn("cannot check the table {}: {}", table, problems.error().message);
    if (problems->empty()) return;
    world_.post([this, table, problems = *problems] { checked(table, problems); });
}

void HistoryKeeper::checked(const std::string& table, const std::vector<std::string>& problems) {
    spdlog::critical("the database is damaged: {}; the indices of the table {} are made anew",
                     problems.front(), table);
    commits_.submit(
        [table, problems](Transaction& transaction) { mend_indices_of(transaction, table, problems); });
}

void HistoryKeeper::look_later() {
    timer_->start(interval, [this] { look(); });
}

}  // namespace hilum
