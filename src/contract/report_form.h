// In which form a destination wants its results: the site's configuration, for the composer too. And the
// kinds of result that there are.
#pragma once

#include <string_view>

#include "contract/enum_text.h"

namespace hilum {

enum class ResultKind {
    sr,   // Structured Report
    sc,   // Secondary Capture
    pr,   // Grayscale Softcopy Presentation State
    ko,   // Key Object Selection Document: takes others back
    oru,  // an HL7 message: no SOP class, but a UID
};
template <>
inline constexpr auto enum_texts<ResultKind> = texts_of_enum<ResultKind>({
    {ResultKind::sr, "sr"},
    {ResultKind::sc, "sc"},
    {ResultKind::pr, "pr"},
    {ResultKind::oru, "oru"},
    {ResultKind::ko, "ko"},
});

enum class ReportClass { comprehensive_3d, comprehensive, enhanced };
template <>
inline constexpr auto enum_texts<ReportClass> = texts_of_enum<ReportClass>({
    {ReportClass::comprehensive_3d, "comprehensive_3d"},
    {ReportClass::comprehensive, "comprehensive"},
    {ReportClass::enhanced, "enhanced"},
});

// The SOP Class UID (PS3.4 table B.5-1) of such a Structured Report.
constexpr std::string_view sop_class_uid(ReportClass report) {
    switch (report) {
        case ReportClass::comprehensive_3d:
            return "1.2.840.10008.5.1.4.1.1.88.34";
        case ReportClass::comprehensive:
            return "1.2.840.10008.5.1.4.1.1.88.33";
        case ReportClass::enhanced:
            break;
    }
    return "1.2.840.10008.5.1.4.1.1.88.22";
}

// Of which images a capture is made: of all that have a score, of those with a finding, of none.
enum class CaptureWhen { always, positive, never };
template <>
inline constexpr auto enum_texts<CaptureWhen> = texts_of_enum<CaptureWhen>({
    {CaptureWhen::always, "always"},
    {CaptureWhen::positive, "positive"},
    {CaptureWhen::never, "never"},
});

enum class CaptureStyle { overlay, presentation_state };
template <>
inline constexpr auto enum_texts<CaptureStyle> = texts_of_enum<CaptureStyle>({
    {CaptureStyle::overlay, "overlay"},
    {CaptureStyle::presentation_state, "presentation_state"},
});

// In which a result's text is written: the source's where that will do.
enum class ResultCharacterSet { source, utf8, latin1 };
template <>
inline constexpr auto enum_texts<ResultCharacterSet> = texts_of_enum<ResultCharacterSet>({
    {ResultCharacterSet::source, "source"},
    {ResultCharacterSet::utf8, "utf8"},
    {ResultCharacterSet::latin1, "latin1"},
});

}  // namespace hilum
