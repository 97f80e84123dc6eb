#include "model/decoder/pixels/jpeg2000/jpeg2000_header.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "model/decoder/pixels/jpeg2000/jpeg2000_complexity.h"

namespace hilum::model {
namespace {

constexpr std::uint16_t soc = 0xFF4F, siz = 0xFF51, cod = 0xFF52, coc = 0xFF53, tlm = 0xFF55, plm = 0xFF57,
                        plt = 0xFF58, qcd = 0xFF5C, qcc = 0xFF5D, rgn = 0xFF5E, poc = 0xFF5F, ppm = 0xFF60,
                        ppt = 0xFF61, crg = 0xFF63, com = 0xFF64, sot = 0xFF90, sod = 0xFF93, eoc = 0xFFD9;
constexpr int most_tiles = 8192;                // OpenJPEG keeps 7 to 10 kB of each
constexpr std::size_t most_coding_styles = 64;  // different ones; a tile may have one of its own

using Bytes = std::span<const std::uint8_t>;

// Big-endian numbers, in order. Beyond the end everything is 0 and `failed` is set.
struct Reader {
    Bytes bytes;
    std::size_t at = 0;
    bool failed = false;

    std::uint64_t number(int count) {
        if (static_cast<std::size_t>(count) > bytes.size() - at) failed = true;
        std::uint64_t value = 0;
        for (; count > 0; --count) value = value << 8 | (failed ? 0 : bytes[at++]);
        return value;
    }
    int byte() { return static_cast<int>(number(1)); }
    int word() { return static_cast<int>(number(2)); }
    std::int64_t long_word() { return static_cast<std::int64_t>(number(4)); }
    bool is_at_end() const { return at == bytes.size(); }
};

auto malformed(const char* what) {
    return fail("malformed", "is damaged ({})", what);
}
auto truncated() {
    return fail("truncated", "is cut off");
}

// What of the headers outlasts its segment.
class HeaderReader {
  public:
    explicit HeaderReader(Bytes codestream) : stream_{codestream} {}

    Result<Jpeg2000Header> read() {
        if (stream_.word() != soc || stream_.word() != siz) return malformed("it has no header");
        if (auto ok = read_size(); !ok) return tl::unexpected(ok.error());
        if (auto ok = read_main_header(); !ok) return tl::unexpected(ok.error());
        if (auto ok = read_tile_parts(); !ok) return tl::unexpected(ok.error());
        if (auto ok = check_complexity(grid_, coding_); !ok) return tl::unexpected(ok.error());
        return header_;
    }

  private:
    struct Tile {
        int parts = 0, parts_said = 0;  // 0: it was not said how many
    };

    // The segment after a marker, without its length. Empty when the stream ends before.
    std::optional<Reader> segment() {
        const int length = stream_.word();
        if (stream_.failed || length < 2 ||
            static_cast<std::size_t>(length - 2) > stream_.bytes.size() - stream_.at)
            return {};
        Reader inside{stream_.bytes.subspan(stream_.at, static_cast<std::size_t>(length - 2))};
        stream_.at += inside.bytes.size();
        return inside;
    }

    Status read_size() {  // A.5.1
        auto segment_found = segment();
        if (!segment_found) return truncated();
        Reader& in = *segment_found;
        const int capabilities = in.word();
        grid_.x1 = in.long_word(), grid_.y1 = in.long_word();
        grid_.x0 = in.long_word(), grid_.y0 = in.long_word();
        grid_.tile_width = in.long_word(), grid_.tile_height = in.long_word();
        grid_.tile_x0 = in.long_word(), grid_.tile_y0 = in.long_word();
        const int components = in.word();
        if (in.failed || components < 1 || in.bytes.size() != 36 + 3 * static_cast<std::size_t>(components))
            return malformed("its size segment");
        if (components > 3) return fail("components", "has {} components", components);
        header_.components = grid_.components = components;
        for (int i = 0; i < components; ++i)
            if (auto ok = read_component(in, i == 0); !ok) return ok;
        if (auto ok = check_grid(); !ok) return ok;
        if ((capabilities & 0xC000) != 0) return unsupported();  // of a size that is one
        return {};
    }

    Status read_component(Reader& in, bool first) {
        const int depth = in.byte();
        const int precision = (depth & 0x7F) + 1;
        const bool is_signed = (depth & 0x80) != 0;
        if (in.byte() != 1 || in.byte() != 1) return fail("components", "has a subsampled component");
        if (precision > 16) return fail("precision", "has {} bits a sample", precision);
        if (!first && (precision != header_.precision || is_signed != header_.is_signed))
            return fail("components", "has components of different kinds");
        header_.precision = precision;
        header_.is_signed = is_signed;
        return {};
    }

    Status check_grid() {
        if (grid_.x1 <= grid_.x0 || grid_.y1 <= grid_.y0 || grid_.tile_width == 0 || grid_.tile_height == 0 ||
            grid_.tile_x0 > grid_.x0 || grid_.tile_y0 > grid_.y0 ||
            grid_.tile_x0 + grid_.tile_width <= grid_.x0 || grid_.tile_y0 + grid_.tile_height <= grid_.y0)
            return malformed("its size or its tiles' size");
        // DICOM's Rows and Columns have 16 bits; OpenJPEG computes with 32.
        constexpr std::int64_t longest_side = 65535, farthest = 0x7FFF'FFFF;
        if (grid_.x1 - grid_.x0 > longest_side || grid_.y1 - grid_.y0 > longest_side || grid_.x1 > farthest ||
            grid_.y1 > farthest)
            return malformed("its size");
        header_.columns = static_cast<int>(grid_.x1 - grid_.x0);
        header_.rows = static_cast<int>(grid_.y1 - grid_.y0);
        if (grid_.tiles_across() > most_tiles || grid_.tiles_down() > most_tiles / grid_.tiles_across())
            return fail("too_complex", "has too many tiles");
        tiles_.resize(static_cast<std::size_t>(grid_.tiles_across() * grid_.tiles_down()));
        return {};
    }

    Status read_main_header() {
        while (true) {
            const int marker = stream_.word();
            if (stream_.failed) return truncated();
            if (marker == sot) break;
            const bool other = marker == ppm || marker == tlm || marker == plm || marker == crg;
            if (auto ok = read_segment(marker, other); !ok) return ok;
        }
        if (coding_.styles.empty()) return malformed("it has no coding style");
        if (!has_quantization_) return malformed("it has no quantization");
        return {};
    }

    // One that may be in the main header and in a tile-part's; `other`: one that may be here and of which
    // nothing is needed. An unknown one would be read past in another way by OpenJPEG, so none is let
    // through.
    Status read_segment(int marker, bool other) {
        if (marker >= 0xFF74 && marker <= 0xFF78) return unsupported();  // part 2's transformations
        if (marker == 0xFF50) return unsupported();                      // CAP: part 15 and later ones
        const bool needed = marker == cod || marker == coc || marker == poc;
        if (!needed && !other && marker != qcd && marker != qcc && marker != rgn && marker != com)
            return malformed("an unknown marker");
        auto inside = segment();
        if (!inside) return truncated();
        has_quantization_ |= marker == qcd;
        if (marker == cod) return read_coding_default(*inside);
        if (marker == coc) return read_coding_of_component(*inside);
        if (marker == poc) return read_progression_changes(*inside);
        return {};
    }

    Status read_coding_default(Reader& in) {  // A.6.1
        const int flags = in.byte();
        const int progression = in.byte();
        const int layers = in.word();
        in.byte();  // multiple component transformation
        if (in.failed || layers < 1 || progression > 4) return malformed("its coding style");
        coding_.layers = std::max(coding_.layers, layers);
        coding_.by_position |= progression >= 2;
        return read_style(in, (flags & 1) != 0);
    }

    Status read_coding_of_component(Reader& in) {  // A.6.2; with fewer than 257 components
        if (in.byte() >= header_.components) return malformed("the coding style of a component");
        const int flags = in.byte();
        return read_style(in, (flags & 1) != 0);
    }

    Status read_style(Reader& in, bool has_precincts) {
        CodingStyle style;
        style.levels = in.byte();
        style.block_width = (in.byte() & 0xF) + 2;
        style.block_height = (in.byte() & 0xF) + 2;
        const int block_style = in.byte();
        const int transformation = in.byte();
        if ((block_style & 0xC0) != 0) return unsupported();
        if (in.failed || style.block_width > 10 || style.block_height > 10 ||
            style.block_width + style.block_height > 12 || transformation > 1)
            return malformed("its coding style");
        if (style.levels > CodingStyle::most_levels)
            return fail("too_complex", "has {} resolution levels", style.levels);
        header_.reversible &= transformation == 1;  // table A.20: the 5-3 filter
        for (int r = 0; has_precincts && r <= style.levels; ++r) {
            const int exponents = in.byte();
            style.precinct_width.at(static_cast<std::size_t>(r)) = exponents & 0xF;
            style.precinct_height.at(static_cast<std::size_t>(r)) = exponents >> 4;
            if (r > 0 && ((exponents & 0xF) == 0 || exponents >> 4 == 0))
                return malformed("the size of its precincts");
        }
        if (in.failed || !in.is_at_end()) return malformed("its coding style");
        if (std::ranges::find(coding_.styles, style) != coding_.styles.end()) return {};
        if (coding_.styles.size() >= most_coding_styles)
            return fail("too_complex", "has too many coding styles");
        coding_.styles.push_back(style);
        return {};
    }

    Status read_progression_changes(Reader& in) {  // A.6.6
        coding_.progressions += static_cast<int>(in.bytes.size() / 7);
        coding_.by_position = true;
        if (in.bytes.size() % 7 != 0) return malformed("its progression orders");
        return {};
    }

    // From behind the first SOT marker to the end of the codestream.
    Status read_tile_parts() {
        int marker = sot;
        for (; marker == sot; marker = next_marker())
            if (auto ok = read_tile_part(); !ok) return ok;
        if (marker != eoc && !stream_.failed) return malformed("it goes on where it should end");
        const auto is_missing = [marker](const Tile& tile) {
            // Without an end marker, only a tile that says how many parts it has can be known to be whole.
            const bool known_whole = tile.parts_said > 0 && tile.parts >= tile.parts_said;
            return tile.parts == 0 || (marker != eoc && !known_whole);
        };
        if (std::ranges::any_of(tiles_, is_missing)) return truncated();
        return {};
    }

    // Behind a tile-part. Where there is none, `stream_.failed`.
    int next_marker() {
        header_.end = stream_.at;
        const int marker = stream_.word();
        if (marker == com) return end_behind_comments();
        header_.has_end_marker = marker == eoc;
        if (header_.has_end_marker) header_.end = stream_.at;
        // Padding in place of an end marker is as good as the stream's end.
        const auto rest = stream_.bytes.subspan(stream_.at);
        if (marker == 0 && std::ranges::all_of(rest, [](auto byte) { return byte == 0; }))
            stream_.failed = true;
        return marker;
    }

    // Some devices pad so. What is decoded ends before the comments, without the end marker behind them.
    int end_behind_comments() {
        header_.has_end_marker = false;
        int marker = com;
        while (marker == com && segment()) marker = stream_.word();
        return marker == eoc ? eoc : com;
    }

    Status read_tile_part() {  // A.4.2
        const std::size_t begin = stream_.at - 2;
        auto inside = segment();
        if (!inside) return truncated();
        const auto tile = static_cast<std::size_t>(inside->word());
        const auto length = static_cast<std::size_t>(inside->long_word());
        const int part = inside->byte();
        const int parts = inside->byte();
        if (inside->failed || !inside->is_at_end() || tile >= tiles_.size() || part != tiles_[tile].parts)
            return malformed("a tile's header");
        const auto end = end_of_tile_part(begin, length);
        if (!end) return truncated();
        tiles_[tile].parts += 1;
        tiles_[tile].parts_said = std::max(tiles_[tile].parts_said, parts);
        return read_tile_part_header(*end);
    }

    // The last tile-part may be of length 0: as far as the end marker, which must be there then.
    std::optional<std::size_t> end_of_tile_part(std::size_t begin, std::size_t length) {
        const Bytes all = stream_.bytes;
        if (length > all.size() - begin) return {};
        if (length > 0) return begin + length;
        std::size_t end = all.size();
        while (end > stream_.at && all[end - 1] == 0) --end;
        if (end < stream_.at + 2 || all[end - 2] != 0xFF || all[end - 1] != 0xD9) return {};
        return end - 2;
    }

    Status read_tile_part_header(std::size_t end) {
        const Bytes all = stream_.bytes;
        stream_.bytes = all.first(std::max(end, stream_.at));
        while (true) {
            const int marker = stream_.word();
            if (stream_.failed) return malformed("a tile's length");
            if (marker == sod) break;
            if (auto ok = read_segment(marker, marker == ppt || marker == plt); !ok) return ok;
        }
        stream_.bytes = all;
        stream_.at = end;
        return {};
    }

    static tl::unexpected<Error> unsupported() {
        return fail("unsupported", "is of a part of JPEG 2000 that its transfer syntax does not allow");
    }

    Reader stream_;
    Jpeg2000Header header_;
    Jpeg2000Grid grid_;
    Jpeg2000Coding coding_;
    std::vector<Tile> tiles_;
    bool has_quantization_ = false;
};

}  // namespace

bool begins_jpeg2000_stream(Bytes bytes) {
    constexpr std::uint8_t codestream[] = {0xFF, 0x4F, 0xFF, 0x51}, jp2[] = {0, 0, 0, 12, 'j', 'P', ' ', ' '};
    const auto begins_with = [bytes](Bytes expected) {
        return bytes.size() >= expected.size() && std::ranges::equal(bytes.first(expected.size()), expected);
    };
    return begins_with(codestream) || begins_with(jp2);
}

Result<Bytes> find_jpeg2000_codestream(Bytes bytes) {
    constexpr std::uint32_t signature = 0x6A502020, codestream = 0x6A703263;  // "jP  ", "jp2c"
    Reader in{bytes};
    if (in.long_word() != 12 || in.long_word() != signature) return bytes;
    in.at = 12;
    while (!in.failed && in.at < bytes.size()) {  // I.4
        const std::size_t begin = in.at;
        auto length = in.number(4);
        const auto type = in.number(4);
        if (length == 1) length = in.number(8);
        if (length == 0) length = bytes.size() - begin;
        if (in.failed || length < in.at - begin || length > bytes.size() - begin) break;
        if (type == codestream) return bytes.subspan(in.at, length - (in.at - begin));
        in.at = begin + length;
    }
    return malformed("a JP2 file without a whole codestream");
}

Result<Jpeg2000Header> read_jpeg2000_header(Bytes codestream) {
    return HeaderReader(codestream).read();
}

}  // namespace hilum::model
