// Certificate authorities for tests: certificates, keys and lists of revoked ones in PEM form.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hilum::test {

struct Identity {
    std::string certificate, key;  // PEM
    std::int64_t serial = 0;
};

class Authority {
  public:
    // Signed by itself where there is no authority `above` it.
    explicit Authority(const std::string& name, const Authority* above = nullptr)
        : key_(new_key()),
          serial_(next_serial()),
          certificate_(made(name, serial_, key_.get(), true, above ? *above : *this)) {}

    std::string certificate() const { return pem(&PEM_write_bio_X509, certificate_.get()); }
    std::int64_t serial() const { return serial_; }

    Identity issue(const std::string& name) const {
        const Key key = new_key();
        const auto serial = next_serial();
        const Certificate certificate = made(name, serial, key.get(), false, *this);
        return {pem(&PEM_write_bio_X509, certificate.get()), pem_of_key(key.get()), serial};
    }
    // Of an end that nobody but itself vouches for.
    Identity self_signed() const { return {certificate(), pem_of_key(key_.get()), serial_}; }

    // Good from `from` to `to`, in seconds since 1970 UTC. `names_key`: says which key signed it.
    std::string list(std::int64_t from, std::int64_t to, const std::vector<std::int64_t>& revoked = {},
                     bool names_key = false) const {
        const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(), &X509_CRL_free);
        check(X509_CRL_set_version(list.get(), 1));
        check(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get())));
        check(X509_CRL_set1_lastUpdate(list.get(), time_of(from).get()));
        check(X509_CRL_set1_nextUpdate(list.get(), time_of(to).get()));
        for (const auto serial : revoked) {
            auto* const entry = X509_REVOKED_new();
            const std::unique_ptr<ASN1_INTEGER, decltype(&ASN1_INTEGER_free)> number(ASN1_INTEGER_new(),
                                                                                     &ASN1_INTEGER_free);
            check(ASN1_INTEGER_set_int64(number.get(), serial));
            check(X509_REVOKED_set_serialNumber(entry, number.get()));
            check(X509_REVOKED_set_revocationDate(entry, time_of(from).get()));
            check(X509_CRL_add0_revoked(list.get(), entry));
        }
        if (names_key) {
            const auto name =
                extension(NID_authority_key_identifier, "keyid:always", certificate_.get(), nullptr);
            check(X509_CRL_add_ext(list.get(), name.get(), -1));
        }
        check(X509_CRL_sign(list.get(), key_.get(), EVP_sha256()));
        return pem(&PEM_write_bio_X509_CRL, list.get());
    }

  private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
    using Time = std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)>;

    static void check(int done) {
        if (done <= 0) throw std::runtime_error("OpenSSL makes no certificate for a test");
    }
    static Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }
    static Time time_of(std::int64_t seconds) { return {ASN1_TIME_set(nullptr, seconds), &ASN1_TIME_free}; }
    static std::int64_t next_serial() {
        static std::int64_t last = 0x1000;
        return ++last;
    }

    static Certificate made(const std::string& name, std::int64_t serial, EVP_PKEY* key, bool is_authority,
                            const Authority& signer) {
        Certificate made(X509_new(), &X509_free);
        auto* const it = made.get();
        check(X509_set_version(it, 2));
        check(ASN1_INTEGER_set_int64(X509_get_serialNumber(it), serial));
        check(X509_set1_notBefore(it, time_of(::time(nullptr) - 86400).get()));
        check(X509_set1_notAfter(it, time_of(::time(nullptr) + 365 * 86400).get()));
        check(X509_NAME_add_entry_by_txt(X509_get_subject_name(it), "CN", MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0));
        const bool by_itself = signer.key_.get() == key;
        check(X509_set_issuer_name(it, X509_get_subject_name(by_itself ? it : signer.certificate_.get())));
        check(X509_set_pubkey(it, key));
        if (is_authority) {
            for (const auto& [nid, value] : {std::pair{NID_basic_constraints, "critical,CA:TRUE"},
                                             {NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature"},
                                             {NID_subject_key_identifier, "hash"}})
                check(X509_add_ext(it, extension(nid, value, nullptr, it).get(), -1));
        }
        check(X509_sign(it, signer.key_.get(), EVP_sha256()));
        return made;
    }
    using Extension = std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)>;
    static Extension extension(int nid, const char* value, X509* issuer, X509* subject) {
        X509V3_CTX context{};
        X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
        Extension made(X509V3_EXT_conf_nid(nullptr, &context, nid, value), &X509_EXTENSION_free);
        check(made != nullptr);
        return made;
    }

    template <typename Write, typename T>
    static std::string pem(Write write, const T* object) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
        check(write(out.get(), const_cast<T*>(object)));
        return text_of(out.get());
    }
    static std::string pem_of_key(EVP_PKEY* key) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
        check(PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr));
        return text_of(out.get());
    }
    static std::string text_of(BIO* bio) {
        char* text = nullptr;
        const long size = BIO_get_mem_data(bio, &text);
        return {text, static_cast<std::size_t>(size)};
    }

    Key key_;
    std::int64_t serial_;
    Certificate certificate_;
};

}  // namespace hilum::test
