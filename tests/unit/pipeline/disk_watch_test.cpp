#include "pipeline/disk_watch.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

TEST(DiskWatch, RefusesBelowTheLimitAndGoesOnByItself) {
    boost::asio::io_context loop;
    std::vector<Result<std::uint64_t>> free_space{100, 100, 99, 99, fail("system", "no answer"),
                                                  50,  100, 200};
    std::size_t looks = 0;
    std::vector<bool> seen;
    DiskWatch watch(
        loop, 100,
        [&] {
            if (looks + 1 == free_space.size()) loop.stop();
            return free_space[looks++];
        },
        [&] { seen.push_back(watch.refusing()); }, std::chrono::milliseconds(1));
    watch.start();
    loop.run();
    EXPECT_EQ(looks, free_space.size());
    EXPECT_EQ(seen, (std::vector<bool>{true, false, true, false}));
}

}  // namespace
}  // namespace hilum
