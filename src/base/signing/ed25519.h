// Ed25519 signatures (RFC 8032) with keys in PEM files, as OpenSSL's own tools make and read them:
//   openssl genpkey -algorithm ed25519 -out NAME.key
//   openssl pkey -in NAME.key -pubout -out NAME.pub
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/tls/tls_settings.h"

namespace hilum {

// What says whether a signature is its owner's.
class VerificationKey {
  public:
    // Codes: "unreadable"; "key" where the file holds no public Ed25519 key in PEM.
    static Result<VerificationKey> read(const std::filesystem::path& file);

    bool verifies(std::string_view bytes, std::string_view signature) const;

    // SHA-256 of the SubjectPublicKeyInfo (RFC 5280), as 64 lower-case digits: names the key among others.
    const std::string& fingerprint() const { return fingerprint_; }

  private:
    friend class SigningKey;
    VerificationKey(std::shared_ptr<void> key, std::string fingerprint)
        : key_(std::move(key)), fingerprint_(std::move(fingerprint)) {}
    std::shared_ptr<void> key_;  // OpenSSL's EVP_PKEY
    std::string fingerprint_;
};

class SigningKey {
  public:
    // Codes: those of read_secret(); "key" where it holds no private Ed25519 key in PEM (one with a
    // passphrase is none).
    static Result<SigningKey> read(const PemSource& source);

    std::string sign(std::string_view bytes) const;  // 64 bytes; the same for the same bytes
    const VerificationKey& verification_key() const { return public_; }

  private:
    explicit SigningKey(VerificationKey key) : public_(std::move(key)) {}
    VerificationKey public_;  // of the same pair: holds both halves
};

}  // namespace hilum
