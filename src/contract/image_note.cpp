#include "contract/image_note.h"

#include <algorithm>

#include "contract/define_json.h"

namespace hilum {

void add_note(ImageNotes& notes, std::string code, std::string text) {
    std::size_t end = std::min(text.size(), longest_image_note);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    ImageNote note{std::move(code), text.substr(0, end)};
    if (notes.size() < most_image_notes && std::ranges::find(notes, note) == notes.end())
        notes.push_back(std::move(note));
}

void add_notes(ImageNotes& notes, const ImageNotes& more) {
    for (const ImageNote& note : more) add_note(notes, note.code, note.text);
}

std::string text_of(const ImageNotes& notes) {
    std::string text;
    for (const ImageNote& note : notes) text += (text.empty() ? "" : "; ") + note.code + ": " + note.text;
    return text;
}

HILUM_JSON_MEMBERS(ImageNote, code, text)

}  // namespace hilum
