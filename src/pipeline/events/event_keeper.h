// Writes down what has happened already, and holds it while the database cannot: what becomes of callers,
// strangers and certificates, and who looked at patient data, comes into the audit trail once there is room
// again. Of each kind so many wait, the others leave their number. While any wait, nothing is shown over HTTP
// (NodeStatus::auditing): what waits is in memory alone, and gone with the node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/world.h"
#include "contract/messages/monitoring.h"
#include "store/database/commit_queue.h"

namespace hilum {

class EventKeeper {
  public:
    using Work = std::function<void(Transaction&)>;

    // Each about 1 KiB; there are some 20 kinds, few of which come in numbers.
    static constexpr std::size_t most_of_a_kind = 2'000;
    static constexpr std::chrono::seconds retry_after{1};

    EventKeeper(World& world, CommitQueue& commits);
    // `changed`: trouble() begins or is over. Called on the loop.
    void start(std::function<void()> changed) { changed_ = std::move(changed); }

    // `work` writes an event of that kind (its type in the audit trail), and may run more than once.
    // `events`: how many there are with those that a limit left out before it.
    void keep(const std::string& kind, Work work, std::int64_t events = 1);

    // What is counted and told nowhere: while the database cannot write, it is not.
    void count(Work work) { commits_.submit(std::move(work)); }

    // Why events wait; nothing where none does.
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }

    // What waits is tried before whatever is submitted to the queue next.
    void try_now();
    // The node ends: what still waits is lost, and the log is told of its number.
    void tell_lost() const;

  private:
    struct Event {
        std::string kind;
        Work work;
        std::int64_t events;
        Duration happened;    // since boot
        bool waited = false;  // for a database that could not write
    };

    void submit(std::int64_t number, Event event);
    void done(std::int64_t number, Event event, const Result<void>& kept);
    void wait(std::int64_t number, Event event);
    void begin_trouble(const Error& why);
    void go_on(bool database_writes);
    void try_first();
    void try_all();
    void recovered();

    World& world_;
    CommitQueue& commits_;
    std::function<void()> changed_ = [] {};
    std::map<std::int64_t, Event> waiting_;              // in the order in which they happened
    std::map<std::string, std::size_t> waited_of_kind_;  // and are not kept
    std::map<std::string, std::int64_t> left_out_;       // by kind
    std::int64_t next_ = 1;
    int tried_again_ = 0;  // of which nothing is known yet
    std::optional<NodeTrouble> trouble_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace hilum
