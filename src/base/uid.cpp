#include "base/uid.h"

#include <algorithm>
#include <array>
#include <random>

#include "base/digest.h"

namespace hilum {
namespace {

// 16 bytes, most significant first, as a decimal number without leading zeros.
std::string to_decimal(std::array<unsigned, 16> bytes) {
    std::string digits;
    while (std::any_of(bytes.begin(), bytes.end(), [](unsigned b) { return b != 0; })) {
        unsigned remainder = 0;
        for (unsigned& byte : bytes) {
            const unsigned value = remainder * 256 + byte;
            byte = value / 10;
            remainder = value % 10;
        }
        digits.push_back(static_cast<char>('0' + remainder));
    }
    std::reverse(digits.begin(), digits.end());
    return digits;
}

}  // namespace

Result<Uid> Uid::parse(std::string_view text) {
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
    const bool characters =
        std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    if (text.empty() || text.size() > 64 || !characters || text.front() == '.' || text.back() == '.' ||
        text.find("..") != std::string_view::npos)
        return fail("invalid_uid", "not a DICOM UID");
    return Uid(std::string(text));
}

Uid derive_uid(const std::vector<std::string>& identity) {
    Sha256 sha;
    for (const auto& part : identity) {
        sha.update(std::to_string(part.size()) + ":");  // so that no two lists of parts run together alike
        sha.update(part);
    }
    const std::string hex = sha.hex();
    std::array<unsigned, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<unsigned>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return Uid("2.25." + to_decimal(bytes));
}

Uid random_uid() {
    thread_local std::random_device source;  // the kernel's; to open it costs more than to ask it
    std::array<unsigned, 16> bytes{};
    for (unsigned& byte : bytes) byte = source() & 0xff;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;  // version 4
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return Uid("2.25." + to_decimal(bytes));
}

}  // namespace hilum
