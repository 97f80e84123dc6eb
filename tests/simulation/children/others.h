// Children of which the simulation needs little: the http server, and the scanner of the spool.
#pragma once

#include "simulation/children/child.h"

namespace hilum::simulation {

class Http final : public Child {
  public:
    using Child::Child;
    void begin() override;
    void predict(const std::string& file);
    int unanswered() const { return asked_ - answered_; }

  private:
    void hear(Message message) override;
    int asked_ = 0, answered_ = 0;
};

class Scanner final : public Child {
  public:
    using Child::Child;

  private:
    void hear(Message message) override;
};

}  // namespace hilum::simulation
