#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <new>

#include "base/file_system.h"
#include "base/unique_fd.h"
#include "deidentification/copying.h"

namespace hilum::deidentification {
namespace {

constexpr std::string_view signature = "\x89PNG\r\n\x1A\n";
constexpr std::size_t largest_png = std::size_t{1} << 30;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

// Without them there is no picture (PNG 5.6): the others may say who made it, of whom and when.
bool is_critical(std::string_view type) {
    return type == "IHDR" || type == "PLTE" || type == "IDAT" || type == "IEND";
}

Result<std::string> critical_chunks(std::string_view png) {
    std::string kept(signature);
    for (std::size_t at = signature.size(); at + 12 <= png.size();) {
        const std::size_t length = number_at(png, at);
        if (length > png.size() - at - 12) break;
        const auto type = png.substr(at + 4, 4);
        const auto* data = reinterpret_cast<const Bytef*>(png.data() + at + 4);
        if (::crc32(0, data, static_cast<uInt>(4 + length)) != number_at(png, at + 8 + length))
            return fail("png", "the PNG file is damaged: a chunk's checksum is wrong");
        if (is_critical(type)) kept += png.substr(at, 12 + length);
        if (type == "IEND") return kept;  // whatever follows is no part of it
        at += 12 + length;
    }
    return fail("png", "the PNG file ends before its picture does");
}

}  // namespace

Result<bool> is_png_file(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0)
        return fail("unreadable", "{}", system_error(errno, "cannot open the file").message);
    if (!S_ISREG(info.st_mode)) return fail("unreadable", "it is no file");
    std::array<char, signature.size()> head{};
    return ::read(fd.get(), head.data(), head.size()) == static_cast<ssize_t>(head.size()) &&
           std::string_view(head.data(), head.size()) == signature;
}

Result<std::string> copy_png(const std::filesystem::path& from, const std::filesystem::path& to,
                             const CopySettings& settings) try {
    if (!settings.include_doubtful)
        return fail("burned_in_possible",
                    "a PNG file cannot say whether text is burned into its picture; look at it, and take it "
                    "with --include-doubtful");
    const auto png = read_file(from, largest_png);
    if (!png) return fail("unreadable", "{}", png.error().message);
    const auto kept = critical_chunks(*png);
    if (!kept) return tl::unexpected(kept.error());
    if (auto written = write_file_durably(to, std::as_bytes(std::span(*kept))); !written)
        return tl::unexpected(written.error());
    return "not_told";
} catch (const std::bad_alloc&) {
    return fail("out_of_memory", "the file needs more memory than there is");
}

}  // namespace hilum::deidentification
