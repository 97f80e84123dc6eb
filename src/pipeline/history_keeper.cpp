#include "pipeline/history_keeper.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>

namespace hilum {
namespace {

constexpr std::chrono::seconds interval(10);

void write(const DataDirectory& directory, const HistoryMark& mark) {
    if (const auto written = write_mark(directory, mark); !written)
        spdlog::warn("cannot mark how far the database has come: {}", written.error().message);
}

}  // namespace

void HistoryKeeper::start() {
    look();
}

void HistoryKeeper::finish(const HistoryMark& last) {
    timer_.cancel();
    files_.join();
    write(directory_, last);
}

void HistoryKeeper::look() {
    commits_.submit([](Transaction& transaction) { return mark_of(transaction); },
                    [this](const Result<HistoryMark>& mark) {
                        look_later();
                        if (!mark || *mark == asked_for_) return;
                        asked_for_ = *mark;
                        boost::asio::post(files_,
                                          [directory = directory_, mark = *mark] { write(directory, mark); });
                    });
}

void HistoryKeeper::look_later() {
    timer_.expires_after(interval);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

}  // namespace hilum
