#include "base/text.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

const std::vector<std::string> keys = {"node", "scp", "models", "destinations", "http", "storage_commitment"};

TEST(Nearest, FindsTheWordThatWasMeant) {
    EXPECT_EQ(nearest("desintations", keys), "destinations");
    EXPECT_EQ(nearest("destination", keys), "destinations");
    EXPECT_EQ(nearest("ndoe", keys), "node") << "two letters swapped are one mistake";
    EXPECT_EQ(nearest("storage_comitment", keys), "storage_commitment");
    EXPECT_EQ(nearest("https", keys), "http");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
    EXPECT_EQ(nearest("frobnicate", keys), "");
    EXPECT_EQ(nearest("x", keys), "");
    EXPECT_EQ(nearest("", keys), "");
    EXPECT_EQ(nearest(std::string(100'000, 'd'), keys), "") << "and takes no time for it";
    EXPECT_EQ(nearest("node", {}), "");
}

TEST(DidYouMean, AsksOnlyWhereItHasAGuess) {
    EXPECT_EQ(did_you_mean("ndoe", keys), "; did you mean 'node'?");
    EXPECT_EQ(did_you_mean("frobnicate", keys), "");
}

}  // namespace
}  // namespace hilum
