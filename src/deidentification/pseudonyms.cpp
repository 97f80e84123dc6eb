#include "deidentification/pseudonyms.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <random>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum::deidentification {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_digits = 64;

bool is_key(const std::string& text) {
    return text.size() == key_digits + 1 && text.back() == '\n' &&
           text.find_first_not_of("0123456789abcdef") == key_digits;
}

std::string random_key() {
    std::random_device source;  // the kernel's
    std::string key;
    for (int i = 0; i < 8; ++i) key += fmt::format("{:08x}", source());
    return key + "\n";
}

Result<std::string> make_key(const fs::path& file) {
    const auto key = random_key();
    const UniqueFd fd(::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
    if (!fd) return tl::unexpected(system_error(errno, "cannot make the key " + file.string()));
    auto written = write_all(fd.get(), std::as_bytes(std::span(key)));
    if (written && ::fsync(fd.get()) != 0)
        written = tl::unexpected(system_error(errno, "cannot sync the key " + file.string()));
    if (written) written = sync_directory(file.has_parent_path() ? file.parent_path() : fs::path("."));
    if (written) return key;
    ::unlink(file.c_str());  // half a key
    return tl::unexpected(written.error());
}

Result<std::string> read_key(const fs::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return tl::unexpected(system_error(errno, "cannot open the key " + file.string()));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0)
        return tl::unexpected(system_error(errno, "cannot look at the key " + file.string()));
    if (!S_ISREG(info.st_mode)) return fail("key", "the key {} is no file", file.string());
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fail("key", "others may read the key {}: whoever has it finds the patients again; chmod 600",
                    file.string());
    auto text = read_fd(fd.get(), 4096);
    if (!text || !is_key(*text))
        return fail("key",
                    "{} is no key: 64 hexadecimal digits and a line feed. Name a file that is not there yet, "
                    "and one is made",
                    file.string());
    return text;
}

}  // namespace

std::string Pseudonyms::code(const char* kind, std::string_view text) const {
    return hmac_sha256_hex(key_, std::string(kind) + '\n' + std::string(text));
}

std::string Pseudonyms::patient(std::string_view person) const {
    return "P" + code("patient", person).substr(0, 16);
}

std::string Pseudonyms::site(std::string_view site) const {
    return site.empty() ? "" : "S" + code("site", site).substr(0, 8);
}

std::string Pseudonyms::file_name(std::string_view file) const {
    return code("file", file).substr(0, 24);
}

Uid Pseudonyms::uid(std::string_view uid) const {
    return derive_uid({code("uid", uid)});
}

int Pseudonyms::days_earlier(std::string_view person) const {
    constexpr unsigned long long most = 3652;  // ten years
    return static_cast<int>(1 + std::stoull(code("days", person).substr(0, 15), nullptr, 16) % most);
}

Result<Pseudonyms> read_or_make_key(const fs::path& file) {
    std::error_code error;
    const bool there = fs::exists(fs::symlink_status(file, error));
    auto key = there ? read_key(file) : make_key(file);
    if (!key) return tl::unexpected(key.error());
    return Pseudonyms(std::move(*key));
}

}  // namespace hilum::deidentification
