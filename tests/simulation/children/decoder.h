// A decoder: makes of a file what the worker needs, or says why it is not analysed.
#pragma once

#include "simulation/children/child.h"
#include "simulation/image.h"

namespace hilum::simulation {

class Decoder final : public Child {
  public:
    using Child::Child;
    const std::string& at_work() const { return at_work_; }  // an image, frame and model; empty: none

  private:
    void hear(Message message) override;
    void damaged(const DecodeRequest& request);
    void decode(const DecodeRequest& request, const Image& image);
    void prepared(const DecodeRequest& request, const std::string& text, FrameCount frames);

    std::string at_work_;
};

}  // namespace hilum::simulation
