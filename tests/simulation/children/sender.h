// The sender of one destination: delivers what it is given, asks for storage commitment, echoes.
#pragma once

#include "simulation/children/child.h"
#include "simulation/destination.h"

namespace hilum::simulation {

class Sender final : public Child {
  public:
    using Child::Child;  // named after its destination

  private:
    void hear(Message message) override;
    void deliver(const DeliverRequest& request, const std::string& bytes);
    void answer(const DeliverRequest& request, const std::string& bytes);
    void ask_commitment(const CommitmentRequest& request);
    void report(const CommitmentRequest& request);
    Destination& destination() const;
};

}  // namespace hilum::simulation
