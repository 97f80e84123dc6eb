#include "pipeline/disk_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <vector>

#include "pipeline/asio_world.h"
#include "pipeline/lanes/disk_reserve.h"

namespace hilum {
namespace {

// Says of every folder, look after look, what a test wants, and that no time passes between two looks.
class ScriptedDisk final : public AsioWorld, private Files {
  public:
    ScriptedDisk(boost::asio::io_context& loop, std::vector<Result<std::uint64_t>> answers)
        : AsioWorld(loop), loop_(loop), answers_(std::move(answers)) {}
    std::size_t looks() const { return looks_; }

    Files& files() override { return *this; }
    std::unique_ptr<Timer> make_timer() override { return std::make_unique<Impatient>(*this); }

  private:
    class Impatient final : public Timer {
      public:
        explicit Impatient(World& world) : world_(world) {}
        void start(Duration, std::function<void()> due) override { world_.post(std::move(due)); }
        void cancel() override {}

      private:
        World& world_;
    };

    Result<std::uint64_t> free_space(const std::filesystem::path& folder) override {
        EXPECT_EQ(folder, "/data");
        if (looks_ + 1 == answers_.size()) loop_.stop();
        return answers_[looks_++];
    }
    Result<UniqueFd> open(const std::filesystem::path&) override { return fail("system", "not asked"); }
    Status write_durably(const std::filesystem::path&, std::span<const std::byte>) override { return {}; }
    Status rename_durably(const std::filesystem::path&, const std::filesystem::path&) override { return {}; }
    Status remove_durably(const std::filesystem::path&) override { return {}; }
    Result<std::uint64_t> size(const std::filesystem::path&) override { return 0; }

    boost::asio::io_context& loop_;
    std::vector<Result<std::uint64_t>> answers_;
    std::size_t looks_ = 0;
};

TEST(DiskWatch, RefusesBelowTheLimitAndGoesOnByItself) {
    boost::asio::io_context loop;
    ScriptedDisk world(loop, {100, 100, 99, 99, fail("system", "no answer"), 50, 100, 200});
    DiskWatch watch(world, "/data", 100);
    std::vector<bool> seen;
    watch.start([&] { seen.push_back(watch.refusing()); });
    loop.run();
    EXPECT_EQ(world.looks(), 8u);
    EXPECT_EQ(seen, (std::vector<bool>{true, false, true, false}));
}

TEST(DiskReserve, MakesItsLaneWaitBelowItAndNotWhereNobodyCanTell) {
    boost::asio::io_context loop;
    ScriptedDisk world(loop, {50, 49, 0, fail("system", "no answer"), 50});
    DiskReserve reserve(world, "/data", 50, "analysis");
    EXPECT_EQ(reserve.left(), Duration::zero());
    EXPECT_GT(reserve.left(), Duration::zero());
    EXPECT_GT(reserve.left(), Duration::zero());
    EXPECT_EQ(reserve.left(), Duration::zero());
    EXPECT_EQ(reserve.left(), Duration::zero());
}

}  // namespace
}  // namespace hilum
