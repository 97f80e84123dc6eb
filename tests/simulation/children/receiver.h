// A receiver: one association, over which a modality sends images. Writes each to the spool, asks for its
// commit, and tells the modality how it went.
#pragma once

#include <filesystem>
#include <vector>

#include "base/unique_fd.h"
#include "simulation/children/child.h"
#include "simulation/image.h"

namespace hilum::simulation {

class Receiver final : public Child {
  public:
    Receiver(Scene& scene, Birth birth, std::vector<Image> images);
    void begin() override;
    void power_cut() override;

  private:
    void hear(Message message) override;
    void channel_closed() override;
    void ended() override;
    void next();
    void write_on();
    void commit();
    void answered(const StoreAnswer& answer);
    void refuse(const char* code);
    void release(const char* code);
    void forget_file();
    void leave_file();
    std::filesystem::path path() const;

    std::vector<Image> images_;
    std::size_t at_ = 0;
    std::string file_;  // of the image that comes, in the spool; empty: none
    UniqueFd lock_;
    std::optional<WriteState> written_;
    bool waits_for_commit_ = false;
};

}  // namespace hilum::simulation
