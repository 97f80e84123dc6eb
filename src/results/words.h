// Hilum's own words in results, in each language that a destination may ask for: another language is one more
// table in words.cpp. What the package says (labels, notice) and the meanings of standard codes are not ours.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "contract/analysis.h"

namespace hilum::results {

// Each has the same placeholders in all languages, and characters of Latin-1 alone (no typographic quotes or
// dashes, no oe ligature), so that ISO_IR 100 can hold it.
struct Texts {
    const char *language_code, *language_meaning;  // RFC 5646, for TID 1204; the meaning is the standard's
    const char *colon, *decimal_sign;
    const char* ai_result;
    const char* not_cleared;
    const char* probability;
    const char *calibrated, *not_calibrated;
    const char* threshold;
    const char* frame;
    const char *more_findings, *more_labels;
    const char *activation_map, *lowest, *highest;  // the map's legend, from its lowest to its highest
    const char *model_line, *time_line;
    const char *contour, *no_outline;                            // the legend of the activation's line
    const char* beside_contour;                                  // where the line itself is; a few characters
    const char *indeterminate, *too_close;                       // no diagnosis, and why
    const char *several_in_set, *none_in_set, *best_not_in_set;  // why, where prediction sets decide
    const char *scores, *reaches_threshold, *below_threshold;
    const char *result_layer, *activation_layer;  // of a presentation state; 64 characters
    const char* activation_extent;                // what an activation region bounds
    const char* replaces;
    const char *withdrawn, *withdrawn_series;
};

// Why an image was not analysed.
struct ReasonWords {
    const char* meaning;   // of the code; 64 characters
    const char* sentence;  // without its full stop
    bool with_detail;      // the English message says more
};

struct Words : Texts {
    std::map<std::string, const char*> concepts;  // meanings of 99HILUM's codes, by value; English: none
    std::map<std::string, ReasonWords> reasons;   // by NotAnalysed::code; English: none
};

// "en", "de", "fr"; English for any other.
const Words& words_in(const std::string& language);
const Words& english();
std::vector<std::string> languages();

// A concept of our own, named in the language.
Code translated(const Code& term, const Words& words);

// A text with its placeholders filled.
template <typename... Args>
std::string filled(const char* text, const Args&... args) {
    return fmt::format(fmt::runtime(text), args...);
}

}  // namespace hilum::results
