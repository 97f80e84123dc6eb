#include "pipeline/control/commit_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "pipeline/asio_world.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

// In which no time passes between two looks.
class HastyWorld final : public AsioWorld {
  public:
    using AsioWorld::AsioWorld;
    std::unique_ptr<Timer> make_timer() override { return std::make_unique<Hasty>(*this); }

  private:
    class Hasty final : public Timer {
      public:
        explicit Hasty(World& world) : world_(world) {}
        void start(Duration, std::function<void()> due) override { world_.post(std::move(due)); }
        void cancel() override {}

      private:
        World& world_;
    };
};

TEST(CommitWatch, TellsThatCommitsStandAndThatTheyGoOn) {
    const test::TemporaryFolder folder;
    boost::asio::io_context loop;
    const auto stays = boost::asio::make_work_guard(loop);
    HastyWorld world(loop);
    CommitQueue commits(world, test::open_database(folder));
    CommitWatch watch(world, commits);
    int changes = 0;
    watch.start([&] { ++changes; });
    for (int i = 0; i < 10; ++i) loop.run_one();
    EXPECT_FALSE(watch.trouble()) << "it has nothing to do";
    std::atomic<bool> begun = false, released = false;
    commits.submit([&](Transaction&) {  // a sync that does not return
        begun = true;
        begun.notify_all();
        released.wait(false);
    });
    begun.wait(false);
    while (!watch.trouble()) loop.run_one();
    EXPECT_EQ(watch.trouble()->where, "database");
    EXPECT_TRUE(watch.goes_on()) << "it did, since it was last asked";
    EXPECT_FALSE(watch.goes_on());
    released = true;
    released.notify_all();
    while (watch.trouble()) loop.run_one();
    EXPECT_TRUE(watch.goes_on());
    EXPECT_EQ(changes, 2);
}

}  // namespace
}  // namespace hilum
