#include "model/package/package_signature.h"

#include <algorithm>
#include <span>
#include <sstream>

#include "base/digest.h"
#include "base/file_system.h"

namespace hilum::model {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t largest_sums = 1 << 20;  // bytes
constexpr std::size_t digits = 64;
constexpr std::size_t most_named = 5;  // files in a message

bool is_own(const std::string& name) {
    return name == sums_file || name == signature_file;
}

// Such as sha256sum would write otherwise than they are.
bool can_be_listed(const std::string& name) {
    return std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
}

Result<std::vector<std::string>> files_of(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->is_directory(error) && !at->is_symlink(error)) continue;
        const auto name = at->path().lexically_relative(folder).generic_string();
        if (is_own(name)) continue;
        if (!at->is_regular_file(error) || !can_be_listed(name))
            return fail("package", "{}: a package holds files, whose names have no control characters",
                        at->path().string());
        names.push_back(name);
    }
    if (error) return fail("unreadable", "cannot list {}: {}", folder.string(), error.message());
    std::ranges::sort(names);
    return names;
}

Result<std::map<std::string, std::string>> sums_of(const fs::path& folder) {
    const auto names = files_of(folder);
    if (!names) return tl::unexpected(names.error());
    std::map<std::string, std::string> sums;
    for (const auto& name : *names) {
        auto digest = sha256_of_file(folder / name);
        if (!digest) return tl::unexpected(digest.error());
        sums[name] = std::move(*digest);
    }
    return sums;
}

// As sha256sum writes it: the digest, two spaces, the name.
std::string text_of(const std::map<std::string, std::string>& sums) {
    std::string text;
    for (const auto& [name, digest] : sums) text += digest + "  " + name + "\n";
    return text;
}

Result<std::map<std::string, std::string>> parse_sums(const std::string& text, const fs::path& file) {
    std::map<std::string, std::string> sums;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.size() < digits + 3 || line.compare(digits, 2, "  ") != 0)
            return fail("wrong_signature", "{} is no list of SHA-256 digests", file.string());
        sums[line.substr(digits + 2)] = line.substr(0, digits);
    }
    return sums;
}

// What differs from what was signed, in words; empty: nothing.
std::string differences(const std::map<std::string, std::string>& is,
                        const std::map<std::string, std::string>& was) {
    std::vector<std::string> all;
    for (const auto& [name, digest] : was)
        if (const auto it = is.find(name); it == is.end())
            all.push_back(name + " is missing");
        else if (it->second != digest)
            all.push_back(name + " was changed");
    for (const auto& [name, digest] : is)
        if (!was.contains(name)) all.push_back(name + " was added");
    const auto named = std::span(all).first(std::min(all.size(), most_named));
    return fmt::format("{}{}", fmt::join(named, ", "),
                       all.size() > most_named ? fmt::format(" and {} more", all.size() - most_named) : "");
}

Result<std::map<std::string, std::string>> verified_sums(const fs::path& folder,
                                                         const std::vector<VerificationKey>& keys,
                                                         std::string& signer) {
    for (const char* name : {sums_file, signature_file})
        if (!fs::exists(folder / name))
            return fail("not_signed", "it is not signed ({} is missing): see `hilum model sign`", name);
    const auto text = read_file(folder / sums_file, largest_sums);
    const auto signature = read_file(folder / signature_file, largest_sums);
    for (const auto* read : {&text, &signature})
        if (!*read) return fail("unreadable", "{}", read->error().message);
    const auto key = std::ranges::find_if(keys, [&](const auto& k) { return k.verifies(*text, *signature); });
    if (key == keys.end())
        return fail("wrong_signature", "it was not signed by any of the {} given key{}", keys.size(),
                    keys.size() == 1 ? "" : "s");
    signer = key->fingerprint();
    return parse_sums(*text, folder / sums_file);
}

Result<std::vector<VerificationKey>> read_keys(const std::vector<fs::path>& files) {
    std::vector<VerificationKey> keys;
    for (const auto& file : files) {
        auto key = VerificationKey::read(file);
        if (!key) return tl::unexpected(key.error());
        keys.push_back(std::move(*key));
    }
    return keys;
}

// Whether what was read is what was verified a moment before.
bool is_what_was_signed(const ModelPackage& package, const PackageSignature& signature) {
    const auto same = [&](const fs::path& name, const std::string& digest) {
        const auto it = signature.sums.find(name.generic_string());
        return it != signature.sums.end() && it->second == digest;
    };
    return same("model.yaml", package.yaml_sha256) &&
           same(package.file.lexically_relative(package.folder), package.sha256) &&
           (package.golden_sha256.empty() || same("golden.yaml", package.golden_sha256));
}

}  // namespace

Status sign_package(const fs::path& folder, const SigningKey& key) {
    const auto sums = sums_of(folder);
    if (!sums) return tl::unexpected(sums.error());
    const auto text = text_of(*sums);
    // First the list: with the older signature it is told to be wrong, and never the other way.
    auto written = write_file_durably(folder / sums_file, std::as_bytes(std::span(text)));
    if (!written) return written;
    const auto signature = key.sign(text);
    return write_file_durably(folder / signature_file, std::as_bytes(std::span(signature)));
}

Result<PackageSignature> verify_package(const fs::path& folder, const std::vector<VerificationKey>& keys) {
    PackageSignature signature;
    auto signed_sums = verified_sums(folder, keys, signature.signer);
    if (!signed_sums) return tl::unexpected(signed_sums.error());
    const auto sums = sums_of(folder);
    if (!sums) return tl::unexpected(sums.error());
    if (const auto differs = differences(*sums, *signed_sums); !differs.empty())
        return fail("package_changed", "it is not as it was signed: {}", differs);
    signature.sums = std::move(*signed_sums);
    return signature;
}

VouchedPackage read_vouched_package(const fs::path& folder, const std::vector<fs::path>& signed_by) {
    if (signed_by.empty()) return {read_model_package(folder), ""};
    const auto refused = [&](std::string why) {
        VouchedPackage none;
        none.loaded.package.folder = folder;
        none.loaded.problems.push_back({folder.string(), 0, "", std::move(why)});
        return none;
    };
    const auto keys = read_keys(signed_by);
    if (!keys) return refused(keys.error().message);
    const auto signature = verify_package(folder, *keys);
    if (!signature) return refused(signature.error().message);
    VouchedPackage vouched{read_model_package(folder), signature->signer};
    if (vouched.loaded.problems.empty() && !is_what_was_signed(vouched.loaded.package, *signature))
        return refused("it was changed while it was read");
    return vouched;
}

}  // namespace hilum::model
