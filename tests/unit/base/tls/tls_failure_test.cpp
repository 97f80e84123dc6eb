#include "base/tls/tls_failure.h"

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace hilum {
namespace {

using testing::HasSubstr;
using testing::Not;

Error failure(long verdict) {
    return tls_failure(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED), verdict, "");
}

TEST(TlsFailure, SendsNobodyForANewListWhereThisOneIsNotValidYet) {
    const auto early = failure(X509_V_ERR_CRL_NOT_YET_VALID), ended = failure(X509_V_ERR_CRL_HAS_EXPIRED);
    EXPECT_EQ(early.code, tls_failures::no_crl);
    EXPECT_THAT(early.message, HasSubstr("not valid yet: check its dates and this machine's clock"));
    EXPECT_THAT(early.message, Not(HasSubstr("fetch")));
    EXPECT_EQ(ended.code, tls_failures::no_crl);
    EXPECT_THAT(ended.message, HasSubstr("out of date: fetch the new one"));
}

}  // namespace
}  // namespace hilum
