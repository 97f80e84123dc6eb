// How much work a JPEG 2000 codestream makes, from its headers: precincts, packets and code-blocks can be as
// many as pixels, and layers multiply them, in a stream of some hundred bytes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/error.h"

namespace hilum::model {

// The reference grid (ISO/IEC 15444-1 B.2 and B.3): the image's edges, its tiles' size and where they start.
struct Jpeg2000Grid {
    std::int64_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    std::int64_t tile_x0 = 0, tile_y0 = 0, tile_width = 0, tile_height = 0;
    int components = 0;

    std::int64_t tiles_across() const { return (x1 - tile_x0 + tile_width - 1) / tile_width; }
    std::int64_t tiles_down() const { return (y1 - tile_y0 + tile_height - 1) / tile_height; }
};

// Of a component in a tile (table A.20). Sizes are exponents of 2; precincts of resolution 0 first.
struct CodingStyle {
    static constexpr int most_levels = 16;  // a side of 65535 has no more

    int levels = 0;
    int block_width = 0, block_height = 0;
    std::array<int, most_levels + 1> precinct_width = whole_image(), precinct_height = whole_image();

    bool operator==(const CodingStyle&) const = default;

  private:
    static constexpr std::array<int, most_levels + 1> whole_image() {
        std::array<int, most_levels + 1> exponents{};
        exponents.fill(15);
        return exponents;
    }
};

struct Jpeg2000Coding {
    std::vector<CodingStyle> styles;  // every one that occurs
    int layers = 0;                   // the most of a tile
    int progressions = 1;             // the default one and all changes of it
    bool by_position = false;         // a progression that goes over the precincts' places
};

// As if each style held for the whole image. Code "too_complex".
Status check_complexity(const Jpeg2000Grid& grid, const Jpeg2000Coding& coding);

}  // namespace hilum::model
