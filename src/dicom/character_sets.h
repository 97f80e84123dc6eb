// Specific Character Set (0008,0005), as modalities write it and as PS3.3 C.12.1.1.2 defines it, and text in
// it. Free of DCMTK.
#pragma once

#include <string>

namespace hilum {

// The defined terms that a value means: "ISO IR 192", "ISO_IR192" and "UTF-8" are ISO_IR 192, "ISO8859-1" is
// ISO_IR 100, "ISO_IR 87" is ISO 2022 IR 87, since that set has code extensions alone. Several values
// (separated by backslashes) are code extensions, but for UTF-8 and GB18030, which have none and hold for the
// whole. A value that nobody can tell stays as it is.
std::string defined_terms(const std::string& specific_character_set);

// Whether each value is a defined term, or means one.
bool is_known_character_set(const std::string& specific_character_set);

// Whether the (defined) terms say that escape sequences change the set within a text (ISO 2022).
bool has_code_extensions(const std::string& defined_terms);

// `bytes` in the character set(s) that a value of Specific Character Set means, turned to UTF-8. Text that is
// not valid in them, and non-ASCII text without a declared set, is taken as UTF-8 where it is valid UTF-8,
// else as what the set has of it, or as Latin-1 where that is nothing, whose control codes 80 to 9F are read
// as Windows reads them: nothing is lost. See is_text_in() for what is valid.
// `person_name`: ^ and = end an escape sequence's effect too (PS3.5 6.1.2.5.3).
std::string to_utf8(const std::string& bytes, const std::string& specific_character_set,
                    bool person_name = false);

// Whether `bytes` are ASCII without escape sequences: then no set has to be known.
bool is_the_same_in_all_sets(const std::string& bytes);

// Whether `bytes` are valid in the set(s). What is not ASCII is not, where none is declared or it is not
// known; nor are the control codes 80 to 9F of sets that leave them to controls; nor what is UTF-8 all the
// same: valid UTF-8 throughout that, as a text of the declared set, no language has. (Where it may be a word
// in both, as in Latin-2 and half-width katakana, it counts as what it declares to be.)
bool is_text_in(const std::string& bytes, const std::string& specific_character_set,
                bool person_name = false);

}  // namespace hilum
