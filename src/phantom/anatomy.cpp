#include "phantom/anatomy.h"

#include <tuple>

namespace hilum::phantom {
namespace {

Build imagine_build(Random random) {
    Build build;
    build.sex = random.chance(0.5) ? Sex::female : Sex::male;
    build.age_years = random.integer(18, 94);
    build.view = random.chance(build.age_years > 65 ? 0.5 : 0.2) ? View::ap : View::pa;
    const bool female = build.sex == Sex::female;
    build.size = std::clamp((female ? 0.93 : 1.0) + 0.05 * random.normal(), 0.82, 1.1);
    build.fat = std::clamp(0.35 + 0.25 * random.normal(), 0.0, 1.0);
    build.thickness_mm = (female ? 205 : 225) * (0.9 + 0.35 * build.fat) * random.uniform(0.94, 1.06);
    return build;
}

ChestShape imagine_chest(Random random, const Build& build) {
    ChestShape chest;
    const bool supine = build.view == View::ap;
    const double breath = std::clamp((supine ? 0.4 : 0.65) + 0.2 * random.normal(), 0.0, 1.0);  // 1: deep
    chest.half_width = random.uniform(132, 146);
    chest.apex = random.uniform(-118, -106);
    chest.dome[right_side] = 82 + 46 * breath + random.uniform(-6, 6);
    chest.dome[left_side] = chest.dome[right_side] + random.uniform(3, 17);
    const double depth = 22 + 20 * breath;
    for (const Side side : both_sides) chest.angle[side] = chest.dome[side] + depth + random.uniform(-3, 9);
    chest.heart_ratio = random.uniform(0.39, 0.47) + (supine ? 0.025 : 0) + 0.02 * (1 - breath);
    chest.arm_angle = random.uniform(supine ? 0.15 : 0.45, supine ? 0.6 : 1.1);
    return chest;
}

Placement place(Random random, const Field& image, const Build& build) {
    const double width = image.columns() * image.spacing(), height = image.rows() * image.spacing();
    const double tilt = build.view == View::ap ? 0.045 : 0.02;
    const double x = 0.5 * width + random.uniform(-14, 14);
    const double y = height * random.uniform(0.36, 0.43);
    return {{x, y}, std::clamp(tilt * random.normal(), -0.1, 0.1), build.size * random.uniform(1.03, 1.1)};
}

std::vector<Point> mirrored(const std::vector<Point>& half) {  // half: x > 0, from top to bottom
    std::vector<Point> whole = half;
    for (auto point = half.rbegin(); point != half.rend(); ++point) whole.push_back({-point->x, point->y});
    return whole;
}

std::vector<Point> torso_outline(const Build& build, const ChestShape& chest) {
    const double f = build.fat;
    const double wall = chest.half_width + 14 + 30 * f;
    return smooth_outline(mirrored({{46 + 12 * f, -420},
                                    {48 + 12 * f, -195},
                                    {64 + 12 * f, -160},
                                    {112, -142 - 6 * f},
                                    {162, -124},
                                    {196, -98},
                                    {206, -62},
                                    {wall + 34, -14},
                                    {wall + 5, 36},
                                    {wall, 110},
                                    {wall - 4 + 8 * f, 175},
                                    {wall - 2 + 20 * f, 250},
                                    {wall + 10 + 20 * f, 430}}));
}

std::vector<Point> lung_outline(const ChestShape& chest, Side side) {
    const double s = outward(side), w = chest.half_width, a = chest.apex, k = chest.angle[side];
    std::vector<Point> points{{s * 15, a + 44}, {s * 28, a + 12}, {s * 50, a}};
    for (const double t : {0.06, 0.16, 0.3, 0.45, 0.6, 0.75, 0.88})
        points.push_back({s * chest.half_width_at(a + t * (k - a)), a + t * (k - a)});
    points.push_back({s * 0.995 * w, k - 12});
    points.push_back({s * 0.98 * w, k});
    for (const double x : {0.94, 0.84, 0.7, 0.55, 0.4, 0.25, 0.12})
        points.push_back({s * x * w, chest.diaphragm_at(side, s * x * w)});
    points.push_back({s * 12, 60});
    points.push_back({s * 12, -20});
    return smooth_outline(points);
}

std::vector<Point> mediastinum_outline(Random random, const Build& build, const ChestShape& chest) {
    const double age = std::clamp((build.age_years - 30) / 50.0, 0.0, 1.0);
    const double knob = 31 + 12 * age + random.uniform(0, 5);
    const double cava = 24 + random.uniform(0, 6) + (build.view == View::ap ? 5 : 0);
    const double apex = chest.apex - 30;
    std::vector<Point> points{{-20, apex},     {-cava + 2, -85}, {-cava - 1, -45}, {-cava, -8},
                              {-28, 35},       {-26, 190},       {27, 190},        {29, 60},
                              {36, 18},        {29, -8},         {knob - 3, -20},  {knob, -35},
                              {knob - 5, -50}, {25, -66},        {21, -95},        {20, apex}};
    const double turned = 3.5 * random.normal();  // of the patient about the long axis
    for (Point& point : points) {
        point.x += turned + 1.2 * random.normal();
        point.y += 1.5 * random.normal();
    }
    return smooth_outline(points);
}

std::vector<Point> heart_outline(Random random, const ChestShape& chest, double ratio) {
    const double width = 2 * ratio * chest.half_width;
    const double share = random.uniform(0.27, 0.33);
    const double r = share * width, l = (1 - share) * width;
    const double base = 0.5 * (chest.dome[right_side] + chest.dome[left_side]) + 22;
    const double v = base / 140;  // a high diaphragm squeezes the heart
    std::vector<Point> points{{-r, 82 * v},       {-0.9 * r, 48 * v}, {-20, 14 * v},
                              {14, -6},           {38, 6 * v},        {0.56 * l + 6, 34 * v},
                              {0.89 * l, 76 * v}, {l, 112 * v},       {0.94 * l, 134 * v},
                              {0.5 * l, base},    {-0.4 * r, base},   {-0.85 * r, 118 * v}};
    for (Point& point : points) point = point + Point{0.018 * width * random.normal(), 3 * random.normal()};
    return smooth_outline(points);
}

// Distance to a rod with round ends, positive inside.
Field inside_rod(Point from, Point to, double radius, const Field& image) {
    Field field = covering(image, 3.6);
    const Point axis = to - from;
    const double squared = axis.x * axis.x + axis.y * axis.y;
    for (int r = 0; r < field.rows(); ++r) {
        for (int c = 0; c < field.columns(); ++c) {
            const Point offset = field.centre_of(r, c) - from;
            const double along = std::clamp((offset.x * axis.x + offset.y * axis.y) / squared, 0.0, 1.0);
            field.row(r)[c] = static_cast<float>(radius - length(offset - along * axis));
        }
    }
    return field;
}

std::vector<Point> breast_outline(Random random, const Build& build, Side side) {
    const double radius = 46 + 34 * build.fat + random.uniform(-4, 8);
    const double x = outward(side) * (66 + 24 * build.fat), y = 72 + 26 * build.fat + random.uniform(-6, 10);
    std::vector<Point> points;
    for (int i = 0; i < 12; ++i) {
        const double angle = i * 0.5235987755982988;
        const double sag = std::sin(angle) < 0 ? 1.35 : 1;  // flat above, round below
        points.push_back({x + radius * 1.1 * std::cos(angle), y + radius * sag * std::sin(angle)});
    }
    return smooth_outline(points);
}

void bound_heart(Anatomy& anatomy, const std::vector<Point>& outline) {
    anatomy.heart_low = anatomy.heart_high = outline.front();
    for (const Point point : outline) {
        anatomy.heart_low = {std::min(anatomy.heart_low.x, point.x), std::min(anatomy.heart_low.y, point.y)};
        anatomy.heart_high = {std::max(anatomy.heart_high.x, point.x),
                              std::max(anatomy.heart_high.y, point.y)};
    }
}

void outline_heart(Anatomy& anatomy, const Random& random, const Field& image, bool enlarged) {
    Random size = random.fork("heart size");
    const double ratio = enlarged ? size.uniform(0.57, 0.68) : anatomy.chest.heart_ratio;
    const auto outline =
        anatomy.placement.to_detector(heart_outline(random.fork("heart"), anatomy.chest, ratio));
    anatomy.heart = distance_inside(outline, image);
    bound_heart(anatomy, outline);
}

}  // namespace

Point Placement::to_detector(Point patient) const {
    const double c = size_ * std::cos(angle_), s = size_ * std::sin(angle_);
    return origin_ + Point{c * patient.x - s * patient.y, s * patient.x + c * patient.y};
}

Point Placement::to_patient(Point detector) const {
    const Point offset = detector - origin_;
    const double c = std::cos(angle_) / size_, s = std::sin(angle_) / size_;
    return {c * offset.x + s * offset.y, c * offset.y - s * offset.x};
}

std::vector<Point> Placement::to_detector(std::vector<Point> patient) const {
    for (auto& point : patient) point = to_detector(point);
    return patient;
}

double ChestShape::half_width_at(double y) const {
    static constexpr std::array<Point, 9> profile{{{0, 0.34},
                                                   {0.04, 0.54},
                                                   {0.12, 0.72},
                                                   {0.25, 0.865},
                                                   {0.4, 0.935},
                                                   {0.55, 0.97},
                                                   {0.7, 0.99},
                                                   {0.85, 1.0},
                                                   {1.0, 0.985}}};
    const double t = std::clamp((y - apex) / (0.5 * (angle[0] + angle[1]) - apex), 0.0, 1.0);
    std::size_t i = 1;
    while (i + 1 < profile.size() && profile[i].x < t) ++i;
    const Point low = profile[i - 1], high = profile[i];
    return half_width * (low.y + (high.y - low.y) * (t - low.x) / (high.x - low.x));
}

double ChestShape::diaphragm_at(Side side, double x) const {
    const double t = std::clamp(std::abs(x) / half_width, 0.0, 1.0) - 0.5;
    const double depth = angle[side] - dome[side];
    const double fall = t > 0 ? std::pow(t / 0.48, 2.2) : 0.45 * std::pow(-t / 0.5, 2.0);
    return dome[side] + depth * fall;
}

Anatomy imagine_anatomy(const Random& random, const Field& image, bool enlarged_heart) {
    Anatomy anatomy;
    anatomy.build = imagine_build(random.fork("build"));
    anatomy.chest = imagine_chest(random.fork("chest"), anatomy.build);
    anatomy.placement = place(random.fork("placement"), image, anatomy.build);
    const auto& [build, placement, chest] = std::tie(anatomy.build, anatomy.placement, anatomy.chest);

    anatomy.torso = distance_inside(placement.to_detector(torso_outline(build, chest)), image);
    const auto pedicle = mediastinum_outline(random.fork("mediastinum"), build, chest);
    anatomy.mediastinum = distance_inside(placement.to_detector(pedicle), image);
    outline_heart(anatomy, random, image, enlarged_heart);
    for (const Side side : both_sides) {
        anatomy.lungs[side] = distance_inside(placement.to_detector(lung_outline(chest, side)), image);
        const Point shoulder{outward(side) * 186, -76};
        const Point hand = shoulder + Point{outward(side) * 330 * std::sin(chest.arm_angle),
                                            330 * std::cos(chest.arm_angle)};
        anatomy.arms[side] = inside_rod(placement.to_detector(shoulder), placement.to_detector(hand),
                                        (38 + 16 * build.fat) * build.size, image);
        if (build.sex == Sex::female)
            anatomy.breasts[side] = distance_inside(
                placement.to_detector(breast_outline(random.fork("breasts"), build, side)), image);
    }
    return anatomy;
}

}  // namespace hilum::phantom
