#include "base/signing/ed25519.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <utility>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/tls/pem_source.h"

namespace hilum {
namespace {

constexpr std::size_t largest_key_file = 16 << 10;  // bytes
constexpr std::size_t signature_size = 64;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

EVP_PKEY* pkey_of(const std::shared_ptr<void>& key) {
    return static_cast<EVP_PKEY*>(key.get());
}

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// No terminal is asked for a passphrase.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

template <typename Reader>
Result<std::shared_ptr<void>> parse(const std::string& pem, const std::filesystem::path& file, Reader reader,
                                    const char* kind) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    if (!bio) std::abort();
    std::shared_ptr<void> key(reader(bio.get(), nullptr, &no_passphrase, nullptr),
                              [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); });
    if (!key || EVP_PKEY_get_base_id(pkey_of(key)) != EVP_PKEY_ED25519)
        return fail("key",
                    "{} holds no {} Ed25519 key in PEM; `openssl genpkey -algorithm ed25519` makes a pair",
                    file.string(), kind);
    return key;
}

std::string fingerprint_of(const std::shared_ptr<void>& key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(pkey_of(key), &der);
    if (size <= 0) std::abort();
    const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return sha256_hex(bytes);
}

}  // namespace

Result<VerificationKey> VerificationKey::read(const std::filesystem::path& file) {
    const auto pem = read_file(file, largest_key_file);
    if (!pem) return tl::unexpected(Error{"unreadable", pem.error().message, pem.error().retry});
    auto key = parse(*pem, file, &PEM_read_bio_PUBKEY, "public");
    if (!key) return tl::unexpected(key.error());
    auto fingerprint = fingerprint_of(*key);
    return VerificationKey(std::move(*key), std::move(fingerprint));
}

bool VerificationKey::verifies(std::string_view bytes, std::string_view signature) const {
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    return signature.size() == signature_size &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey_of(key_)) == 1 &&
           EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(bytes),
                            bytes.size()) == 1;
}

Result<SigningKey> SigningKey::read(const PemSource& source) {
    const auto pem = read_secret(source);
    if (!pem) return tl::unexpected(pem.error());
    auto key = parse(*pem, source, &PEM_read_bio_PrivateKey, "private");
    if (!key) return tl::unexpected(key.error());
    auto fingerprint = fingerprint_of(*key);
    return SigningKey(VerificationKey(std::move(*key), std::move(fingerprint)));
}

std::string SigningKey::sign(std::string_view bytes) const {
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::string signature(signature_size, '\0');
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey_of(public_.key_)) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       octets(bytes), bytes.size()) != 1 ||
        size != signature_size)
        std::abort();  // an Ed25519 key signs anything
    return signature;
}

}  // namespace hilum
