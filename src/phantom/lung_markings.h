// What is seen inside healthy lungs: vessels that branch from the hila and the fine texture between them.
#pragma once

#include "phantom/anatomy.h"

namespace hilum::phantom {

// Attenuation of hila, vessels and texture, added to `markings`; not yet limited to the lungs.
void draw_lung_markings(Field& markings, const Anatomy& anatomy, const Random& random);

// A tree that starts at `at` (patient coordinates), each branch thinner than the one before it.
struct Tree {
    double amount_per_mm = 0;  // attenuation per millimetre of radius; negative for air
    double length = 26;        // of the first branch
    double spread = 0.5;       // radians between branches
    int generations = 6;
};
void draw_tree(Field& field, const Anatomy& anatomy, const Tree& tree, Point at, double direction,
               double radius, Random& random);

}  // namespace hilum::phantom
