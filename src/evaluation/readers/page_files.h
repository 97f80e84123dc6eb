// The files of readers/page, as they stand there.
#pragma once

#include <string_view>

namespace hilum::readers {

// Empty of a name that is none of them.
std::string_view page_file(std::string_view name);

}  // namespace hilum::readers
