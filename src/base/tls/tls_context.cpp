#include "base/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <functional>

#include "base/tls/pem_source.h"

namespace hilum {
namespace {

template <auto free>
struct Freeing {
    template <typename T>
    void operator()(T* object) const {
        free(object);
    }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Freeing<X509_CRL_free>>;
using AuthorityKey = std::unique_ptr<AUTHORITY_KEYID, Freeing<AUTHORITY_KEYID_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;

// RFC 9325, 4.2: forward secrecy and authenticated encryption alone. OpenSSL names TLS 1.3's apart.
constexpr const char* suites_of_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* suites_of_1_3 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* groups = "X25519:P-256:P-384:P-521";
// RSA of 2048 bits, curves of 224 and more; no SHA-1 in signatures. Not what an openssl.cnf says.
constexpr int security_level = 2;

// There is nobody to type one.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return 0;
}

Bio bio_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string one_line(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::int64_t seconds_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    return ::timegm(&parts);
}

CertificateTerm term_of(const X509* certificate, std::string kind, std::string source) {
    return {std::move(kind), std::move(source), one_line(X509_get_subject_name(certificate)),
            seconds_of(X509_get0_notBefore(certificate)), seconds_of(X509_get0_notAfter(certificate))};
}

std::string in_hex(const ASN1_STRING* value) {
    const unsigned char* const bytes = ASN1_STRING_get0_data(value);
    std::string text;
    for (int i = 0; i < ASN1_STRING_length(value); ++i) text += fmt::format("{:02x}", bytes[i]);
    return text;
}

// As lists of one issuer's old and new key differ, and those of parts of its certificates (RFC
// 5280 5.2.4, 5.2.5).
std::string issuer_key_of(const X509_CRL* list) {
    const AuthorityKey key(static_cast<AUTHORITY_KEYID*>(
        X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
    std::string text = key != nullptr && key->keyid != nullptr ? in_hex(key->keyid) : "";
    for (const int part : {NID_issuing_distribution_point, NID_delta_crl})
        if (const int at = X509_CRL_get_ext_by_NID(list, part, -1); at >= 0)
            text += "/" + in_hex(X509_EXTENSION_get_data(X509_CRL_get_ext(list, at)));
    return text;
}

CertificateTerm term_of(const X509_CRL* list, std::string source) {
    return {"revocation_list",
            std::move(source),
            one_line(X509_CRL_get_issuer(list)),
            seconds_of(X509_CRL_get0_lastUpdate(list)),
            seconds_of(X509_CRL_get0_nextUpdate(list)),
            issuer_key_of(list)};
}

// That there is no list, or none that counts. Not that a certificate is on it.
bool is_lack_of_list(int error) {
    switch (error) {
        case X509_V_ERR_UNABLE_TO_GET_CRL:
        case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
        case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
        case X509_V_ERR_CRL_NOT_YET_VALID:
        case X509_V_ERR_CRL_HAS_EXPIRED:
            return true;
        default:
            return false;
    }
}

// A list of an authority that hands out none higher up still counts below. The last one of the chain is
// trusted since the configuration says so: of an authority in between, a list of the one above it, which is
// not there, cannot be judged.
int verify(int good, X509_STORE_CTX* chain) {
    if (good != 0) return good;
    const int error = X509_STORE_CTX_get_error(chain), depth = X509_STORE_CTX_get_error_depth(chain);
    const bool is_anchor = depth == sk_X509_num(X509_STORE_CTX_get0_chain(chain)) - 1;
    if (depth == 0 || !(error == X509_V_ERR_UNABLE_TO_GET_CRL || (is_anchor && is_lack_of_list(error))))
        return good;
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return 1;
}

}  // namespace

std::string openssl_error(const std::string& otherwise) {
    const auto error = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
    return reason != nullptr ? reason : otherwise;
}

class TlsContextLoader {
  public:
    TlsContextLoader(const TlsSettings& settings, const SSL_METHOD* method) : settings_(settings) {
        ERR_clear_error();
        loaded_.context_.reset(SSL_CTX_new(method), &SSL_CTX_free);
    }

    Result<TlsContext> load(int verify_mode) {
        if (loaded_.context_ == nullptr)
            return tl::unexpected(
                Error{"system", "OpenSSL: " + openssl_error("no memory"), Retry::once_mended});
        SSL_CTX_set_verify(context(), verify_mode, &verify);
        if (auto done = set_profile()
                            .and_then([this] { return load_identity(); })
                            .and_then([this] { return load_authorities(); })
                            .and_then([this] { return load_revoked(); });
            !done)
            return tl::unexpected(done.error());
        return std::move(loaded_);
    }

  private:
    SSL_CTX* context() { return loaded_.context_.get(); }
    X509_STORE* store() { return SSL_CTX_get_cert_store(context()); }

    Status set_profile() {
        auto* const tls = context();
        SSL_CTX_set_security_level(tls, security_level);
        const int lowest = settings_.minimum_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
        const bool set =
            SSL_CTX_set_min_proto_version(tls, lowest) == 1 && SSL_CTX_set_max_proto_version(tls, 0) == 1 &&
            SSL_CTX_set_cipher_list(tls, suites_of_1_2) == 1 &&
            SSL_CTX_set_ciphersuites(tls, suites_of_1_3) == 1 && SSL_CTX_set1_groups_list(tls, groups) == 1;
        if (!set)
            return fail("system", "OpenSSL does not offer the profile of TLS: {}", openssl_error("unknown"));
        SSL_CTX_clear_options(tls, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
        // Each connection is a process's own, so that sessions could not be taken up again. DICOM and HL7 say
        // themselves where something ends.
        SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_num_tickets(tls, 0);
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        X509_STORE_set_flags(store(), X509_V_FLAG_PARTIAL_CHAIN);
        return {};
    }

    // Calls `take` for each certificate of the source; its false is "weak".
    Status each_certificate(const PemSource& source, const std::function<bool(X509*)>& take) {
        const auto text = read_pem(source);
        if (!text) return tl::unexpected(text.error());
        const auto bio = bio_of(*text);
        int count = 0;
        while (const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
            if (!take(certificate.get()))
                return fail("weak", "{}: the certificate of {} is not taken: {}", source,
                            one_line(X509_get_subject_name(certificate.get())),
                            openssl_error("it is no good"));
            ++count;
        }
        return ended(source, count, "certificate");
    }

    // PEM reading stops at the end of what is there, which is no error after the first.
    Status ended(const PemSource& source, int count, const char* kind) {
        const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        const auto why = openssl_error("nothing");
        if (count > 0 && at_end) return {};
        return fail("pem", "{} holds no {} in PEM form{}{}", source, kind,
                    count > 0 ? " after the first ones" : "", at_end ? "" : " (" + why + ")");
    }

    Status load_identity() {
        if (settings_.certificate.empty()) return {};
        bool first = true;
        auto loaded = each_certificate(settings_.certificate, [&](X509* certificate) {
            loaded_.terms_.push_back(term_of(certificate, "certificate", settings_.certificate));
            return std::exchange(first, false) ? SSL_CTX_use_certificate(context(), certificate) == 1
                                               : SSL_CTX_add1_chain_cert(context(), certificate) == 1;
        });
        return loaded.and_then([this] { return load_key(); });
    }

    Status load_key() {
        auto text = read_secret(settings_.key);
        if (!text) return tl::unexpected(text.error());
        const auto bio = bio_of(*text);
        bool encrypted = false;
        const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, &encrypted));
        OPENSSL_cleanse(text->data(), text->size());
        if (encrypted)
            return fail(
                "encrypted_key",
                "{} asks for a pass phrase, which nobody could type: store the key without one, readable for "
                "its owner alone, or as a credential of systemd",
                settings_.key);
        if (key == nullptr)
            return fail("pem", "{} holds no private key in PEM form ({})", settings_.key,
                        openssl_error("nothing"));
        if (X509_check_private_key(SSL_CTX_get0_certificate(context()), key.get()) != 1) {
            ERR_clear_error();
            return fail("key_mismatch", "the key {} is not that of the certificate {}", settings_.key,
                        settings_.certificate);
        }
        if (SSL_CTX_use_PrivateKey(context(), key.get()) != 1)
            return fail("weak", "the key {} is not taken: {}", settings_.key, openssl_error("it is no good"));
        return {};
    }

    Status load_authorities() {
        if (settings_.authorities.empty()) {
            if (SSL_CTX_get_verify_mode(context()) == SSL_VERIFY_NONE) return {};
            if (SSL_CTX_set_default_verify_paths(context()) == 1) return {};
            return fail("pem", "the system's certificate authorities cannot be read: {}",
                        openssl_error("unknown"));
        }
        return each_certificate(settings_.authorities, [this](X509* certificate) {
            loaded_.terms_.push_back(term_of(certificate, "authority", settings_.authorities));
            return X509_STORE_add_cert(store(), certificate) == 1 &&
                   SSL_CTX_add_client_CA(context(), certificate) == 1;
        });
    }

    Status load_revoked() {
        for (const auto& source : settings_.revoked) {
            const auto text = read_pem(source);
            if (!text) return tl::unexpected(text.error());
            const auto bio = bio_of(*text);
            int count = 0;
            for (; const RevocationList list{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)};
                 ++count) {
                loaded_.terms_.push_back(term_of(list.get(), source));
                if (X509_STORE_add_crl(store(), list.get()) != 1)
                    return fail("pem", "{} is not taken: {}", source, openssl_error("it is no good"));
            }
            if (auto read = ended(source, count, "certificate revocation list"); !read) return read;
        }
        if (!settings_.revoked.empty())
            X509_STORE_set_flags(store(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        return {};
    }

    const TlsSettings& settings_;
    TlsContext loaded_;
};

Result<TlsContext> TlsContext::server(const TlsServerSettings& settings) {
    int mode = SSL_VERIFY_NONE;
    if (settings.client_certificates != ClientCertificates::none) mode = SSL_VERIFY_PEER;
    if (settings.client_certificates == ClientCertificates::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    return TlsContextLoader(settings, TLS_server_method()).load(mode);
}

Result<TlsContext> TlsContext::client(const TlsClientSettings& settings) {
    return TlsContextLoader(settings, TLS_client_method()).load(SSL_VERIFY_PEER);
}

}  // namespace hilum
