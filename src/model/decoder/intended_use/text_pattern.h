// How words of headers and of the site's configuration are compared.
#pragma once

#include <string>
#include <string_view>

namespace hilum::model {

// Without surrounding blanks, in upper case (of ASCII).
std::string normal(const std::string& word);

// Whether `pattern`, with * for any text and ? for one byte, fits all of `text`, both normal(). Takes time in
// proportion to the product of their lengths at most.
bool fits(std::string_view pattern, std::string_view text);

}  // namespace hilum::model
