#include "training/data/augmentation.h"

#include <algorithm>
#include <cmath>

namespace hilum::training {
namespace {

float cut(float value) {
    return std::clamp(value, 0.0F, 1.0F);
}

std::size_t grey_of(float value) {
    return static_cast<std::size_t>(cut(value) * 255.99F);
}

// How much of the middle of the image is darker than each grey value, half of those that have it counted.
std::array<double, 256> cumulative(std::span<const float> image, Size size) {
    std::array<double, 256> counts{};
    double all = 0;
    for (int y = size.rows / 6; y < size.rows - size.rows / 6; ++y)
        for (int x = size.columns / 6; x < size.columns - size.columns / 6; ++x, ++all)
            ++counts[grey_of(image[static_cast<std::size_t>(y * size.columns + x)])];
    double below = 0;
    for (auto& count : counts) {
        const double own = count;
        count = (below + own / 2) / std::max(all, 1.0);
        below += own;
    }
    return counts;
}

// The table's values between its entries too.
void apply_table(std::span<float> image, std::span<const float> table) {
    const auto last = static_cast<float>(table.size() - 1);
    for (auto& value : image) {
        const float place = cut(value) * last;
        const auto low = std::min(static_cast<std::size_t>(place), table.size() - 2);
        const float part = place - static_cast<float>(low);
        value = table[low] + part * (table[low + 1] - table[low]);
    }
}

void change_tone(std::span<float> image, const AugmentationSettings& settings, Draws& draws) {
    const auto gamma = std::exp(draws.around_zero(settings.gamma));
    const auto contrast = std::exp(draws.around_zero(settings.contrast));
    const auto brightness = draws.around_zero(settings.brightness);
    if (settings.gamma == 0 && settings.contrast == 0 && settings.brightness == 0) return;
    std::array<float, 1025> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double value = std::pow(static_cast<double>(i) / 1024, gamma);
        table[i] = static_cast<float>((value - 0.5) * contrast + 0.5 + brightness);
    }
    apply_table(image, table);
}

// The mean of the 5 values around each; beyond the ends of those that are there.
void smooth(std::span<const float> from, std::size_t count, std::size_t stride, std::span<float> to) {
    constexpr std::size_t reach = 2;
    for (std::size_t i = 0; i < count; ++i) {
        const auto first = i < reach ? 0 : i - reach, last = std::min(count - 1, i + reach);
        float sum = 0;
        for (auto k = first; k <= last; ++k) sum += from[k * stride];
        to[i * stride] = sum / static_cast<float>(last - first + 1);
    }
}

void change_sharpness(std::span<float> image, Size size, double strength, Draws& draws) {
    const auto amount = static_cast<float>(draws.around_zero(strength));
    if (strength == 0) return;
    const auto rows = static_cast<std::size_t>(size.rows), columns = static_cast<std::size_t>(size.columns);
    std::vector<float> across(image.size()), smoothed(image.size());
    for (std::size_t y = 0; y < rows; ++y)
        smooth(image.subspan(y * columns), columns, 1, std::span(across).subspan(y * columns));
    for (std::size_t x = 0; x < columns; ++x)
        smooth(std::span<const float>(across).subspan(x), rows, columns, std::span(smoothed).subspan(x));
    for (std::size_t i = 0; i < image.size(); ++i) image[i] += amount * (image[i] - smoothed[i]);
}

void add_noise(std::span<float> image, double most, Draws& draws) {
    const auto deviation = static_cast<float>(draws.between(0, most));
    if (most == 0) return;
    for (std::size_t i = 0; i < image.size(); i += 2) {
        const auto [first, second] = draws.two_normals();
        image[i] += deviation * first;
        if (i + 1 < image.size()) image[i + 1] += deviation * second;
    }
}

void fill(std::span<float> image, Size size, int top, int left, int rows, int columns, float value) {
    for (int y = std::max(top, 0); y < std::min(top + rows, size.rows); ++y)
        for (int x = std::max(left, 0); x < std::min(left + columns, size.columns); ++x)
            image[static_cast<std::size_t>(y * size.columns + x)] = value;
}

int whole_between(Draws& draws, int low, int high) {
    return low + static_cast<int>(draws.below(static_cast<std::size_t>(std::max(high - low, 0) + 1)));
}

// Along one side, up to a ninth of it; half of them black, a quarter white.
void add_bar(std::span<float> image, Size size, Draws& draws) {
    const auto kind = draws.below(4), side = draws.below(4);
    const auto grey = static_cast<float>(draws.uniform());
    const float value = kind < 2 ? 0.0F : kind == 2 ? 1.0F : grey;
    const int along = side < 2 ? size.rows : size.columns;
    const int deep = whole_between(draws, 1, along / 9);
    if (side == 0) fill(image, size, 0, 0, deep, size.columns, value);
    if (side == 1) fill(image, size, size.rows - deep, 0, deep, size.columns, value);
    if (side == 2) fill(image, size, 0, 0, size.rows, deep, value);
    if (side == 3) fill(image, size, 0, size.columns - deep, size.rows, deep, value);
}

// A fortieth to an eighth of the side long, within a sixth of a border.
void add_box(std::span<float> image, Size size, Draws& draws) {
    const int high = whole_between(draws, size.rows / 40 + 1, size.rows / 8);
    const int wide = whole_between(draws, size.columns / 40 + 1, size.columns / 8);
    const auto side = draws.below(4);
    const int deep = whole_between(draws, 0, (side < 2 ? size.rows : size.columns) / 6);
    int top = whole_between(draws, 0, size.rows - high), left = whole_between(draws, 0, size.columns - wide);
    if (side == 0) top = deep;
    if (side == 1) top = size.rows - high - deep;
    if (side == 2) left = deep;
    if (side == 3) left = size.columns - wide - deep;
    fill(image, size, top, left, high, wide, static_cast<float>(draws.uniform()));
}

}  // namespace

AugmentationSettings AugmentationSettings::none() {
    AugmentationSettings settings;
    for (auto* strength : {&settings.rotation, &settings.zoom, &settings.aspect, &settings.shift,
                           &settings.gamma, &settings.contrast, &settings.brightness, &settings.sharpness,
                           &settings.noise, &settings.bars, &settings.boxes, &settings.grey_transfer})
        *strength = 0;
    return settings;
}

bool AugmentationSettings::moves() const {
    return rotation != 0 || zoom != 0 || aspect != 0 || shift != 0 || mirror;
}

bool AugmentationSettings::any() const {
    return moves() || gamma != 0 || contrast != 0 || brightness != 0 || sharpness != 0 || noise != 0 ||
           bars != 0 || boxes != 0 || grey_transfer != 0;
}

Affine draw_affine(const AugmentationSettings& settings, Size size, Draws& draws) {
    const double angle = draws.around_zero(settings.rotation) * std::numbers::pi / 180;
    const double zoom = std::exp(draws.around_zero(settings.zoom));
    const double aspect = std::exp(draws.around_zero(settings.aspect) / 2);
    const double right = draws.around_zero(settings.shift) * size.columns;
    const double down = draws.around_zero(settings.shift) * size.rows;
    const bool mirrored = draws.chance(0.5) && settings.mirror;
    // From what comes out to what goes in: sizes are divided by.
    const double wide = (mirrored ? -1 : 1) / (zoom * aspect), high = aspect / zoom;
    const double cosine = std::cos(angle), sine = std::sin(angle);
    Affine affine{{cosine * wide, -sine * high, 0, sine * wide, cosine * high, 0}};
    const double x = (size.columns - 1) / 2.0, y = (size.rows - 1) / 2.0;
    auto& m = affine.m;
    m[2] = x - m[0] * (x + right) - m[1] * (y + down);
    m[5] = y - m[3] * (x + right) - m[4] * (y + down);
    return affine;
}

void move_image(std::span<const float> from, Size size, const Affine& affine, std::span<float> to) {
    const auto& m = affine.m;
    const auto at = [&](int row, int column) {
        if (row < 0 || column < 0 || row >= size.rows || column >= size.columns) return 0.0F;
        return from[static_cast<std::size_t>(row * size.columns + column)];
    };
    std::size_t pixel = 0;
    for (int row = 0; row < size.rows; ++row)
        for (int column = 0; column < size.columns; ++column, ++pixel) {
            const double x = m[0] * column + m[1] * row + m[2], y = m[3] * column + m[4] * row + m[5];
            if (!(x > -1 && y > -1 && x < size.columns && y < size.rows)) {
                to[pixel] = 0;
                continue;
            }
            // From -1 on truncation of x + 1 is the floor.
            const int left = static_cast<int>(x + 1) - 1, top = static_cast<int>(y + 1) - 1;
            const auto right_part = static_cast<float>(x - left), low_part = static_cast<float>(y - top);
            float a, b, c, d;
            if (left >= 0 && top >= 0 && left + 1 < size.columns && top + 1 < size.rows) {
                const float* const corner = &from[static_cast<std::size_t>(top * size.columns + left)];
                a = corner[0], b = corner[1], c = corner[size.columns], d = corner[size.columns + 1];
            } else {
                a = at(top, left), b = at(top, left + 1), c = at(top + 1, left), d = at(top + 1, left + 1);
            }
            const float upper = a + right_part * (b - a), lower = c + right_part * (d - c);
            to[pixel] = upper + low_part * (lower - upper);
        }
}

void draw_boxes(std::span<const Box> boxes, Size size, const Affine& affine, std::span<std::uint8_t> places) {
    std::ranges::fill(places, std::uint8_t{0});
    if (boxes.empty()) return;
    const auto& m = affine.m;
    std::size_t pixel = 0;
    for (int row = 0; row < size.rows; ++row)
        for (int column = 0; column < size.columns; ++column, ++pixel) {
            const double x = m[0] * column + m[1] * row + m[2], y = m[3] * column + m[4] * row + m[5];
            for (const auto& box : boxes)
                if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) places[pixel] = 1;
        }
}

std::array<float, 256> grey_transfer_table(std::span<const float> image, std::span<const float> other,
                                           Size size, double share) {
    const auto own = cumulative(image, size), borrowed = cumulative(other, size);
    std::array<float, 256> table{};
    std::size_t there = 0;
    for (std::size_t grey = 0; grey < table.size(); ++grey) {
        while (there < 255 && borrowed[there] < own[grey]) ++there;  // both rise
        table[grey] = static_cast<float>(
            ((1 - share) * static_cast<double>(grey) + share * static_cast<double>(there)) / 255);
    }
    return table;
}

void augment(std::span<float> image, std::span<const float> other, Size size,
             const AugmentationSettings& settings, Draws& draws, std::span<const Box> boxes,
             std::span<std::uint8_t> places) {
    for (auto& value : image) value = cut(value);
    const bool transfers = draws.chance(settings.grey_transfer);
    const double share = draws.uniform();
    if (transfers && !other.empty()) apply_table(image, grey_transfer_table(image, other, size, share));
    const auto affine = draw_affine(settings, size, draws);
    if (settings.moves()) {
        const std::vector<float> before(image.begin(), image.end());
        move_image(before, size, affine, image);
    }
    if (!places.empty()) draw_boxes(boxes, size, affine, places);
    change_tone(image, settings, draws);
    change_sharpness(image, size, settings.sharpness, draws);
    add_noise(image, settings.noise, draws);
    for (auto& value : image) value = cut(value);
    if (draws.chance(settings.bars)) add_bar(image, size, draws);
    for (int i = 0; i < 2; ++i)
        if (draws.chance(settings.boxes)) add_box(image, size, draws);
}

}  // namespace hilum::training
