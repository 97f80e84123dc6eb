// What of an image was not taken as its file says it: a value that was there and could not be used, two that
// contradict each other, a defect that was read over. Told wherever the image's analysis is: in the audit
// trail, in the answer of `predict`, in the report's algorithm parameters. Never part of a derived UID: it
// follows from the image's bytes and the configuration, which are.
#pragma once

#include <string>
#include <vector>

#include "contract/declare_json.h"

namespace hilum {

struct ImageNote {
    std::string code;  // "voi_lut", "polarity", ... (docs/pixels.md lists them); stable
    std::string text;  // one sentence in plain words, without patient data
    bool operator==(const ImageNote&) const = default;
};
using ImageNotes = std::vector<ImageNote>;

inline constexpr std::size_t most_image_notes = 16;
inline constexpr std::size_t longest_image_note = 300;  // bytes of text

// Appends the note; not one that is there already, and none beyond the most. Text from the file belongs
// through loggable() first; a text that is too long is cut.
void add_note(ImageNotes& notes, std::string code, std::string text);
void add_notes(ImageNotes& notes, const ImageNotes& more);

// Codes and texts, for a log or a test: "voi_lut: The VOI LUT was not used: ...; polarity: ...".
std::string text_of(const ImageNotes& notes);

HILUM_JSON(ImageNote)

}  // namespace hilum
