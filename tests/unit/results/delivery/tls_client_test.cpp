#include "results/delivery/tls_client.h"

#include <gmock/gmock.h>

#include <array>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "support/no_descriptors.h"
#include "support/temporary_folder.h"
#include "unit/base/tls/test_authority.h"

namespace hilum::delivery {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// A peer that closes at once: what is loaded is loaded before.
class ClosedWire : public TlsWire {
  public:
    ssize_t receive(void*, std::size_t, bool) override { return 0; }
    bool send(const void*, std::size_t) override { return true; }
};

class TlsClientTest : public testing::Test {
  protected:
    TlsClientTest() { settings_.authorities = (folder_ / "ca.pem").string(); }
    void put_the_file() { std::ofstream(folder_ / "ca.pem") << test::Authority("root").certificate(); }
    void start() {
        client_.emplace("destination pacs", "pacs.example", settings_);
        client_->tell([this](const CertificatesLoaded& loaded) { told_.push_back(loaded); });
    }
    std::string connect() {
        ClosedWire wire;
        return client_->connect(wire, "pacs").error().message;
    }

    test::TemporaryFolder folder_;
    TlsClientSettings settings_;
    std::optional<TlsClient> client_;
    std::vector<CertificatesLoaded> told_;
};

TEST_F(TlsClientTest, LoadsAtTheNextConnectionWhatTheNodeHadNoDescriptorFor) {
    put_the_file();
    {
        const test::NoDescriptors none;
        start();
        EXPECT_THAT(connect(), HasSubstr("ca.pem"));
        EXPECT_THAT(connect(), HasSubstr("the next connection tries it again"));
    }
    EXPECT_THAT(client_->loaded().error, Not(IsEmpty()));
    EXPECT_THAT(told_, IsEmpty()) << "nothing has changed";
    EXPECT_THAT(connect(), Not(HasSubstr("ca.pem")));
    ASSERT_THAT(told_, SizeIs(1));
    EXPECT_EQ(told_[0].use, "destination pacs");
    EXPECT_EQ(told_[0].error, "");
    EXPECT_TRUE(told_[0].reload);
    EXPECT_THAT(told_[0].certificates, SizeIs(1));
    connect();
    EXPECT_THAT(told_, SizeIs(1));
}

// As when somebody is about to put it there: a reload says when it is complete.
TEST_F(TlsClientTest, LeavesWhatIsWrongToAReload) {
    start();
    put_the_file();
    EXPECT_THAT(connect(), HasSubstr("`systemctl reload hilum` loads it anew"));
    EXPECT_THAT(told_, IsEmpty());
    client_->reload();
    EXPECT_THAT(connect(), Not(HasSubstr("ca.pem")));
}

// The coordinator hears of both loads over the channel.
TEST_F(TlsClientTest, TellsTheCoordinatorWhatIsInUse) {
    put_the_file();
    auto ends = Channel::make_pair();
    {
        const test::NoDescriptors none;
        client_.emplace("destination pacs", "pacs.example", settings_);
    }
    ASSERT_TRUE(tell_certificates(ends->first, &*client_));
    connect();
    for (const bool loaded : {false, true}) {
        const auto told = from_packet<CertificatesLoaded>(*ends->second.receive());
        ASSERT_TRUE(told);
        EXPECT_EQ(told->error.empty(), loaded);
        EXPECT_EQ(told->reload, loaded);
    }
}

}  // namespace
}  // namespace hilum::delivery
