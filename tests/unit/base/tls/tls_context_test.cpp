// Who is let in by certificates and lists of revoked ones: real handshakes, in memory.
#include "base/tls/tls_context.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/tls/reloadable_tls.h"
#include "support/temporary_folder.h"
#include "unit/base/tls/test_authority.h"

namespace hilum {
namespace {

using test::Authority;
using test::Identity;
using testing::HasSubstr;

constexpr std::int64_t day = 86400;

class TlsContextTest : public testing::Test {
  protected:
    std::string file(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
        std::filesystem::permissions(
            folder_ / name, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return (folder_ / name).string();
    }
    // Which trusts `authorities` and reads `lists`.
    TlsServerSettings server_settings(const std::string& authorities, const std::string& lists) {
        TlsServerSettings settings;
        settings.certificate = file("node.pem", node_.certificate);
        settings.key = file("node.key", node_.key);
        settings.authorities = file("ca.pem", authorities);
        settings.revoked = {file("crl.pem", lists)};
        return settings;
    }
    // What the server thinks of a caller that shows this: X509_V_OK, or why it refuses.
    long verdict(const TlsContext& server, const Identity& caller, const std::string& chain = "") {
        TlsClientSettings settings;
        settings.certificate = file("caller.pem", caller.certificate + chain);
        settings.key = file("caller.key", caller.key);
        settings.authorities = file("servers.pem", root_.certificate());
        const auto client = TlsContext::client(settings).value();
        const std::unique_ptr<SSL, decltype(&SSL_free)> ours(SSL_new(server.get()), &SSL_free),
            theirs(SSL_new(client.get()), &SSL_free);
        BIO *our_end = nullptr, *their_end = nullptr;
        EXPECT_EQ(BIO_new_bio_pair(&our_end, 0, &their_end, 0), 1);
        SSL_set_bio(ours.get(), our_end, our_end);
        SSL_set_bio(theirs.get(), their_end, their_end);
        SSL_set_accept_state(ours.get());
        SSL_set_connect_state(theirs.get());
        int accepted = 0;
        for (int i = 0; i < 20 && accepted != 1; ++i) {
            (void)SSL_do_handshake(theirs.get());
            accepted = SSL_do_handshake(ours.get());
        }
        const long result = SSL_get_verify_result(ours.get());
        EXPECT_EQ(accepted == 1, result == X509_V_OK);
        return result;
    }
    long verdict(const std::string& authorities, const std::string& lists, const Identity& caller,
                 const std::string& chain = "") {
        return verdict(TlsContext::server(server_settings(authorities, lists)).value(), caller, chain);
    }

    test::TemporaryFolder folder_;
    const std::int64_t now_ = std::time(nullptr);
    const Authority root_{"root"}, between_{"between", &root_};
    const Identity node_ = root_.issue("node"), caller_ = between_.issue("caller");
};

TEST_F(TlsContextTest, AListOfWhatStandsAboveTheAuthorityShutsNobodyOut) {
    const auto list = between_.list(now_ - day, now_ + day, {0x77});
    const auto ca = between_.certificate();
    EXPECT_EQ(verdict(ca, list, caller_), X509_V_OK);
    for (const auto from : {-2 * day, -day, day})  // has ended, counts, is not valid yet
        for (const bool names_key : {false, true}) {
            const auto above = root_.list(now_ + from, now_ + from + 3 * day / 2, {}, names_key);
            EXPECT_EQ(verdict(ca, list + above, caller_), X509_V_OK) << from << names_key;
        }
}

TEST_F(TlsContextTest, WhoIsOnAListIsRefusedHoweverTheListsStand) {
    const auto ca = between_.certificate();
    const auto list = between_.list(now_ - day, now_ + day);
    EXPECT_EQ(verdict(ca, between_.list(now_ - day, now_ + day, {caller_.serial}), caller_),
              X509_V_ERR_CERT_REVOKED);
    const auto without_it = root_.list(now_ - day, now_ + day, {between_.serial()});
    EXPECT_EQ(verdict(ca, list + without_it, caller_), X509_V_ERR_CERT_REVOKED) << "the authority itself";
    EXPECT_EQ(verdict(root_.certificate(), list + without_it, caller_, ca), X509_V_ERR_CERT_REVOKED);
}

TEST_F(TlsContextTest, BelowWhatIsTrustedAListHasToCount) {
    const auto ca = between_.certificate(), root = root_.certificate();
    const auto current = between_.list(now_ - day, now_ + day);
    EXPECT_EQ(verdict(ca, between_.list(now_ - 2 * day, now_ - day), caller_), X509_V_ERR_CRL_HAS_EXPIRED);
    EXPECT_EQ(verdict(ca, between_.list(now_ + 600, now_ + day), caller_), X509_V_ERR_CRL_NOT_YET_VALID);
    EXPECT_EQ(verdict(ca, root_.list(now_ - day, now_ + day), caller_), X509_V_ERR_UNABLE_TO_GET_CRL);
    EXPECT_EQ(verdict(root, current, caller_, ca), X509_V_OK) << "the root need have none";
    EXPECT_EQ(verdict(root, current + root_.list(now_ - 2 * day, now_ - day), caller_, ca),
              X509_V_ERR_CRL_HAS_EXPIRED);
    EXPECT_EQ(verdict(ca, Authority("between").list(now_ - day, now_ + day), caller_),
              X509_V_ERR_CRL_SIGNATURE_FAILURE)
        << "of the same name";
}

TEST_F(TlsContextTest, ACallerThatVouchesForItselfNeedsAListToo) {
    const Authority alone("alone");
    const auto ca = alone.certificate();
    EXPECT_EQ(verdict(ca, root_.list(now_ - day, now_ + day), alone.self_signed()),
              X509_V_ERR_UNABLE_TO_GET_CRL);
    EXPECT_EQ(verdict(ca, alone.list(now_ - 2 * day, now_ - day), alone.self_signed()),
              X509_V_ERR_CRL_HAS_EXPIRED);
    EXPECT_EQ(verdict(ca, alone.list(now_ - day, now_ + day), alone.self_signed()), X509_V_OK);
}

TEST_F(TlsContextTest, ListsOfAnAuthoritysOldAndNewKeyAreTwo) {
    const Authority renewed("between");
    const auto lists = between_.list(now_ - 9 * day, now_ - day, {}, true) +
                       renewed.list(now_ - day, now_ + day, {}, true) + renewed.list(now_ - day, now_ + day);
    const auto context = TlsContext::server(server_settings(between_.certificate(), lists));
    const std::vector terms(context->terms().end() - 3, context->terms().end());
    EXPECT_EQ(terms[0].subject, terms[1].subject);
    EXPECT_EQ(terms[0].issuer_key.size(), 40u);
    EXPECT_NE(terms[0].issuer_key, terms[1].issuer_key);
    EXPECT_EQ(terms[2].issuer_key, "");
    EXPECT_FALSE(replaces(terms[1], terms[0], now_));
}

TEST_F(TlsContextTest, AReloadTakesNoListThatCountsNotYetOrNoMoreForOneThatDoes) {
    const auto ca = between_.certificate();
    const auto settings = server_settings(ca, between_.list(now_ - day, now_ + day));
    ReloadableTls tls([&] { return TlsContext::server(settings); });
    for (const auto& [from, words] :
         {std::pair{now_ + 600, "is not valid yet"}, {now_ - 9 * day, "has expired"}}) {
        file("crl.pem", between_.list(from, from + 8 * day));
        const auto reloaded = tls.reload(now_);
        ASSERT_FALSE(reloaded) << words;
        EXPECT_THAT(reloaded.error().message,
                    HasSubstr("revocation list of CN=between " + std::string(words)));
        EXPECT_EQ(verdict(*tls.context(), caller_), X509_V_OK) << "the one before is in use";
    }
    file("crl.pem",
         between_.list(now_ + 600, now_ + 8 * day) + between_.list(now_ - day, now_ + day, {caller_.serial}));
    EXPECT_TRUE(tls.reload(now_)) << "old and new in one file";
    EXPECT_EQ(verdict(*tls.context(), caller_), X509_V_ERR_CERT_REVOKED);
}

TEST_F(TlsContextTest, AReloadIsTakenWhereTheListInUseHasEndedToo) {
    const auto settings =
        server_settings(between_.certificate(), between_.list(now_ - 9 * day, now_ - 2 * day));
    ReloadableTls tls([&] { return TlsContext::server(settings); });
    const auto renewed = root_.issue("renewed");
    file("node.pem", renewed.certificate);
    file("node.key", renewed.key);
    file("crl.pem", between_.list(now_ - 8 * day, now_ - day));
    EXPECT_TRUE(tls.reload(now_)) << "certificate and key may be needed";
    EXPECT_EQ(tls.context()->terms().front().subject, "CN=renewed");
    file("crl.pem", between_.list(now_ - day, now_ + day));
    EXPECT_TRUE(tls.reload(now_));
    EXPECT_EQ(verdict(*tls.context(), caller_), X509_V_OK);
}

}  // namespace
}  // namespace hilum
