#include "model/decoder/pixels/jpeg2000/jpeg2000_complexity.h"

#include <algorithm>

namespace hilum::model {
namespace {

// A 20 megapixel colour radiograph has 0.4 million packets when it is coded in precincts of 64 x 64 pixels
// and 20 layers, and 60,000 code-blocks of the usual 32 x 32. OpenJPEG needs up to 500 bytes for each of
// these, besides 8 for a pixel.
constexpr std::int64_t most_packets = 1'000'000, most_code_blocks = 250'000;
constexpr std::int64_t most_steps = 100'000'000;  // over places, nanoseconds each

std::int64_t divided_up(std::int64_t value, int exponent) {
    return (value + (std::int64_t{1} << exponent) - 1) >> exponent;
}

// One direction of the grid, rows and columns being alike.
struct Axis {
    std::int64_t begin, end, tile_begin, tile_length, tiles;

    // In how many parts of 2^exponent the tiles fall, all together, at a resolution of 2^-reduction.
    std::int64_t parts(int reduction, int exponent) const {
        std::int64_t sum = 0;
        for (std::int64_t i = 0; i < tiles; ++i) {
            const std::int64_t from = std::max(tile_begin + i * tile_length, begin);
            const std::int64_t to = std::min(tile_begin + (i + 1) * tile_length, end);
            const std::int64_t low = divided_up(from, reduction), high = divided_up(to, reduction);
            if (high > low) sum += divided_up(high, exponent) - (low >> exponent);
        }
        return sum;
    }
};

struct Work {
    std::int64_t precincts = 0, code_blocks = 0, places = 0;
};

// Of one component. At most 17 resolutions of 2^32 parts: no overflow in 64 bits.
Work work_of(const Axis& across, const Axis& down, const CodingStyle& style) {
    Work work;
    int step_across = 31, step_down = 31;
    for (int r = 0; r <= style.levels; ++r) {
        const int reduction = style.levels - r;
        const int width = style.precinct_width.at(static_cast<std::size_t>(r));
        const int height = style.precinct_height.at(static_cast<std::size_t>(r));
        work.precincts += across.parts(reduction, width) * down.parts(reduction, height);
        // Above the lowest resolution are three bands of half its size, in halved precincts (B.6, B.7).
        const int band = r > 0 ? 1 : 0;
        work.code_blocks += (r > 0 ? 3 : 1) *
                            across.parts(reduction + band, std::min(style.block_width, width - band)) *
                            down.parts(reduction + band, std::min(style.block_height, height - band));
        step_across = std::min(step_across, width + reduction);
        step_down = std::min(step_down, height + reduction);
    }
    work.places = across.parts(0, step_across) * down.parts(0, step_down);
    return work;
}

}  // namespace

Status check_complexity(const Jpeg2000Grid& grid, const Jpeg2000Coding& coding) {
    const Axis across{grid.x0, grid.x1, grid.tile_x0, grid.tile_width, grid.tiles_across()};
    const Axis down{grid.y0, grid.y1, grid.tile_y0, grid.tile_height, grid.tiles_down()};
    for (const auto& style : coding.styles) {
        const Work work = work_of(across, down, style);
        const std::int64_t turns = std::int64_t{grid.components} * coding.progressions;
        if (work.code_blocks > most_code_blocks / grid.components)
            return fail("too_complex", "has too many code-blocks");
        if (work.precincts > most_packets / coding.layers / turns)
            return fail("too_complex", "has too many packets");
        if (coding.by_position && work.places > most_steps / (style.levels + 1) / turns)
            return fail("too_complex", "has too many packets");
    }
    return {};
}

}  // namespace hilum::model
