#include "model/decoder/intended_use/anatomy_codes.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/text.h"

namespace hilum::model {
namespace {

// SNOMED CT's code, and that of SNOMED RT and 3, which older equipment sends (PS3.16 8.1): SRT, SNM3, 99SDM.
struct CodedTerm {
    std::string_view sct, srt;  // empty: there is none
    std::string_view term;
};

constexpr CodedTerm body_parts[] = {
    {"816094009", "", "CHEST"},        // Chest, since 2021
    {"51185008", "T-D3000", "CHEST"},  // Thorax, which was Chest until then
    {"302551006", "", "CHEST"},        // Entire thorax
    {"43799004", "T-D3200", "CHEST"},  // Chest cavity
    {"39607008", "T-28000", "LUNG"},   // Lung
    {"181216001", "", "LUNG"},         // Entire lung
    {"74101002", "", "LUNG"},          // Both lungs
    {"3341006", "T-28100", "LUNG"},    // Right lung
    {"44029006", "T-28500", "LUNG"},   // Left lung
    {"86598002", "T-280A0", "LUNG"},   // Apex of lung
    {"416550000", "R-FAB55", "CHESTABDOMEN"},
    {"416775004", "R-FAB56", "CHESTABDPELVIS"},
    {"417437006", "R-FAB52", "NECKCHEST"},
    {"416152001", "R-FAB53", "NECKCHESTABDOMEN"},
    {"416319003", "R-FAB54", "NECKCHESTABDPELV"},
    {"818981001", "", "ABDOMEN"},
    {"113345001", "T-D4000", "ABDOMEN"},
    {"113197003", "T-11300", "RIB"},
    {"56873002", "T-11210", "STERNUM"},
    {"122495006", "T-11502", "TSPINE"},
};

// R-10214 and R-10218 are codes of former versions of the context group.
constexpr CodedTerm views[] = {
    {"399348003", "R-10206", "AP"},
    {"272479007", "R-40888", "PA"},
    {"", "R-10214", "PA"},
    {"399173006", "R-10236", "LL"},
    {"399198007", "R-10232", "RL"},
    {"399067008", "R-102CD", "LATERAL"},
    {"49370004", "G-A104", "LATERAL"},
    {"399033003", "R-10202", "FRONTAL"},
    {"399135007", "R-10220", "LAO"},
    {"399356000", "R-40985", "RAO"},
    {"", "R-10218", "RAO"},
    {"399006002", "R-10212", "LPO"},
    {"399038007", "R-10210", "RPO"},
    {"399184004", "R-10238", "LLO"},
    {"399236003", "R-10234", "RLO"},
    {"399312000", "R-10208", "AP OBLIQUE"},
    {"399059000", "R-10216", "PA OBLIQUE"},
    {"399182000", "R-102C1", "OBLIQUE"},
    {"399061009", "R-10241", "AXIAL"},
};

// Numbers mean something in a scheme alone; those of SNOMED CT also come under the designators of its
// forerunners, under its name and under its OID.
bool is_snomed(const std::string& designator) {
    const std::string scheme = upper(designator);
    return scheme == "SCT" || scheme == "SRT" || scheme == "SNM3" || scheme == "99SDM" ||
           scheme.starts_with("SNOMED") || scheme == "2.16.840.1.113883.6.96";
}

std::string term_of(const Code& code, std::span<const CodedTerm> terms) {
    if (code.value.empty()) return {};
    const std::string value = upper(code.value);
    const bool snomed = is_snomed(code.scheme);
    for (const CodedTerm& term : terms)
        if (value == term.srt || (snomed && value == term.sct)) return std::string(term.term);
    return upper(code.meaning.empty() ? code.value : code.meaning);
}

}  // namespace

std::string body_part_of(const Code& code) {
    return term_of(code, body_parts);
}

std::string view_of(const Code& code) {
    return term_of(code, views);
}

}  // namespace hilum::model
