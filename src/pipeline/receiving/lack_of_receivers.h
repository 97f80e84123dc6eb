// That the listener turns connections away because no process can be started for them: its port is open, and
// nobody is heard.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/world.h"
#include "contract/messages/monitoring.h"

namespace hilum {

class LackOfReceivers {
  public:
    // After the last that was turned away: nobody may come who would show that it is over.
    static constexpr std::chrono::minutes lasts{1};

    // `on_changed`: trouble() is another. `world` must outlive this object.
    LackOfReceivers(World& world, std::function<void()> on_changed);

    void turned_away();
    void let_in();  // one got a process
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }

  private:
    World& world_;
    std::function<void()> on_changed_;
    std::unique_ptr<Timer> timer_;
    std::optional<NodeTrouble> trouble_;
};

}  // namespace hilum
