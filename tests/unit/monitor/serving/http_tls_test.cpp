#include "monitor/serving/http_tls.h"

#include <gmock/gmock.h>

#include "support/no_descriptors.h"

namespace hilum::monitor {
namespace {

TEST(HttpTls, TellsTheNodesTroubleFromAWrongFile) {
    HttpSettings settings;
    settings.tls.emplace();
    settings.tls->certificate = settings.tls->key = "/nowhere/node.pem";
    const auto missing = HttpTls(settings).load();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().retry, Retry::never);
    const test::NoDescriptors none;
    const auto loaded = HttpTls(settings).load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().retry, Retry::once_mended) << "the process is to be started again";
    EXPECT_THAT(loaded.error().message, testing::StartsWith("http.tls: "));
}

}  // namespace
}  // namespace hilum::monitor
