// Synthetic frontal chest radiographs: drawn, not taken, so that nobody's data is needed for a demonstration,
// a test or the demonstration model. No DCMTK here. The same parameters give the same pixels on every
// machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hilum::phantom {

// The three classes of the demonstration model.
enum class Finding { normal, pneumonia, further_evaluation };

// "Normal", "Pneumonia", "Requires further evaluation".
std::string_view name_of(Finding finding);

enum class Abnormality { consolidation, mass, effusion, enlarged_heart, pneumothorax };

// "consolidation", "mass", "effusion", "enlarged heart", "pneumothorax".
std::string_view name_of(Abnormality abnormality);

enum class Sex { male, female };
enum class View { pa, ap };

struct PhantomParameters {
    std::uint64_t seed = 1;          // chooses everything that is not chosen here
    std::optional<Finding> finding;  // none: chosen by the seed, each as likely
    int long_side = 1424;            // pixels of the longer side, 64 to 4096; the aspect is the seed's choice
};

// Where an abnormality was drawn: an ellipse round it, as fractions of the image's columns and rows.
struct Lesion {
    Abnormality kind = Abnormality::consolidation;
    double column = 0, row = 0;  // centre
    double half_width = 0, half_height = 0;
    double contrast = 0;  // added attenuation at its densest, negative where it is air
};

struct Phantom {
    int rows = 0, columns = 0;
    std::vector<std::uint16_t> pixels;        // 12 bits, row by row; 0 is black: the most exposed
    double pixel_spacing_mm = 0;              // at the detector
    int window_center = 0, window_width = 0;  // for display
    View view = View::pa;
    Sex sex = Sex::female;
    int age_years = 0;  // 18 to 94
    Finding finding = Finding::normal;
    std::vector<Lesion> lesions;  // empty where normal
};

// Throws std::invalid_argument when long_side is outside its range.
Phantom render_phantom(const PhantomParameters& parameters);

}  // namespace hilum::phantom
