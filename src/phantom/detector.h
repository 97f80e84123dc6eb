// From what a body attenuates to the picture that a detector and its processing make of it.
#pragma once

#include <cstdint>
#include <vector>

#include "phantom/anatomy.h"

namespace hilum::phantom {

// Lead letters and cables: what lies on the patient or the cassette. Added to `attenuation`.
void draw_side_marker(Field& attenuation, Random random);
void draw_monitoring_cables(Field& attenuation, const Anatomy& anatomy, Random random);

struct Picture {
    std::vector<std::uint16_t> pixels;  // 12 bits, 0 is black
    int window_center = 0, window_width = 0;
};

// Scatter, exposure, quantum noise, contrast processing, collimation. Uses up `attenuation` (natural
// logarithms).
Picture take_picture(Field attenuation, const Anatomy& anatomy, const Random& random);

}  // namespace hilum::phantom
