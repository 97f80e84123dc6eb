// Who vouches for a model package: SHA256SUMS in its folder names every other file of it with its digest, as
// sha256sum writes and checks it, and SHA256SUMS.sig is the Ed25519 signature of that file's bytes, as
// `openssl pkeyutl -verify -rawin` checks it. Made by `hilum model sign`; asked for by `models[].signed_by`.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/signing/ed25519.h"
#include "model/package/model_package.h"

namespace hilum::model {

inline constexpr const char* sums_file = "SHA256SUMS";
inline constexpr const char* signature_file = "SHA256SUMS.sig";

struct PackageSignature {
    std::string signer;                       // fingerprint of the key that it fits
    std::map<std::string, std::string> sums;  // by the file's path within the folder
};

// Digests every file in the folder and signs the list; an older signature is replaced. Codes: "unreadable";
// "package" where something lies there that cannot be signed (a device, a name with control characters).
Status sign_package(const std::filesystem::path& folder, const SigningKey& key);

// The signature, once it fits one of the keys, and the folder holds each file that it names with that digest
// and no other. The words do not name the folder. Codes: "not_signed"; "wrong_signature" where it fits none
// of the keys; "package_changed" names the files; "unreadable".
Result<PackageSignature> verify_package(const std::filesystem::path& folder,
                                        const std::vector<VerificationKey>& keys);

// read_model_package(), for who may use only what one of the keys in `signed_by` (files of public keys)
// vouches for; with none, any. What was verified is what was read, whoever writes to the folder meanwhile.
// `signer` is empty where nobody was asked for.
struct VouchedPackage {
    LoadedPackage loaded;
    std::string signer;
};
VouchedPackage read_vouched_package(const std::filesystem::path& folder,
                                    const std::vector<std::filesystem::path>& signed_by);

}  // namespace hilum::model
