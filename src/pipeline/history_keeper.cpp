#include "pipeline/history_keeper.h"

#include <spdlog/spdlog.h>

namespace hilum {
namespace {

constexpr std::chrono::seconds interval(10);

void write(World& world, const DataDirectory& directory, const HistoryMark& mark) {
    if (const auto written = write_mark(world.files(), directory, mark); !written)
        spdlog::warn("cannot mark how far the database has come: {}", written.error().message);
}

}  // namespace

void HistoryKeeper::start() {
    look();
}

void HistoryKeeper::finish(const HistoryMark& last) {
    timer_->cancel();
    files_.reset();
    if (witness_) witness_->saw_last(last.audit_id, last.audit_hash);
    write(world_, directory_, last);
}

void HistoryKeeper::look() {
    commits_.submit([](Transaction& transaction) { return mark_of(transaction); },
                    [this](const Result<HistoryMark>& mark) {
                        if (!files_) return;  // finished meanwhile
                        look_later();
                        if (!mark) return;
                        if (witness_) witness_->saw(mark->audit_id, mark->audit_hash);
                        if (*mark == asked_for_) return;
                        asked_for_ = *mark;
                        files_->post([this, mark = *mark] { write(world_, directory_, mark); });
                    });
}

void HistoryKeeper::look_later() {
    timer_->start(interval, [this] { look(); });
}

}  // namespace hilum
