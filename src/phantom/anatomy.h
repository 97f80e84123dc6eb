// The shape of one imaginary chest: outlines and proportions, drawn from the seed. Nothing is painted here.
// Patient coordinates: millimetres, x towards the patient's left (the right of the image), y down, the origin
// in the midline at the height of the carina.
#pragma once

#include <array>
#include <vector>

#include "phantom/phantom_image.h"
#include "phantom/raster.h"

namespace hilum::phantom {

// Index of what is paired: the patient's right side is on the left of the image.
enum Side : std::size_t { right_side = 0, left_side = 1 };
inline constexpr std::array<Side, 2> both_sides{right_side, left_side};
inline double outward(Side side) {
    return side == left_side ? 1.0 : -1.0;
}

struct Build {
    View view = View::pa;
    Sex sex = Sex::female;
    int age_years = 50;
    double size = 1;          // of the skeleton; 1 is an average man's
    double fat = 0;           // 0 lean to 1 obese
    double thickness_mm = 0;  // of the chest, front to back
};

// Where the patient stands before the detector.
class Placement {
  public:
    Placement() = default;
    Placement(Point origin, double angle, double size) : origin_(origin), angle_(angle), size_(size) {}

    Point to_detector(Point patient) const;
    Point to_patient(Point detector) const;
    std::vector<Point> to_detector(std::vector<Point> patient) const;
    double size() const { return size_; }

  private:
    Point origin_;
    double angle_ = 0;
    double size_ = 1;
};

// All in patient coordinates, before Placement's size.
struct ChestShape {
    double half_width = 140;        // of the lungs at their widest
    double apex = -112;             // y of the top of the lungs
    std::array<double, 2> dome{};   // y of the diaphragm's top
    std::array<double, 2> angle{};  // y of the costophrenic angle
    double heart_ratio = 0.45;      // cardiothoracic
    double arm_angle = 0.6;         // radians from the trunk

    // Half the width of the lungs at y, from the midline.
    double half_width_at(double y) const;
    double diaphragm_at(Side side, double x) const;  // y
};

struct Anatomy {
    Build build;
    Placement placement;
    ChestShape chest;
    Point heart_low, heart_high;  // the heart's bounding box, on the detector

    // Distances to the outlines, positive inside, on coarse grids of the detector.
    Field torso;
    std::array<Field, 2> arms, lungs, breasts;  // no breasts: empty
    Field mediastinum, heart;
};

// `image` gives the extent of the detector. `enlarged_heart` changes the heart and nothing else.
Anatomy imagine_anatomy(const Random& random, const Field& image, bool enlarged_heart);

}  // namespace hilum::phantom
