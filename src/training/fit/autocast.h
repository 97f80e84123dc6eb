// Mixed precision: operations that bear it run in bfloat16, the others in float, while this lives.
#pragma once

namespace hilum::training {

class Autocast {
  public:
    explicit Autocast(bool on);
    ~Autocast();
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;

  private:
    bool on_;
};

}  // namespace hilum::training
