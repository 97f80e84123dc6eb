// The acceptance as one page for the hospital's file: what it comes to in plain words, lines to sign, what
// was judged and by what, and then the figures.
#pragma once

#include <string>

#include "evaluation/acceptance/acceptance.h"

namespace hilum::evaluation {

struct PageOrigin {
    std::string made_at;  // date, as the page shows it
    std::string program;  // "hilum 0.1.0"
};

std::string acceptance_page(const Acceptance& acceptance, const PageOrigin& origin);

}  // namespace hilum::evaluation
