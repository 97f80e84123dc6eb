// Japanese text in DICOM's use of ISO 2022 (PS3.5 H.3), which DCMTK cannot convert where it is built with the
// C library's iconv, as Debian's is.
#pragma once

#include <optional>
#include <string>

namespace hilum {

// Whether a SpecificCharacterSet value names JIS X 0201 (IR 13), 0208 (IR 87) or 0212 (IR 159).
bool is_japanese(const std::string& specific_character_set);

// UTF-8; empty when `bytes` holds an escape sequence or a code that none of these three, ASCII and Latin-1
// knows. High bytes are JIS X 0201's katakana where the character sets name IR 13, else Latin-1.
std::optional<std::string> japanese_to_utf8(const std::string& bytes,
                                            const std::string& specific_character_set);

}  // namespace hilum
