#include "model/decoder/pixels/jpeg2000/jpeg2000_header.h"

#include <gtest/gtest.h>

#include <vector>

#include "unit/model/decoder/pixels/jpeg2000_encoding.h"

namespace hilum::model {
namespace {

// A codestream's headers with empty tiles, piece by piece.
struct Headers {
    std::uint16_t capabilities = 0, components = 1, layers = 1;
    std::uint32_t x1 = 64, y1 = 32, x0 = 0, y0 = 0, tile_width = 64, tile_height = 32, tile_x0 = 0,
                  tile_y0 = 0;
    std::uint8_t depth = 11, separation = 1;
    std::uint8_t progression = 0, levels = 5, block_width = 4, block_height = 4, block_style = 0,
                 transformation = 1;
    std::vector<std::uint8_t> precincts;
    std::vector<std::uint8_t> more;  // before the first tile
    int tiles = 1;

    std::vector<std::uint8_t> bytes() const {
        Writer out;
        out.word(0xFF4F)
            .word(0xFF51)
            .word(static_cast<std::uint16_t>(38 + 3 * components))
            .word(capabilities);
        for (const auto value : {x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0})
            out.long_word(value);
        out.word(components);
        for (int i = 0; i < components; ++i) out.byte(depth).byte(separation).byte(separation);
        out.word(0xFF52)
            .word(static_cast<std::uint16_t>(12 + precincts.size()))
            .byte(precincts.empty() ? 0 : 1);
        out.byte(progression).word(layers).byte(0);
        out.byte(levels).byte(block_width).byte(block_height).byte(block_style).byte(transformation);
        for (const auto precinct : precincts) out.byte(precinct);
        out.word(0xFF5C).word(4).byte(0x40).byte(0x80);
        for (const auto byte : more) out.byte(byte);
        for (int i = 0; i < tiles; ++i)
            out.word(0xFF90)
                .word(10)
                .word(static_cast<std::uint16_t>(i))
                .long_word(14)
                .byte(0)
                .byte(1)
                .word(0xFF93);
        out.word(0xFFD9);
        return out.bytes;
    }

    struct Writer {
        std::vector<std::uint8_t> bytes;
        Writer& byte(std::uint8_t value) {
            bytes.push_back(value);
            return *this;
        }
        Writer& word(std::uint16_t value) {
            return byte(static_cast<std::uint8_t>(value >> 8)).byte(static_cast<std::uint8_t>(value));
        }
        Writer& long_word(std::uint32_t value) {
            return word(static_cast<std::uint16_t>(value >> 16)).word(static_cast<std::uint16_t>(value));
        }
    };
};

std::string refusal(const std::vector<std::uint8_t>& bytes) {
    const auto header = read_jpeg2000_header(bytes);
    return header ? "" : header.error().code;
}
std::string refusal(const Headers& headers) {
    return refusal(headers.bytes());
}

TEST(Jpeg2000Header, TellsWhatTheCodestreamHolds) {
    Headers headers;
    headers.x0 = 4, headers.y0 = 2, headers.depth = 0x80 | 15;
    const auto bytes = headers.bytes();
    const auto header = read_jpeg2000_header(bytes);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->columns, 60);
    EXPECT_EQ(header->rows, 30);
    EXPECT_EQ(header->components, 1);
    EXPECT_EQ(header->precision, 16);
    EXPECT_TRUE(header->is_signed);
    EXPECT_EQ(header->end, bytes.size());
}

bool is_reversible(const std::vector<std::uint8_t>& bytes) {
    const auto header = read_jpeg2000_header(bytes);
    EXPECT_TRUE(header) << header.error().message;
    return header && header->reversible;
}

TEST(Jpeg2000Header, TellsWhetherEveryCodingStyleIsReversible) {
    Headers headers;
    EXPECT_TRUE(is_reversible(headers.bytes()));
    std::vector<std::uint8_t> of_component{0xFF, 0x53, 0, 9, 0, 0, 5, 4, 4, 0, 0};  // COC, irreversible
    auto in_tile = headers.bytes();
    in_tile[in_tile.size() - 2 - 14 + 9] = 14 + 11;  // the tile-part's length
    in_tile.insert(in_tile.end() - 4, of_component.begin(), of_component.end());
    EXPECT_FALSE(is_reversible(in_tile));
    headers.more = of_component;
    EXPECT_FALSE(is_reversible(headers.bytes()));
    headers.more.back() = 1;
    EXPECT_TRUE(is_reversible(headers.bytes()));
    headers.transformation = 0;
    EXPECT_FALSE(is_reversible(headers.bytes()));
    EXPECT_TRUE(is_reversible(test::encode_jpeg2000({.tile_side = 32})));
    EXPECT_FALSE(is_reversible(test::encode_jpeg2000({.ratio = 8})));
}

TEST(Jpeg2000Header, EndsWhereTheCodestreamEnds) {
    auto bytes = test::encode_jpeg2000({.tile_side = 32});
    const std::size_t length = bytes.size();
    bytes.insert(bytes.end(), 7, 0);
    const auto header = read_jpeg2000_header(bytes);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->end, length);
}

TEST(Jpeg2000Header, FindsTheLastTilesEndByTheEndMarker) {
    Headers headers;
    auto bytes = headers.bytes();
    bytes[bytes.size() - 2 - 14 + 9] = 0;  // the tile-part's length: as far as the end
    EXPECT_EQ(refusal(bytes), "");
    bytes.push_back(0);
    EXPECT_EQ(refusal(bytes), "");
    bytes.resize(bytes.size() - 2);
    EXPECT_EQ(refusal(bytes), "truncated");
}

TEST(Jpeg2000Header, RefusesMissingTiles) {
    Headers headers;
    headers.tile_width = 32;
    EXPECT_EQ(refusal(headers), "truncated");
    headers.tiles = 2;
    EXPECT_EQ(refusal(headers), "");
    headers.tiles = 3;
    EXPECT_EQ(refusal(headers), "malformed");
}

TEST(Jpeg2000Header, RefusesComponentsThatAreNotAlikeSubsampledOrTooMany) {
    Headers headers;
    headers.components = 3;
    EXPECT_EQ(refusal(headers), "");
    auto unlike = headers.bytes();
    unlike[42 + 3] = 7;  // the second one's depth
    EXPECT_EQ(refusal(unlike), "components");
    headers.components = 4;
    EXPECT_EQ(refusal(headers), "components");
    headers.components = 16384;
    EXPECT_EQ(refusal(headers), "components");
    headers.components = 0;
    EXPECT_EQ(refusal(headers), "malformed");
    headers.components = 1;
    headers.separation = 2;
    EXPECT_EQ(refusal(headers), "components");
}

TEST(Jpeg2000Header, RefusesMoreThanSixteenBits) {
    Headers headers;
    headers.depth = 16;
    EXPECT_EQ(refusal(headers), "precision");
    headers.depth = 37;
    EXPECT_EQ(refusal(headers), "precision");
}

TEST(Jpeg2000Header, RefusesSizesThatMakeNoSense) {
    const auto with = [](auto change) {
        Headers headers;
        change(headers);
        return refusal(headers);
    };
    EXPECT_EQ(with([](Headers& h) { h.x1 = 0; }), "malformed");
    EXPECT_EQ(with([](Headers& h) { h.y0 = h.y1; }), "malformed");
    EXPECT_EQ(with([](Headers& h) { h.x1 = 0xFFFF'FFFF; }), "malformed");
    EXPECT_EQ(with([](Headers& h) { h.x1 = 0xFFFF'FFFF, h.x0 = 0xFFFF'FFF0, h.tile_width = 0xFFFF'FFFF; }),
              "malformed");
    EXPECT_EQ(with([](Headers& h) { h.tile_width = 0; }), "malformed");
    EXPECT_EQ(with([](Headers& h) { h.tile_x0 = 1; }), "malformed");
    EXPECT_EQ(with([](Headers& h) { h.x0 = 63, h.tile_width = 20; }), "malformed");
}

TEST(Jpeg2000Header, RefusesATileBomb) {
    Headers headers;
    headers.x1 = headers.y1 = 20'000;
    headers.tile_width = headers.tile_height = 1;
    EXPECT_EQ(refusal(headers), "too_complex");
    headers.tile_width = 20'000;
    EXPECT_EQ(refusal(headers), "too_complex");
    headers.tile_height = 20'000;
    EXPECT_EQ(refusal(headers), "");
}

TEST(Jpeg2000Header, RefusesABombOfPrecinctsLayersOrCodeBlocks) {
    Headers headers;
    headers.x1 = headers.tile_width = headers.y1 = headers.tile_height = 4000;
    EXPECT_EQ(refusal(headers), "");
    headers.precincts = {0x88, 0x88, 0x88, 0x88, 0x88, 0x88};
    EXPECT_EQ(refusal(headers), "");
    headers.precincts.back() = 0x11;
    EXPECT_EQ(refusal(headers), "too_complex");
    headers.precincts.back() = 0x88;
    headers.layers = 65535;
    EXPECT_EQ(refusal(headers), "too_complex");
    headers = {};
    headers.x1 = headers.tile_width = headers.y1 = headers.tile_height = 8000;
    headers.block_width = headers.block_height = 0;
    EXPECT_EQ(refusal(headers), "too_complex");
    headers.block_width = headers.block_height = 3;
    EXPECT_EQ(refusal(headers), "");
}

TEST(Jpeg2000Header, RefusesProgressionsThatGoOverTooManyPlaces) {
    Headers headers;
    headers.x1 = headers.tile_width = headers.y1 = headers.tile_height = 5500;
    // Few precincts, of whole rows or of whole columns; but together they make places of a few pixels.
    headers.precincts = {0xFF, 0xFF, 0xFF, 0xFF, 0xF2, 0x2F};
    EXPECT_EQ(refusal(headers), "");
    headers.progression = 2;
    EXPECT_EQ(refusal(headers), "");
    headers.more = {0xFF, 0x5F, 0, 2 + 126};  // changes of the progression
    headers.more.insert(headers.more.end(), 126, 0);
    EXPECT_EQ(refusal(headers), "too_complex");
    headers.precincts.back() = 0xFF;
    EXPECT_EQ(refusal(headers), "");
}

TEST(Jpeg2000Header, BoundsResolutionLevels) {
    Headers headers;
    headers.levels = 16;
    EXPECT_EQ(refusal(headers), "");
    headers.levels = 17;
    EXPECT_EQ(refusal(headers), "too_complex");
    headers.levels = 255;
    EXPECT_EQ(refusal(headers), "too_complex");
}

TEST(Jpeg2000Header, RefusesOtherPartsOfTheStandard) {
    Headers headers;
    headers.capabilities = 0x4000;  // high throughput
    EXPECT_EQ(refusal(headers), "unsupported");
    headers.capabilities = 0;
    headers.block_style = 0x40;
    EXPECT_EQ(refusal(headers), "unsupported");
    headers.block_style = 0;
    headers.more = {0xFF, 0x50, 0, 4, 0, 0};  // CAP
    EXPECT_EQ(refusal(headers), "unsupported");
    headers.more = {0xFF, 0x74, 0, 4, 0, 0};  // MCT of part 2
    EXPECT_EQ(refusal(headers), "unsupported");
}

TEST(Jpeg2000Header, RefusesWhatOpenJpegWouldReadInAnotherWay) {
    Headers headers;
    headers.more = {0xFF, 0x30, 0, 4, 0, 0};  // no such marker in a main header
    EXPECT_EQ(refusal(headers), "malformed");
    headers.more = {0xFF, 0x51, 0, 4, 0, 0};  // a second size
    EXPECT_EQ(refusal(headers), "malformed");
    headers.more = {0xFF, 0x64, 0, 1};  // shorter than its own length
    EXPECT_EQ(refusal(headers), "truncated");
    headers.more = {0xFF, 0x64, 0, 4, 0, 0};  // a comment
    EXPECT_EQ(refusal(headers), "");
}

}  // namespace
}  // namespace hilum::model
