#include "phantom/phantom_image.h"

#include <array>
#include <stdexcept>

#include "phantom/anatomy.h"
#include "phantom/bones.h"
#include "phantom/detector.h"
#include "phantom/findings.h"
#include "phantom/lung_markings.h"

namespace hilum::phantom {
namespace {

constexpr double detector_long_side_mm = 430;
constexpr double tissue_per_mm = 0.0165;  // attenuation of soft tissue
constexpr double air_in_lung = 0.8;       // share of the lung that is air

// 35 x 43 cm upright, 43 x 43, 43 x 35 across.
Field make_detector(Random random, int long_side) {
    const int short_side = std::max(1, static_cast<int>(std::lround(long_side * 35.0 / 43.0)));
    const double choice = random.uniform();
    const int rows = choice < 0.7 ? long_side : short_side;
    const int columns = choice < 0.4 ? short_side : long_side;
    return Field(rows, columns, detector_long_side_mm / long_side);
}

double trunk_thickness(const Anatomy& anatomy, Point patient) {
    const double chest = anatomy.build.thickness_mm;
    const double neck = 112 + 20 * anatomy.build.fat;
    const double down = smoothstep(-150, -10, patient.y);
    const double belly = 1 + (0.04 + 0.12 * anatomy.build.fat) * smoothstep(90, 220, patient.y);
    return anatomy.placement.size() * (neck + (chest * belly - neck) * down);
}

double soft_tissue_mm(const Anatomy& anatomy, Point at) {
    const Point patient = anatomy.placement.to_patient(at);
    const double rounding = 48 + 62 * smoothstep(-160, -40, patient.y);
    double thickness = trunk_thickness(anatomy, patient) * ellipse_profile(anatomy.torso.at(at), rounding);
    for (const Side side : both_sides) {
        const double radius = (38 + 16 * anatomy.build.fat) * anatomy.build.size;
        thickness = std::max(thickness, 2 * radius * ellipse_profile(anatomy.arms[side].at(at), radius));
        if (!anatomy.breasts[side].empty())
            thickness += (24 + 36 * anatomy.build.fat) * ellipse_profile(anatomy.breasts[side].at(at), 60) *
                         smoothstep(20, 110, patient.y);  // it hangs: no edge above
    }
    return thickness;
}

// Millimetres of air in a healthy lung; heart and great vessels take their place.
double lung_air_mm(const Anatomy& anatomy, Side side, Point at) {
    const double inside = anatomy.lungs[side].at(at);
    if (inside <= 0) return 0;
    const double depth = 0.76 * trunk_thickness(anatomy, anatomy.placement.to_patient(at));
    const double beside_heart = 1 - 0.74 * ellipse_profile(anatomy.heart.at(at), 42);
    const double beside_vessels = 1 - 0.97 * ellipse_profile(anatomy.mediastinum.at(at), 24);
    return air_in_lung * depth * ellipse_profile(inside, 58) * beside_heart * beside_vessels;
}

// The folds of muscle and fat, which make even tissue uneven.
class TissueGrain {
  public:
    TissueGrain(const Random& random, const Field& image)
        : wide_(random.fork("tissue 55"), image, 55),
          middle_(random.fork("tissue 22"), image, 22),
          fine_(random.fork("tissue 7"), image, 7) {}
    double factor(Point at) const {
        return 1 + 0.025 * wide_.at(at) + 0.012 * middle_.at(at) + 0.004 * fine_.at(at);
    }

  private:
    SmoothNoise wide_, middle_, fine_;
};

float value_or_zero(const Field& field, int row, int column) {
    return field.empty() ? 0.0F : field.row(row)[column];
}

// Adds soft tissue, lungs and findings to the bones that `attenuation` holds already.
void add_soft_tissue(Field& attenuation, const Anatomy& anatomy, const Changes& changes,
                     const Random& random) {
    Field markings(attenuation.rows(), attenuation.columns(), attenuation.spacing());
    draw_lung_markings(markings, anatomy, random);
    Field airways(attenuation.rows(), attenuation.columns(), attenuation.spacing());
    draw_airways_and_stomach(airways, anatomy, random);
    const TissueGrain grain(random, attenuation);
    for (int r = 0; r < attenuation.rows(); ++r) {
        for (int c = 0; c < attenuation.columns(); ++c) {
            const Point at = attenuation.centre_of(r, c);
            const double tissue = soft_tissue_mm(anatomy, at);
            if (tissue <= 0) continue;
            const double free_air = value_or_zero(changes.free_air, r, c);
            const double aerated = 1 - value_or_zero(changes.filled, r, c);
            double air = 0;
            for (const Side side : both_sides) air += lung_air_mm(anatomy, side, at);
            const double visible = smoothstep(0, 45, air) * (1 - free_air);
            air *= aerated * (1 + 0.22 * free_air);
            air = std::min(air + airways.row(r)[c], 0.85 * tissue);
            attenuation.row(r)[c] += static_cast<float>(
                tissue_per_mm * (tissue * grain.factor(at) - air) +
                visible * (0.35 + 0.65 * aerated) * markings.row(r)[c] + value_or_zero(changes.solid, r, c));
        }
    }
}

Finding choose_finding(const PhantomParameters& parameters, const Random& random) {
    if (parameters.finding) return *parameters.finding;
    static constexpr std::array<Finding, 3> findings{Finding::normal, Finding::pneumonia,
                                                     Finding::further_evaluation};
    return findings[static_cast<std::size_t>(random.fork("finding").integer(0, 2))];
}

}  // namespace

std::string_view name_of(Finding finding) {
    switch (finding) {
        case Finding::normal:
            return "Normal";
        case Finding::pneumonia:
            return "Pneumonia";
        case Finding::further_evaluation:
            return "Requires further evaluation";
    }
    throw std::invalid_argument("not a finding");
}

std::string_view name_of(Abnormality abnormality) {
    switch (abnormality) {
        case Abnormality::consolidation:
            return "consolidation";
        case Abnormality::mass:
            return "mass";
        case Abnormality::effusion:
            return "effusion";
        case Abnormality::enlarged_heart:
            return "enlarged heart";
        case Abnormality::pneumothorax:
            return "pneumothorax";
    }
    throw std::invalid_argument("not an abnormality");
}

Phantom render_phantom(const PhantomParameters& parameters) {
    if (parameters.long_side < 64 || parameters.long_side > 4096)
        throw std::invalid_argument("a phantom's long side is 64 to 4096 pixels");
    const Random random(parameters.seed);
    const Finding finding = choose_finding(parameters, random);
    const auto plan = plan_findings(finding, random.fork("plan"));
    const bool enlarged_heart =
        std::find(plan.begin(), plan.end(), Abnormality::enlarged_heart) != plan.end();

    Field attenuation = make_detector(random.fork("detector"), parameters.long_side);
    const Anatomy anatomy = imagine_anatomy(random.fork("anatomy"), attenuation, enlarged_heart);
    Changes changes = draw_findings(plan, attenuation, anatomy, random.fork("findings"));
    draw_bones(attenuation, anatomy, random.fork("bones"));
    add_soft_tissue(attenuation, anatomy, changes, random.fork("tissue"));
    Random things = random.fork("things");
    if (things.chance(anatomy.build.view == View::ap ? 0.6 : 0.05))
        draw_monitoring_cables(attenuation, anatomy, things.fork("cables"));
    if (things.chance(0.85)) draw_side_marker(attenuation, things.fork("marker"));

    Phantom phantom;
    phantom.rows = attenuation.rows();
    phantom.columns = attenuation.columns();
    phantom.pixel_spacing_mm = attenuation.spacing();
    Picture picture = take_picture(std::move(attenuation), anatomy, random.fork("detector"));
    phantom.pixels = std::move(picture.pixels);
    phantom.window_center = picture.window_center;
    phantom.window_width = picture.window_width;
    phantom.view = anatomy.build.view;
    phantom.sex = anatomy.build.sex;
    phantom.age_years = anatomy.build.age_years;
    phantom.finding = finding;
    phantom.lesions = std::move(changes.lesions);
    return phantom;
}

}  // namespace hilum::phantom
