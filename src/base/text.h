// Few words for text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hilum {

// The parts between delimiters, empty ones too: one more than there are delimiters.
std::vector<std::string> split(std::string_view text, char delimiter);

// "a, b, c".
std::string joined(const std::vector<std::string>& words);

// ASCII letters as capitals, as code strings have them.
std::string upper(std::string text);

// The word of `known` that somebody who typed `word` most likely meant: at most a third of its letters differ
// (inserted, left out, replaced, or two neighbours swapped). Empty when none is so near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// "; did you mean 'x'?", or nothing where no word is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace hilum
