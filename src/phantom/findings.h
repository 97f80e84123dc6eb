// What is wrong with a phantom's chest: planned first, since an enlarged heart is part of the anatomy, then
// drawn.
#pragma once

#include <vector>

#include "phantom/anatomy.h"
#include "phantom/phantom_image.h"

namespace hilum::phantom {

// The abnormalities to draw: none where the finding is normal.
std::vector<Abnormality> plan_findings(Finding finding, Random random);

// What the abnormalities change, on the detector's fine grid.
struct Changes {
    Field filled;    // part of a lung's air that is replaced by fluid or tissue, 0 to 1; empty: none
    Field solid;     // attenuation of solid tissue; empty: none
    Field free_air;  // part of the lung that has collapsed away from here, 0 to 1; empty: none
    std::vector<Lesion> lesions;
};

Changes draw_findings(const std::vector<Abnormality>& plan, const Field& image, const Anatomy& anatomy,
                      const Random& random);

}  // namespace hilum::phantom
