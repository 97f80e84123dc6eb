#include "dicom/stream/header_capture.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/characters/utf8.h"
#include "dicom/dataset_reading.h"

namespace hilum {
namespace {

// Which top-level value becomes which member.
struct Capture {
    Tag tag;
    std::string HeaderScan::*member;
};
constexpr std::array captures{Capture{0x00080016, &HeaderScan::sop_class_uid},
                              Capture{0x00080018, &HeaderScan::sop_instance_uid},
                              Capture{0x00080020, &HeaderScan::study_date},
                              Capture{0x00080050, &HeaderScan::accession_number},
                              Capture{0x00080060, &HeaderScan::modality},
                              Capture{patient_name, &HeaderScan::patient_name},
                              Capture{0x00100020, &HeaderScan::patient_id},
                              Capture{0x0020000D, &HeaderScan::study_instance_uid},
                              Capture{0x0020000E, &HeaderScan::series_instance_uid}};

void trim(std::string& text) {
    const auto is_padding = [](char c) { return c == ' ' || c == '\0'; };
    while (!text.empty() && is_padding(text.back())) text.pop_back();
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_padding));
}

// To whole characters: as UTF-8 a text may be longer than it came.
void cut(std::string& text) {
    if (text.size() <= HeaderCapture::longest) return;
    std::size_t whole = 0;
    for_each_character(std::string_view(text).substr(0, HeaderCapture::longest + 1),
                       [&](const Utf8Character& character) {
                           const std::size_t end = whole + character.bytes.size();
                           if (end <= HeaderCapture::longest) whole = end;
                       });
    text.resize(whole);
}

}  // namespace

std::string* HeaderCapture::target(Tag tag) {
    std::string* target = tag == specific_character_set ? &character_set_ : nullptr;
    for (const auto& [wanted, member] : captures)
        if (wanted == tag) target = &(scan_.*member);
    if (target == nullptr) return nullptr;
    if (std::ranges::find(seen_, tag) != seen_.end()) {
        is_doubled_ = true;
        return nullptr;
    }
    seen_.push_back(tag);
    return target;
}

HeaderScan HeaderCapture::take() {
    trim(character_set_);
    for (const auto& [tag, member] : captures) {
        std::string& text = scan_.*member;
        text = to_utf8(text, character_set_, tag == patient_name);
        cut(text);
        trim(text);
    }
    return std::move(scan_);
}

}  // namespace hilum
