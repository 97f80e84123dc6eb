#include "phantom/bones.h"

#include <numbers>

namespace hilum::phantom {
namespace {

constexpr int rib_pairs = 11;
constexpr double pi = std::numbers::pi;

struct BoneSettings {
    double density;  // of the skeleton, 1 on average; falls with age
    double spread;   // of the height of the vertebrae
};

double vertebra_height(int index, const BoneSettings& settings) {  // y of the index-th thoracic, from 1
    return -128 + settings.spread * 23 * index + 0.25 * index * index;
}

// The axis and thickness of a rib, from the spine round to its front end, as seen from the front.
std::vector<StrokePoint> rib_path(const Anatomy& anatomy, Side side, int index, const BoneSettings& settings,
                                  Random& random) {
    const double s = outward(side), start = vertebra_height(index, settings) - 4;
    const double slope = random.uniform(0.94, 1.06);
    const double drop = (34 + 66 * smoothstep(1, 6, index)) * slope;
    const double widest = start + 0.45 * drop;
    const double reach = index == 1 ? 56 : anatomy.chest.half_width_at(widest) + 1;
    const double end = index <= 7 ? 0.77 : 0.77 - 0.06 * (index - 7);
    const bool behind_first = anatomy.build.view == View::pa;  // what is nearer to the detector is sharper
    std::vector<StrokePoint> path;
    for (int i = 0; i <= 36; ++i) {
        const double turn = i / 36.0 * end * pi;
        const double sine = std::sin(turn);
        const double x = 20 + (reach - 20) * std::pow(sine, 0.85);
        const double fall = 0.62 * (1 - std::cos(turn)) / 2 + 0.38 * turn / pi;
        const double y = start - 5 * std::sin(std::min(1.0, turn / 0.9) * pi) + 1.25 * drop * fall;
        const bool front = turn > pi / 2;
        const double edge_on = 1 + 0.55 * std::pow(sine, 10);  // seen along its width
        const double depth = front ? (behind_first ? 0.62 : 0.8) : 1.0;
        const double fade = smoothstep(-0.02, 0.3, turn) * (1 - smoothstep(end * pi - 0.5, end * pi, turn));
        const double under = 1 - 0.45 * smoothstep(-5, 25, y - anatomy.chest.diaphragm_at(side, x));
        StrokePoint point;
        point.at = anatomy.placement.to_detector({s * x, y});
        point.radius =
            anatomy.placement.size() * ((front ? 6.6 : 5.4) + 0.12 * index) * (1 - 0.25 * std::pow(sine, 8));
        point.amount = 0.33 * settings.density * edge_on * depth * fade * under;
        path.push_back(point);
    }
    return path;
}

void draw_ribs(Field& attenuation, const Anatomy& anatomy, const BoneSettings& settings, Random random) {
    for (int index = 1; index <= rib_pairs; ++index)
        for (const Side side : both_sides)
            add_stroke(attenuation, rib_path(anatomy, side, index, settings, random), bone_profile);
}

std::vector<StrokePoint> strokes(const Anatomy& anatomy, const std::vector<Point>& points, double radius,
                                 double amount) {
    std::vector<StrokePoint> path;
    for (const Point point : smooth_line(points))
        path.push_back({anatomy.placement.to_detector(point), radius * anatomy.placement.size(), amount});
    return path;
}

// The stroke with `start` and `end` of its length, from 0 to 1, coming out of nothing and going into it.
std::vector<StrokePoint> faded(std::vector<StrokePoint> path, double start, double end) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        const double along = static_cast<double>(i) / static_cast<double>(path.size() - 1);
        if (start > 0) path[i].amount *= smoothstep(0, start, along);
        if (end > 0) path[i].amount *= 1 - smoothstep(1 - end, 1, along);
    }
    return path;
}

void draw_clavicles(Field& attenuation, const Anatomy& anatomy, const BoneSettings& settings, Random random) {
    const double raised = random.uniform(-8, 14), turned = random.uniform(-5, 5);
    for (const Side side : both_sides) {
        const double s = outward(side);
        auto path = strokes(anatomy,
                            {{s * 17 + turned, -70 - 0.3 * raised},
                             {s * 45 + turned, -84 - 0.5 * raised},
                             {s * 88, -90 - raised},
                             {s * 132, -106 - 1.3 * raised},
                             {s * 168, -112 - 1.5 * raised}},
                            6.2, 0.34 * settings.density);
        for (std::size_t i = 0; i < 6 && i < path.size(); ++i)  // the medial end is thick
            path[i].radius *= 1 + 0.4 * (1 - static_cast<double>(i) / 6);
        add_stroke(attenuation, path, bone_profile);
    }
}

void draw_vertebra(Field& attenuation, const Anatomy& anatomy, Point at, double width, double height,
                   double density) {
    const auto plate = [&](Point from, Point to, double radius, double amount, Profile profile) {
        add_stroke(attenuation, strokes(anatomy, {from, to}, radius, amount * density), profile);
    };
    const double half = width / 2;
    plate({at.x - half + height / 2, at.y}, {at.x + half - height / 2, at.y}, height / 2, 0.3, flat_profile);
    for (const double edge : {-1.0, 1.0}) {
        // End plates, sides (waisted), pedicles and transverse processes.
        plate({at.x - half, at.y + edge * height * 0.46}, {at.x + half, at.y + edge * height * 0.46}, 1.6,
              0.12, cylinder_profile);
        plate({at.x + edge * half, at.y - height * 0.4}, {at.x + edge * (half - 2), at.y}, 2, 0.06,
              cylinder_profile);
        plate({at.x + edge * (half - 2), at.y}, {at.x + edge * half, at.y + height * 0.4}, 2, 0.06,
              cylinder_profile);
        const Point pedicle{at.x + edge * half * 0.62, at.y - height * 0.16};
        plate({pedicle.x, pedicle.y - 2}, {pedicle.x, pedicle.y + 2}, 3.8, 0.1, bone_profile);
        const auto process =
            strokes(anatomy, {{at.x + edge * half * 0.8, at.y - 3}, {at.x + edge * (half + 16), at.y - 8}},
                    4.5, 0.09 * density);
        add_stroke(attenuation, faded(process, 0.3, 0.5), cylinder_profile);
    }
    const auto spinous = strokes(anatomy, {{at.x, at.y}, {at.x, at.y + height * 0.95}}, 2.8, 0.14 * density);
    add_stroke(attenuation, faded(spinous, 0.6, 0), cylinder_profile);
}

void draw_spine(Field& attenuation, const Anatomy& anatomy, const BoneSettings& settings, Random random) {
    const double curve = 5 * random.normal(), phase = random.uniform(0, 2 * pi);
    for (int index = -6; index <= 17; ++index) {
        const double y = vertebra_height(index, settings) + 6;
        const double x = curve * (std::sin(0.011 * y + phase) - std::sin(phase));
        const double size = 1 + 0.016 * index;
        draw_vertebra(attenuation, anatomy, {x, y}, 33 * size, 17.5 * size, settings.density);
    }
}

void draw_shoulders(Field& attenuation, const Anatomy& anatomy, const BoneSettings& settings, Random random) {
    const bool rolled = anatomy.build.view == View::pa;
    const double aside = (rolled ? 16 : 0) + random.uniform(-6, 6);
    const double d = settings.density;
    for (const Side side : both_sides) {
        const double s = outward(side);
        const auto stroke = [&](const std::vector<Point>& points, double radius, double amount, double start,
                                double end, Profile profile) {
            add_stroke(attenuation, faded(strokes(anatomy, points, radius, amount * d), start, end), profile);
        };
        // Scapula: medial and lateral border, blade, spine with acromion.
        stroke({{s * (112 + aside), -78}, {s * (110 + aside), -20}, {s * (126 + aside), 38}}, 2.6, 0.1, 0.3,
               0.2, cylinder_profile);
        stroke({{s * (170 + aside / 3), -70}, {s * (150 + aside), -14}, {s * (126 + aside), 40}}, 4.2, 0.15,
               0.3, 0.15, bone_profile);
        stroke({{s * (140 + aside), -74}, {s * (134 + aside), -22}, {s * (127 + aside), 26}}, 19, 0.06, 0.5,
               0.4, flat_profile);
        stroke({{s * (112 + aside), -74}, {s * (150 + aside / 2), -96}, {s * 184, -114}, {s * 196, -106}}, 6,
               0.13, 0.5, 0.1, bone_profile);
        // Humerus: a round head that runs out into the shaft.
        const Point head{s * 188, -86};
        const Point along{s * std::sin(anatomy.chest.arm_angle), std::cos(anatomy.chest.arm_angle)};
        stroke({head, head + 4 * along, head + 34 * along}, 21, 0.36, 0, 0.7, bone_profile);
        stroke({head + 10 * along, head + 60 * along, head + 300 * along}, 11.5, 0.42, 0.15, 0, bone_profile);
    }
}

std::vector<StrokePoint> tube(const Anatomy& anatomy, const std::vector<Point>& points, double from,
                              double to) {
    auto path = strokes(anatomy, points, 1, 1);
    for (std::size_t i = 0; i < path.size(); ++i) {
        const double t = static_cast<double>(i) / static_cast<double>(path.size() - 1);
        path[i].radius = anatomy.placement.size() * (from + t * (to - from));
        path[i].amount = 1.6 * path[i].radius;
    }
    return path;
}

}  // namespace

void draw_bones(Field& attenuation, const Anatomy& anatomy, const Random& random) {
    Random general = random.fork("bones");
    BoneSettings settings{};
    settings.density = general.uniform(0.85, 1.15) * (1.1 - 0.003 * anatomy.build.age_years);
    settings.spread = general.uniform(0.97, 1.05);
    draw_spine(attenuation, anatomy, settings, random.fork("spine"));
    draw_ribs(attenuation, anatomy, settings, random.fork("ribs"));
    draw_clavicles(attenuation, anatomy, settings, random.fork("clavicles"));
    draw_shoulders(attenuation, anatomy, settings, random.fork("shoulders"));
    blur(attenuation, general.uniform(0.4, 0.8));
    const SmoothNoise spongy(random.fork("spongy"), attenuation, 3.5);
    for (int r = 0; r < attenuation.rows(); ++r)
        for (int c = 0; c < attenuation.columns(); ++c)
            if (float& value = attenuation.row(r)[c]; value > 0)
                value *= static_cast<float>(1 + 0.09 * spongy.at(attenuation.centre_of(r, c)));
}

void draw_airways_and_stomach(Field& air_mm, const Anatomy& anatomy, const Random& base) {
    Random random = base.fork("airways");
    const double bend = random.uniform(0, 6), carina = random.uniform(-6, 8);
    add_stroke(air_mm, tube(anatomy, {{0, -330}, {-1, -170}, {-bend, -60}, {-2, carina}}, 8, 8.5),
               flat_profile);
    add_stroke(air_mm, tube(anatomy, {{-2, carina - 4}, {-20, carina + 22}, {-36, carina + 40}}, 6.5, 4),
               cylinder_profile);
    add_stroke(air_mm, tube(anatomy, {{0, carina - 4}, {24, carina + 22}, {48, carina + 36}}, 6, 3.5),
               cylinder_profile);
    if (!random.chance(0.65)) return;
    const double size = random.uniform(14, 34);
    const Point bubble{random.uniform(52, 86),
                       anatomy.chest.dome[left_side] + 10 + size * random.uniform(0.8, 1)};
    std::vector<StrokePoint> gas =
        strokes(anatomy, {bubble + Point{-0.7 * size, 2}, bubble, bubble + Point{0.8 * size, 5}}, size * 0.8,
                size * 1.5);
    add_stroke(air_mm, gas, cylinder_profile);
}

}  // namespace hilum::phantom
