// A worker: one model on one device. Announces its package, answers in any order.
#pragma once

#include "simulation/children/child.h"

namespace hilum::simulation {

class Worker final : public Child {
  public:
    using Child::Child;  // named after its model
    void begin() override;

  private:
    void hear(Message message) override;
    void announce();
    ModelIdentity identity() const;
    InferenceResult infer(const std::string& text) const;

    int version_ = 1;
};

}  // namespace hilum::simulation
