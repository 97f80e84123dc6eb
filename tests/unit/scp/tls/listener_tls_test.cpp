#include "scp/tls/listener_tls.h"

#include <gmock/gmock.h>

#include "support/no_descriptors.h"

namespace hilum::scp {
namespace {

TEST(ListenerTls, TellsTheNodesTroubleFromAWrongFile) {
    ScpSettings settings;
    settings.tls.emplace();
    settings.tls->certificate = settings.tls->key = "/nowhere/node.pem";
    const auto missing = ListenerTls::open(settings);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().retry, Retry::never);
    const test::NoDescriptors none;
    const auto opened = ListenerTls::open(settings);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().retry, Retry::once_mended) << "the listener is to be started again";
    EXPECT_THAT(opened.error().message, testing::StartsWith("scp.tls: "));
}

}  // namespace
}  // namespace hilum::scp
