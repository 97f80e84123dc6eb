// The predictions that HTTP clients wait for: passed to the coordinator, matched with its replies.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/channel.h"
#include "monitor/api.h"

namespace hilum::monitor {

class PredictionBroker {
  public:
    using Handler = std::function<void(Response)>;

    // `coordinator` must outlive the broker. A reply that takes longer than `patience` becomes 504.
    PredictionBroker(boost::asio::io_context& loop, Channel& coordinator, std::chrono::seconds patience)
        : loop_(loop), coordinator_(coordinator), patience_(patience) {}

    // Asks for the prediction of the DICOM file behind `file`, which stays the caller's. `handler` is called
    // exactly once, now when the coordinator is gone, else later. An empty model means the first.
    void ask(const std::string& model, int file, Handler handler);

    void on_reply(const PredictReply& reply);

  private:
    struct Waiting {
        Handler handler;
        boost::asio::steady_timer timer;
    };
    void finish(std::int64_t request, Response response);

    boost::asio::io_context& loop_;
    Channel& coordinator_;
    std::chrono::seconds patience_;
    std::int64_t last_request_ = 0;
    std::map<std::int64_t, Waiting> waiting_;
};

}  // namespace hilum::monitor
