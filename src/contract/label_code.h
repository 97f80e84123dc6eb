// Codes of Hilum's own coding scheme, and those that labels of model packages get in it.
#pragma once

#include <string>

namespace hilum {

inline constexpr const char* own_coding_scheme = "99HILUM";
inline constexpr std::size_t code_value_length = 16;  // characters of a Code Value (0008,0100), an SH

// Whether a value of own_coding_scheme has a meaning of Hilum's own: a term of its reports and messages, or a
// reason for not analysing.
bool is_own_term(const std::string& value);

// The value in own_coding_scheme of a label without a code, always the same for the same name: the name in
// small letters with hyphens where that loses nothing of it and is no term of Hilum's own, else its beginning
// and a digest, so that no other name gets it (PS3.3 8.1).
std::string code_value_of(const std::string& name);

// At most seven characters of `readable`, and of what it was made from the digest.
std::string code_value_with_digest(const std::string& readable, const std::string& made_from);

}  // namespace hilum
