// Keeps the folders' mark of the database's history (data_history.h) close behind the database.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "store/data_history.h"
#include "store/database/commit_queue.h"

namespace hilum {

class HistoryKeeper {
  public:
    HistoryKeeper(boost::asio::io_context& loop, CommitQueue& commits, DataDirectory directory)
        : commits_(commits), directory_(std::move(directory)), timer_(loop) {}

    void start();                          // looks now, and again every few seconds
    void finish(const HistoryMark& last);  // durable when it returns; the keeper looks no more

  private:
    void look();
    void look_later();

    CommitQueue& commits_;
    DataDirectory directory_;
    boost::asio::steady_timer timer_;
    HistoryMark asked_for_;              // the last one that was to be written
    boost::asio::thread_pool files_{1};  // so that the loop waits for no disk
};

}  // namespace hilum
