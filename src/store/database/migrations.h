// The schema's migrations, src/store/schema/NNN_*.sql in order, compiled in. Entry N-1 brings version N-1
// to N.
#pragma once

#include <vector>

namespace hilum {

const std::vector<const char*>& migrations();

}  // namespace hilum
