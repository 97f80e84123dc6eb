#include "contract/label_code.h"

#include <cctype>
#include <set>
#include <string_view>

#include "base/digest.h"

namespace hilum {
namespace {

// They part words and mean nothing besides, so that a hyphen says as much.
constexpr std::string_view word_marks = " -_/,()";

}  // namespace

bool is_own_term(const std::string& value) {
    static const std::set<std::string> values{
        "activation-box", "ai-diagnosis", "frame", "model-score", "no-finding", "not-analysed",
        "not-analysed-why", "notice", "report-version",
        // of messages
        "routine", "triage-priority", "urgent", "withdrawn",
        // why an image was not analysed
        "bit-depth", "blank", "body-part", "failed", "for-processing", "frames", "image-size", "image-type",
        "modality", "nearly-empty", "own-result", "patient-age", "photometric", "quality-control",
        "sop-class", "too-large", "transfer-syntax", "undecodable", "unsupported", "view"};
    return values.contains(value);
}

std::string code_value_of(const std::string& name) {
    std::string readable;
    bool whole = true;
    for (const unsigned char c : name) {
        if (c < 0x80 && std::isalnum(c) != 0) {
            readable += static_cast<char>(std::tolower(c));
            continue;
        }
        whole = whole && word_marks.find(static_cast<char>(c)) != std::string_view::npos;
        if (!readable.empty() && readable.back() != '-') readable += '-';
    }
    while (!readable.empty() && readable.back() == '-') readable.pop_back();
    whole = whole && !readable.empty() && readable.size() <= code_value_length && !is_own_term(readable);
    return whole ? readable : code_value_with_digest(readable, name);
}

std::string code_value_with_digest(const std::string& readable, const std::string& made_from) {
    return readable.substr(0, 7) + "-" + sha256_hex(made_from).substr(0, 8);
}

}  // namespace hilum
