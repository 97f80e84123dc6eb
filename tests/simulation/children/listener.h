// The listener: opens its port, and hands the node a channel to a receiver for each connection.
#pragma once

#include "simulation/children/child.h"

namespace hilum::simulation {

class Listener final : public Child {
  public:
    using Child::Child;
    void begin() override;
    bool listens() const { return listens_ && running(); }
    Result<Channel> connect(pid_t receiver);  // the receiver's end

  private:
    void hear(Message message) override;
    bool listens_ = false;
};

}  // namespace hilum::simulation
