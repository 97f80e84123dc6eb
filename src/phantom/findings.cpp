#include "phantom/findings.h"

#include <numbers>

#include "phantom/lung_markings.h"

namespace hilum::phantom {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;

class Painter {
  public:
    Painter(const Field& image, const Anatomy& anatomy, const Random& random)
        : image_(image), anatomy_(anatomy), random_(random) {}

    void paint(Abnormality kind);
    Changes take() { return std::move(changes_); }

  private:
    void paint_consolidations();
    void paint_consolidation(Side side, Point centre, Point reach, double fill, bool fissure);
    void paint_bronchograms(Side side, Point centre, Point reach);
    void paint_masses();
    void paint_effusion(Side side);
    void paint_pneumothorax();
    void note_heart();

    Field& ensure(Field& field) {
        if (field.empty()) field = Field(image_.rows(), image_.columns(), image_.spacing());
        return field;
    }
    void note(Abnormality kind, Point centre, double half_width_mm, double half_height_mm, double contrast);
    bool in_clear_lung(Side side, Point patient, double margin_mm) const;
    Point place_in_lung(Side side, double margin_mm);
    template <typename Value>
    void for_each_near(Point low, Point high, Value&& value);

    const Field& image_;
    const Anatomy& anatomy_;
    Random random_;
    Changes changes_;
};

void Painter::note(Abnormality kind, Point centre, double half_width_mm, double half_height_mm,
                   double contrast) {
    const double width = image_.columns() * image_.spacing(), height = image_.rows() * image_.spacing();
    changes_.lesions.push_back({kind, centre.x / width, centre.y / height, half_width_mm / width,
                                half_height_mm / height, contrast});
}

// Calls value(row, column, point) for the cells of a box of the detector.
template <typename Value>
void Painter::for_each_near(Point low, Point high, Value&& value) {
    const double s = image_.spacing();
    const int top = std::clamp(static_cast<int>(low.y / s), 0, image_.rows());
    const int bottom = std::clamp(static_cast<int>(high.y / s) + 1, 0, image_.rows());
    const int left = std::clamp(static_cast<int>(low.x / s), 0, image_.columns());
    const int right = std::clamp(static_cast<int>(high.x / s) + 1, 0, image_.columns());
    for (int r = top; r < bottom; ++r)
        for (int c = left; c < right; ++c) value(r, c, image_.centre_of(r, c));
}

// In the lung, not behind heart or mediastinum, and on the image.
bool Painter::in_clear_lung(Side side, Point patient, double margin_mm) const {
    const Point at = anatomy_.placement.to_detector(patient);
    const double width = image_.columns() * image_.spacing(), height = image_.rows() * image_.spacing();
    return at.x > 8 && at.y > 8 && at.x < width - 8 && at.y < height - 8 &&
           anatomy_.lungs[side].at(at) > margin_mm && anatomy_.heart.at(at) < -0.4 * margin_mm &&
           anatomy_.mediastinum.at(at) < -0.4 * margin_mm;
}

Point Painter::place_in_lung(Side side, double margin_mm) {
    const double low = anatomy_.chest.apex + 12, high = anatomy_.chest.angle[side] - 12;
    for (double margin = margin_mm;; margin *= 0.9) {  // ends: a lung has an inside
        for (int attempt = 0; attempt < 24; ++attempt) {
            const double x = outward(side) * random_.uniform(18, anatomy_.chest.half_width);
            const double y =
                low + (high - low) * std::sqrt(random_.uniform(0.02, 1));  // lower zones more often
            if (in_clear_lung(side, {x, y}, margin)) return {x, y};
        }
    }
}

// A patch whose border wanders and whose density is mottled, within the lung that it fills.
void Painter::paint_consolidation(Side side, Point centre, Point reach, double fill, bool fissure) {
    const Point middle = anatomy_.placement.to_detector(centre);
    const Random stream(random_.next());
    const SmoothNoise border(stream.fork("border"), image_, 0.55 * std::min(reach.x, reach.y) + 3);
    const SmoothNoise mottle(stream.fork("mottle"), image_, 11);
    const SmoothNoise grain(stream.fork("grain"), image_, 4.5);
    const double turn = random_.uniform(-0.6, 0.6), softness = random_.uniform(0.5, 0.95);
    const double patchiness = random_.uniform(0.1, 0.3);
    const double cut = centre.y - random_.uniform(0.1, 0.5) * reach.y;  // y of the fissure above the patch
    Field& filled = ensure(changes_.filled);
    const double extent = 1.7 * std::max(reach.x, reach.y);
    for_each_near({middle.x - extent, middle.y - extent}, {middle.x + extent, middle.y + extent},
                  [&](int r, int c, Point at) {
                      const Point offset = at - middle;
                      const double u = (std::cos(turn) * offset.x + std::sin(turn) * offset.y) / reach.x;
                      const double v = (std::cos(turn) * offset.y - std::sin(turn) * offset.x) / reach.y;
                      const double distance = std::hypot(u, v) + 0.17 * border.at(at);
                      double density = 1 - smoothstep(1 - softness, 1 + 0.4 * softness, distance);
                      if (density <= 0) return;
                      density *= std::max(0.3, 1 + patchiness * (0.6 * mottle.at(at) + 0.3 * grain.at(at)));
                      if (fissure) {
                          const Point patient = anatomy_.placement.to_patient(at);
                          density *= smoothstep(-2, 2.5, patient.y - cut - 0.12 * std::abs(patient.x));
                      }
                      density *= smoothstep(-2, 5, anatomy_.lungs[side].at(at));
                      float& cell = filled.row(r)[c];
                      cell = static_cast<float>(1 - (1 - cell) * (1 - std::clamp(fill * density, 0.0, 0.92)));
                  });
    note(Abnormality::consolidation, middle, reach.x, reach.y, fill);
}

// Air that stays in the bronchi of a filled lobe: dark branches. Drawn as air given back to the patch.
void Painter::paint_bronchograms(Side side, Point centre, Point reach) {
    Field air(image_.rows(), image_.columns(), image_.spacing());
    const double s = outward(side);
    Tree tree;
    tree.amount_per_mm = 0.17;
    tree.length = 0.45 * std::min(reach.x, reach.y) + 6;
    tree.generations = 4;
    const Point start = centre + Point{-s * 0.8 * reach.x, -0.4 * reach.y};
    const double direction = std::atan2(centre.y - start.y, centre.x - start.x);
    draw_tree(air, anatomy_, tree, start, direction, random_.uniform(1.8, 2.6), random_);
    Field& filled = ensure(changes_.filled);
    for (std::size_t i = 0; i < air.values().size(); ++i)
        filled.values()[i] *= 1 - std::min(0.5F, air.values()[i]);
}

void Painter::paint_consolidations() {
    const bool lobar = random_.chance(0.45);
    const int patches = lobar ? 1 : random_.integer(1, 4);
    Side side = random_.chance(0.55) ? right_side : left_side;
    const bool bilateral = random_.chance(0.4);
    for (int i = 0; i < patches; ++i) {
        if (i > 0 && bilateral) side = random_.chance(0.5) ? right_side : left_side;
        const double size = lobar ? random_.uniform(34, 60) : random_.uniform(17, 40);
        const Point centre = place_in_lung(side, 0.45 * size);
        const double aspect = random_.uniform(0.8, 1.45);
        const double fill =
            random_.uniform(0.32, 0.8) * std::min(1.0, 0.35 + size / 60);  // small is also thin
        const Point reach{size / std::sqrt(aspect), size * std::sqrt(aspect)};
        paint_consolidation(side, centre, reach, fill, lobar && random_.chance(0.4));
        if (fill > 0.45 && size > 28 && random_.chance(0.6)) paint_bronchograms(side, centre, reach);
    }
}

void Painter::paint_masses() {
    const int count = random_.chance(0.65) ? 1 : random_.integer(2, 5);
    Field& solid = ensure(changes_.solid);
    for (int i = 0; i < count; ++i) {
        const Side side = random_.chance(0.5) ? right_side : left_side;
        const double radius = count == 1 ? random_.uniform(8.5, 26) : random_.uniform(6.5, 14);
        const Point middle = anatomy_.placement.to_detector(place_in_lung(side, radius + 5));
        const double lobes = random_.uniform(0, 0.05), phase = random_.uniform(0, two_pi);
        const int number = random_.integer(2, 3);
        const double density = 0.4 + 0.016 * radius * random_.uniform(0.85, 1.15);
        const double extent = 1.3 * radius;
        for_each_near({middle.x - extent, middle.y - extent}, {middle.x + extent, middle.y + extent},
                      [&](int r, int c, Point at) {
                          const Point offset = at - middle;
                          const double border =
                              radius *
                              (1 + lobes * std::sin(number * std::atan2(offset.y, offset.x) + phase));
                          const double inside = border - length(offset);
                          if (inside > 0)
                              solid.row(r)[c] += static_cast<float>(
                                  density * ellipse_profile(inside, border) * smoothstep(0, 2.2, inside));
                      });
        note(Abnormality::mass, middle, radius, radius, density);
    }
}

// Fluid gathers at the bottom and climbs along the chest wall: a meniscus.
void Painter::paint_effusion(Side side) {
    const double s = outward(side), bottom = anatomy_.chest.angle[side];
    const double depth = random_.uniform(26, 105), climb = random_.uniform(18, 40);
    const double density = random_.uniform(0.72, 0.95), softness = random_.uniform(5, 11);
    Field& filled = ensure(changes_.filled);
    const double w = anatomy_.chest.half_width;
    for_each_near({0, 0}, {image_.columns() * image_.spacing(), image_.rows() * image_.spacing()},
                  [&](int r, int c, Point at) {
                      const double in_lung = anatomy_.lungs[side].at(at);
                      if (in_lung < -4) return;
                      const Point patient = anatomy_.placement.to_patient(at);
                      const double lateral = std::clamp(s * patient.x / w, 0.0, 1.05);
                      const double surface = bottom - depth + climb * (1 - std::pow(lateral, 3.0) * 1.9);
                      const double part = density * smoothstep(-softness, softness, patient.y - surface);
                      float& cell = filled.row(r)[c];
                      cell = static_cast<float>(1 - (1 - cell) * (1 - part));
                  });
    const double top = bottom - depth - 0.5 * climb;
    note(Abnormality::effusion, anatomy_.placement.to_detector({s * 0.62 * w, 0.5 * (top + bottom)}),
         0.42 * w, 0.5 * (bottom - top), density);
}

// Air between lung and chest wall, mostly at the top: no vessels there, and the lung's edge as a fine line.
void Painter::paint_pneumothorax() {
    const Side side = random_.chance(0.5) ? right_side : left_side;
    const double gap = random_.uniform(13, 34), apical = random_.uniform(0.5, 1.6);
    Field& free_air = ensure(changes_.free_air);
    Field& solid = ensure(changes_.solid);
    const double top = anatomy_.chest.apex, bottom = anatomy_.chest.angle[side];
    const double line = std::max(0.6, image_.spacing());  // mm
    for_each_near(
        {0, 0}, {image_.columns() * image_.spacing(), image_.rows() * image_.spacing()},
        [&](int r, int c, Point at) {
            const double in_lung = anatomy_.lungs[side].at(at);
            if (in_lung <= 0) return;
            const Point patient = anatomy_.placement.to_patient(at);
            const double height = std::clamp((bottom - patient.y) / (bottom - top), 0.0, 1.0);
            const double medial = smoothstep(24, 44, outward(side) * patient.x);
            const double edge = gap * medial * (0.15 + 0.85 * height + apical * smoothstep(0.72, 1, height)) *
                                smoothstep(0.02, 0.3, height);
            free_air.row(r)[c] = static_cast<float>(1 - smoothstep(edge - 1, edge + 1, in_lung));
            const double from_line = (in_lung - edge) / line;
            if (edge > 2)
                solid.row(r)[c] += static_cast<float>(0.15 * 0.6 / line * std::exp(-from_line * from_line));
        });
    const double height = bottom - top, w = anatomy_.chest.half_width;
    note(Abnormality::pneumothorax,
         anatomy_.placement.to_detector({outward(side) * 0.68 * w, top + 0.3 * height}), 0.34 * w,
         0.34 * height, -0.2);
}

void Painter::note_heart() {
    const Point low = anatomy_.heart_low, high = anatomy_.heart_high;
    note(Abnormality::enlarged_heart, {0.5 * (low.x + high.x), 0.5 * (low.y + high.y)},
         0.5 * (high.x - low.x), 0.5 * (high.y - low.y), 1);
}

void Painter::paint(Abnormality kind) {
    switch (kind) {
        case Abnormality::consolidation:
            return paint_consolidations();
        case Abnormality::mass:
            return paint_masses();
        case Abnormality::effusion: {
            const bool both = random_.chance(0.25);
            const Side side = random_.chance(0.5) ? right_side : left_side;
            paint_effusion(side);
            if (both) paint_effusion(side == right_side ? left_side : right_side);
            return;
        }
        case Abnormality::enlarged_heart:
            return note_heart();
        case Abnormality::pneumothorax:
            return paint_pneumothorax();
    }
}

}  // namespace

std::vector<Abnormality> plan_findings(Finding finding, Random random) {
    if (finding == Finding::normal) return {};
    if (finding == Finding::pneumonia) return {Abnormality::consolidation};
    const double choice = random.uniform();
    if (choice < 0.3) return {Abnormality::mass};
    if (choice < 0.55) return {Abnormality::effusion};
    if (choice < 0.75) return {Abnormality::enlarged_heart};
    if (choice < 0.85) return {Abnormality::enlarged_heart, Abnormality::effusion};
    return {Abnormality::pneumothorax};
}

Changes draw_findings(const std::vector<Abnormality>& plan, const Field& image, const Anatomy& anatomy,
                      const Random& random) {
    Painter painter(image, anatomy, random);
    for (const Abnormality kind : plan) painter.paint(kind);
    return painter.take();
}

}  // namespace hilum::phantom
