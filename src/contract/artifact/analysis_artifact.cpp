#include "contract/artifact/analysis_artifact.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "base/digest.h"
#include "base/file_system.h"
#include "contract/artifact/packed_pixels.h"

namespace hilum {
namespace {

// Layout: magic, length of the JSON head (8 bytes, little endian), head, pixels, maps, SHA-256 in hex. The
// head's "pixels" is how many bytes they have here.
constexpr std::string_view magic = "HILUMART2\n";
constexpr std::string_view magic_of_unpacked = "HILUMART1\n";  // of earlier versions: the pixels themselves
constexpr std::size_t digest_size = 64;
constexpr std::size_t largest = 1ULL << 30;

void append(std::vector<std::byte>& to, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    to.insert(to.end(), bytes, bytes + size);
}

std::string digest_of(std::span<const std::byte> bytes) {
    Sha256 sha;
    sha.update(bytes);
    return sha.hex();
}

Result<AnalysisArtifact> damaged(const char* how) {
    return fail("artifact_damaged", "the kept analysis is damaged: {}", how);
}

Result<std::vector<std::uint8_t>> pixels_of(std::span<const std::byte> bytes, const DisplayGeometry& display,
                                            bool unpacked) {
    if (!unpacked && !bytes.empty()) return unpack_pixels(bytes, display.rows, display.columns);
    const auto* const first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return std::vector<std::uint8_t>(first, first + bytes.size());
}

}  // namespace

Result<std::vector<std::byte>> serialize(const AnalysisArtifact& a) {
    std::vector<std::byte> pixels;
    if (!a.display_pixels.empty()) {
        auto packed = pack_pixels(a.display_pixels, a.display.rows, a.display.columns);
        if (!packed) return tl::unexpected(packed.error());
        pixels = std::move(*packed);
    }
    const nlohmann::json head_json = {{"attributes", a.attributes}, {"geometry", a.geometry},
                                      {"display", a.display},       {"map_labels", a.map_labels},
                                      {"map_rows", a.map_rows},     {"map_columns", a.map_columns},
                                      {"pixels", pixels.size()},    {"map_floats", a.maps.size()}};
    const std::string head = head_json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::uint64_t head_size = head.size();
    std::vector<std::byte> bytes;
    bytes.reserve(magic.size() + 8 + head.size() + pixels.size() + a.maps.size() * 4 + digest_size);
    append(bytes, magic.data(), magic.size());
    append(bytes, &head_size, 8);
    append(bytes, head.data(), head.size());
    append(bytes, pixels.data(), pixels.size());
    append(bytes, a.maps.data(), a.maps.size() * sizeof(float));
    const std::string digest = digest_of(bytes);
    append(bytes, digest.data(), digest.size());
    return bytes;
}

Result<AnalysisArtifact> parse_artifact(std::span<const std::byte> bytes) {
    if (bytes.size() < magic.size() + 8 + digest_size) return damaged("too short");
    const auto body = bytes.first(bytes.size() - digest_size);
    if (std::memcmp(digest_of(body).data(), bytes.data() + body.size(), digest_size) != 0)
        return damaged("its digest does not match");
    const bool unpacked = std::memcmp(body.data(), magic_of_unpacked.data(), magic.size()) == 0;
    if (!unpacked && std::memcmp(body.data(), magic.data(), magic.size()) != 0)
        return damaged("another format");
    std::uint64_t head_size = 0;
    std::memcpy(&head_size, body.data() + magic.size(), 8);
    auto rest = body.subspan(magic.size() + 8);
    if (head_size > rest.size()) return damaged("head too long");
    const auto* text = reinterpret_cast<const char*>(rest.data());
    rest = rest.subspan(head_size);
    try {
        const auto head = nlohmann::json::parse(text, text + head_size);
        AnalysisArtifact a;
        head.at("attributes").get_to(a.attributes);
        head.at("geometry").get_to(a.geometry);
        head.at("display").get_to(a.display);
        head.at("map_labels").get_to(a.map_labels);
        head.at("map_rows").get_to(a.map_rows);
        head.at("map_columns").get_to(a.map_columns);
        const auto pixels = head.at("pixels").get<std::size_t>();
        const auto floats = head.at("map_floats").get<std::size_t>();
        if (pixels > largest || floats > largest || pixels + floats * sizeof(float) != rest.size())
            return damaged("lengths do not add up");
        auto shown = pixels_of(rest.first(pixels), a.display, unpacked);
        if (!shown) return damaged(shown.error().message.c_str());
        a.display_pixels = std::move(*shown);
        a.maps.resize(floats);
        if (floats > 0) std::memcpy(a.maps.data(), rest.data() + pixels, floats * sizeof(float));
        return a;
    } catch (const nlohmann::json::exception& error) {
        return damaged(error.what());
    }
}

Result<AnalysisArtifact> read_artifact(int fd) {
    const auto bytes = read_fd(fd, largest);
    if (!bytes) return tl::unexpected(bytes.error());
    return parse_artifact(std::as_bytes(std::span(*bytes)));
}

}  // namespace hilum
