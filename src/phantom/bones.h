// Bones, airways and stomach gas as the differences that they make to a body of soft tissue.
#pragma once

#include "phantom/anatomy.h"

namespace hilum::phantom {

// Attenuation of ribs, clavicles, spine, scapulae and humeri, added to `attenuation`.
void draw_bones(Field& attenuation, const Anatomy& anatomy, const Random& random);

// Thickness in millimetres of the air in trachea, main bronchi and stomach, added to `air_mm`.
void draw_airways_and_stomach(Field& air_mm, const Anatomy& anatomy, const Random& random);

}  // namespace hilum::phantom
