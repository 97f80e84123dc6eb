#include "phantom/lung_markings.h"

#include <numbers>

namespace hilum::phantom {
namespace {

constexpr double blood_per_mm = 0.055;  // attenuation of a vessel per millimetre of radius

struct Hilum {
    Point at;
    double left_of_image;  // direction away from the midline: pi for the right lung
};

Hilum hilum_of(Side side) {
    return side == right_side ? Hilum{{-40, 28}, std::numbers::pi} : Hilum{{46, 14}, 0.0};
}

void draw_hilum(Field& markings, const Anatomy& anatomy, Side side, Random& random) {
    const Hilum hilum = hilum_of(side);
    const double s = outward(side), size = anatomy.placement.size();
    const auto place = [&](double x, double y) {
        return anatomy.placement.to_detector({hilum.at.x + s * x, hilum.at.y + y});
    };
    const double artery = size * random.uniform(6, 8);
    add_stroke(markings,
               {{place(-14, -10), artery, 0.25},
                {place(-1, 2), artery * 1.1, 0.4},
                {place(7, 32), artery * 0.65, 0.3}},
               cylinder_profile);
    for (int i = 0; i < 7; ++i) {
        const double x = 9 * random.normal(), y = 14 * random.normal();
        const Point at = place(x - 4, y + 4);
        const double radius = size * random.uniform(2.5, 5.5);
        add_stroke(markings, {{at, radius, 0.14}, {at + Point{0.5, 1}, radius, 0.14}}, cylinder_profile);
    }
}

// The directions of the lobes' vessels, as angles from straight outwards; positive is down. Gravity fills the
// lower.
void draw_vessels(Field& markings, const Anatomy& anatomy, Side side, Random& random) {
    const Hilum hilum = hilum_of(side);
    Tree tree;
    tree.amount_per_mm = blood_per_mm;
    for (const double down : {-1.35, -1.1, -0.8, -0.5, -0.2, 0.1, 0.4, 0.65, 0.9, 1.1, 1.3}) {
        const double angle = down + 0.12 * random.normal();
        const double direction = side == left_side ? angle : std::numbers::pi - angle;
        tree.length = random.uniform(21, 30);
        const double radius = (angle > 0.2 ? 3.0 : 2.2) * random.uniform(0.8, 1.15);
        const double step = random.uniform(2, 9);
        const Point start = hilum.at + Point{step * std::cos(direction), 12 * std::sin(angle) + 2};
        draw_tree(markings, anatomy, tree, start, direction, radius, random);
    }
}

// Vessels too small to follow, still pointing away from the hilum.
void draw_twigs(Field& markings, const Anatomy& anatomy, Side side, Random& random) {
    const Hilum hilum = hilum_of(side);
    const double s = outward(side);
    for (int i = 0; i < 320; ++i) {
        const double x = s * random.uniform(20, anatomy.chest.half_width);
        const double y = random.uniform(anatomy.chest.apex, anatomy.chest.angle[side]);
        const double away = std::atan2(y - hilum.at.y, x - hilum.at.x) + 0.5 * random.normal();
        const double reach = random.uniform(4, 12), radius = random.uniform(0.35, 0.95);
        const double bend = 0.35 * random.normal();
        const Point middle{x + 0.5 * reach * std::cos(away), y + 0.5 * reach * std::sin(away)};
        const Point end =
            middle + Point{0.5 * reach * std::cos(away + bend), 0.5 * reach * std::sin(away + bend)};
        const auto point = [&](Point at, double r) {
            return StrokePoint{anatomy.placement.to_detector(at), r, 1.2 * blood_per_mm * r};
        };
        add_stroke(markings, {point({x, y}, radius), point(middle, radius), point(end, 0.5 * radius)},
                   cylinder_profile);
    }
}

void add_texture(Field& markings, const Random& random) {
    Random fork = random.fork("lung texture strength");
    const double strength = fork.uniform(0.7, 1.3);
    const SmoothNoise fine(random.fork("lung texture 2"), markings, 2.2);
    const SmoothNoise middle(random.fork("lung texture 5"), markings, 5);
    const SmoothNoise wide(random.fork("lung texture 14"), markings, 14);
    for (int r = 0; r < markings.rows(); ++r) {
        for (int c = 0; c < markings.columns(); ++c) {
            const Point at = markings.centre_of(r, c);
            markings.row(r)[c] += static_cast<float>(
                strength * (0.02 * fine.at(at) + 0.026 * middle.at(at) + 0.03 * wide.at(at)));
        }
    }
}

}  // namespace

void draw_tree(Field& field, const Anatomy& anatomy, const Tree& tree, Point at, double direction,
               double radius, Random& random) {
    if (tree.generations == 0 || radius < 0.3) return;
    const auto stroke_point = [&](Point point, double r) {
        return StrokePoint{anatomy.placement.to_detector(point), r * anatomy.placement.size(),
                           tree.amount_per_mm * r};
    };
    const double bend = 0.2 * random.normal(), reach = tree.length * random.uniform(0.75, 1.2);
    const Point middle = at + 0.5 * reach * Point{std::cos(direction), std::sin(direction)};
    const Point end = middle + 0.5 * reach * Point{std::cos(direction + bend), std::sin(direction + bend)};
    add_stroke(
        field,
        {stroke_point(at, radius), stroke_point(middle, 0.9 * radius), stroke_point(end, 0.8 * radius)},
        cylinder_profile);

    Tree next = tree;
    next.length *= 0.86;
    --next.generations;
    const double share = random.uniform(0.68, 0.85);
    const double lean = random.chance(0.5) ? 1 : -1;
    const double main_turn = lean * tree.spread * random.uniform(0.2, 0.5);
    const double side_turn = -lean * tree.spread * random.uniform(0.8, 1.4);
    draw_tree(field, anatomy, next, end, direction + bend + main_turn, 0.8 * radius, random);
    draw_tree(field, anatomy, next, end, direction + bend + side_turn, 0.8 * share * radius, random);
}

void draw_lung_markings(Field& markings, const Anatomy& anatomy, const Random& random) {
    for (const Side side : both_sides) {
        Random vessels = random.fork(side == left_side ? "left vessels" : "right vessels");
        draw_hilum(markings, anatomy, side, vessels);
        draw_vessels(markings, anatomy, side, vessels);
        draw_twigs(markings, anatomy, side, vessels);
    }
    add_texture(markings, random);
}

}  // namespace hilum::phantom
